"""The stage of a flow: who has which address, and everything that crossed between them."""

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind
from imsedge.play.steps import REPEATED, Arrow
from imsedge.play.summary import summarise

# Over UDP a request that is not answered soon is sent again, octet for octet.
_REPEATABLE = frozenset({Kind.SIP, Kind.H248})


class Cast(NamedTuple):
    """Which node an address belongs to: by address and port first, else by host."""

    hosts: Mapping[str, str]
    addresses: Mapping[TransportAddress, str] = {}

    def node(self, address: TransportAddress) -> str:
        """Name of the node; an address of nobody we know is shown as it is."""
        return self.addresses.get(address) or self.hosts.get(address.host) or str(address)


class Stage:
    """Collects crossings; is itself the tap that drivers and UEs are given."""

    def __init__(self, cast: Cast) -> None:
        self.crossings: list[Crossing] = []
        self._cast = cast
        self._began = time.monotonic()

    def __call__(self, crossing: Crossing) -> None:
        self.crossings.append(crossing)

    def placed(self) -> Iterator[tuple[Crossing, str, str]]:
        """Each crossing with the nodes it went from and to."""
        for crossing in self.crossings:
            yield crossing, self._cast.node(crossing.source), self._cast.node(crossing.destination)

    def arrows(self) -> list[Arrow]:
        """What the ladder draws, in the order seen; times count from the stage's beginning."""
        drawn: list[Arrow] = []
        seen: set[tuple[Kind, str, str, bytes]] = set()
        for crossing, source, destination in self.placed():
            if not is_drawn(crossing):
                continue
            summary, same = summarise(crossing), (crossing.kind, source, destination, crossing.data)
            if crossing.kind in _REPEATABLE and crossing.data and same in seen:
                summary += REPEATED
            seen.add(same)
            drawn.append(Arrow(crossing.time - self._began, crossing.kind, source, destination, summary))
        return drawn


def is_drawn(crossing: Crossing) -> bool:
    """Payload octets without a meaning of their own are for the capture only."""
    return bool(crossing.summary)
