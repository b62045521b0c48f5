"""One end point of an MSRP session (RFC 4975), as the built-in UEs and the tests need it.

The party that opened the connection sends a SEND at once, without a body, to bind the connection to the
session (RFC 4975 clause 5.4, RFC 6135 clause 4.4); the other one waits for it before it sends anything.  Both
may be called before that: messages wait.  Each chunk is answered with 200 unless its sender does not want
that; a message is delivered when all its chunks are there.
"""

from enum import Enum

from msgspec import Struct

from imsedge.core.errors import LocalError
from imsedge.core.ids import IdSource
from imsedge.core.machine import Tick
from imsedge.core.msrp_uri import MsrpUri
from imsedge.core.timers import Timers
from imsedge.msrp.assembly import Assembly, Whole
from imsedge.msrp.errors import MsrpError
from imsedge.msrp.model import FailureReport, Flag, Header, Message, Request, Response
from imsedge.msrp.parser import Parser
from imsedge.msrp.writer import write_message

# What relays and gateways in service pass without trouble; RFC 4975 clause 7.1.1 makes longer ones
# interruptible.
CHUNK = 2_048
# RFC 4975 clause 7.1.2: no response after this many seconds counts as 408.
TRANSACTION_TIMEOUT = 30.0

_COMMENTS = {
    200: "OK",
    400: "Bad Request",
    413: "Stop Sending",
    481: "No Such Session",
    501: "Not Implemented",
}


class SessionMatch(Enum):
    """What must be equal for a request to be for us.

    ``SESSION_ID`` is for peers behind a border gateway that rewrote the authority (RCS "sessmatch").
    """

    URI = "uri"
    SESSION_ID = "session-id"


# --- in ---------------------------------------------------------------------------------------------------


class Connected(Struct, frozen=True):
    """The connection is up (and TLS on it verified).  ``active``: we opened it."""

    active: bool


class Received(Struct, frozen=True):
    """Octets of the connection, decrypted."""

    data: bytes


class Send(Struct, frozen=True):
    """Send a message; the outcome comes as ``Delivered`` or ``NotDelivered`` with its ``message_id``."""

    message_id: str
    content_type: str
    body: bytes
    success_report: bool = False


class Disconnected(Struct, frozen=True):
    """The connection is gone."""


Input = Connected | Received | Send | Disconnected | Tick


# --- out --------------------------------------------------------------------------------------------------


class Transmit(Struct, frozen=True):
    """Put these octets on the connection; they are ``message``, for the trace."""

    data: bytes
    message: Message


class Heard(Struct, frozen=True):
    """A message came in, for the trace; what follows from it comes as further outputs."""

    message: Message


class Bound(Struct, frozen=True):
    """The connection belongs to this session: the first request was answered with 200, or came in."""


class Incoming(Struct, frozen=True):
    """A whole message for the user."""

    message_id: str
    content_type: str
    body: bytes


class Delivered(Struct, frozen=True):
    """Each chunk was answered with 200."""

    message_id: str


class NotDelivered(Struct, frozen=True):
    """A chunk was refused, was not answered in time, or the connection went."""

    message_id: str
    code: int


class Reported(Struct, frozen=True):
    """A REPORT about a message of ours came back."""

    message_id: str
    code: int


class Broken(Struct, frozen=True):
    """The peer does not speak MSRP: close the connection."""

    reason: str


Output = Transmit | Heard | Bound | Incoming | Delivered | NotDelivered | Reported | Broken


class _State(Enum):
    WAITING = "no connection"
    UNBOUND = "connected"
    BOUND = "bound to the session"
    CLOSED = "closed"


class _Outgoing(Struct):
    """A message on its way, and how many of its chunks are not answered yet."""

    message_id: str
    open_chunks: int = 0


class Session:
    """The machine.  ``local`` is our URI; ``remote`` the peer's path as its SDP gave it."""

    def __init__(
        self,
        local: MsrpUri,
        remote: tuple[MsrpUri, ...],
        ids: IdSource,
        *,
        match: SessionMatch = SessionMatch.URI,
        chunk: int = CHUNK,
    ) -> None:
        self._local, self._remote, self._ids = local, remote, ids
        self._match, self._chunk = match, chunk
        self._state = _State.WAITING
        self._parser, self._assembly = Parser(), Assembly()
        self._waiting: list[Send] = []
        self._pending: dict[str, _Outgoing] = {}
        self._timers: Timers[str] = Timers()
        self._binding: str | None = None

    @property
    def deadline(self) -> float:
        return self._timers.deadline

    def handle(self, event: Input, now: float) -> list[Output]:
        """See ``core.machine``; ``LocalError`` for what cannot come in this state."""
        match self._state, event:
            case _, Tick():
                return self._expire(now)
            case _State.WAITING, Connected(active=active):
                self._state = _State.UNBOUND
                return self._bind(now) if active else []
            case ((_State.UNBOUND | _State.BOUND), Received(data=data)):
                return self._receive(data, now)
            case _State.BOUND, Send():
                return self._send(event, now)
            case ((_State.WAITING | _State.UNBOUND), Send()):
                self._waiting.append(event)
                return []
            case _State.CLOSED, Send(message_id=message_id):
                return [NotDelivered(message_id, 408)]
            case _, Disconnected():
                return self._close()
            case _State.CLOSED, Received():
                return []
        raise LocalError(f"{type(event).__name__} cannot come while {self._state.value}")

    # --- sending ------------------------------------------------------------------------------------------

    def _bind(self, now: float) -> list[Output]:
        transaction = self._binding = self._ids.token(8)
        headers = (*self._paths(self._remote), Header("Message-ID", self._ids.token(8)))
        self._timers.set(transaction, now + TRANSACTION_TIMEOUT)
        return [_transmit(Request(transaction=transaction, method="SEND", headers=headers))]

    def _send(self, send: Send, now: float) -> list[Output]:
        message = _Outgoing(send.message_id)
        total = len(send.body)
        outputs: list[Output] = []
        for start in range(0, max(total, 1), self._chunk):
            body = send.body[start : start + self._chunk]
            end = start + len(body)
            request = self._chunk_request(send, body, f"{start + 1}-{end}/{total}", last=end == total)
            self._pending[request.transaction] = message
            self._timers.set(request.transaction, now + TRANSACTION_TIMEOUT)
            message.open_chunks += 1
            outputs.append(_transmit(request))
        return outputs

    def _chunk_request(self, send: Send, body: bytes, byte_range: str, *, last: bool) -> Request:
        transaction = self._ids.token(8)
        while f"-------{transaction}".encode() in body:
            transaction = self._ids.token(8)
        headers = [
            *self._paths(self._remote),
            Header("Message-ID", send.message_id),
            Header("Byte-Range", byte_range),
        ]
        if send.success_report:
            headers.append(Header("Success-Report", "yes"))
        headers.append(Header("Content-Type", send.content_type))
        flag = Flag.COMPLETE if last else Flag.MORE
        return Request(transaction=transaction, method="SEND", headers=tuple(headers), body=body, flag=flag)

    def _paths(self, to: tuple[MsrpUri, ...]) -> tuple[Header, Header]:
        return Header("To-Path", " ".join(map(str, to))), Header("From-Path", str(self._local))

    # --- receiving ----------------------------------------------------------------------------------------

    def _receive(self, data: bytes, now: float) -> list[Output]:
        outputs: list[Output] = []
        try:
            for message in self._parser.feed(data):
                outputs.append(Heard(message))
                if isinstance(message, Response):
                    outputs += self._on_response(message, now)
                else:
                    outputs += self._on_request(message, now)
        except MsrpError as error:
            return [*outputs, Broken(error.reason), *self._close()]
        return outputs

    def _on_request(self, request: Request, now: float) -> list[Output]:
        back = request.from_path  # unreadable paths cannot be answered, so they break the connection
        if not self._is_ours(request.to_path[0]):
            return self._answer(request, back, 481)
        if request.method == "REPORT":  # never answered (RFC 4975 clause 7.1.2)
            return [*self._become_bound(now), Reported(request.message_id, request.status[0])]
        if request.method != "SEND":
            return [*self._answer(request, back, 501), *self._become_bound(now)]
        try:
            whole = self._assembly.add(request)
        except MsrpError as error:
            return [*self._answer(request, back, error.code), *self._become_bound(now)]
        outputs = [*self._answer(request, back, 200), *self._become_bound(now)]
        return outputs if whole is None else [*outputs, *self._deliver(whole, request, back)]

    def _deliver(self, whole: Whole, last: Request, back: tuple[MsrpUri, ...]) -> list[Output]:
        outputs: list[Output] = [Incoming(whole.message_id, whole.content_type, whole.body)]
        if last.wants_success_report:
            headers = (
                *self._paths(back),
                Header("Message-ID", whole.message_id),
                Header("Byte-Range", f"1-{len(whole.body)}/{len(whole.body)}"),
                Header("Status", "000 200 OK"),
            )
            report = Request(transaction=self._ids.token(8), method="REPORT", headers=headers)
            outputs.append(_transmit(report))
        return outputs

    def _answer(self, request: Request, back: tuple[MsrpUri, ...], code: int) -> list[Output]:
        wanted = request.failure_report
        if wanted is FailureReport.NO or (wanted is FailureReport.PARTIAL and code == 200):
            return []
        # A response goes one hop only (RFC 4975 clause 7.2): the first URI.
        headers = (Header("To-Path", str(back[0])), Header("From-Path", str(self._local)))
        comment = _COMMENTS[code]
        return [
            _transmit(
                Response(transaction=request.transaction, headers=headers, status=code, comment=comment)
            )
        ]

    def _on_response(self, response: Response, now: float) -> list[Output]:
        self._timers.cancel(response.transaction)
        if response.transaction == self._binding:
            self._binding = None
            return self._become_bound(now) if response.status == 200 else [Broken("session was refused")]
        message = self._pending.pop(response.transaction, None)
        if message is None:
            return []
        if response.status != 200:
            return self._give_up(message, response.status)
        message.open_chunks -= 1
        return [] if message.open_chunks else [Delivered(message.message_id)]

    def _become_bound(self, now: float) -> list[Output]:
        if self._state is _State.BOUND:
            return []
        self._state = _State.BOUND
        waiting, self._waiting = self._waiting, []
        return [Bound(), *(output for send in waiting for output in self._send(send, now))]

    def _is_ours(self, uri: MsrpUri) -> bool:
        if self._match is SessionMatch.SESSION_ID:
            return uri.session == self._local.session
        return uri.names_same_session(self._local)

    # --- ends ---------------------------------------------------------------------------------------------

    def _expire(self, now: float) -> list[Output]:
        outputs: list[Output] = []
        for transaction in self._timers.due(now):
            if transaction == self._binding:
                outputs.append(Broken("the first request was not answered"))
            elif transaction in self._pending:
                outputs += self._give_up(self._pending[transaction], 408)
        return outputs

    def _give_up(self, message: _Outgoing, code: int) -> list[Output]:
        for transaction in [key for key, value in self._pending.items() if value is message]:
            del self._pending[transaction]
            self._timers.cancel(transaction)
        return [NotDelivered(message.message_id, code)]

    def _close(self) -> list[Output]:
        self._state = _State.CLOSED
        lost = dict.fromkeys(message.message_id for message in self._pending.values())
        lost |= dict.fromkeys(send.message_id for send in self._waiting)
        for transaction in [*self._pending, self._binding or ""]:
            self._timers.cancel(transaction)
        self._pending, self._waiting = {}, []
        return [NotDelivered(message_id, 408) for message_id in lost]


def _transmit(message: Message) -> Transmit:
    return Transmit(write_message(message), message)
