"""What the media sides of the built-in UEs share: TLS or DTLS through memory, and what the tap is told.

Through memory, so that the records themselves are seen.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from OpenSSL import SSL

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind, Tap
from imsedge.security.certificates import Certificate
from imsedge.security.fingerprint import Fingerprint, matches_any
from imsedge.security.tls import Role, context, peer_certificate

SECONDS = 10.0


class MediaError(Exception):
    """The connection failed, or its peer is not who the signalling said."""


class Credentials(Protocol):
    """Who an end is, and whom it trusts."""

    def context(self, role: Role, *, datagram: bool) -> SSL.Context:
        """To make connections from."""

    def trusts(self, tls: SSL.Connection, fingerprints: tuple[Fingerprint, ...]) -> bool:
        """After the handshake."""


class Identity(Struct, frozen=True):
    """Who this end is by its certificate; ``keylog`` gets the secrets for the capture."""

    certificate: Certificate
    profile: str = "3gpp"
    keylog: Callable[[bytes], None] | None = None

    def context(self, role: Role, *, datagram: bool) -> SSL.Context:
        return context(self.profile, self.certificate, role, datagram=datagram, keylog=self.keylog)

    def trusts(self, tls: SSL.Connection, fingerprints: tuple[Fingerprint, ...]) -> bool:
        """The peer's certificate must be an announced one."""
        der = peer_certificate(tls)
        return der is not None and matches_any(fingerprints, der)


class SecureEnd(ABC):
    """``payload``: what it is, for the tap.  ``peer``: at the other end of the connection."""

    transport = "tcp"
    payload = Kind.MSRP

    def __init__(self, tap: Tap, identity: Credentials | None, local: TransportAddress) -> None:
        self.peer: TransportAddress | None = None
        self.local = local
        self._tap = tap
        self._identity = identity
        self._tls: SSL.Connection | None = None
        self._loop = asyncio.get_running_loop()

    async def secure(self, role: Role, fingerprints: tuple[Fingerprint, ...]) -> None:
        """The handshake; ``MediaError`` when the peer's certificate is not an announced one."""
        if self._identity is None:
            raise MediaError("this end has no certificate")
        tls = self._tls = self._secured(self._identity, role)
        (tls.set_connect_state if role is Role.CLIENT else tls.set_accept_state)()
        await asyncio.wait_for(self._shake(tls), SECONDS)
        if not self._identity.trusts(tls, fingerprints):
            raise MediaError("the peer's certificate does not match its fingerprint")

    async def send(self, payload: bytes) -> None:
        """Payload; over datagrams one of them."""
        if self._tls is None:
            await self._write(payload)
            return
        self._tls.sendall(payload)
        await self._flush(self._tls)

    def note(self, summary: str, *, sent: bool) -> None:
        """The user of this end has made sense of payload: one arrow of the ladder."""
        self._report(self.payload, summary, b"", sent=sent)

    async def _shake(self, tls: SSL.Connection) -> None:
        while True:
            try:
                tls.do_handshake()
            except SSL.WantReadError:
                await self._flush(tls)
            except SSL.Error as error:
                await self._flush(tls)
                raise MediaError(f"the handshake failed: {error}") from error
            else:
                await self._flush(tls)
                return
            await self._hear(tls)

    def _report(self, kind: Kind, summary: str, octets: bytes, *, sent: bool) -> None:
        if self.peer is not None:
            ends = (self.local, self.peer) if sent else (self.peer, self.local)
            self._tap(Crossing(time.monotonic(), kind, *ends, self.transport, summary, octets))

    # --- how it is carried ---------------------------------------------------------------------------

    @abstractmethod
    def _secured(self, identity: Credentials, role: Role) -> SSL.Connection:
        """A connection that has no role yet."""

    @abstractmethod
    async def _hear(self, tls: SSL.Connection) -> None:
        """Wait for the next octets of the handshake and give them to OpenSSL."""

    @abstractmethod
    async def _flush(self, tls: SSL.Connection) -> None:
        """Send what OpenSSL has written."""

    @abstractmethod
    async def _write(self, octets: bytes) -> None:
        """Put it on the wire."""
