"""Octets in, messages out: whole, one by one, and with a tail; what is bad, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.bfcp.attributes import GROUPS, SHAPES
from imsedge.bfcp.errors import BfcpError
from imsedge.bfcp.model import (
    Attribute,
    ErrorCode,
    Group,
    Kind,
    Message,
    Primitive,
    Problem,
    RequestStatus,
    Status,
)
from imsedge.bfcp.parser import HEADER, MAX_DEPTH, Parser, read_message
from imsedge.bfcp.writer import write_message
from imsedge.core.errors import LocalError

HELLO = bytes.fromhex("200b0000 00000001 0001 000a")


def message(primitive: int, *attributes: Attribute) -> Message:
    return Message(primitive=primitive, conference=1, transaction=2, user=10, attributes=attributes)


GRANTED = Group(77, (Attribute(Kind.REQUEST_STATUS, RequestStatus(Status.GRANTED, 0)),))

GOOD = {
    "Hello": (HELLO, Message(primitive=Primitive.HELLO, conference=1, transaction=1, user=10)),
    "FloorRequest": (
        bytes.fromhex("20010001 00000001 0002000a 05040001"),
        message(Primitive.FLOOR_REQUEST, Attribute(Kind.FLOOR_ID, 1, mandatory=True)),
    ),
    "FloorRequestStatus with groups": (
        bytes.fromhex("20040003 00000001 0002000a 1e0c004d 2408004d 0a040300"),
        message(
            Primitive.FLOOR_REQUEST_STATUS,
            Attribute(
                Kind.FLOOR_REQUEST_INFORMATION,
                Group(77, (Attribute(Kind.OVERALL_REQUEST_STATUS, GRANTED),)),
            ),
        ),
    ),
    "Error with details": (
        bytes.fromhex("200d0001 00000001 0002000a 0c0404fe"),
        message(Primitive.ERROR, Attribute(Kind.ERROR_CODE, Problem(4, b"\xfe"))),
    ),
    "HelloAck with odd lists, padded": (
        bytes.fromhex("200c0003 00000001 0002000a 16050b0c01000000 14040406"),
        message(
            Primitive.HELLO_ACK,
            Attribute(Kind.SUPPORTED_PRIMITIVES, (11, 12, 1)),
            Attribute(Kind.SUPPORTED_ATTRIBUTES, (2, 3)),
        ),
    ),
    "text that is not UTF-8": (
        bytes.fromhex("20090002 00000001 0002000a 1206 636166e9 0000"),
        message(Primitive.CHAIR_ACTION, Attribute(Kind.STATUS_INFO, "caf\udce9")),
    ),
    "priority": (
        bytes.fromhex("20010001 00000001 0002000a 08048000"),
        message(Primitive.FLOOR_REQUEST, Attribute(Kind.PRIORITY, 4)),
    ),
    "a primitive and an attribute that nobody knows": (
        bytes.fromhex("20ff0002 00000001 0002000a 81 05 abcdef 000000"),
        message(255, Attribute(64, b"\xab\xcd\xef", mandatory=True)),
    ),
    "a response over datagrams": (
        bytes.fromhex("500c0000 00000001 0002000a"),
        Message(
            primitive=Primitive.HELLO_ACK, conference=1, transaction=2, user=10, version=2, responder=True
        ),
    ),
}


@pytest.mark.parametrize(("octets", "expected"), GOOD.values(), ids=GOOD)
def test_read_and_written_whole_by_octet_and_with_a_tail(octets: bytes, expected: Message) -> None:
    assert read_message(octets) == expected
    assert write_message(expected) == octets
    parser = Parser()
    fed = [found for at in range(len(octets)) for found in parser.feed(octets[at : at + 1])]
    assert fed == [expected]
    assert Parser().feed(octets + octets[:-1]) == [expected]


def test_many_messages_at_once() -> None:
    stream = b"".join(octets for octets, _ in GOOD.values())
    assert b"".join(map(write_message, Parser().feed(stream))) == stream


def head(words: int, first: int = 0x20) -> bytes:
    return HEADER.pack(first, Primitive.HELLO, words, 1, 1, 1)


BAD = {
    "version 0": (head(0, 0x00), ErrorCode.UNSUPPORTED_VERSION),
    "version 3": (head(0, 0x60), ErrorCode.UNSUPPORTED_VERSION),
    "TLS instead": (bytes.fromhex("160301010001000001fc03030000"), ErrorCode.UNSUPPORTED_VERSION),
    "a fragment": (head(0, 0x28), ErrorCode.UNREADABLE),
    "an attribute of one octet": (head(1) + b"\x05\x01\x00\x00", ErrorCode.UNREADABLE),
    "an attribute longer than its message": (head(1) + b"\x05\x08\x00\x01", ErrorCode.UNREADABLE),
    "a floor of three octets": (head(2) + b"\x05\x05\x00\x00\x01\x00\x00\x00", ErrorCode.UNREADABLE),
    "an error without a code": (head(1) + b"\x0c\x02\x00\x00", ErrorCode.UNREADABLE),
    "a group without identifier": (head(1) + b"\x1e\x02\x00\x00", ErrorCode.UNREADABLE),
}


@pytest.mark.parametrize(("octets", "code"), BAD.values(), ids=BAD)
def test_the_peer_is_blamed(octets: bytes, code: ErrorCode) -> None:
    with pytest.raises(BfcpError) as caught:
        Parser().feed(octets)
    assert caught.value.code == code


@pytest.mark.parametrize("octets", [b"", HELLO[:-1], HELLO + b"\0", head(1)])
def test_one_message_is_one_message(octets: bytes) -> None:
    with pytest.raises(BfcpError):
        read_message(octets)


def test_limits_hold_exactly() -> None:
    body = b"\x12\x04hi" * 10
    assert Parser(limit=52).feed(head(10) + body)
    with pytest.raises(BfcpError, match="longer than 51"):
        Parser(limit=51).feed(head(10))


def nested(depth: int) -> Attribute:
    inner = () if depth == 0 else (nested(depth - 1),)
    return Attribute(Kind.FLOOR_REQUEST_INFORMATION, Group(1, inner))


def test_groups_are_not_nested_for_ever() -> None:
    good = message(Primitive.FLOOR_STATUS, nested(MAX_DEPTH - 1))
    assert read_message(write_message(good)) == good
    with pytest.raises(BfcpError, match="nested"):
        read_message(write_message(message(Primitive.FLOOR_STATUS, nested(MAX_DEPTH))))


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([octets for octets, _ in GOOD.values()]), max_size=6)
)
def test_any_octets_are_accepted_or_the_peer_is_blamed(parts: list[bytes]) -> None:
    parser = Parser(limit=400)
    try:
        for part in parts:
            for found in parser.feed(part):
                again = write_message(found)
                assert write_message(read_message(again)) == again
    except BfcpError as error:
        assert error.code in ErrorCode.__members__.values()  # noqa: PT017 - either way is right


@given(st.binary(max_size=120))
def test_any_attributes_are_accepted_or_the_peer_is_blamed(contents: bytes) -> None:
    contents += bytes(-len(contents) % 4)
    try:
        found = read_message(head(len(contents) // 4) + contents)
    except BfcpError:
        return
    assert read_message(write_message(found)) == found


@pytest.mark.parametrize(
    "attribute", [Attribute(Kind.STATUS_INFO, "x" * 254), Attribute(99, "text", mandatory=True)]
)
def test_what_does_not_fit_is_our_bug(attribute: Attribute) -> None:
    with pytest.raises(LocalError):
        write_message(message(Primitive.FLOOR_STATUS, attribute))


def test_an_attribute_fits_exactly() -> None:
    whole = message(Primitive.FLOOR_STATUS, Attribute(Kind.STATUS_INFO, "x" * 253))
    assert read_message(write_message(whole)) == whole


def test_names_and_what_is_inside_a_group() -> None:
    status = GOOD["FloorRequestStatus with groups"][1]
    assert status.name == "FloorRequestStatus"
    assert status.find(Kind.REQUEST_STATUS) == (Status.GRANTED, 0)
    assert status.find(Kind.FLOOR_ID) is None
    assert message(200).name == "primitive 200"


def test_every_attribute_type_has_one_shape() -> None:
    assert sorted((*SHAPES, *GROUPS)) == sorted(Kind)
