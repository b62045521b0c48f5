"""A participant and a floor control server talk."""

import pytest

from imsedge.bfcp.errors import BfcpError
from imsedge.bfcp.floors import MAX_REQUESTS, FloorServer, Participant, describe
from imsedge.bfcp.model import Attribute, ErrorCode, Kind, Message, Primitive, RequestStatus, Status
from imsedge.bfcp.parser import read_message
from imsedge.bfcp.writer import write_message

CONFERENCE, USER, FLOOR = 4321, 1234, 1


@pytest.fixture
def server() -> FloorServer:
    return FloorServer(CONFERENCE, frozenset({FLOOR}))


@pytest.fixture
def participant() -> Participant:
    return Participant(CONFERENCE, USER)


def over_the_wire(server: FloorServer, request: Message) -> Message:
    return read_message(write_message(server.answer(read_message(write_message(request)))))


def test_hello_request_release(server: FloorServer, participant: Participant) -> None:
    said = []
    hello = participant.hello()
    said += [hello, participant.check(hello, over_the_wire(server, hello))]
    asked = participant.ask(FLOOR)
    granted = participant.check(asked, over_the_wire(server, asked))
    said += [asked, granted]
    number = granted.find(Kind.FLOOR_REQUEST_INFORMATION)
    assert number
    back = participant.give_back(1)
    said += [back, participant.check(back, over_the_wire(server, back))]
    assert [describe(message) for message in said] == [
        "Hello",
        "HelloAck",
        "FloorRequest floor 1",
        "FloorRequestStatus Granted",
        "FloorRelease",
        "FloorRequestStatus Released",
    ]


def refused(server: FloorServer, request: Message) -> int:
    with pytest.raises(BfcpError) as caught:
        Participant(CONFERENCE, USER).check(request, over_the_wire(server, request))
    return caught.value.code


def test_what_cannot_be_served_is_an_error(server: FloorServer, participant: Participant) -> None:
    assert refused(server, Participant(9, USER).hello()) == ErrorCode.UNKNOWN_CONFERENCE
    assert refused(server, participant.ask(2)) == ErrorCode.INVALID_FLOOR
    assert refused(server, participant.give_back(3)) == ErrorCode.UNKNOWN_FLOOR_REQUEST
    strange = Message(primitive=Primitive.USER_QUERY, conference=CONFERENCE, transaction=1, user=USER)
    assert refused(server, strange) == ErrorCode.UNKNOWN_PRIMITIVE
    unknown = Attribute(99, b"", mandatory=True)
    demanding = Message(
        primitive=Primitive.HELLO, conference=CONFERENCE, transaction=1, user=USER, attributes=(unknown,)
    )
    assert refused(server, demanding) == ErrorCode.UNKNOWN_MANDATORY_ATTRIBUTE
    assert describe(server.answer(demanding)) == "Error 4"


def test_requests_have_a_limit(server: FloorServer, participant: Participant) -> None:
    for _ in range(MAX_REQUESTS):
        assert server.answer(participant.ask(FLOOR)).primitive == Primitive.FLOOR_REQUEST_STATUS
    assert refused(server, participant.ask(FLOOR)) == ErrorCode.TOO_MANY_REQUESTS
    server.answer(participant.give_back(7))
    assert server.answer(participant.ask(FLOOR)).primitive == Primitive.FLOOR_REQUEST_STATUS


def test_a_response_to_another_request_is_not_taken(server: FloorServer, participant: Participant) -> None:
    first, second = participant.hello(), participant.hello()
    with pytest.raises(BfcpError, match="another request"):
        participant.check(second, server.answer(first))


def test_transactions_never_use_zero(participant: Participant) -> None:
    numbers = [participant.hello().transaction for _ in range(0x10001)]
    assert 0 not in numbers
    assert numbers[-2:] == [1, 2]


def test_a_status_that_nobody_knows_is_shown_by_its_number() -> None:
    strange = Attribute(Kind.REQUEST_STATUS, RequestStatus(99))
    message = Message(primitive=4, conference=1, transaction=1, user=1, attributes=(strange,))
    assert describe(message) == "FloorRequestStatus 99"
    assert Status.GRANTED.name.title() == "Granted"
