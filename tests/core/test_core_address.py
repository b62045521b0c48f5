"""Addresses read and written the way operators type them."""

import pytest

from imsedge.core.address import TransportAddress, read_transport_address

GOOD = {
    "127.0.0.1:5060": TransportAddress("127.0.0.1", 5060),
    "[::1]:2944": TransportAddress("::1", 2944),
    "[2001:db8::7]:0": TransportAddress("2001:db8::7", 0),
}


@pytest.mark.parametrize(("text", "address"), GOOD.items(), ids=GOOD)
def test_an_address_survives_reading_and_writing(text: str, address: TransportAddress) -> None:
    assert read_transport_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "127.0.0.1", "host:5060", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:4"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_transport_address(text)
