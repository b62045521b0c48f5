"""Which port an endpoint gets: oldest first, and a freed one rests before somebody new meets its strays."""

from collections import deque
from collections.abc import Iterable, Iterator

from imsedge.bearer.wire import PortShare


class PortPool:
    """The ports of one address that this worker owns.

    ``rest`` is in seconds.  Ports are handed out first in, first out, so that even without a rest a port
    stays unused for as long as possible.
    """

    def __init__(self, shares: Iterable[PortShare], rest: float) -> None:
        self._rest = rest
        self._free: deque[int] = deque(
            dict.fromkeys(port for share in shares for port in range(share.low, share.high + 1))
        )
        self._resting: deque[tuple[float, int]] = deque()

    def __len__(self) -> int:
        """Ports that are not in use, rested or not."""
        return len(self._free) + len(self._resting)

    def candidates(self, now: float) -> Iterator[int]:
        """Ports to try, in turn; each is taken from the pool.  Ends when none that has rested is left.

        Give back with ``free`` those that could not be used.
        """
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
        for _ in range(len(self._free)):
            yield self._free.popleft()

    def free(self, port: int, now: float) -> None:
        """Nobody uses ``port`` any more."""
        self._resting.append((now + self._rest, port))
