"""The SIP transaction layer: at most one request for each branch, retransmission, CANCEL and ACK matching.

RFC 3261 clause 17 with the corrections of RFC 6026, for both kinds of transport.  The machines themselves are
tables in ``states.py``; here is what surrounds them:

* received octets become a message, or a 400 when the wreck can still be answered, or a ``Note``;
* requests find their server transaction by branch, sent-by and method (ACK and CANCEL by that of their
  INVITE; RFC 2543 clients without the magic cookie by the fields that the RFC names, clause 17.2.3);
* responses find their client transaction by branch and CSeq method;
* a transaction knows its running timers and their intervals, ``core.timers`` which of all comes next.

A 2xx to an INVITE does not end a transaction at once: server and client stay in Accepted for 64*T1, so that
retransmitted and forked 2xx pass through a proxy and retransmitted INVITEs are absorbed (RFC 6026).
Other requests get 100 only when they wait long, and never 408 (RFC 4320).
"""

from msgspec import Struct

from imsedge.core.machine import Tick
from imsedge.core.timers import Timers
from imsedge.sip import events as ev
from imsedge.sip.errors import SipError
from imsedge.sip.events import ClientKey, Input, Output, ServerKey
from imsedge.sip.flow import Flow
from imsedge.sip.limits import DEFAULT_LIMITS, Limits
from imsedge.sip.matching import (
    client_key,
    fill_via,
    make_ack,
    make_cancel,
    response_flow,
    server_key,
    stateless_tag,
    with_vias_of,
)
from imsedge.sip.message import SipMessage, SipRequest, SipResponse, make_response
from imsedge.sip.parser import read_message
from imsedge.sip.states import (
    CLIENT_STARTS,
    DURATIONS,
    SERVER_STARTS,
    Act,
    Happening,
    Row,
    Start,
    State,
    Timer,
    TimerValues,
    happening_of,
)
from imsedge.sip.writer import write_message

Key = ClientKey | ServerKey


class TransactionLimits(Struct, frozen=True, kw_only=True):
    """``server``: open server transactions, beyond which requests get 503; ``client``: the same for ours.

    An INVITE stays for 32 s after its 2xx: 20 000 is about 300 calls set up and released a second.
    ``retry_after``: seconds that a refused peer is asked to wait.
    """

    server: int = 20_000
    client: int = 20_000
    retry_after: int = 10


class _Transaction:
    """One row of the machines' tables at work."""

    __slots__ = ("flow", "intervals", "key", "octets", "request", "state", "table")

    def __init__(self, key: Key, start: Start, request: SipRequest, flow: Flow) -> None:
        self.key = key
        self.table = start.table
        self.state = start.state
        self.request = request
        self.flow = flow
        self.octets = b""  # of the last message sent
        self.intervals: dict[Timer, float] = {}  # of the running timers


class TransactionLayer:
    """``handle`` takes one input at a time; ``now`` in seconds."""

    def __init__(
        self,
        *,
        timers: TimerValues | None = None,
        limits: TransactionLimits | None = None,
        message_limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._values = timers or TimerValues()
        self._limits = limits or TransactionLimits()
        self._message_limits = message_limits
        self._servers: dict[Key, _Transaction] = {}
        self._clients: dict[Key, _Transaction] = {}
        self._timers: Timers[tuple[Key, Timer]] = Timers()
        self._now = 0.0
        self._out: list[Output] = []

    @property
    def deadline(self) -> float:
        """When the next timer fires; ``NEVER`` when none runs."""
        return self._timers.deadline

    @property
    def open_servers(self) -> int:
        """Server transactions not yet terminated."""
        return len(self._servers)

    @property
    def open_clients(self) -> int:
        """Client transactions not yet terminated."""
        return len(self._clients)

    def handle(self, event: Input | Tick, now: float) -> list[Output]:
        """What to do, in order.  Unknown keys are not an error: a transaction may just have ended."""
        self._now, self._out = now, []
        match event:
            case ev.Received(data, flow):
                self._receive(data, flow)
            case ev.Malformed(error, flow):
                self._refuse_broken(error, flow)
            case ev.SendRequest(request, flow):
                self._send_request(request, flow)
            case ev.SendResponse(key, response):
                self._send_response(key, response)
            case ev.SendCancel(key):
                self._move(self._clients.get(key), Happening.CANCEL)
            case ev.TransportFailed(flow):
                self._transport_failed(flow)
            case Tick():
                self._tick()
        return self._out

    # Received messages

    def _receive(self, data: bytes, flow: Flow) -> None:
        if not data.strip(b"\r\n\0"):
            return  # a keep-alive datagram (RFC 5626 and many phones)
        try:
            message = read_message(data, self._message_limits)
            if isinstance(message, SipResponse):
                self._receive_response(message, flow)
            else:
                self._receive_request(fill_via(message, flow.remote), flow)
        except SipError as error:
            self._refuse_broken(error, flow)

    def _receive_response(self, response: SipResponse, flow: Flow) -> None:
        via = response.via
        key = ClientKey((via.branch or "").lower(), response.cseq.method)
        transaction = self._clients.get(key)
        if transaction is None:
            self._out.append(ev.StrayResponse(response, flow))
        else:
            self._move(transaction, happening_of(response.status), response, flow)

    def _receive_request(self, request: SipRequest, flow: Flow) -> None:
        key = server_key(request)
        transaction = self._servers.get(key)
        if request.method == "ACK":
            self._receive_ack(transaction, request, flow)
        elif transaction is not None:
            self._move(transaction, Happening.REQUEST)
        elif len(self._servers) >= self._limits.server:
            self._answer_stateless(request, 503, flow, ("Retry-After", str(self._limits.retry_after)))
            self._out.append(ev.Note("refused a request: too many server transactions", flow))
        else:
            self._open(self._servers, SERVER_STARTS[request.method == "INVITE"], key, request, flow)
            if request.method == "CANCEL":
                self._receive_cancel(key, request, flow)
            else:
                self._out.append(ev.RequestArrived(key, request, flow))

    def _receive_ack(self, transaction: _Transaction | None, request: SipRequest, flow: Flow) -> None:
        if transaction is None:
            self._out.append(ev.AckArrived(request, flow))
        else:
            self._move(transaction, Happening.ACK, request, flow)

    def _receive_cancel(self, key: ServerKey, request: SipRequest, flow: Flow) -> None:
        """200 when the INVITE is known, 481 otherwise (clause 9.2)."""
        invite = self._servers.get(key._replace(method="INVITE"))
        status = 481 if invite is None else 200
        self._send_response(key, make_response(request, status, to_tag=stateless_tag(request)))
        if invite is not None and invite.state in {State.TRYING, State.PROCEEDING}:
            self._out.append(ev.CancelArrived(key._replace(method="INVITE"), request, flow))

    def _refuse_broken(self, error: SipError, flow: Flow) -> None:
        """Answer what can be answered (clauses 8.2, 16.3, 18.3); an ACK and a response never are."""
        self._out.append(ev.Note(f"malformed message: {error}", flow))
        request = error.request
        if request is None or request.method == "ACK":
            return
        self._answer_stateless(fill_via(request, flow.remote), error.code, flow)

    def _answer_stateless(
        self, request: SipRequest, status: int, flow: Flow, *headers: tuple[str, str]
    ) -> None:
        response = make_response(request, status, to_tag=stateless_tag(request), headers=headers)
        self._out.append(ev.Transmit(write_message(response), response_flow(request.via, flow)))

    # Orders of our user

    def _send_request(self, request: SipRequest, flow: Flow) -> None:
        key = client_key(request)
        octets = write_message(request)
        if request.method == "ACK":
            self._out.append(ev.Transmit(octets, flow))
        elif len(self._clients) >= self._limits.client:
            self._out.append(ev.TransactionFailed(key, 503))
        elif key not in self._clients:
            start = CLIENT_STARTS[request.method == "INVITE"]
            self._open(self._clients, start, key, request, flow).octets = octets
            self._out.append(ev.Transmit(octets, flow))

    def _send_response(self, key: ServerKey, response: SipResponse) -> None:
        transaction = self._servers.get(key)
        if transaction is not None and not _is_unwanted(key, response):
            self._move(transaction, happening_of(response.status), response)

    def _transport_failed(self, flow: Flow) -> None:
        hit = [
            transaction
            for transaction in self._clients.values()
            if transaction.flow.transport == flow.transport
            and transaction.flow.remote == flow.remote
            and transaction.flow.connection in {None, flow.connection}
        ]
        for transaction in hit:
            self._move(transaction, Happening.TRANSPORT)

    # The machines

    def _open(
        self, table: dict[Key, _Transaction], start: Start, key: Key, request: SipRequest, flow: Flow
    ) -> _Transaction:
        transaction = table[key] = _Transaction(key, start, request, flow)
        for timer in start.timers:
            self._start(transaction, timer)
        return transaction

    def _move(
        self,
        transaction: _Transaction | None,
        event: Happening | Timer,
        message: SipMessage | None = None,
        flow: Flow | None = None,
    ) -> None:
        row = transaction.table.get((transaction.state, event)) if transaction is not None else None
        if transaction is None or row is None:
            return
        self._change(transaction, row)
        for act in row.acts:
            self._perform(act, transaction, message, flow or transaction.flow)
        if transaction.state is State.TERMINATED:
            self._find_table(transaction.key).pop(transaction.key, None)
        else:
            for timer in row.timers:
                if timer not in transaction.intervals:
                    self._start(transaction, timer)

    def _change(self, transaction: _Transaction, row: Row) -> None:
        """A new state stops the timers that the row does not name, the same state those that it does."""
        moved = row.state is not transaction.state
        transaction.state = row.state
        for timer in [timer for timer in transaction.intervals if (timer not in row.timers) is moved]:
            del transaction.intervals[timer]
            self._timers.cancel((transaction.key, timer))

    def _start(self, transaction: _Transaction, timer: Timer) -> None:
        interval = DURATIONS[timer].seconds(self._values, reliable=transaction.flow.is_reliable)
        if interval == 0:
            self._move(transaction, timer)
        elif interval is not None:
            self._arm(transaction, timer, interval)

    def _arm(self, transaction: _Transaction, timer: Timer, interval: float) -> None:
        transaction.intervals[timer] = interval
        self._timers.set((transaction.key, timer), self._now + interval)

    def _tick(self) -> None:
        for key, timer in self._timers.due(self._now):
            transaction = self._find_table(key).get(key)
            interval = transaction.intervals.pop(timer, None) if transaction is not None else None
            if transaction is None or interval is None:
                continue  # stopped by what was due before it
            again = DURATIONS[timer].next(interval, self._values)
            if again is not None:
                self._arm(transaction, timer, again)
            self._move(transaction, timer)

    def _find_table(self, key: Key) -> dict[Key, _Transaction]:
        return self._clients if isinstance(key, ClientKey) else self._servers

    def _perform(self, act: Act, transaction: _Transaction, message: SipMessage | None, flow: Flow) -> None:
        match act, transaction.key, message:
            case Act.SEND, _, _:
                self._send(transaction)
            case Act.REPLY, ServerKey(), SipResponse():
                transaction.octets = write_message(with_vias_of(transaction.request, message))
                self._send(transaction)
            case Act.TRYING, ServerKey(), _:
                transaction.octets = write_message(make_response(transaction.request, 100))
                self._send(transaction)
            case Act.DELIVER, ClientKey() as key, SipResponse():
                self._out.append(ev.ResponseArrived(key, message, flow))
            case Act.DELIVER, ServerKey(), SipRequest():
                self._out.append(ev.AckArrived(message, flow))
            case Act.ACK, _, SipResponse():
                ack = write_message(make_ack(transaction.request, message))
                self._out.append(ev.Transmit(ack, transaction.flow))
            case Act.CANCEL, _, _:
                self._send_request(make_cancel(transaction.request), transaction.flow)
            case ((Act.TIMEOUT | Act.FAIL), ClientKey() as key, _):
                self._out.append(ev.TransactionFailed(key, 408 if act is Act.TIMEOUT else 503))

    def _send(self, transaction: _Transaction) -> None:
        flow = transaction.flow
        if isinstance(transaction.key, ServerKey):
            flow = response_flow(transaction.request.via, flow)
        self._out.append(ev.Transmit(transaction.octets, flow))


def _is_unwanted(key: ServerKey, response: SipResponse) -> bool:
    """RFC 4320: who sent a non-INVITE has given up by the time of a 408, and of provisional responses can use
    only 100, which we send ourselves."""
    return key.method != "INVITE" and (response.status == 408 or 100 < response.status < 200)
