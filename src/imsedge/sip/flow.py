"""Where a message came from or goes to."""

from typing import NamedTuple

from imsedge.core.address import TransportAddress

RELIABLE = frozenset({"tcp", "tls"})


class Flow(NamedTuple):
    """``transport``: ``udp``, ``tcp`` or ``tls``; ``remote``: the other end's address (its host may be a
    name, which the driver resolves).

    ``local``: our address, ``None`` to let the driver choose; ``connection``: the driver's number of a
    connection, ``None`` to let it find or open one.
    """

    transport: str
    remote: TransportAddress
    local: TransportAddress | None = None
    connection: int | None = None

    @property
    def is_reliable(self) -> bool:
        return self.transport in RELIABLE

    def __str__(self) -> str:
        return f"{self.transport}:{self.remote}"
