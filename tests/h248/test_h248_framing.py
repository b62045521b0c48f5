"""TPKT, whole and byte by byte, at its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import LocalError
from imsedge.h248.errors import H248Error
from imsedge.h248.framing import MAX_PAYLOAD, TpktReader, write_tpkt


def test_the_length_counts_the_header() -> None:
    assert write_tpkt(b"abc") == b"\x03\x00\x00\x07abc"


def test_the_largest_packet_and_one_more() -> None:
    packet = write_tpkt(b"x" * MAX_PAYLOAD)
    assert len(packet) == 0xFFFF
    assert TpktReader().feed(packet) == [b"x" * MAX_PAYLOAD]
    with pytest.raises(LocalError):
        write_tpkt(b"x" * (MAX_PAYLOAD + 1))


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.integers(1, 20))
def test_a_stream_is_cut_the_same_however_it_arrives(messages: list[bytes], chunk: int) -> None:
    stream = b"".join(map(write_tpkt, messages))
    reader = TpktReader()
    found = [m for at in range(0, len(stream), chunk) for m in reader.feed(stream[at : at + chunk])]
    assert found == messages == TpktReader().feed(stream)


def test_a_packet_may_be_followed_by_the_start_of_the_next() -> None:
    reader = TpktReader()
    assert reader.feed(write_tpkt(b"one") + b"\x03") == [b"one"]
    assert reader.feed(write_tpkt(b"two")[1:]) == [b"two"]


@pytest.mark.parametrize(
    "stream",
    [b"\x02\x00\x00\x07abc", b"MEGACO/1", b"\x03\x00\x00\x04", b"\x03\x00\x00\x00", b"\x03\x00\x00\x03"],
)
def test_what_is_no_tpkt_is_refused(stream: bytes) -> None:
    with pytest.raises(H248Error):
        TpktReader().feed(stream)


@pytest.mark.parametrize(("size", "refused"), [(10, False), (11, True)])
def test_the_limit_is_on_the_message(size: int, refused: bool) -> None:
    reader = TpktReader(limit=10)
    if refused:
        with pytest.raises(H248Error):
            reader.feed(write_tpkt(b"x" * size)[:4])
    else:
        assert reader.feed(write_tpkt(b"x" * size)) == [b"x" * size]


@given(st.binary(max_size=40))
def test_any_octets_are_messages_or_blamed_on_the_peer(data: bytes) -> None:
    try:
        messages = TpktReader().feed(data)
    except H248Error:
        return
    assert sum(len(m) + 4 for m in messages) <= len(data)
