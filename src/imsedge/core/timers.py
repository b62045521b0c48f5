"""Named deadlines of a machine in one small table.

A machine with a thousand transactions has a thousand deadlines but one ``deadline``.  ``Timers`` keeps
them by key.  Moving or cancelling one is a dictionary write: the old entry stays in the heap until it
surfaces, and the heap is rebuilt when more than half of it is stale, so memory stays in proportion.
"""

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from imsedge.core.machine import NEVER

Key = TypeVar("Key", bound=Hashable)

_ALWAYS_TOLERATED = 64  # stale heap entries that are not worth a rebuild


class Timers(Generic[Key]):
    """Deadlines by key, in seconds on the machine's clock."""

    __slots__ = ("_heap", "_sequence", "_when")

    def __init__(self) -> None:
        self._when: dict[Key, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._when)

    def __contains__(self, key: object) -> bool:
        return key in self._when

    @property
    def deadline(self) -> float:
        """The earliest deadline; ``NEVER`` when there is none."""
        heap = self._heap
        while heap and not self._is_live(heap[0]):
            heappop(heap)
        return heap[0][0] if heap else NEVER

    def set(self, key: Key, when: float) -> None:
        """Set or move the deadline of ``key``; ``NEVER`` cancels it."""
        if when == NEVER:
            self.cancel(key)
            return
        self._sequence += 1
        self._when[key] = (when, self._sequence)
        heappush(self._heap, (when, self._sequence, key))
        if len(self._heap) > 2 * len(self._when) + _ALWAYS_TOLERATED:
            self._heap = [entry for entry in self._heap if self._is_live(entry)]
            heapify(self._heap)

    def cancel(self, key: Key) -> None:
        """Forget ``key``; harmless when it is not set."""
        self._when.pop(key, None)

    def due(self, now: float) -> list[Key]:
        """The keys whose deadline has come, earliest first; they are no longer set."""
        keys: list[Key] = []
        while self.deadline <= now:
            key = heappop(self._heap)[2]
            del self._when[key]
            keys.append(key)
        return keys

    def _is_live(self, entry: tuple[float, int, Key]) -> bool:
        when, sequence, key = entry
        return self._when.get(key) == (when, sequence)
