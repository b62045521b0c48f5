"""From "TCP is up" to "payload may flow" on a TLS leg.

1. WAITING: we are the server unless ``StartTls`` comes, and who is client may be settled after TCP is up
   (BFCP).  So no OpenSSL object is made before the first octet or the order.  The clock runs only once the
   fingerprints are known, because until then the call is still being set up.
2. RUNNING: the handshake, limited in time.
3. UNVERIFIED: complete, but the signalling has not brought the fingerprint yet (RFC 8122 clause 6.2).
   Nothing is read: what the peer sends waits in the kernel.  Limited in time, too.
4. DONE: the certificate matches.
"""

import socket
from enum import Enum, auto
from typing import Protocol

from imsedge.bearer.messages import EndpointSettings, FailureCause, TlsRole
from imsedge.plane.faults import BearerError
from imsedge.plane.loop import NOTHING, READ, Timer
from imsedge.plane.services import Services
from imsedge.plane.tls import TlsChannel
from imsedge.plane.watch import Watch


class _State(Enum):
    WAITING = auto()
    RUNNING = auto()
    UNVERIFIED = auto()
    DONE = auto()


class HandshakeReport(Protocol):
    """Who wants to know."""

    def tls_started(self, role: TlsRole) -> None: ...

    def tls_complete(self, channel: TlsChannel, *, verified: bool) -> None: ...

    def tls_verified(self, channel: TlsChannel) -> None: ...

    def lost(self, error: BearerError) -> None: ...


class Handshake:
    """Takes over the watch of a connected socket until ``tls_complete`` and ``verified``."""

    def __init__(
        self,
        services: Services,
        sock: socket.socket,
        watch: Watch,
        settings: EndpointSettings,
        report: HandshakeReport,
    ) -> None:
        self._services = services
        self._socket = sock
        self._watch = watch
        self._settings = settings
        self._report = report
        self._state = _State.WAITING
        self._timer: Timer | None = None
        self._channel: TlsChannel | None = None
        watch.hand_over(self._on_event)
        watch.want(READ)
        self._limit_waiting()

    def be_client(self) -> None:
        """Send the ClientHello; too late once the peer has sent its own."""
        if self._state is _State.WAITING:
            self._start(TlsRole.CLIENT)

    def configure(self, settings: EndpointSettings) -> None:
        """The fingerprints may have come."""
        self._settings = settings
        if self._channel is not None:
            self._channel.expect(settings.fingerprints)
        if self._state is _State.WAITING:
            self._limit_waiting()
        elif self._state is _State.UNVERIFIED:
            self._verify()

    def stop(self) -> None:
        """Forget the timer; the watch belongs to somebody else again."""
        if self._timer is not None:
            self._timer.cancel()

    def _limit_waiting(self) -> None:
        if self._settings.fingerprints is not None and self._timer is None:
            self._limit(self._services.settings.handshake_limit, FailureCause.TLS_TIMEOUT)

    def _limit(self, seconds: float, cause: FailureCause) -> None:
        self.stop()
        self._timer = self._services.loop.after(seconds, lambda: self._report.lost(BearerError(cause)))

    def _on_event(self, mask: int) -> None:
        match self._state:
            case _State.WAITING:
                self._start(TlsRole.SERVER)
            case _State.RUNNING:
                self._step()
            case _State.UNVERIFIED:
                try:
                    self._watch.unwanted(mask)
                except BearerError as error:
                    self._report.lost(error)

    def _start(self, role: TlsRole) -> None:
        context = self._services.contexts.find(self._settings.certificate, role)
        self._channel = TlsChannel(
            context, self._socket, self._services.buffer, role, self._settings.fingerprints
        )
        self._state = _State.RUNNING
        self._limit(self._services.settings.handshake_limit, FailureCause.TLS_TIMEOUT)
        self._report.tls_started(role)
        self._step()

    def _step(self) -> None:
        channel = self._channel
        if channel is None:
            return
        try:
            events = channel.handshake()
            if events != NOTHING:
                self._watch.want(events)
                return
            verified = channel.verified()
        except BearerError as error:
            self._report.lost(error)
            return
        self._watch.want(NOTHING)
        self._complete(channel, verified=verified)

    def _complete(self, channel: TlsChannel, *, verified: bool) -> None:
        if verified:
            self._state = _State.DONE
            self.stop()
        else:
            self._state = _State.UNVERIFIED
            self._limit(self._services.settings.verification_limit, FailureCause.FINGERPRINT_TIMEOUT)
        self._report.tls_complete(channel, verified=verified)

    def _verify(self) -> None:
        channel = self._channel
        try:
            if channel is None or not channel.verified():
                return
        except BearerError as error:
            self._report.lost(error)
            return
        self._state = _State.DONE
        self.stop()
        self._report.tls_verified(channel)
