"""Requests that we sent: repeat, wait, give up.

::

    WAITING --Pending | Segment--> PENDED   repeats slow down to the longest delay, T-MAX starts anew
    WAITING | PENDED --Reply-->      done: ReplyArrived
    WAITING | PENDED --T-MAX-->      done: RequestFailed(TIMED_OUT)
    PENDED --one Pending too many--> done: RequestFailed(PENDING_LIMIT)
"""

from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import IdSource
from imsedge.core.timers import Timers
from imsedge.h248.model import (
    Mid,
    SegmentAck,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)
from imsedge.h248.transactions.composer import Composer
from imsedge.h248.transactions.events import (
    Failure,
    Noted,
    PeerSuspected,
    ReplyArrived,
    RequestFailed,
    Result,
    SendRequest,
    TransactionOutput,
    Transmit,
    Tune,
)
from imsedge.h248.transactions.round_trip import BackOff, RoundTrip
from imsedge.h248.transactions.segments import SEGMENTS_SINCE, Assembly
from imsedge.h248.transactions.settings import TransactionSettings

FIRST_ID, LAST_ID = 1, 0xFFFF_FFFE  # 0 answers what has no id; all ones is kept free


class _Request:
    """One of our requests until its end."""

    __slots__ = (
        "assembly",
        "back_off",
        "data",
        "ends",
        "id",
        "patience",
        "peer",
        "pendings",
        "repeats",
        "sent",
        "tag",
    )

    def __init__(self, number: int, order: SendRequest, data: bytes, now: float) -> None:
        self.id = number
        self.tag = order.tag
        self.peer = order.peer
        self.data = data
        self.sent = now
        self.repeats = 0
        self.pendings = 0
        self.patience = 0.0
        self.ends = 0.0
        self.back_off: BackOff
        self.assembly: Assembly | None = None  # once a first segment of the reply has come


class Outgoing:
    """The requester's half of the machine."""

    def __init__(self, settings: TransactionSettings, ids: IdSource, composer: Composer) -> None:
        self._settings = settings
        self._ids = ids
        self._composer = composer
        self._next_id = ids.number(FIRST_ID, LAST_ID)
        self._requests: dict[int, _Request] = {}
        self._timers = Timers[int]()
        self._trips: dict[TransportAddress, RoundTrip] = {}
        self._suspected: set[TransportAddress] = set()

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def deadline(self) -> float:
        return self._timers.deadline

    def tune(self, order: Tune) -> None:
        """For Pendings that come, and requests that leave, from now on."""
        if order.peer_pendings is not None:
            self._settings = replace(self._settings, pending_limit=order.peer_pendings)
        if order.peer_execution is not None:
            self._settings = replace(self._settings, least_delay=order.peer_execution)

    def send(self, order: SendRequest, now: float) -> list[TransactionOutput]:
        """Give the request an id and send it the first time."""
        if len(self._requests) >= self._settings.max_outstanding:
            return [RequestFailed(order.tag, 0, Failure.TOO_MANY, order.peer)]
        number = self._new_id()
        try:
            transaction = TransactionRequest(number, order.actions)
            data = self._composer.compose(order.peer, order.version, transaction)
        except LocalError as wrong:
            failed = RequestFailed(order.tag, number, Failure.UNWRITABLE, order.peer)
            return [failed, Noted(f"request cannot be written: {wrong}", order.peer)]
        if len(data) > self._settings.max_message:
            return [RequestFailed(order.tag, number, Failure.TOO_LARGE, order.peer)]
        request = _Request(number, order, data, now)
        request.patience = self._settings.t_max if order.patience is None else order.patience
        request.ends = now + request.patience
        request.back_off = BackOff(self._trip(order.peer), self._settings)
        self._requests[number] = request
        self._arm(request, now, request.back_off.first())
        return [Transmit(data, order.peer)]

    def replied(
        self, reply: TransactionReply, source: TransportAddress, version: int, mid: Mid, now: float
    ) -> list[TransactionOutput]:
        """A final reply came, or a segment of one."""
        if reply.segment is not None:
            return self._segment(reply, source, version, mid, now)
        outputs = self._acknowledge(reply, source, version, now)
        request = self._match(reply.id, source)
        if request is None:
            return outputs
        if request.repeats == 0 and request.pendings == 0:
            self._trip(request.peer).measured(now - request.sent)
        return [*outputs, self._complete(request, reply.result, source, version, mid)]

    def pended(
        self, pending: TransactionPending, source: TransportAddress, now: float
    ) -> list[TransactionOutput]:
        """The peer is still executing.  After the final reply this means nothing (clause D.1.4)."""
        request = self._match(pending.id, source)
        if request is None:
            return []
        request.pendings += 1
        if request.pendings > self._settings.pending_limit:
            return [self._fail(request, Failure.PENDING_LIMIT)]
        self._wait_longer(request, now)
        return []

    def abandon(self, peer: TransportAddress) -> list[TransactionOutput]:
        """End everything that waits for ``peer``."""
        self._trips.pop(peer, None)
        self._suspected.discard(peer)
        lost = [request for request in self._requests.values() if request.peer == peer]
        return [self._fail(request, Failure.ABANDONED) for request in lost]

    def tick(self, now: float) -> list[TransactionOutput]:
        """Repeat or give up what is due."""
        outputs: list[TransactionOutput] = []
        for number in self._timers.due(now):
            outputs += self._overdue(self._requests[number], now)
        return outputs

    def _overdue(self, request: _Request, now: float) -> list[TransactionOutput]:
        if now >= request.ends:
            self._suspected.discard(request.peer)
            return [self._fail(request, Failure.TIMED_OUT)]
        request.repeats += 1
        pended = request.pendings > 0 or request.assembly is not None
        wait = self._settings.longest_delay if pended else request.back_off.next(self._ids.fraction())
        self._arm(request, now, wait)
        outputs: list[TransactionOutput] = [Transmit(request.data, request.peer)]
        if (
            request.repeats >= self._settings.suspect_after
            and not pended
            and request.peer not in self._suspected
        ):
            self._suspected.add(request.peer)
            outputs.append(PeerSuspected(request.peer))
        return outputs

    def _segment(
        self, reply: TransactionReply, source: TransportAddress, version: int, mid: Mid, now: float
    ) -> list[TransactionOutput]:
        """Acknowledge it, also when it is a repeat, and see whether the reply is complete."""
        ack = SegmentAck(reply.id, reply.segment or 0, reply.last)
        outputs: list[TransactionOutput]
        said_in = max(version, SEGMENTS_SINCE)  # whatever the header of the segment said
        outputs = [Transmit(self._composer.compose(source, said_in, ack), source)]
        request = self._match(reply.id, source)
        if request is None:
            return outputs
        request.assembly = request.assembly or Assembly()
        result = request.assembly.add(reply)
        if result is None:
            self._wait_longer(request, now)
            return outputs
        return [*outputs, self._complete(request, result, source, version, mid)]

    def _wait_longer(self, request: _Request, now: float) -> None:
        """There is life: repeat slowly, and let T-MAX begin anew."""
        request.ends = now + request.patience
        self._arm(request, now, self._settings.longest_delay)

    def _arm(self, request: _Request, now: float, wait: float) -> None:
        repeat = request.ends if self._settings.reliable else min(now + wait, request.ends)
        self._timers.set(request.id, repeat)

    def _match(self, number: int, source: TransportAddress) -> _Request | None:
        """Ours, and from the host that we asked; the port may differ (clause D.1 allows another)."""
        request = self._requests.get(number)
        if request is None or request.peer.host != source.host:
            return None
        self._suspected.discard(request.peer)
        return request

    def _acknowledge(
        self, reply: TransactionReply, source: TransportAddress, version: int, now: float
    ) -> list[TransactionOutput]:
        """At once where asked for, also for a repeated reply: the first acknowledgement may be lost."""
        if reply.immediate_ack:
            ack = TransactionAck(((reply.id, reply.id),))
            return [Transmit(self._composer.compose(source, version, ack), source)]
        if self._settings.three_way and not self._settings.reliable and reply.id in self._requests:
            return list(self._composer.acknowledge(source, version, reply.id, now))
        return []

    def _complete(
        self, request: _Request, result: Result, source: TransportAddress, version: int, mid: Mid
    ) -> ReplyArrived:
        self._close(request)
        return ReplyArrived(request.tag, request.id, result, source, version, mid)

    def _fail(self, request: _Request, reason: Failure) -> RequestFailed:
        self._close(request)
        return RequestFailed(request.tag, request.id, reason, request.peer)

    def _close(self, request: _Request) -> None:
        del self._requests[request.id]
        self._timers.cancel(request.id)

    def _trip(self, peer: TransportAddress) -> RoundTrip:
        trip = self._trips.get(peer)
        if trip is None:
            if len(self._trips) >= self._settings.max_peers:
                del self._trips[next(iter(self._trips))]
            trip = self._trips[peer] = RoundTrip(self._settings.first_delay)
        return trip

    def _new_id(self) -> int:
        """Ascending, so that acknowledgements form ranges; from a random start, to tell a restart apart."""
        number = self._next_id
        while number in self._requests:
            number = number + 1 if number < LAST_ID else FIRST_ID
        self._next_id = number + 1 if number < LAST_ID else FIRST_ID
        return number
