"""The media side of a built-in fax machine: datagrams over a real socket, in clear or with DTLS.

Each datagram is reported to the tap as it was on the wire; what it means, once it can be read, by ``note``.
"""

import asyncio
import contextlib
import socket

from OpenSSL import SSL

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Kind, Tap
from imsedge.play.secure_end import SECONDS, Credentials, MediaError, SecureEnd
from imsedge.play.tls_records import dtls_names
from imsedge.security.tls import Role

_LONGEST = 1 << 16
_HEADER = 13
_MTU = 1_200


class FaxEnd(SecureEnd):
    """``peer``: where it sends to, and from where it hears."""

    transport = "udp"
    payload = Kind.UDPTL

    def __init__(self, host: str, tap: Tap, identity: Credentials | None = None) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        super().__init__(tap, identity, TransportAddress(*self._socket.getsockname()[:2]))

    async def receive(self) -> bytes:
        """The payload of the next datagram."""
        while self._tls is not None:
            try:
                return self._tls.recv(_LONGEST)
            except SSL.WantReadError:
                self._tls.bio_write(await asyncio.wait_for(self._read(), SECONDS))
            except SSL.Error as error:
                raise MediaError("the gateway ended DTLS") from error
        return await asyncio.wait_for(self._read(), SECONDS)

    async def close(self) -> None:
        """End in order."""
        if self._tls is not None:
            with contextlib.suppress(SSL.Error, OSError):
                self._tls.shutdown()
                await self._flush(self._tls)
        self._socket.close()

    def _secured(self, identity: Credentials, role: Role) -> SSL.Connection:
        made = identity.context(role, datagram=True)
        made.set_options(SSL.OP_NO_QUERY_MTU)
        tls = SSL.Connection(made, None)
        tls.set_ciphertext_mtu(_MTU)
        return tls

    async def _hear(self, tls: SSL.Connection) -> None:
        try:
            tls.bio_write(await asyncio.wait_for(self._read(), tls.DTLSv1_get_timeout()))
        except TimeoutError:
            tls.DTLSv1_handle_timeout()

    async def _flush(self, tls: SSL.Connection) -> None:
        """Each record in a datagram of its own."""
        with contextlib.suppress(SSL.WantReadError):
            octets = tls.bio_read(1 << 20)
            while octets:
                length = _HEADER + int.from_bytes(octets[11:_HEADER], "big")
                await self._write(octets[:length])
                octets = octets[length:]

    async def _write(self, datagram: bytes) -> None:
        if self.peer is None:
            raise MediaError("nobody to send to")
        await self._loop.sock_sendto(self._socket, datagram, self.peer)
        self._see(datagram, sent=True)

    async def _read(self) -> bytes:
        while True:
            datagram, source = await self._loop.sock_recvfrom(self._socket, _LONGEST)
            if self.peer is None or source[:2] == tuple(self.peer):
                self.peer = TransportAddress(*source[:2])
                self._see(datagram, sent=False)
                return datagram

    def _see(self, datagram: bytes, *, sent: bool) -> None:
        if self._tls is None:
            self._report(Kind.UDPTL, "", datagram, sent=sent)
        else:
            self._report(Kind.DTLS, ", ".join(dtls_names(datagram)), datagram, sent=sent)
