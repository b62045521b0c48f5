"""A listening socket on the advertised port, with the filter in front of it."""

import socket
from collections.abc import Callable

from imsedge.bearer.messages import SourceFilter
from imsedge.core.address import TransportAddress
from imsedge.plane import syn_filter
from imsedge.plane.loop import READ, Loop, Timer
from imsedge.plane.tcp import stream_socket

# One connection a stream: whoever else waits here is going to be refused.
BACKLOG = 8
# Out of descriptors: a level-triggered loop would spin, so look again later (seconds).
PAUSE = 0.5

Accepted = Callable[[socket.socket, TransportAddress], None]


class Listener:
    """Holds the port for the life of its endpoint, whether it listens or not."""

    def __init__(self, loop: Loop, host: str, port: int, accepted: Accepted) -> None:
        """``OSError`` when the port cannot be had.

        The bind is exclusive (no SO_REUSEPORT yet), so a port that another program uses is noticed; the
        option comes afterwards, for our own outgoing connection from the same port.
        """
        self._loop = loop
        self._accepted = accepted
        self._listening = False
        self._pause: Timer | None = None
        self._filter: tuple[syn_filter.Instruction, ...] | None = None
        self._socket = stream_socket(host)
        try:
            self._socket.bind((host, port))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except BaseException:
            self._socket.close()
            raise

    @property
    def local(self) -> TransportAddress:
        return TransportAddress(*self._socket.getsockname()[:2])

    def screen(self, *, discard: bool, source: SourceFilter | None) -> None:
        """Which SYNs are heard from now on; call before ``listen``."""
        ipv6 = self._socket.family == socket.AF_INET6
        wanted = syn_filter.program(discard=discard, source=source, ipv6=ipv6)
        if wanted != self._filter:
            syn_filter.attach(self._socket, wanted)
            self._filter = wanted

    def listen(self) -> None:
        if not self._listening:
            self._socket.listen(BACKLOG)
            self._loop.watch(self._socket.fileno(), self._on_ready, READ, self._crashed)
            self._listening = True

    def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.forget(self._socket.fileno())
        self._socket.close()

    def _on_ready(self, _mask: int) -> None:
        try:
            sock, source = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            self._loop.change(self._socket.fileno(), 0)
            self._pause = self._loop.after(PAUSE, self._resume)
            return
        sock.setblocking(False)
        if self._filter is not None:
            syn_filter.detach(sock)  # it was inherited, and would outlive a new one here
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._accepted(sock, TransportAddress(*source[:2]))

    def _crashed(self, _error: Exception) -> None:
        """It is logged; the next caller may have more luck."""

    def _resume(self) -> None:
        self._loop.change(self._socket.fileno(), READ)
