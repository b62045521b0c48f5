"""TCP without TLS: open, move octets, end, abort."""

import contextlib
import socket
from errno import EINPROGRESS
from struct import Struct as Layout

from imsedge.bearer.messages import FailureCause
from imsedge.core.address import TransportAddress
from imsedge.plane.buffer import BUFFER_OCTETS, Buffer
from imsedge.plane.faults import fault_of

# What ``receive`` returns besides a number of octets and 0 for the end of the stream.
AGAIN = -1

_LINGER = Layout("ii")
_ABORT = _LINGER.pack(1, 0)
_DISMISS_READS, _DISMISS_OCTETS = 16, 65_536


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def stream_socket(host: str) -> socket.socket:
    """A non-blocking socket that may share its address with the listener of the same endpoint."""
    sock = socket.socket(family_of(host), socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def dismiss(sock: socket.socket, *, finished: bool) -> None:
    """Close so that the last words (a TLS alert) arrive: unread octets would turn the close into a RST."""
    with contextlib.suppress(OSError):
        if not finished:
            sock.shutdown(socket.SHUT_WR)
        for _ in range(_DISMISS_READS):
            if not sock.recv(_DISMISS_OCTETS):
                break
    sock.close()


def dial(local: TransportAddress, remote: TransportAddress) -> socket.socket:
    """Send a SYN from the advertised address: peers and NATs look at it.  ``OSError`` if it cannot leave."""
    sock = stream_socket(local.host)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind(local)
        error = sock.connect_ex(remote)
        if error not in (0, EINPROGRESS):
            raise fault_of(error, FailureCause.TCP_UNREACHABLE)
    except BaseException:
        sock.close()
        raise
    return sock


def check(sock: socket.socket, otherwise: FailureCause = FailureCause.TCP_RESET) -> None:
    """``BearerError`` when the kernel holds an error for this connection; ``otherwise`` see ``fault_of``."""
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise fault_of(error, otherwise)


def abort(sock: socket.socket) -> None:
    """Close with RST: the peer must not take this for an orderly end."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    sock.close()


class TcpChannel:
    """Octets over one connection in clear."""

    full = BUFFER_OCTETS

    __slots__ = ("_is_finished", "_receive_into", "_send", "_socket", "_view")

    def __init__(self, sock: socket.socket, buffer: Buffer) -> None:
        self._is_finished = False
        self._socket = sock
        self._view = buffer.view
        self._receive_into = sock.recv_into
        self._send = sock.send

    def receive(self, at: int = 0) -> int:
        """Fill the buffer from ``at``: octets read, 0 at the end of the stream, ``AGAIN``: none now."""
        try:
            return self._receive_into(self._view[at:] if at else self._view)
        except BlockingIOError:
            return AGAIN
        except OSError as error:
            raise fault_of(error.errno or 0, FailureCause.TCP_RESET) from error

    def forward(self, start: int, end: int) -> int:
        """Send these octets of the buffer; how many were taken, perhaps none."""
        try:
            return self._send(self._view[start:end])
        except BlockingIOError:
            return 0
        except OSError as error:
            raise fault_of(error.errno or 0, FailureCause.TCP_RESET) from error

    def send(self, data: memoryview) -> int:
        """Send other octets; how many were taken, perhaps none."""
        try:
            return self._send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise fault_of(error.errno or 0, FailureCause.TCP_RESET) from error

    def finish(self) -> None:
        """No more octets from us; only the first call counts."""
        if self._is_finished:
            return
        self._is_finished = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
