"""Messages come out of a stream whole, however it was cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.framing import Broken, Frame, Framer, Ping
from imsedge.sip.limits import Limits
from kit.sip import wire

HEAD = "OPTIONS sip:b SIP/2.0\nv: SIP/2.0/TCP h\nf: <sip:a>;tag=1\nt: <sip:b>\ni: c1\nCSeq: 1 OPTIONS\n"
ONE = wire(HEAD + "Content-Length: 4", "body")
TWO = wire(HEAD + "l: 0")
BARE = (HEAD + "l : 2\n\nab").encode()
STREAM = b"\r\n\r\n" + ONE + b"\r\n" + TWO + TWO + b"\r\n\r\n\r\n\r\n" + BARE + b"\r\n" + ONE
ITEMS = [Ping(), Frame(ONE), Frame(TWO), Frame(TWO), Ping(), Ping(), Frame(BARE), Frame(ONE)]


def test_whole() -> None:
    framer = Framer()
    assert framer.receive(STREAM) == ITEMS
    assert framer.buffered == 0


def test_byte_by_byte() -> None:
    framer = Framer()
    assert [item for octet in STREAM for item in framer.receive(bytes([octet]))] == ITEMS


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_cut_anywhere(cuts: list[int]) -> None:
    framer, edges = Framer(), [0, *sorted(cuts), len(STREAM)]
    items = [item for a, b in pairwise(edges) for item in framer.receive(STREAM[a:b])]
    assert items == ITEMS


BROKEN = {
    "no Content-Length": (wire(HEAD), 400),
    "Content-Length of words": (wire(HEAD + "l: four"), 400),
    "two different Content-Length": (wire(HEAD + "l: 4\nContent-Length: 5", "body"), 400),
    "negative": (wire(HEAD + "l: -1"), 400),
    "a body over the limit": (wire(HEAD + "l: 101"), 513),
    "a huge number": (wire(HEAD + "l: " + "9" * 30), 400),
}


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
def test_a_stream_that_cannot_be_cut_is_answered_and_left(data: bytes, code: int) -> None:
    framer = Framer(Limits(body=100))
    first, broken = framer.receive(TWO + data + TWO)
    assert first == Frame(TWO)
    assert isinstance(broken, Broken)
    assert broken.error.code == code
    assert broken.error.request is not None
    assert broken.error.request.call_id == "c1"
    assert framer.receive(TWO) == []


def test_limits_of_head_and_body() -> None:
    limit = len(TWO) - 4
    assert Framer(Limits(head=limit)).receive(TWO) == [Frame(TWO)]
    (broken,) = Framer(Limits(head=limit - 1)).receive(TWO)
    assert isinstance(broken, Broken)
    assert broken.error.code == 513
    assert Framer(Limits(body=4)).receive(ONE) == [Frame(ONE)]
    (broken,) = Framer(Limits(body=3)).receive(ONE)
    assert isinstance(broken, Broken)


@pytest.mark.parametrize("start", [b"x", b"\r", b"\rx", b"\r\n\rx", b"\n\r"])
def test_no_start_makes_it_hoard(start: bytes) -> None:
    framer = Framer(Limits(head=100))
    framer.receive(start)
    assert [type(item) for item in framer.receive(b"x" * 110)] == [Broken]
    assert framer.buffered == 0


def test_a_head_without_end_is_given_up() -> None:
    framer = Framer(Limits(head=100))
    assert framer.receive(b"x" * 100) == []
    (broken,) = framer.receive(b"x")
    assert isinstance(broken, Broken)
    assert broken.error.request is None
    assert framer.buffered == 0


def test_garbage_that_ends_like_a_head() -> None:
    (broken,) = Framer().receive(b"\x16\x03\x01\x02\x00\r\n\r\n")
    assert isinstance(broken, Broken)
    assert broken.error.request is None


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\r", b"\n", b"\r\n", b"x" * 90]), max_size=20))
def test_any_octets(chunks: list[bytes]) -> None:
    framer = Framer(Limits(head=200, body=50))
    for chunk in chunks:
        framer.receive(chunk)
        assert framer.buffered <= 254 + len(chunk)


@pytest.mark.parametrize("lead", [b"\n\r\n", b"\r\n\n", b"\n\n\r\n\n", b"\r\n\r\n\n\r\n"])
def test_empty_lines_of_every_kind_are_passed_over_whole_or_in_pieces(lead: bytes) -> None:
    message = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    whole, pieces = Framer(), Framer()
    shown = whole.receive(lead + message)
    assert shown[-1] == Frame(message)
    assert [item for octet in lead + message for item in pieces.receive(bytes((octet,)))] == shown
