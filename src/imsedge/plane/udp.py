"""The port of an endpoint of UDP."""

import socket
from collections.abc import Callable
from errno import EADDRINUSE
from typing import Any

from imsedge.bearer.messages import Open
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.loop import READ, Guard
from imsedge.plane.services import Services
from imsedge.plane.watch import Watch

# A port may be in use by another program; after so many of those the address is no good.
PORT_ATTEMPTS = 256
# Datagrams of one endpoint that are taken before its neighbours have their turn.
A_TURN = 32

Address = tuple[Any, ...]
"""As the kernel writes it: host and port first, of IPv6 two numbers more."""

_LONGEST = 1 << 16


class UdpPort:
    """Holds a port from its making until ``close``.  ``dropped``: what the kernel did not take."""

    def __init__(
        self,
        services: Services,
        command: Open,
        taken: Callable[[bytes, Address], None],
        crashed: Guard,
    ) -> None:
        """``OSError`` without a port, ``ValueError`` for an address that is not ours."""
        if command.address not in services.pools:
            raise ValueError(f"{command.address} is none of the addresses of this plane")
        self.dropped = 0
        self._services = services
        self._taken = taken
        self._is_open = True
        self._turn = 1
        self._socket = _bind(services, command)
        self.local = TransportAddress(*self._socket.getsockname()[:2])
        self.mark(command.settings.dscp)
        self._watch = Watch(services.loop, self._socket, self._on_event, crashed, READ)

    def mark(self, dscp: int | None) -> None:
        """DiffServ of what leaves."""
        tcp.mark(self._socket, dscp)

    def send(self, datagram: bytes, peer: TransportAddress) -> None:
        """What the kernel does not take is lost, as on any network."""
        try:
            self._socket.sendto(datagram, peer)
        except OSError:
            self.dropped += 1

    def close(self) -> None:
        """The port rests, then it is somebody else's."""
        self._is_open = False
        self._watch.stop()
        self._socket.close()
        self._services.pools[self.local.host].free(self.local.port, self._services.loop.now())

    def _on_event(self, _mask: int) -> None:
        """Take what there is, as much as there was the last time or twice that.

        A read that finds nothing costs as much as one that does, and most sockets have one datagram waiting:
        so the kernel is asked again only where that has paid.
        """
        receive, taken = self._socket.recvfrom, self._taken
        for number in range(self._turn):
            try:
                datagram, address = receive(_LONGEST)
            except BlockingIOError:
                self._turn = max(1, number)
                return
            except OSError:  # an ICMP error about something sent before: the peer may come yet
                continue
            taken(datagram, address)
            if not self._is_open:
                return
        self._turn = min(2 * self._turn, A_TURN)


def _bind(services: Services, command: Open) -> socket.socket:
    pool, in_use, now = services.pools[command.address], list[int](), services.loop.now()
    family = socket.AF_INET6 if ":" in command.address else socket.AF_INET
    try:
        for port in pool.candidates(now, command.low_port, command.high_port):
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            try:
                sock.bind((command.address, port))
            except OSError as error:
                sock.close()
                in_use.append(port)
                if error.errno != EADDRINUSE or len(in_use) == PORT_ATTEMPTS:
                    raise
            else:
                return sock
    finally:
        for port in in_use:
            pool.free(port, now)
    raise OSError(EADDRINUSE, "no free port")
