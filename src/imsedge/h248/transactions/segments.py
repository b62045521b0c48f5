"""Replies larger than a datagram, cut into segments: H.248.1 version 3, UDP only.

::

    Reply = 7/1 {...}   Reply = 7/2 {...}   Reply = 7/3/END {...}
    Segment = 7/1       Segment = 7/2       Segment = 7/3/END          one for each, in any order

A reply is cut between command replies; an action whose replies stand in two segments is named in both.
Segments that are not acknowledged are repeated like a reply that asks for an acknowledgement.
"""

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from imsedge.h248.model import ActionReply, ErrorDescriptor, TransactionReply
from imsedge.h248.transactions.events import Result

SEGMENTS_SINCE = 3  # version of H.248.1
_SAMPLE = 64  # pieces by which to guess how many fit
MAX_SEGMENTS = 64  # of one reply that we put together: 4 MB


def split(
    number: int, actions: Iterable[ActionReply], most: int, size: Callable[[TransactionReply], int]
) -> tuple[TransactionReply, ...] | None:
    """Segments of which none is larger than ``most`` octets by ``size``; ``None`` when one cannot be cut.

    A long reply is measured in parts: as many pieces as would fit, were they like those before.
    """
    pieces = list(_pieces(actions))
    parts: list[tuple[ActionReply, ...]] = []
    at, count = 0, _SAMPLE
    while at < len(pieces):
        count = min(count, len(pieces) - at)
        part = join(pieces[at : at + count])
        octets = size(TransactionReply(number, part, segment=MAX_SEGMENTS, last=True))
        likely = max(1, count * most // octets)
        if octets > most:
            if count == 1:
                return None
            count = min(likely, count - 1)
        elif count < len(pieces) - at and likely > count + count // 8:  # there is room for many more
            count = likely
        else:
            if len(parts) == MAX_SEGMENTS:
                return None
            parts.append(part)
            at, count = at + count, likely
    return tuple(
        TransactionReply(number, part, segment=n, last=n == len(parts))
        for n, part in enumerate(parts or [()], 1)
    )


def _pieces(actions: Iterable[ActionReply]) -> Iterator[ActionReply]:
    """Each command reply in an action of its own; the action's error goes with its last one."""
    for action in actions:
        if not action.replies:
            yield action
        for at, reply in enumerate(action.replies):
            first, final = at == 0, at == len(action.replies) - 1
            yield ActionReply(
                action.context,
                (reply,),
                action.properties if first else None,
                action.error if final else None,
            )


def join(pieces: Iterable[ActionReply]) -> tuple[ActionReply, ...]:
    """Neighbours of one context become one action again."""
    joined: list[ActionReply] = []
    for piece in pieces:
        before = joined[-1] if joined else None
        if before is None or before.context != piece.context or before.error or piece.properties:
            joined.append(piece)
        else:
            joined[-1] = replace(before, replies=before.replies + piece.replies, error=piece.error)
    return tuple(joined)


class Assembly:
    """The segments of one reply that have come so far."""

    __slots__ = ("_last", "_parts")

    def __init__(self) -> None:
        self._parts: dict[int, tuple[ActionReply, ...]] = {}
        self._last = 0

    def add(self, reply: TransactionReply) -> Result | None:
        """One segment; the whole result once every segment is there.  An error ends it at once."""
        if isinstance(reply.result, ErrorDescriptor):
            return reply.result
        if reply.segment is None or not 1 <= reply.segment <= MAX_SEGMENTS:
            return None
        self._parts.setdefault(reply.segment, reply.result)
        if reply.last:
            self._last = reply.segment
        if not self._last or any(n not in self._parts for n in range(1, self._last + 1)):
            return None
        return join(piece for n in range(1, self._last + 1) for piece in self._parts[n])
