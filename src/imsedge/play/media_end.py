"""The media side of a built-in UE: one TCP connection, in clear or with TLS, over a real socket.

Everything that crosses is reported to the tap: the octets of the wire, without a summary where they are
payload, and each message inside them (``note``) with a summary and without octets.  TCP's three segments are
told when the connection starts and when the kernel says that it is up; a SYN that nobody answered, and that
the kernel repeats, is told when its counters say so (``tcp(7)``, TCP_INFO).
"""

import asyncio
import contextlib
import socket
from struct import Struct as Layout

from OpenSSL import SSL

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Kind, Tap
from imsedge.plane.syn_filter import DROP_ALL, attach
from imsedge.play.secure_end import SECONDS, Credentials, MediaError, SecureEnd
from imsedge.play.tls_records import RecordReader
from imsedge.security.tls import Role

_CHUNK = 65_536
_POLL = 0.02

_TCP_INFO, _REPETITIONS = 11, Layout("=100xI")  # struct tcp_info: tcpi_total_retrans
_SO_MEMINFO, _DROPS = 55, Layout("=9I")  # the ninth counter is of what was dropped


class MediaEnd(SecureEnd):
    """Listens from the start on ``host``; then either accepts one connection or makes one."""

    def __init__(self, host: str, tap: Tap, identity: Credentials | None = None) -> None:
        self.calling = asyncio.Event()  # our SYN is out
        self._records = {True: RecordReader(), False: RecordReader()}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=4)
        self._listener.setblocking(False)
        self._socket: socket.socket | None = None
        super().__init__(tap, identity, TransportAddress(*self._listener.getsockname()[:2]))

    async def accept(self) -> None:
        """Wait for the peer's connection."""
        connection, address = await asyncio.wait_for(self._loop.sock_accept(self._listener), SECONDS)
        self._adopt(connection, TransportAddress(*address[:2]))
        self._tcp("SYN", sent=False)
        self._tcp("SYN ACK", sent=True)
        self._tcp("ACK", sent=False)

    async def knocked(self, remote: TransportAddress) -> None:
        """Leave the next SYN, which ``remote`` will send, without an answer, and wait until it has come."""
        attach(self._listener, DROP_ALL)
        dropped, waited = _drops(self._listener), 0.0
        while _drops(self._listener) == dropped:
            if waited >= SECONDS:
                raise MediaError("the gateway does not call")
            await asyncio.sleep(_POLL)
            waited += _POLL
        self.peer = remote
        self._tcp("SYN", sent=False)

    async def connect(self, remote: TransportAddress) -> None:
        """Open the connection from the advertised address and port: peers and filters expect it there."""
        self._listener.close()
        connection = socket.socket(socket.AF_INET6 if remote.is_ipv6 else socket.AF_INET)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connection.bind(self.local)
        self._adopt(connection, remote)
        self._tcp("SYN", sent=True)
        try:
            await asyncio.wait_for(self._dial(connection, remote), SECONDS)
        except OSError as error:
            raise MediaError(f"{remote} does not answer: {error}") from error
        self._tcp("SYN ACK", sent=False)
        self._tcp("ACK", sent=True)

    async def receive(self) -> bytes:
        """The next payload octets; ``b""`` when the peer has ended."""
        while self._tls is not None:
            # Before reading more: records that came together with the last one are waiting inside.
            try:
                return self._tls.recv(_CHUNK)
            except SSL.WantReadError:
                wire = await self._read()
            except SSL.Error:  # the peer ended, in order (ZeroReturnError) or with an alert
                return b""
            if not wire:
                return b""
            self._tls.bio_write(wire)
        return await self._read()

    async def close(self) -> None:
        """End in order: close_notify, FIN; harmless when repeated."""
        self._listener.close()
        connection, self._socket = self._socket, None
        if connection is None:
            return
        with contextlib.suppress(OSError, SSL.Error):
            if self._tls is not None:
                self._tls.shutdown()
                self._socket = connection
                await self._flush(self._tls)
                self._socket = None
            self._tcp("FIN", sent=True)
        connection.close()

    async def _dial(self, connection: socket.socket, remote: TransportAddress) -> None:
        """Report each repetition of the SYN: the one before it got no answer."""
        dialling = asyncio.ensure_future(self._loop.sock_connect(connection, remote))
        await asyncio.sleep(0)
        self.calling.set()
        repeated = 0
        try:
            while repeated < _repetitions(connection) or not dialling.done():
                for _ in range(repeated, repeated := _repetitions(connection)):
                    self._tcp("SYN (repeated)", sent=True)
                await asyncio.wait({dialling}, timeout=_POLL)
            dialling.result()
        finally:
            dialling.cancel()

    # --- below the payload ---------------------------------------------------------------------------

    def _adopt(self, connection: socket.socket, remote: TransportAddress) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self.peer = connection, remote
        self._listener.close()
        self.local = TransportAddress(*connection.getsockname()[:2])

    def _secured(self, identity: Credentials, role: Role) -> SSL.Connection:
        return SSL.Connection(identity.context(role, datagram=False), None)

    async def _hear(self, tls: SSL.Connection) -> None:
        wire = await self._read()
        if not wire:
            raise MediaError("the peer closed during the TLS handshake")
        tls.bio_write(wire)

    async def _flush(self, tls: SSL.Connection) -> None:
        with contextlib.suppress(SSL.WantReadError):
            while True:
                await self._write(tls.bio_read(_CHUNK))

    async def _write(self, octets: bytes) -> None:
        await self._loop.sock_sendall(self._open(), octets)
        self._see(octets, sent=True)

    async def _read(self) -> bytes:
        try:
            octets = await self._loop.sock_recv(self._open(), _CHUNK)
        except OSError:
            octets = b""
        if octets:
            self._see(octets, sent=False)
        else:
            self._tcp("FIN", sent=False)
        return octets

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise MediaError("the connection is not open")
        return self._socket

    def _see(self, octets: bytes, *, sent: bool) -> None:
        """Report what was on the wire; payload has no summary here: ``note`` gives it a meaning."""
        if self._tls is None:
            self._report(self.payload, "", octets, sent=sent)
            return
        flight = self._records[sent].read(octets)
        summary = "" if flight.application_only else ", ".join(dict.fromkeys(flight.names))
        self._report(Kind.TLS, summary, octets, sent=sent)

    def _tcp(self, summary: str, *, sent: bool) -> None:
        self._report(Kind.TCP, summary, b"", sent=sent)


def _repetitions(connection: socket.socket) -> int:
    """How often the kernel has repeated what was not acknowledged."""
    info = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _REPETITIONS.size)
    total: int = _REPETITIONS.unpack(info)[0]
    return total


def _drops(listener: socket.socket) -> int:
    """Segments that the filter of the socket has turned down."""
    counters: int = _DROPS.unpack(listener.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _DROPS.size))[8]
    return counters
