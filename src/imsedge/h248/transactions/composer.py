"""From transactions to the octets of one message, with the acknowledgements that may ride along.

A peer is spoken to in its own kind of encoding, text or binary, from its first message on.

Acknowledgements of replies (``TransactionAck``, the third way of the handshake, clause D.1.2) wait here
per peer until any message goes to that peer, or until ``ack_delay`` has passed.
"""

from imsedge.core.address import TransportAddress
from imsedge.core.timers import Timers
from imsedge.h248.codec import Encoding, encode
from imsedge.h248.model import ErrorDescriptor, Message, Transaction, TransactionAck
from imsedge.h248.transactions.events import Transmit
from imsedge.h248.transactions.settings import TransactionSettings

MOST_WAITING = 64  # acknowledgements for one peer that are worth collecting


class Composer:
    """Writes the messages of one side."""

    def __init__(self, settings: TransactionSettings) -> None:
        self._settings = settings
        self._waiting: dict[TransportAddress, tuple[int, list[int]]] = {}
        self._timers = Timers[TransportAddress]()
        self._speak: dict[TransportAddress, Encoding] = {}  # to those who do not speak what we do

    def hear(self, peer: TransportAddress, encoding: Encoding) -> Encoding:
        """A message came in ``encoding``: the one in which to speak to ``peer`` from now on."""
        ours = self._settings.encoding
        if encoding.is_text == ours.is_text:
            self._speak.pop(peer, None)
            return ours
        if peer not in self._speak and len(self._speak) >= self._settings.max_peers:
            del self._speak[next(iter(self._speak))]
        self._speak[peer] = encoding
        return encoding

    @property
    def deadline(self) -> float:
        """When acknowledgements have waited long enough."""
        return self._timers.deadline

    def compose(
        self,
        peer: TransportAddress,
        version: int,
        transaction: Transaction,
        encoding: Encoding | None = None,
    ) -> bytes:
        """One transaction, after the acknowledgements that wait for this peer, if there is room."""
        encoding = encoding or self._speak.get(peer)
        if peer in self._waiting:
            ack = TransactionAck(ranges(self._waiting[peer][1]))
            data = self._encode(version, (ack, transaction), encoding)
            if len(data) <= self._settings.max_message:
                self.drop(peer)
                return data
        return self._encode(version, (transaction,), encoding)

    def size(self, version: int, encoding: Encoding, transaction: Transaction) -> int:
        """Octets of a message with nothing but this."""
        return len(self._encode(version, (transaction,), encoding))

    def error(self, error: ErrorDescriptor, version: int, encoding: Encoding | None = None) -> bytes:
        """A message that is nothing but an error (clause 8.2.2)."""
        return self._encode(version, error, encoding)

    def acknowledge(self, peer: TransportAddress, version: int, number: int, now: float) -> list[Transmit]:
        """Remember that the reply to transaction ``number`` came; perhaps it is time to tell."""
        waiting = self._waiting.setdefault(peer, (version, []))[1]
        waiting.append(number)
        if len(waiting) >= MOST_WAITING:
            return [self._flush(peer)]
        if len(waiting) == 1:
            self._timers.set(peer, now + self._settings.ack_delay)
        return []

    def tick(self, now: float) -> list[Transmit]:
        """Send what has waited long enough."""
        return [self._flush(peer) for peer in self._timers.due(now)]

    def drop(self, peer: TransportAddress) -> None:
        """Nothing is to be acknowledged to this peer any more."""
        if peer in self._waiting:
            self._take(peer)

    def _flush(self, peer: TransportAddress) -> Transmit:
        version, ack = self._take(peer)
        return Transmit(self._encode(version, (ack,), self._speak.get(peer)), peer)

    def _take(self, peer: TransportAddress) -> tuple[int, TransactionAck]:
        self._timers.cancel(peer)
        version, ids = self._waiting.pop(peer)
        return version, TransactionAck(ranges(ids))

    def _encode(
        self,
        version: int,
        body: tuple[Transaction, ...] | ErrorDescriptor,
        encoding: Encoding | None,
    ) -> bytes:
        settings = self._settings
        message = Message(version, settings.mid, body)
        return encode(message, encoding or settings.encoding, binary=settings.binary)


def ranges(ids: list[int]) -> tuple[tuple[int, int], ...]:
    """The ids as inclusive ranges, ascending."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(ids)):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
