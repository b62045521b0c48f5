"""Hear SYNs that the kernel does not answer: how a SYN-ACK is withheld until the other leg is up.

The filter of the listening socket drops the SYN; a packet socket (``packet(7)``, CAP_NET_RAW) sees it all the
same.  It sees the SYNs for the ports of this worker only, by a filter in the kernel, and exists only while
somebody waits to hear one: otherwise nothing is taken from anybody's time.
"""

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterable

from imsedge.bearer.wire import PortShare
from imsedge.core.address import TransportAddress
from imsedge.plane.loop import READ, Loop
from imsedge.plane.syn_filter import attach, syn_program

Knock = Callable[[TransportAddress], None]

_ETHER_TYPES = {4: 0x0800, 6: 0x86DD}
# A flood must not keep the worker from its streams.
_READS = 64
_HEADER = 128


def can_hear() -> bool:
    """Whether this process may have packet sockets (CAP_NET_RAW)."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()
    except OSError:
        return False
    return True


class Knocks:
    """Tells who knocked where; one packet socket for each address family in use."""

    def __init__(self, loop: Loop, shares: Iterable[PortShare]) -> None:
        self._loop = loop
        ports = [port for share in shares for port in (share.low, share.high)]
        self._low, self._high = (min(ports), max(ports)) if ports else (0, 0)
        self._waiting: dict[TransportAddress, Knock] = {}
        self._sockets: dict[int, socket.socket] = {}

    def expect(self, local: TransportAddress, knock: Knock) -> None:
        """``PermissionError`` without CAP_NET_RAW."""
        version = ipaddress.ip_address(local.host).version
        if version not in self._sockets:
            self._sockets[version] = self._listen(version)
        self._waiting[local] = knock

    def forget(self, local: TransportAddress) -> None:
        """May be repeated."""
        if self._waiting.pop(local, None) is None:
            return
        version = ipaddress.ip_address(local.host).version
        if not any(ipaddress.ip_address(other.host).version == version for other in self._waiting):
            sock = self._sockets.pop(version)
            self._loop.forget(sock.fileno())
            sock.close()

    def _listen(self, version: int) -> socket.socket:
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        sock = socket.socket(socket.AF_PACKET, kind, socket.htons(_ETHER_TYPES[version]))
        try:
            attach(sock, syn_program(self._low, self._high, ipv6=version == 6))
            with contextlib.suppress(BlockingIOError):
                while sock.recv(1):
                    pass  # it came before the filter
        except BaseException:
            sock.close()
            raise
        self._loop.watch(sock.fileno(), lambda _mask: self._read(sock, version), READ, lambda _error: None)
        return sock

    def _read(self, sock: socket.socket, version: int) -> None:
        for _ in range(_READS):
            try:
                packet = sock.recv(_HEADER)
            except OSError:
                return
            source, target = addresses_of(packet, version)
            knock = self._waiting.get(target)
            if knock is not None:
                knock(source)
            if sock.fileno() < 0:
                return


def addresses_of(packet: bytes, version: int) -> tuple[TransportAddress, TransportAddress]:
    """Source and destination of a segment that the filter has let through."""
    if version == 4:
        hosts, start = (packet[12:16], packet[16:20]), (packet[0] & 15) * 4
    else:
        hosts, start = (packet[8:24], packet[24:40]), 40
    ports = (packet[start : start + 2], packet[start + 2 : start + 4])
    source, target = (
        TransportAddress(str(ipaddress.ip_address(host)), int.from_bytes(port, "big"))
        for host, port in zip(hosts, ports, strict=True)
    )
    return source, target
