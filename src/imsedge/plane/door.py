"""The port of an endpoint and who may come in through it.

Once the one connection of the stream is open it holds the port by itself, so the listener goes: whoever else
calls is refused by the kernel, and an idle stream costs half the descriptors.  It stays where an order wants
silence for others (discard, closed gate, source filter, latching), and comes back before the connection goes.
"""

import contextlib
from errno import EADDRINUSE

from msgspec.structs import replace

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.link import admits, is_gated
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
        self._accepted = accepted
        self._is_settled = False
        self._dropped = 0  # by listeners that are gone
        self.withheld = False
        self.latched: TransportAddress | None = None
        if command.address not in services.pools:
            raise ValueError(f"{command.address} is none of the addresses of this plane")
        self._listener: Listener | None = self._bind(command)
        self.local = self._listener.local

    def _bind(self, command: m.Open) -> Listener:
        pool, in_use, now = self._services.pools[self._address], [], self._services.loop.now()
        try:
            for port in pool.candidates(now, command.low_port, command.high_port):
                try:
                    return self._listen(port)
                except OSError as error:
                    in_use.append(port)
                    if error.errno != EADDRINUSE or len(in_use) == PORT_ATTEMPTS:
                        raise
        finally:
            for port in in_use:
                pool.free(port, now)
        raise OSError(EADDRINUSE, "no free port")

    def _listen(self, port: int) -> Listener:
        listener = Listener(self._services.loop, self._address, port, self._accepted)
        tcp.tune(listener.socket, self._services.settings, self._settings)
        return listener

    def screen(self, settings: m.EndpointSettings) -> None:
        """The filter first, so that no SYN slips in between.  ``ValueError`` for an unreadable network;
        ``OSError`` when somebody else took the port while nobody held it."""
        if settings.dscp != self._settings.dscp and self._listener is not None:
            tcp.mark(self._listener.socket, settings.dscp)
        self._settings = settings
        if self._is_settled and not self._is_silent:
            self._shut()
            return
        if self._listener is None:
            self._listener = self._listen(self.local.port)
        self._listener.screen(discard=self.withheld or not admits(settings), source=self.sources)
        self._listener.listen()

    @property
    def _is_silent(self) -> bool:
        """Whether others must meet silence by order, even while the connection is there.

        Or an answer: who calls an MSRP session that is taken is told so.
        """
        settings = self._settings
        return self.sources is not None or self.withheld or is_gated(settings) or settings.msrp is not None

    def settle(self) -> None:
        """The connection of the stream is open and holds the port."""
        if not self._is_settled:
            self._is_settled = True
            self.screen(self._settings)

    def unsettle(self) -> None:
        """It is about to go: keep the port, and let the kernel refuse everybody until ``screen``."""
        self._is_settled = False
        if self._listener is None:
            with contextlib.suppress(OSError):  # tried again, and reported, with the next order
                self._listener = self._listen(self.local.port)

    def _shut(self) -> None:
        if self._listener is not None:
            self._dropped = self.dropped
            self._listener.close()
            self._listener = None

    def withhold(self, *, withheld: bool) -> None:
        """Whether every SYN has to wait until the linked leg is up."""
        if withheld is not self.withheld:
            self.withheld = withheld
            self.screen(self._settings)

    def latch(self, source: TransportAddress | None) -> None:
        """Only this host may come from now on; ``None``: the next one decides again."""
        self.latched = source
        self._is_settled = self._is_settled and source is not None
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
        if self._listener is not None:
            self._listener.deafen()

    @property
    def dropped(self) -> int:
        """Segments that the kernel has dropped here by order; nobody was woken for them."""
        return self._dropped + (self._listener.dropped if self._listener is not None else 0)

    def close(self) -> None:
        """The port rests, then it is somebody else's."""
        if self._listener is not None:
            self._listener.close()
        self._services.pools[self._address].free(self.local.port, self._services.loop.now())
