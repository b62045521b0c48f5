"""TCP without TLS: open, move octets, end, abort."""

import contextlib
import socket
from collections.abc import Callable
from errno import EINPROGRESS
from functools import partial
from struct import Struct as Layout
from typing import NamedTuple

from imsedge.bearer.messages import EndpointSettings, FailureCause
from imsedge.bearer.wire import WorkerSettings
from imsedge.core.address import TransportAddress
from imsedge.plane.buffer import BUFFER_OCTETS, Buffer
from imsedge.plane.faults import as_fault, fault_of

# What ``receive`` returns besides a number of octets and 0 for the end of the stream.
AGAIN = -1

# How often TCP asks an idle peer before it gives up.
KEEPALIVE_PROBES = 3

_LINGER = Layout("ii")
_INFO = Layout("=8x24I")  # struct tcp_info as far as tcpi_total_retrans
_RTT, _TOTAL_RETRANS = 15, 23
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


def mark(sock: socket.socket, dscp: int | None) -> None:
    """The eight bits of the DiffServ octet (RFC 2474); the kernel keeps the two of ECN for itself."""
    octet = dscp or 0
    with contextlib.suppress(OSError):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, octet)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, octet)


def tune(sock: socket.socket, common: WorkerSettings, settings: EndpointSettings) -> None:
    """What differs from the kernel's defaults; accepted sockets inherit it from their listener."""
    if settings.dscp:
        mark(sock, settings.dscp)
    if common.keepalive:
        pause = max(int(common.keepalive), 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, pause)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(pause // KEEPALIVE_PROBES, 1))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
    if common.user_timeout:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(common.user_timeout * 1000))


class Health(NamedTuple):
    """``retransmissions`` in segments, ``round_trip`` in microseconds."""

    retransmissions: int = 0
    round_trip: int = 0


def health(sock: socket.socket) -> Health:
    """How the network treats a connection (``struct tcp_info``)."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    except OSError:
        return Health()
    if len(info) < _INFO.size:
        return Health()
    words = _INFO.unpack(info)
    return Health(words[_TOTAL_RETRANS], words[_RTT])


def dial(
    local: TransportAddress,
    remote: TransportAddress,
    prepare: Callable[[socket.socket], None] = lambda _sock: None,
) -> socket.socket:
    """Send a SYN from the advertised address: peers and NATs look at it.  ``OSError`` if it cannot leave."""
    sock = stream_socket(local.host)
    try:
        prepare(sock)
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

    __slots__ = ("_is_finished", "_send", "_socket", "_view", "read")

    def __init__(self, sock: socket.socket, buffer: Buffer) -> None:
        self._socket = sock
        self._is_finished = False
        self._view = buffer.view
        self._send = sock.send
        self.read = partial(sock.recv_into, buffer.view)

    def take(self, octets: int) -> int:
        """As ``read``, but at most so many octets and at least one."""
        return self._socket.recv_into(self._view, min(max(octets, 1), BUFFER_OCTETS))

    def write(self, octets: int) -> int:
        """Send so many octets of the buffer; how many were taken, perhaps none."""
        try:
            return self._send(self._view[:octets])
        except BlockingIOError:
            return 0
        except OSError as error:
            raise as_fault(error) from error

    def explain(self, result: int) -> int:
        """A read of 0 octets is the end of the stream; a write of 0 just that."""
        return result

    def fill(self, end: int) -> tuple[int, int]:
        """A full read has filled the buffer."""
        return end, end

    def send(self, data: memoryview | bytes) -> int:
        """Send other octets; how many were taken, perhaps none."""
        try:
            return self._send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise as_fault(error) from error

    def forsake(self, held: memoryview) -> None:
        """Nobody will come again with what ``send`` did not take."""

    def finish(self) -> None:
        """No more octets from us; only the first call counts."""
        if self._is_finished:
            return
        self._is_finished = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
