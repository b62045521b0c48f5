"""A floor control server and a floor participant, as small as the built-in UEs need them.

Each is a value machine: a message in, messages out.  The server grants every floor of its conference at once
to whoever asks; queues, chairs and third parties are not its business.
"""

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

MAX_REQUESTS = 64
"""Floor requests of one connection that the server remembers; more are refused."""

_PRIMITIVES = tuple(
    sorted(
        (
            Primitive.HELLO,
            Primitive.HELLO_ACK,
            Primitive.FLOOR_REQUEST,
            Primitive.FLOOR_RELEASE,
            Primitive.FLOOR_REQUEST_STATUS,
            Primitive.ERROR,
        )
    )
)
_ATTRIBUTES = tuple(sorted((*SHAPES, *GROUPS)))


class Participant:
    """Makes the requests of a user; a response is known by its transaction (RFC 8855 clause 8)."""

    def __init__(self, conference: int, user: int) -> None:
        self._conference, self._user = conference, user
        self._transaction = 0

    def hello(self) -> Message:
        """What can you do?"""
        return self._request(Primitive.HELLO)

    def ask(self, floor: int) -> Message:
        """FloorRequest for one floor."""
        return self._request(Primitive.FLOOR_REQUEST, Attribute(Kind.FLOOR_ID, floor, mandatory=True))

    def give_back(self, request: int) -> Message:
        """FloorRelease of an earlier request."""
        return self._request(
            Primitive.FLOOR_RELEASE, Attribute(Kind.FLOOR_REQUEST_ID, request, mandatory=True)
        )

    def check(self, request: Message, response: Message) -> Message:
        """The response itself; ``BfcpError`` when it belongs to another request, or is an Error."""
        if (response.conference, response.transaction, response.user) != (
            request.conference,
            request.transaction,
            request.user,
        ):
            raise BfcpError(ErrorCode.UNREADABLE, "the response belongs to another request")
        problem = response.find(Kind.ERROR_CODE)
        if isinstance(problem, Problem):
            raise BfcpError(problem.code, "the floor control server refuses")
        return response

    def _request(self, primitive: Primitive, *attributes: Attribute) -> Message:
        # A request that starts a transaction never has identifier 0 (RFC 8855 clause 8.1).
        self._transaction = self._transaction % 0xFFFF + 1
        return Message(
            primitive=primitive,
            conference=self._conference,
            transaction=self._transaction,
            user=self._user,
            attributes=attributes,
        )


class FloorServer:
    """Answers whoever is in ``conference``; its floors are ``floors``."""

    def __init__(self, conference: int, floors: frozenset[int]) -> None:
        self._conference, self._floors = conference, floors
        self._held: dict[int, int] = {}  # floor request -> floor

    def answer(self, request: Message) -> Message:
        """The response; an Error where the request cannot be served (RFC 8855 clause 13)."""
        if request.conference != self._conference:
            return _refuse(request, ErrorCode.UNKNOWN_CONFERENCE)
        unknown = [a.kind for a in request.attributes if a.mandatory and a.kind not in _ATTRIBUTES]
        if unknown:
            return _refuse(request, ErrorCode.UNKNOWN_MANDATORY_ATTRIBUTE, bytes(k << 1 for k in unknown))
        match request.primitive:
            case Primitive.HELLO:
                return _hello_ack(request)
            case Primitive.FLOOR_REQUEST:
                return self._grant(request)
            case Primitive.FLOOR_RELEASE:
                return self._release(request)
            case _:
                return _refuse(request, ErrorCode.UNKNOWN_PRIMITIVE)

    def _grant(self, request: Message) -> Message:
        floor = request.find(Kind.FLOOR_ID)
        if not isinstance(floor, int) or floor not in self._floors:
            return _refuse(request, ErrorCode.INVALID_FLOOR)
        if len(self._held) >= MAX_REQUESTS:
            return _refuse(request, ErrorCode.TOO_MANY_REQUESTS)
        number = next(n for n in range(1, MAX_REQUESTS + 1) if n not in self._held)
        self._held[number] = floor
        return _status(request, number, floor, Status.GRANTED)

    def _release(self, request: Message) -> Message:
        number = request.find(Kind.FLOOR_REQUEST_ID)
        if not isinstance(number, int) or number not in self._held:
            return _refuse(request, ErrorCode.UNKNOWN_FLOOR_REQUEST)
        return _status(request, number, self._held.pop(number), Status.RELEASED)


def describe(message: Message) -> str:
    """``FloorRequest floor 1``, ``FloorRequestStatus Granted``, ``Error 6``: one arrow of a ladder."""
    status, problem = message.find(Kind.REQUEST_STATUS), message.find(Kind.ERROR_CODE)
    if isinstance(problem, Problem):
        return f"{message.name} {problem.code}"
    if isinstance(status, RequestStatus):
        known = status.status in Status.__members__.values()
        return f"{message.name} {Status(status.status).name.title() if known else status.status}"
    floor = message.find(Kind.FLOOR_ID)
    return f"{message.name} floor {floor}" if isinstance(floor, int) else message.name


def _hello_ack(request: Message) -> Message:
    return _respond(
        request,
        Primitive.HELLO_ACK,
        Attribute(Kind.SUPPORTED_PRIMITIVES, _PRIMITIVES),
        Attribute(Kind.SUPPORTED_ATTRIBUTES, _ATTRIBUTES),
    )


def _status(request: Message, number: int, floor: int, status: Status) -> Message:
    overall = Group(number, (Attribute(Kind.REQUEST_STATUS, RequestStatus(status)),))
    information = Group(
        number,
        (
            Attribute(Kind.OVERALL_REQUEST_STATUS, overall),
            Attribute(Kind.FLOOR_REQUEST_STATUS, Group(floor)),
        ),
    )
    return _respond(
        request, Primitive.FLOOR_REQUEST_STATUS, Attribute(Kind.FLOOR_REQUEST_INFORMATION, information)
    )


def _refuse(request: Message, code: ErrorCode, details: bytes = b"") -> Message:
    return _respond(request, Primitive.ERROR, Attribute(Kind.ERROR_CODE, Problem(code, details)))


def _respond(request: Message, primitive: Primitive, *attributes: Attribute) -> Message:
    return Message(
        primitive=primitive,
        conference=request.conference,
        transaction=request.transaction,
        user=request.user,
        attributes=attributes,
        version=request.version,
        responder=request.version > 1,
    )
