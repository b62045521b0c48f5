"""The stage of a flow: who has which address, and everything that crossed between them."""

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing
from imsedge.play.steps import Arrow
from imsedge.play.summary import summarise


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
        return [
            Arrow(crossing.time - self._began, crossing.kind, source, destination, summarise(crossing))
            for crossing, source, destination in self.placed()
            if is_drawn(crossing)
        ]


def is_drawn(crossing: Crossing) -> bool:
    """Payload octets without a meaning of their own are for the capture only."""
    return bool(crossing.summary)
