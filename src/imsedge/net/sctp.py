"""Messages over SCTP (H.248.4): one user message each, payload protocol 7, the gateway opens the association.

One-to-one sockets of the kernel (RFC 6458 clause 4).  A kernel without SCTP is told in one sentence, a
``SettingError``.  What goes to and comes from the kernel beside the octets is in ``write_info`` and
``read_protocol``.
"""

import asyncio
import errno
import socket
import struct
from collections import deque
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.h248.limits import MAX_MESSAGE
from imsedge.net import connections
from imsedge.net.connections import ConnectionTransport

PAYLOAD_PROTOCOL = 7  # H.248, IANA "SCTP Payload Protocol Identifiers"
UNSPECIFIED_PROTOCOL = 0

# RFC 6458 leaves the numbers to the kernel; these are those of linux/sctp.h.
_PROTOCOL = 132
_NODELAY, _EVENTS = 3, 11  # options
_SNDRCV = 1  # ancillary data: struct sctp_sndrcvinfo
_NOTIFICATION = 0x8000
_INFO = struct.Struct("=HHH2x4sIIIIi")  # stream, ssn, flags, ppid, context, timetolive, tsn, cumtsn, assoc_id
_ALL_DATA_INFO = b"\x01"  # sctp_event_subscribe.sctp_data_io_event

Ancillary = list[tuple[int, int, bytes]]


def write_info(protocol: int = PAYLOAD_PROTOCOL) -> Ancillary:
    """What ``sendmsg`` takes beside a message: stream 0, in order, this payload protocol."""
    return [(_PROTOCOL, _SNDRCV, _INFO.pack(0, 0, 0, protocol.to_bytes(4), 0, 0, 0, 0, 0))]


def read_protocol(ancillary: Ancillary) -> int:
    """The payload protocol of a message; ``UNSPECIFIED_PROTOCOL`` when the kernel tells nothing."""
    for level, kind, data in ancillary:
        if (level, kind) == (_PROTOCOL, _SNDRCV) and len(data) >= _INFO.size:
            return int.from_bytes(_INFO.unpack_from(data)[3])
    return UNSPECIFIED_PROTOCOL


def open_socket(host: str) -> socket.socket:
    """A socket of the kernel for the family of ``host``; ``SettingError`` where the kernel has no SCTP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        opened = socket.socket(family, socket.SOCK_STREAM, _PROTOCOL)
    except OSError as error:
        if error.errno in {errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EAFNOSUPPORT}:
            raise SettingError(
                "h248.transport: this kernel has no SCTP (module sctp); choose udp or tcp"
            ) from None
        raise
    return opened


class SctpTransport(ConnectionTransport):
    """See ``net.connections.ConnectionTransport``."""

    name = "sctp"
    most = MAX_MESSAGE
    _listener: socket.socket | None = None

    def __init__(self, *, connects: bool) -> None:
        super().__init__(connects=connects)
        self._loop = asyncio.get_running_loop()

    @classmethod
    def connector(cls, local: TransportAddress) -> Self:
        """As for TCP.  Raises ``SettingError`` at once where the kernel has no SCTP."""
        open_socket(local.host).close()
        return super().connector(local)

    @classmethod
    async def listen(cls, local: TransportAddress) -> Self:
        """Accept associations at ``local``; port 0 takes any.  Raises ``OSError``, ``SettingError``."""
        transport = cls(connects=False)
        listener = transport._listener = _prepared(local.host)
        try:
            listener.bind((local.host, local.port))
            listener.listen()
        except OSError:
            listener.close()
            raise
        name = listener.getsockname()
        transport.local = TransportAddress(name[0], name[1])
        transport._loop.add_reader(listener, transport._accept, listener)
        return transport

    async def call(self, peer: TransportAddress) -> None:
        opened = _prepared(self.local.host)
        try:
            opened.bind((self.local.host, 0))
            await self._connect(opened, peer)
        except BaseException:
            opened.close()
            raise
        self.made(_Association(self, opened, peer))

    def stop_listening(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, name = listener.accept()
        except OSError:  # it is gone again, or there are no descriptors left
            return
        accepted.setblocking(False)
        self.made(_Association(self, accepted, TransportAddress(name[0], name[1])))

    async def _connect(self, opened: socket.socket, peer: TransportAddress) -> None:
        """asyncio resolves addresses for TCP and UDP only, so this is done by hand."""
        code = opened.connect_ex((peer.host, peer.port))
        if code == errno.EINPROGRESS:
            connected = asyncio.Event()
            self._loop.add_writer(opened, connected.set)
            try:
                await connected.wait()
            finally:
                self._loop.remove_writer(opened)
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, f"no SCTP association with {peer}")


def _prepared(host: str) -> socket.socket:
    opened = open_socket(host)
    opened.setblocking(False)
    opened.setsockopt(_PROTOCOL, _NODELAY, 1)
    opened.setsockopt(_PROTOCOL, _EVENTS, _ALL_DATA_INFO)
    return opened


class _Association:
    """One association."""

    def __init__(self, owner: SctpTransport, opened: socket.socket, peer: TransportAddress) -> None:
        self.peer = peer
        self._owner = owner
        self._socket = opened
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[bytes] = deque()
        self._unsent_octets = 0
        self._part = bytearray()  # of a message that the kernel delivers in pieces
        self._open = True
        self._loop.add_reader(opened, self._readable)

    def write(self, data: bytes) -> None:
        if not self._open:
            return
        if len(data) > MAX_MESSAGE or self._unsent_octets > connections.MAX_UNSENT:
            self.abort()
            return
        if not self._unsent:
            self._loop.add_writer(self._socket, self._writable)
        self._unsent.append(data)
        self._unsent_octets += len(data)
        self._writable()

    def abort(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._loop.call_soon(self._owner.broke, self)

    def _writable(self) -> None:
        try:
            while self._unsent:
                self._socket.sendmsg([self._unsent[0]], write_info())
                self._unsent_octets -= len(self._unsent.popleft())
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            data, ancillary, flags, _ = self._socket.recvmsg(MAX_MESSAGE + 1, socket.CMSG_SPACE(_INFO.size))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.abort()
            return
        if flags & _NOTIFICATION:
            return
        self._part += data
        if not data or len(self._part) > MAX_MESSAGE:
            self.abort()
        elif flags & socket.MSG_EOR:
            message = bytes(self._part)
            self._part.clear()
            if read_protocol(ancillary) in {PAYLOAD_PROTOCOL, UNSPECIFIED_PROTOCOL}:
                self._owner.received(message, self)
