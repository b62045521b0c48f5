"""At-most-once transactions over an unreliable transport: H.248.1 clause 8 and Annex D.1.

The problem.  UDP loses, repeats and reorders.  A request that gets no reply may have been lost, or it may
have been executed and its reply lost.  Sending it again is right in the first case and, were it executed
again, a second termination in the second.  H.248 therefore asks of both sides:

* the *requester* repeats a request, byte for byte, with growing waits until a reply comes or T-MAX has
  passed (``outgoing``);
* the *responder* remembers each transaction id and reply for LONG-TIMER, longer than any repeat can
  travel, and answers a repeat with the remembered reply instead of executing (``incoming``);
* a responder that needs long says so (``Pending``); the requester then repeats slowly, and because a lost
  reply would now be noticed late, the reply asks for an acknowledgement at once and is itself repeated;
* acknowledgements (``TransactionAck``) let the responder drop replies early, never the ids: that is the
  three-way handshake (``composer`` collects them).

What follows: each request is executed once if its sender hears a reply, and once or never otherwise; the
sender always learns which of the two it is (``ReplyArrived`` or ``RequestFailed``).  There is no order
between transactions.  A reply of version 3 that fits no datagram goes in segments (``segments``).

On TCP or SCTP (clause D.2) the same machine runs with ``reliable``: it sends once, asks for no
acknowledgement, cuts nothing, and still answers repeats from memory.

One machine serves every control association behind one socket: peers are told apart by their message
identifier where identity matters (memory) and by their address where the path matters (round trip).
"""

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import IdSource
from imsedge.core.machine import Tick
from imsedge.h248 import errors
from imsedge.h248.codec import Encoding, decode, encoding_of
from imsedge.h248.errors import H248Error, describe
from imsedge.h248.model import (
    ErrorDescriptor,
    Message,
    SegmentAck,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)
from imsedge.h248.transactions.composer import Composer
from imsedge.h248.transactions.events import (
    Abandon,
    Forget,
    MessageErrorArrived,
    Noted,
    Received,
    SendReply,
    SendRequest,
    Settle,
    TransactionInput,
    TransactionOutput,
    Transmit,
    Tune,
)
from imsedge.h248.transactions.incoming import Incoming
from imsedge.h248.transactions.outgoing import Outgoing
from imsedge.h248.transactions.settings import TransactionSettings

HIGHEST_VERSION = 3


class Transactions:
    """The transaction layer of one side.  Raises ``LocalError`` for wrong use only."""

    def __init__(self, settings: TransactionSettings, ids: IdSource) -> None:
        self._settings = settings
        self._composer = Composer(settings)
        self._outgoing = Outgoing(settings, ids, self._composer)
        self._incoming = Incoming(settings, ids, self._composer)

    @property
    def deadline(self) -> float:
        """When ``Tick`` must come next."""
        return min(self._outgoing.deadline, self._incoming.deadline, self._composer.deadline)

    @property
    def outstanding(self) -> int:
        """Our requests without a reply."""
        return len(self._outgoing)

    @property
    def executing(self) -> int:
        """Their requests without a reply."""
        return self._incoming.executing

    @property
    def remembered(self) -> tuple[int, int]:
        """Transaction ids remembered after their end, and octets of replies kept for repeats."""
        return self._incoming.remembered

    def handle(self, event: TransactionInput | Tick, now: float) -> list[TransactionOutput]:
        """Take one input; return what to do, in order."""
        match event:
            case Received():
                return self._receive(event, now)
            case SendReply():
                return self._incoming.answer(event, now)
            case SendRequest():
                return self._outgoing.send(event, now)
            case Tick():
                return [*self._outgoing.tick(now), *self._incoming.tick(now), *self._composer.tick(now)]
            case Abandon(peer):
                self._composer.drop(peer)
                return self._outgoing.abandon(peer)
            case Forget(mid):
                self._incoming.forget(mid)
                return []
            case Settle(mid, number):
                self._incoming.settle(mid, number, now)
                return []
            case Tune():
                self._incoming.tune(event)
                self._outgoing.tune(event)
                return []
        raise LocalError(f"{event!r} is no input of the transaction machine")

    def _receive(self, event: Received, now: float) -> list[TransactionOutput]:
        content = event.content
        encoding = self._settings.encoding
        if not isinstance(content, Message):
            encoding = self._composer.hear(event.source, encoding_of(content))
        try:
            message = content if isinstance(content, Message) else self._decode(content)
            self._check(message)
        except H248Error as error:
            return self._unreadable(error, event.source, encoding)
        if isinstance(message.body, ErrorDescriptor):  # never answered: two such sides would talk for ever
            return [MessageErrorArrived(message.body, event.source, message.mid)]
        outputs: list[TransactionOutput] = []
        for transaction in message.body:
            match transaction:
                case TransactionRequest():
                    outputs += self._incoming.requested(
                        transaction, event.source, message.version, message.mid, encoding, now
                    )
                case TransactionReply():
                    outputs += self._outgoing.replied(
                        transaction, event.source, message.version, message.mid, now
                    )
                case TransactionPending():
                    outputs += self._outgoing.pended(transaction, event.source, now)
                case TransactionAck():
                    self._incoming.acknowledged(transaction, message.mid)
                case SegmentAck():
                    self._incoming.segment_acknowledged(transaction, message.mid)
        return outputs

    def _decode(self, data: bytes) -> Message:
        return decode(data, binary=self._settings.binary)

    def _check(self, message: Message) -> None:
        if not 1 <= message.version <= HIGHEST_VERSION:
            raise H248Error(errors.VERSION, f"version {message.version}, 1 to {HIGHEST_VERSION} are known")
        if (
            not isinstance(message.body, ErrorDescriptor)
            and len(message.body) > self._settings.max_transactions
        ):
            raise H248Error(errors.TOO_MANY_TRANSACTIONS, f"{self._settings.max_transactions} are allowed")

    def _unreadable(
        self, error: H248Error, source: TransportAddress, encoding: Encoding
    ) -> list[TransactionOutput]:
        """The message as a whole makes no sense: say so in a message (clause 8.2.2)."""
        data = self._composer.error(describe(error.code, error.reason), 1, encoding)
        return [Transmit(data, source), Noted(f"unreadable message: {error}", source)]
