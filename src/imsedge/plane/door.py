"""The port of an endpoint and who may come in through it."""

from errno import EADDRINUSE

from msgspec.structs import replace

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.link import admits
from imsedge.plane.listener import Accepted, Listener
from imsedge.plane.services import Services

# A port may be in use by another program; after so many of those the address is no good.
PORT_ATTEMPTS = 256


class Door:
    """Holds a port from its making until ``close``; a SYN that is not wanted meets silence.

    ``latched``: who came first, and the only one that may come since (``EndpointSettings.latching``).
    """

    def __init__(self, services: Services, command: m.Open, accepted: Accepted) -> None:
        """``OSError`` without a port, ``ValueError`` for an address that is not ours."""
        self._services = services
        self._address = command.address
        self._settings = command.settings
        self.withheld = False
        self.latched: TransportAddress | None = None
        if command.address not in services.pools:
            raise ValueError(f"{command.address} is none of the addresses of this plane")
        self._listener = self._bind(command, accepted)
        self.local = self._listener.local
        tcp.tune(self._listener.socket, services.settings, command.settings)

    def _bind(self, command: m.Open, accepted: Accepted) -> Listener:
        pool, in_use, now = self._services.pools[self._address], [], self._services.loop.now()
        try:
            for port in pool.candidates(now, command.low_port, command.high_port):
                try:
                    return Listener(self._services.loop, self._address, port, accepted)
                except OSError as error:
                    in_use.append(port)
                    if error.errno != EADDRINUSE or len(in_use) == PORT_ATTEMPTS:
                        raise
        finally:
            for port in in_use:
                pool.free(port, now)
        raise OSError(EADDRINUSE, "no free port")

    def screen(self, settings: m.EndpointSettings) -> None:
        """The filter first, so that no SYN slips in between.  ``ValueError`` for an unreadable network."""
        if settings.dscp != self._settings.dscp:
            tcp.mark(self._listener.socket, settings.dscp)
        self._settings = settings
        self._listener.screen(discard=self.withheld or not admits(settings), source=self.sources)
        self._listener.listen()

    def withhold(self, *, withheld: bool) -> None:
        """Whether every SYN has to wait until the linked leg is up."""
        if withheld is not self.withheld:
            self.withheld = withheld
            self.screen(self._settings)

    def latch(self, source: TransportAddress | None) -> None:
        """Only this host may come from now on; ``None``: the next one decides again."""
        self.latched = source
        self.screen(self._settings)

    @property
    def sources(self) -> m.SourceFilter | None:
        """What was ordered, and once latched nobody but the one: a NAT changes the port, not the address."""
        ordered = self._settings.source_filter
        if self.latched is None:
            return ordered
        return replace(ordered or m.SourceFilter(), network=self.latched.host)

    def turn_away(self) -> None:
        """From now on a SYN is answered with RST, until ``screen``."""
        self._listener.deafen()

    @property
    def dropped(self) -> int:
        """Segments that the kernel has dropped here by order; nobody was woken for them."""
        return self._listener.dropped

    def close(self) -> None:
        """The port rests, then it is somebody else's."""
        self._listener.close()
        self._services.pools[self._address].free(self.local.port, self._services.loop.now())
