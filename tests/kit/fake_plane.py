"""A media plane that opens and releases at once and remembers what it was told.

It keeps to the rules of ``bearer.messages``: one endpoint an ``Open``, ``Released`` as the last word, nothing
said about endpoints it does not have.  Tests make it hesitate, run out of ports, or die.
"""

from collections import Counter

from imsedge.bearer.messages import (
    AnyCommand,
    AnyEvent,
    Command,
    Configure,
    Counters,
    EndpointSettings,
    Failed,
    FailureCause,
    Open,
    Opened,
    OpenFailed,
    Query,
    Release,
    Released,
    Relink,
    Relinked,
    RelinkFailed,
    Statistics,
)
from imsedge.core.address import TransportAddress


class FakePlane:
    """``ports``: how many endpoints there can be.  ``counters``: what every endpoint has counted.

    ``strict``: orders for endpoints that are not there are errors; otherwise they are passed over, as a real
    media plane does when it has just died or given up.  ``rigid``: endpoints cannot change their context.
    """

    def __init__(self, *, ports: int = 1_000_000, first_port: int = 30_000, strict: bool = True) -> None:
        self.open: dict[int, EndpointSettings] = {}
        self.links: dict[int, int] = {}
        self._ends: Counter[int] = Counter()
        self.rigid = False
        self.orders: list[AnyCommand] = []
        self.counters = Counters(octets_received=7, octets_sent=5, duration_ms=1_000)
        self._ports = ports
        self._strict = strict
        self._next_port = first_port

    def take(self, command: AnyCommand, now: float) -> list[AnyEvent]:
        """Obey; the events that follow at once."""
        self.orders.append(command)
        if isinstance(command, Open):
            return [self._open(command, now)]
        if command.endpoint not in self.open:
            assert not self._strict, f"order for an endpoint that is not there: {command}"
            return []
        match command:
            case Configure():
                self.open[command.endpoint] = command.settings
            case Relink():
                return [self._relink(command, now)]
            case Query():
                return [Statistics(command.endpoint, now, self.counters)]
            case Release():
                del self.open[command.endpoint]
                self._leave(command.endpoint)
                return [Released(command.endpoint, now, self.counters)]
        return []

    def die(self, now: float) -> list[AnyEvent]:
        """The worker process is gone with all it had."""
        lost, self.open, self.links = self.open, {}, {}
        self._ends.clear()
        return [Failed(endpoint, now, FailureCause.PLANE) for endpoint in lost]

    def told(self, kind: type[Command]) -> list[Command]:
        """The orders of one kind, oldest first."""
        return [order for order in self.orders if isinstance(order, kind)]

    def _open(self, command: Open, now: float) -> AnyEvent:
        assert command.endpoint not in self.open, "an endpoint number was used twice"
        if len(self.open) >= self._ports:
            return OpenFailed(command.endpoint, now, exhausted=True, reason="no port")
        self.open[command.endpoint] = command.settings
        self._join(command.endpoint, command.link)
        self._next_port += 1
        return Opened(command.endpoint, now, TransportAddress(command.address, self._next_port - 1))

    def _relink(self, command: Relink, now: float) -> AnyEvent:
        if self.rigid:
            return RelinkFailed(command.endpoint, now, command.link, "the context is in another worker")
        self._join(command.endpoint, command.link)
        return Relinked(command.endpoint, now, command.link)

    def _join(self, endpoint: int, link: int) -> None:
        self._leave(endpoint)
        self.links[endpoint] = link
        self._ends[link] += 1
        assert self._ends[link] <= 2, "a link has two ends"

    def _leave(self, endpoint: int) -> None:
        self._ends[self.links.pop(endpoint, 0)] -= 1

    def partners(self) -> set[frozenset[int]]:
        """The endpoints that are joined now."""
        ends = [frozenset(e for e, link in self.links.items() if link == of) for of in self.links.values()]
        return {pair for pair in ends if len(pair) == 2}
