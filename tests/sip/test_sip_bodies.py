"""The description is found and replaced wherever it stands; all else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.bodies import MAX_PARTS, description_of, with_description, without_description
from imsedge.sip.errors import SipError
from imsedge.sip.message import SipRequest
from kit.sip import request

SDP = b"v=0\r\ns=-\r\n"
LOCATION = b"--b1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <x@y>\r\n\r\n<presence/>\r\n"
OFFER = b"--b1\r\nContent-Type: application/SDP;charset=x\r\n\r\n" + SDP + b"\r\n"
END = b"--b1--\r\n"


def carrying(body: bytes, kind: str = "multipart/mixed;boundary=b1", *more: str) -> SipRequest:
    return request("INVITE", *more).with_body(body, kind)


MULTIPART = {
    "last": LOCATION + OFFER + END,
    "first": OFFER + LOCATION + END,
    "alone": OFFER + END,
    "preamble and epilogue": b"ignore\r\n" + OFFER + LOCATION + END + b"ignore too",
    "bare LF": (LOCATION + OFFER + END).replace(b"\r\n", b"\n").replace(b"v=0\ns=-\n", SDP),
}


@pytest.mark.parametrize("body", MULTIPART.values(), ids=MULTIPART)
def test_one_part_of_many(body: bytes) -> None:
    asked = carrying(body)
    assert description_of(asked) == SDP
    changed = with_description(asked, b"v=0\r\ns=longer\r\n")
    assert changed.body == body.replace(b"s=-", b"s=longer")
    assert description_of(changed) == b"v=0\r\ns=longer\r\n"
    assert changed.headers == asked.headers
    taken = without_description(asked)
    assert description_of(taken) is None
    assert (b"presence" in taken.body) == (b"presence" in body)


def test_the_whole_body() -> None:
    asked = carrying(SDP, "application/sdp")
    assert description_of(asked) == SDP
    assert with_description(asked, b"v=1").body == b"v=1"
    bare = without_description(asked)
    assert (bare.body, bare.content_type) == (b"", "")


@pytest.mark.parametrize("asked", [request(), carrying(b"hi", "text/plain"), carrying(LOCATION + END)])
def test_without_a_description(asked: SipRequest) -> None:
    assert description_of(asked) is None
    assert without_description(asked) == asked
    added = with_description(asked, SDP)
    assert (added.body, added.content_type) == (SDP, "application/sdp")


def test_a_quoted_boundary() -> None:
    body = (OFFER + END).replace(b"b1", b"b 1;x")
    assert description_of(carrying(body, 'multipart/mixed;boundary="b 1;x"')) == SDP


def test_a_part_without_fields_is_text() -> None:
    assert description_of(carrying(b"--b1\r\n\r\nContent-Type: application/sdp\r\n\r\n" + END)) is None


HIDDEN = {
    "encoded body": (carrying(SDP, "application/sdp", "Content-Encoding: gzip"), 415),
    "encoded multipart": (carrying(OFFER + END, "multipart/mixed;boundary=b1", "e: gzip"), 415),
    "encoded part": (
        carrying(OFFER.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1) + END),
        415,
    ),
    "multipart inside": (
        carrying(b"--b1\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n\r\n" + END),
        415,
    ),
    "two descriptions": (carrying(OFFER + OFFER + END), 415),
    "too many parts": (carrying(LOCATION * (MAX_PARTS + 1) + END), 415),
    "no boundary": (carrying(OFFER + END, "multipart/mixed"), 400),
    "endless boundary": (carrying(OFFER + END, "multipart/mixed;boundary=" + "b" * 71), 400),
    "no end": (carrying(OFFER), 400),
    "no part at all": (carrying(b"hello"), 400),
    "a line like a boundary": (carrying(OFFER + b"--b1x\r\nm=message 9 TCP/MSRP *\r\n" + END), 400),
    "a part without an empty line": (carrying(b"--b1\r\nContent-Type: application/sdp\r\n" + END), 400),
}


@pytest.mark.parametrize(("asked", "code"), HIDDEN.values(), ids=HIDDEN)
def test_what_would_hide_a_description_is_refused(asked: SipRequest, code: int) -> None:
    for read in (description_of, without_description, lambda message: with_description(message, SDP)):
        with pytest.raises(SipError) as caught:
            read(asked)
        assert caught.value.code == code


def test_empty_parts() -> None:
    assert description_of(carrying(b"--b1\r\n" + OFFER + END)) == SDP
    assert description_of(carrying(b"--b1\r\n\r\n" + OFFER + END)) == SDP


def test_the_greatest_number_of_parts() -> None:
    assert description_of(carrying(LOCATION * (MAX_PARTS - 1) + OFFER + END)) == SDP


PIECES = [LOCATION, OFFER, END, b"--b1", b"\r\n", b"\n", b"--", b"Content-Type: application/sdp\r\n", b"x"]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_any_pieces_are_read_or_refused(pieces: list[bytes]) -> None:
    asked = carrying(b"".join(pieces))
    try:
        found = description_of(asked)
    except SipError:
        return
    if found is not None:
        assert description_of(with_description(asked, b"v=0\r\n")) == b"v=0\r\n"
        without_description(asked)
