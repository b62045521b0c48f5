"""Which port an endpoint gets: oldest first, and a freed one rests before somebody new meets its strays."""

from collections import deque
from collections.abc import Iterable, Iterator

from imsedge.bearer.wire import PortShare


class PortPool:
    """The ports of one address that this worker owns.

    ``rest`` is in seconds.  Ports are handed out first in, first out, so that even without a rest a port
    stays unused for as long as possible.  Realms that share an address keep their own ranges: a share is
    used only by who may use all of it.
    """

    def __init__(self, shares: Iterable[PortShare], rest: float) -> None:
        self._parts: list[_Part] = []
        for share in shares:
            ports = [p for p in range(share.low, share.high + 1) if not any(p in old for old in self._parts)]
            if ports:
                self._parts.append(_Part(ports, rest))

    def __len__(self) -> int:
        """Ports that are not in use, rested or not."""
        return sum(map(len, self._parts))

    def candidates(self, now: float, low: int = 0, high: int = 65_535) -> Iterator[int]:
        """Ports between these, inclusive, to try in turn; each is taken from the pool.

        Ends when none that has rested is left.  Give back with ``free`` those that could not be used.
        """
        for part in self._parts:
            if low <= part.low and part.high <= high:
                yield from part.candidates(now)

    def free(self, port: int, now: float) -> None:
        """Nobody uses ``port`` any more."""
        for part in self._parts:
            if port in part:
                part.free(port, now)
                return


class _Part:
    """One share."""

    def __init__(self, ports: list[int], rest: float) -> None:
        self.low, self.high = ports[0], ports[-1]
        self._rest = rest
        self._free: deque[int] = deque(ports)
        self._resting: deque[tuple[float, int]] = deque()

    def __len__(self) -> int:
        return len(self._free) + len(self._resting)

    def __contains__(self, port: int) -> bool:
        return self.low <= port <= self.high

    def candidates(self, now: float) -> Iterator[int]:
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
        for _ in range(len(self._free)):
            yield self._free.popleft()

    def free(self, port: int, now: float) -> None:
        self._resting.append((now + self._rest, port))
