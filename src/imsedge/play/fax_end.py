"""The media side of a built-in fax machine: datagrams over a real socket, in clear or with DTLS.

Each datagram is reported to the tap as it was on the wire; what it means, once it can be read, by ``note``.
"""

import asyncio
import contextlib
import socket
import time

from OpenSSL import SSL

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind, Tap
from imsedge.play.media_end import Identity, MediaError
from imsedge.play.tls_records import dtls_names
from imsedge.security.fingerprint import Fingerprint, matches_any
from imsedge.security.tls import Role, context, peer_certificate

_LONGEST = 1 << 16
_HEADER = 13
_MTU = 1_200
_SECONDS = 10.0


class FaxEnd:
    """``peer``: where it sends to, and from where it hears."""

    def __init__(self, host: str, tap: Tap, identity: Identity | None = None) -> None:
        self.peer: TransportAddress | None = None
        self._tap = tap
        self._identity = identity
        self._tls: SSL.Connection | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.local = TransportAddress(*self._socket.getsockname()[:2])

    async def secure(self, role: Role, fingerprints: tuple[Fingerprint, ...]) -> None:
        """DTLS handshake; ``MediaError`` when the peer's certificate is not the announced one."""
        if self._identity is None:
            raise MediaError("this end has no certificate")
        identity = self._identity
        made = context(identity.profile, identity.certificate, role, datagram=True, keylog=identity.keylog)
        made.set_options(SSL.OP_NO_QUERY_MTU)
        tls = self._tls = SSL.Connection(made, None)
        tls.set_ciphertext_mtu(_MTU)
        (tls.set_connect_state if role is Role.CLIENT else tls.set_accept_state)()
        await asyncio.wait_for(self._shake(tls), _SECONDS)
        der = peer_certificate(tls)
        if der is None or not matches_any(fingerprints, der):
            raise MediaError("the gateway's certificate does not match its fingerprint")

    async def send(self, payload: bytes) -> None:
        """One datagram."""
        if self._tls is None:
            await self._write(payload)
            return
        self._tls.send(payload)
        await self._flush(self._tls)

    async def receive(self) -> bytes:
        """The payload of the next datagram."""
        while self._tls is not None:
            try:
                return self._tls.recv(_LONGEST)
            except SSL.WantReadError:
                self._tls.bio_write(await asyncio.wait_for(self._read(), _SECONDS))
            except SSL.Error as error:
                raise MediaError("the gateway ended DTLS") from error
        return await asyncio.wait_for(self._read(), _SECONDS)

    def note(self, summary: str, *, sent: bool) -> None:
        """What a datagram said: one arrow of the ladder."""
        self._report(Kind.UDPTL, summary, b"", sent=sent)

    async def close(self) -> None:
        """End in order."""
        if self._tls is not None:
            with contextlib.suppress(SSL.Error, OSError):
                self._tls.shutdown()
                await self._flush(self._tls)
        self._socket.close()

    async def _shake(self, tls: SSL.Connection) -> None:
        while True:
            try:
                tls.do_handshake()
            except SSL.WantReadError:
                await self._flush(tls)
            except SSL.Error as error:
                await self._flush(tls)
                raise MediaError(f"DTLS handshake failed: {error}") from error
            else:
                await self._flush(tls)
                return
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

    def _report(self, kind: Kind, summary: str, octets: bytes, *, sent: bool) -> None:
        if self.peer is not None:
            ends = (self.local, self.peer) if sent else (self.peer, self.local)
            self._tap(Crossing(time.monotonic(), kind, *ends, "udp", summary, octets))
