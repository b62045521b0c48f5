"""Requests that we got: each is executed at most once (clause D.1.1).

::

    (new) --request--> EXECUTING --SendReply--> KEPT ------------LONG-TIMER--> forgotten
                          |  repeat: Pending      repeat: the reply again        ^
                          |                       Ack: --> ACKNOWLEDGED ---------+
                          |                       (of the last segment as well)  |
                          +--one Pending too many: error 506--> KEPT   repeat: nothing

    KEPT | ACKNOWLEDGED --Settle--> SETTLED   repeat: nothing; from elsewhere, or late: (new)

A transaction is known by the identity of its sender and its id, not by its address: repeats may come from
another one.  A known id with *other content* is no repeat: its sender restarted and counts anew, so the
request is executed.  Bodies of replies are the first to go when memory is short, then the oldest ids.
"""

from collections import deque
from enum import Enum
from functools import partial

from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import IdSource
from imsedge.core.machine import NEVER
from imsedge.core.timers import Timers
from imsedge.h248 import errors
from imsedge.h248.codec import Encoding
from imsedge.h248.errors import describe
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
    Noted,
    RequestAborted,
    RequestArrived,
    Result,
    SendReply,
    TransactionOutput,
    Transmit,
    Tune,
)
from imsedge.h248.transactions.round_trip import BackOff, RoundTrip
from imsedge.h248.transactions.segments import SEGMENTS_SINCE, split
from imsedge.h248.transactions.settings import TransactionSettings

_FORGET_TOGETHER = 1.0  # seconds: ids are forgotten in batches, not with one timer each


class _State(Enum):
    EXECUTING = "handed to the user"
    KEPT = "answered, the reply is kept for repeats"
    ACKNOWLEDGED = "answered, the peer has the reply"
    SETTLED = "a registration that both sides know of"


_EXECUTING, _KEPT, _ACKNOWLEDGED, _SETTLED = _State  # the class takes long to find its members by name


class _Transaction:
    """One request of a peer, from its arrival until LONG-TIMER after its reply."""

    __slots__ = (
        "back_off",
        "content",
        "encoding",
        "ends",
        "forget_at",
        "handle",
        "id",
        "mid",
        "peer",
        "pendings",
        "reply",
        "state",
        "version",
    )

    def __init__(self, arrived: RequestArrived, encoding: Encoding) -> None:
        self.handle = arrived.handle
        self.id = arrived.request.id
        self.mid = arrived.mid
        self.peer = arrived.peer
        self.version = arrived.version
        self.encoding = encoding
        self.content = hash(arrived.request)
        self.state = _EXECUTING
        self.pendings = 0
        self.reply: dict[int, bytes] = {}  # what is kept for repeats, by segment; 0 when it is whole
        self.back_off: BackOff | None = None  # while the reply must be acknowledged
        self.ends = NEVER  # of repeating the reply
        self.forget_at = NEVER


class Incoming:
    """The responder's half of the machine."""

    def __init__(self, settings: TransactionSettings, ids: IdSource, composer: Composer) -> None:
        self._settings = settings
        self._ids = ids
        self._composer = composer
        self._next_handle = 1
        self._known: dict[Mid, dict[int, _Transaction]] = {}
        self._executing: dict[int, _Transaction] = {}
        self._timers = Timers[_Transaction]()
        self._finished: deque[_Transaction] = deque()  # in the order of their end, hence of forget_at
        self._bodies: deque[_Transaction] = deque()  # the same, without those whose reply is gone
        self._octets = 0

    def tune(self, order: Tune) -> None:
        """For Pendings that are sent from now on."""
        if order.provisional is not None:
            self._settings = replace(self._settings, provisional=order.provisional)
        if order.own_pendings is not None:
            self._settings = replace(self._settings, pending_limit=order.own_pendings)

    @property
    def executing(self) -> int:
        """Requests handed up and not answered yet."""
        return len(self._executing)

    @property
    def remembered(self) -> tuple[int, int]:
        """Ids remembered after their end, and octets of replies kept."""
        return len(self._finished), self._octets

    @property
    def deadline(self) -> float:
        forget = self._finished[0].forget_at + _FORGET_TOGETHER if self._finished else NEVER
        return min(self._timers.deadline, forget)

    def requested(
        self,
        request: TransactionRequest,
        source: TransportAddress,
        version: int,
        mid: Mid,
        encoding: Encoding,
        now: float,
    ) -> list[TransactionOutput]:
        """A request came: new, or a repeat."""
        of_peer = self._known.get(mid)
        known = None if of_peer is None else of_peer.get(request.id)
        if known is not None and known.content == hash(request) and not self._is_anew(known, source):
            return self._repeated(known, source)
        outputs = self._supersede(known) if known is not None else []
        arrived = RequestArrived(self._next_handle, request, source, version, mid)
        transaction = _Transaction(arrived, encoding)
        if request.error is not None:
            return outputs + self._refuse(transaction, request.error, now)
        if len(self._executing) >= self._settings.max_executing:
            return [*outputs, *self._busy(transaction)]
        self._next_handle += 1
        if of_peer is None or known is not None:
            of_peer = self._known.setdefault(mid, {})
        of_peer[request.id] = transaction
        self._executing[transaction.handle] = transaction
        self._timers.set(transaction, now + self._settings.provisional)
        return [*outputs, arrived]

    def answer(self, order: SendReply, now: float) -> list[TransactionOutput]:
        """The user has executed a request.  Raises ``LocalError`` for a handle that never was."""
        transaction = self._executing.get(order.handle)
        if transaction is None:
            if not 0 < order.handle < self._next_handle:
                raise LocalError(f"reply to request {order.handle}, which never arrived")
            return [Noted(f"reply to request {order.handle} came after its end")]
        return self._finish(transaction, order.result, now, confirm=order.confirm)

    def acknowledged(self, ack: TransactionAck, mid: Mid) -> None:
        """The peer has these replies: drop them, keep the ids."""
        known = self._known.get(mid)
        if not known:
            return
        for low, high in ack.ranges:
            if high - low < len(known):
                found = [known[number] for number in range(low, high + 1) if number in known]
            else:
                found = [transaction for number, transaction in known.items() if low <= number <= high]
            for transaction in found:
                self._drop_reply(transaction)

    def segment_acknowledged(self, ack: SegmentAck, mid: Mid) -> None:
        """The peer has this segment; with the last of them it has the reply."""
        transaction = self._known.get(mid, {}).get(ack.id)
        if transaction is None or not ack.segment or ack.segment not in transaction.reply:
            return
        if len(transaction.reply) == 1:
            self._drop_reply(transaction)
        else:
            self._octets -= len(transaction.reply.pop(ack.segment))

    def settle(self, mid: Mid, number: int, now: float) -> None:
        """The peer has this reply and will not repeat the request: see ``Settle``."""
        transaction = self._known.get(mid, {}).get(number)
        if transaction is not None and transaction.state is not _EXECUTING:
            self._drop_reply(transaction)
            transaction.state = _SETTLED
            self._timers.set(transaction, now + max(0.0, self._settings.long_timer - self._settings.t_max))

    def forget(self, mid: Mid) -> None:
        """The peer restarted: replies of its former life answer nothing any more."""
        known = self._known.get(mid, {})
        for transaction in [kept for kept in known.values() if kept.state is not _EXECUTING]:
            self._drop_reply(transaction)
            self._remove(transaction)

    def tick(self, now: float) -> list[TransactionOutput]:
        """Send pendings, repeat replies that must be acknowledged, forget what is old."""
        outputs: list[TransactionOutput] = []
        for transaction in self._timers.due(now):
            if transaction.state is _EXECUTING:
                self._timers.set(transaction, now + self._settings.provisional)
                outputs += self._pend(transaction, now)
            elif transaction.state is _SETTLED:
                self._remove(transaction)
            elif transaction.back_off is not None and now < transaction.ends:
                self._timers.set(transaction, now + transaction.back_off.next(self._ids.fraction()))
                outputs += self._transmit(transaction)
        if self._finished and now >= self._finished[0].forget_at + _FORGET_TOGETHER:
            while self._finished and self._finished[0].forget_at <= now:
                self._forget_oldest()
        return outputs

    # --- a repeat ---------------------------------------------------------------------------------------

    def _is_anew(self, known: _Transaction, source: TransportAddress) -> bool:
        return known.state is _SETTLED and source != known.peer

    def _repeated(self, known: _Transaction, source: TransportAddress) -> list[TransactionOutput]:
        known.peer = source  # replies go where the request came from (clause 8.2.1)
        if known.state is _EXECUTING:
            return self._pend(known, None)
        return self._transmit(known)

    def _supersede(self, known: _Transaction) -> list[TransactionOutput]:
        executing = known.state is _EXECUTING
        self._executing.pop(known.handle, None)
        self._drop_reply(known)
        self._remove(known)
        return [RequestAborted(known.handle, "its sender uses the transaction id anew")] if executing else []

    def _pend(self, transaction: _Transaction, now: float | None) -> list[TransactionOutput]:
        """Still executing.  ``now`` is ``None`` when a repeat asks, which never exceeds the limit."""
        if transaction.pendings >= self._settings.pending_limit:
            if now is None:
                return []
            error = describe(errors.TOO_MANY_PENDINGS)
            aborted = RequestAborted(transaction.handle, error.text)
            return [*self._finish(transaction, error, now, confirm=True), aborted]
        transaction.pendings += 1
        pending = TransactionPending(transaction.id)
        data = self._composer.compose(transaction.peer, transaction.version, pending, transaction.encoding)
        return [Transmit(data, transaction.peer)]

    # --- the end ----------------------------------------------------------------------------------------

    def _refuse(self, transaction: _Transaction, error: Result, now: float) -> list[TransactionOutput]:
        """Unreadable: answered at once.  Id 0 stands for "no id could be read" and is not remembered."""
        if transaction.id:
            self._known.setdefault(transaction.mid, {})[transaction.id] = transaction
            return self._finish(transaction, error, now)
        return [Transmit(self._compose(transaction, TransactionReply(0, error)), transaction.peer)]

    def _busy(self, transaction: _Transaction) -> list[TransactionOutput]:
        """Over UDP silence is the better answer: the peer repeats more and more slowly."""
        note = Noted(
            f"request {transaction.id} refused: {len(self._executing)} are executing", transaction.peer
        )
        if not self._settings.reliable:
            return [note]
        reply = TransactionReply(transaction.id, describe(errors.BUSY))
        return [Transmit(self._compose(transaction, reply), transaction.peer), note]

    def _finish(
        self, transaction: _Transaction, result: Result, now: float, *, confirm: bool = False
    ) -> list[TransactionOutput]:
        settings = self._settings
        confirm = (confirm or transaction.pendings > 0) and not settings.reliable
        reply = TransactionReply(transaction.id, result, confirm)
        notes: list[TransactionOutput] = []
        try:
            transaction.reply = self._write(transaction, reply)
        except LocalError as wrong:  # our mistake is no reason to let the peer wait
            transaction.reply = self._write(transaction, replace(reply, result=describe(errors.INTERNAL)))
            notes.append(Noted(f"reply cannot be written: {wrong}", transaction.peer))
        outputs = self._transmit(transaction) + notes
        transaction.state = _KEPT
        transaction.forget_at = now + settings.long_timer
        self._executing.pop(transaction.handle, None)
        self._timers.cancel(transaction)
        if confirm or len(transaction.reply) > 1:
            transaction.back_off = BackOff(RoundTrip(settings.first_delay), settings)
            transaction.ends = now + settings.t_max
            self._timers.set(transaction, now + transaction.back_off.first())
        self._keep(transaction)
        return outputs

    def _transmit(self, transaction: _Transaction) -> list[TransactionOutput]:
        return [Transmit(data, transaction.peer) for data in transaction.reply.values()]

    def _compose(self, transaction: _Transaction, reply: TransactionReply) -> bytes:
        return self._composer.compose(transaction.peer, transaction.version, reply, transaction.encoding)

    def _write(self, transaction: _Transaction, reply: TransactionReply) -> dict[int, bytes]:
        """Whole if the transport carries it; else segments if the version has them; else error 533."""
        most = self._settings.max_message
        data = self._compose(transaction, reply)
        if len(data) <= most:
            return {0: data}
        version, encoding = transaction.version, transaction.encoding
        if isinstance(reply.result, tuple) and version >= SEGMENTS_SINCE and not self._settings.reliable:
            measure = partial(self._composer.size, version, encoding)
            segments = split(reply.id, reply.result, most, measure)
            if segments is not None:
                return {part.segment or 0: self._compose(transaction, part) for part in segments}
        return {0: self._compose(transaction, replace(reply, result=describe(errors.REPLY_TOO_LARGE)))}

    # --- memory -----------------------------------------------------------------------------------------

    def _keep(self, transaction: _Transaction) -> None:
        self._finished.append(transaction)
        self._bodies.append(transaction)
        self._octets += sum(map(len, transaction.reply.values()))
        while self._octets > self._settings.max_remembered_octets or (
            self._bodies and not self._bodies[0].reply
        ):
            self._drop_reply(self._bodies.popleft())
        while len(self._finished) > self._settings.max_remembered:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        oldest = self._finished.popleft()
        self._drop_reply(oldest)
        self._remove(oldest)
        if self._bodies and self._bodies[0] is oldest:
            self._bodies.popleft()

    def _drop_reply(self, transaction: _Transaction) -> None:
        if transaction.state is _KEPT:
            transaction.state = _ACKNOWLEDGED
            transaction.back_off = None
            self._timers.cancel(transaction)
            self._octets -= sum(map(len, transaction.reply.values()))
            transaction.reply = {}

    def _remove(self, transaction: _Transaction) -> None:
        """Out of the index, unless a newer transaction has taken the place."""
        known = self._known.get(transaction.mid)
        if known is not None and known.get(transaction.id) is transaction:
            del known[transaction.id]
            if not known:
                del self._known[transaction.mid]
