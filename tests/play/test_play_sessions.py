"""What a built-in UE writes is what the other one reads; what nobody can use is named."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.play.phone import PhoneError
from imsedge.play.sessions import Told, own_path, read, write
from imsedge.security.fingerprint import fingerprint_of

FOUR, SIX = TransportAddress("127.0.0.10", 7654), TransportAddress("::1", 7654)

MEANT = {
    "in clear": Told(address=FOUR, setup="active", path=own_path(FOUR, "a", secure=False), secure=False),
    "secured, over IPv6": Told(
        address=SIX,
        setup="actpass",
        path=own_path(SIX, "b", secure=True),
        secure=True,
        fingerprints=(fingerprint_of(b"ue"),),
        e2ae="requested",
    ),
}


@pytest.mark.parametrize("told", MEANT.values(), ids=MEANT)
def test_read_as_written(told: Told) -> None:
    assert read(write(told).encode()) == told


HEAD = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
C, M = b"c=IN IP4 192.0.2.1\r\n", b"m=message 9 TCP/MSRP *\r\n"
PATH = b"a=path:msrp://192.0.2.1:9/a;tcp\r\n"
UNUSABLE = {
    "no SDP": b"hello",
    "no message": HEAD + C + b"m=audio 9 RTP/AVP 0\r\n",
    "no address": HEAD + M + PATH,
    "half an address": HEAD + b"c=IN\r\n" + M + PATH,
    "no path": HEAD + C + M,
    "bad fingerprint": HEAD + C + M + PATH + b"a=fingerprint:md5 AA\r\n",
}


@pytest.mark.parametrize("sdp", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used(sdp: bytes) -> None:
    with pytest.raises(PhoneError, match="description"):
        read(sdp)
