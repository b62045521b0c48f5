"""A wire between sans-I/O machines: virtual clock, latency, loss, duplication, reordering.

    wire = Wire(fates=losing("x."))                  # the first datagram is lost, the second arrives
    left = wire.attach(A, machine)
    right = wire.attach(B, other, answer)            # ``answer`` is the user of the machine
    left.feed(SendRequest(...))
    wire.run(40.0)
    assert left.outputs(ReplyArrived) == [...]

Nothing sleeps: time jumps to the next arrival or deadline.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count, repeat
from typing import Any, NamedTuple, TypeVar

from imsedge.core.address import TransportAddress
from imsedge.core.machine import NEVER, Tick
from imsedge.h248.transactions import Received, Transmit

LATENCY = 0.01
LATE = 0.7  # seconds: later than a few repeats

Fate = Sequence[float]
"""The extra delays with which one datagram arrives: ``()`` never, ``(0, 0)`` twice."""

FATES: dict[str, Fate] = {".": (0.0,), "x": (), "2": (0.0, 0.005), "~": (LATE,), "&": (0.0, LATE)}

User = Callable[[Any], Iterable[Any]]
"""What the user of a machine does about an output: inputs to hand in, some of them ``After`` a while."""

T = TypeVar("T")


def losing(pattern: str, then: str = ".") -> Iterator[Fate]:
    """One letter of ``FATES`` for each datagram, then ``then`` for ever."""
    yield from (FATES[letter] for letter in pattern)
    yield from repeat(FATES[then])


class After(NamedTuple):
    """An input to be handed in later."""

    delay: float
    event: Any


class Node:
    """One machine at one address, and everything it said."""

    def __init__(self, wire: "Wire", address: TransportAddress, machine: Any, user: User | None) -> None:
        self.address = address
        self.machine = machine
        self.log: list[tuple[float, Any]] = []
        self._wire = wire
        self._user = user

    def feed(self, event: Any) -> None:
        """Hand in one input now, and what the user makes of its outputs."""
        waiting = deque([event])
        while waiting:
            for output in self.machine.handle(waiting.popleft(), self._wire.now):
                if isinstance(output, Transmit):
                    self._wire.send(self.address, output)
                    continue
                self.log.append((self._wire.now, output))
                for reaction in self._user(output) if self._user else ():
                    if isinstance(reaction, After):
                        self._wire.later(reaction.delay, self, reaction.event)
                    else:
                        waiting.append(reaction)

    def outputs(self, kind: type[T]) -> list[T]:
        """What the machine said of one kind, ``Transmit`` excepted."""
        return [output for _, output in self.log if isinstance(output, kind)]

    def times(self, kind: type[Any]) -> list[float]:
        """When it said them."""
        return [time for time, output in self.log if isinstance(output, kind)]


class Wire:
    """Carries ``Transmit`` outputs between nodes."""

    def __init__(self, *, latency: float = LATENCY, fates: Iterable[Fate] = ()) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, TransportAddress, Transmit]] = []
        self.down: set[TransportAddress] = set()  # addresses that neither send nor receive
        self.silent: set[TransportAddress] = set()  # addresses that receive, but are not heard
        self._latency = latency
        self._fates = iter(fates)
        self._nodes: dict[TransportAddress, Node] = {}
        self._events: list[tuple[float, int, Node | TransportAddress, Any]] = []
        self._sequence = count()

    def attach(self, address: TransportAddress, machine: Any, user: User | None = None) -> Node:
        """Put a machine at ``address``, in the place of one that was there (a restart)."""
        node = self._nodes[address] = Node(self, address, machine, user)
        return node

    def send(self, source: TransportAddress, transmit: Transmit) -> None:
        """One datagram meets its fate."""
        self.sent.append((self.now, source, transmit))
        if source in self.down or source in self.silent:
            return
        for delay in next(self._fates, FATES["."]):
            event = Received(transmit.data, source)
            when = self.now + self._latency + delay
            heappush(self._events, (when, next(self._sequence), transmit.peer, event))

    def later(self, delay: float, node: Node, event: Any) -> None:
        """Hand ``event`` to ``node`` after ``delay`` seconds."""
        heappush(self._events, (self.now + delay, next(self._sequence), node, event))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            arrival = self._events[0][0] if self._events else NEVER
            node = min(self._nodes.values(), key=lambda node: node.machine.deadline)
            deadline = max(node.machine.deadline, self.now)
            if min(arrival, deadline) > end:
                break
            if arrival <= deadline:
                self._deliver()
            else:
                self.now = deadline
                node.feed(Tick())
        self.now = end

    def _deliver(self) -> None:
        self.now, _, target, event = heappop(self._events)
        if isinstance(target, TransportAddress):
            found = self._nodes.get(target)
            if found is None or target in self.down:
                return
            target = found
        if self._nodes.get(target.address) is target:  # not one that has been replaced
            target.feed(event)
