"""A listening socket on the advertised port, with the filter in front of it."""

import contextlib
import socket
from collections.abc import Callable
from struct import Struct as Layout

from imsedge.bearer.messages import SourceFilter
from imsedge.core.address import TransportAddress
from imsedge.plane import syn_filter
from imsedge.plane.loop import READ, Loop, Timer
from imsedge.plane.tcp import stream_socket

# One connection a stream: whoever else waits here is going to be refused.
BACKLOG = 8
# Out of descriptors: a level-triggered loop would spin, so look again later (seconds).
PAUSE = 0.5

_SO_MEMINFO = 55
_MEMORY = Layout("=9I")  # SK_MEMINFO_VARS; the last one is SK_MEMINFO_DROPS

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
        self._listening = self._watched = self._has_filter = False
        self._pause: Timer | None = None
        self._filter: tuple[syn_filter.Instruction, ...] | None = None
        self.socket = stream_socket(host)
        try:
            self.socket.bind((host, port))
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except BaseException:
            self.socket.close()
            raise

    @property
    def local(self) -> TransportAddress:
        return TransportAddress(*self.socket.getsockname()[:2])

    def screen(self, *, discard: bool, source: SourceFilter | None) -> None:
        """Which SYNs are heard from now on; call before ``listen``."""
        ipv6 = self.socket.family == socket.AF_INET6
        wanted = syn_filter.program(discard=discard, source=source, ipv6=ipv6)
        if wanted != self._filter:
            # Where filters are forbidden nobody can be met with silence: the kernel answers RST where nobody
            # is wanted, and a source that is not is refused once it is connected.
            with contextlib.suppress(PermissionError):
                syn_filter.attach(self.socket, wanted)
                self._has_filter = wanted is not None
            self._filter = wanted

    def listen(self) -> None:
        """Where nobody is heard the loop need not know."""
        if self._filter == syn_filter.DROP_ALL and not self._has_filter:
            self.deafen()
            return
        if not self._listening:
            self.socket.listen(BACKLOG)
            self._listening = True
        if not self._watched and self._filter != syn_filter.DROP_ALL:
            self._loop.watch(self.socket.fileno(), self._on_ready, READ, self._crashed)
            self._watched = True

    def deafen(self) -> None:
        """Keep the port, but let the kernel answer SYNs with RST."""
        if self._listening:
            self._forget()
            self.socket.shutdown(socket.SHUT_RDWR)
            self._listening = False

    @property
    def dropped(self) -> int:
        """What the kernel turned down here, by the filter or because too many were waiting."""
        return int(_MEMORY.unpack(self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMORY.size))[-1])

    def close(self) -> None:
        self._forget()
        self.socket.close()

    def _forget(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.forget(self.socket.fileno())
        self._watched = False

    def _on_ready(self, _mask: int) -> None:
        try:
            sock, source = self.socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            self._loop.change(self.socket.fileno(), 0)
            self._pause = self._loop.after(PAUSE, self._resume)
            return
        sock.setblocking(False)
        if self._has_filter:
            syn_filter.detach(sock)  # it was inherited, and would outlive a new one here
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._accepted(sock, TransportAddress(*source[:2]))

    def _crashed(self, _error: Exception) -> None:
        """It is logged; the next caller may have more luck."""

    def _resume(self) -> None:
        self._loop.change(self.socket.fileno(), READ)
