"""One connection of an endpoint: from the SYN, ours or the peer's, until payload may flow.

Whoever made it hears of the end exactly once, through ``lost``; a connection that was closed or aborted by
its owner says nothing more.
"""

import socket
from typing import Protocol

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.conduit import Conduit
from imsedge.plane.faults import BearerError, fault_of
from imsedge.plane.handshake import Handshake
from imsedge.plane.link import Phase
from imsedge.plane.loop import NOTHING, READ, WRITE, Timer
from imsedge.plane.services import Services
from imsedge.plane.tls import TlsChannel
from imsedge.plane.watch import Watch


class ConnectionReport(Protocol):
    """The endpoint."""

    @property
    def number(self) -> int: ...

    def progressed(self) -> None:
        """The phase changed."""

    def lost(self, error: BearerError) -> None:
        """Nothing can come of this any more."""


class Connection:
    """Owns ``sock``.  ``phase`` is CONNECTING, CONNECTED or OPEN."""

    def __init__(
        self,
        services: Services,
        sock: socket.socket,
        settings: m.EndpointSettings,
        report: ConnectionReport,
        *,
        accepted: bool,
        be_client: bool,
    ) -> None:
        self.phase = Phase.CONNECTING
        self.accepted = accepted
        self.caller: TransportAddress | None = None  # of a connection that was accepted
        self.conduit: Conduit | None = None
        self._services = services
        self._socket = sock
        self._settings = settings
        self._report = report
        self._be_client = be_client
        self._handshake: Handshake | None = None
        self._secured: TlsChannel | None = None
        self._unverified: TlsChannel | None = None  # its handshake is complete
        self._limit: Timer | None = None
        self._since = services.loop.now()
        events = READ if accepted else WRITE
        self._watch = Watch(services.loop, sock, self._on_outcome, self._crashed, events)

    @property
    def duration(self) -> float:
        """Seconds since TCP came up."""
        return 0.0 if self.phase is Phase.CONNECTING else self._services.loop.now() - self._since

    @property
    def octets(self) -> tuple[int, int]:
        """Payload received and sent."""
        return self.conduit.octets if self.conduit is not None else (0, 0)

    @property
    def messages(self) -> int:
        """Of MSRP, as far as its paths are rewritten."""
        return self.conduit.messages if self.conduit is not None else 0

    @property
    def health(self) -> tcp.Health:
        return tcp.health(self._socket)

    # --- TCP -----------------------------------------------------------------------------------

    def wait(self, local: TransportAddress, remote: TransportAddress) -> None:
        """Our SYN is out."""
        self._limit = self._services.loop.after(self._services.settings.connect_limit, self._on_silence)
        self._tell(m.Connecting(self._report.number, self._now(), local, remote))

    def welcome(self) -> None:
        """The peer's SYN was accepted."""
        self._up()

    def _on_silence(self) -> None:
        self._report.lost(BearerError(m.FailureCause.TCP_TIMEOUT))

    def _on_outcome(self, _mask: int) -> None:
        try:
            tcp.check(self._socket, m.FailureCause.TCP_UNREACHABLE)
        except BearerError as error:
            self._report.lost(error)
            return
        self._up()

    def _up(self) -> None:
        self._stop_limit()
        try:
            local, remote = self._socket.getsockname(), self._socket.getpeername()
        except OSError as error:  # reset between its SYN and now
            self._report.lost(fault_of(error.errno or 0, m.FailureCause.TCP_RESET))
            return
        self.phase, self._since = Phase.CONNECTED, self._now()
        self.caller = TransportAddress(*remote[:2]) if self.accepted else None
        self._tell(
            m.Established(
                self._report.number,
                self._since,
                TransportAddress(*local[:2]),
                TransportAddress(*remote[:2]),
                self.accepted,
            )
        )
        if self._settings.transport is m.Transport.TLS:
            self._handshake = Handshake(self._services, self._socket, self._watch, self._settings, self)
            if self._be_client:
                self._handshake.be_client()
        else:
            self._open(tcp.TcpChannel(self._socket, self._services.buffer))
        self._report.progressed()

    # --- TLS -----------------------------------------------------------------------------------

    def be_client(self) -> None:
        """``StartTls`` was ordered."""
        self._be_client = True
        if self._handshake is not None:
            self._handshake.be_client()

    def configure(self, settings: m.EndpointSettings) -> None:
        """Trust ends when the signalling names another certificate: that one needs another connection."""
        if settings.dscp != self._settings.dscp:
            tcp.mark(self._socket, settings.dscp)
        known, self._settings = self._settings.fingerprints, settings
        if self._handshake is not None:
            self._handshake.configure(settings)
        elif self._secured is not None and settings.fingerprints not in (known, None):
            self._secured.expect(settings.fingerprints)
            try:
                self._secured.verified()
            except BearerError as error:
                self._report.lost(error)

    def tls_started(self, role: m.TlsRole) -> None:
        self._tell(m.TlsStarted(self._report.number, self._now(), role))

    def tls_complete(self, channel: TlsChannel, *, verified: bool) -> None:
        self._tell(
            m.TlsEstablished(
                self._report.number,
                self._now(),
                channel.version,
                channel.cipher,
                channel.fingerprint,
                verified,
            )
        )
        if verified:
            self._trust(channel)
        else:
            self._unverified = channel

    def tls_verified(self, channel: TlsChannel) -> None:
        self._tell(m.Verified(self._report.number, self._now()))
        self._trust(channel)

    def lost(self, error: BearerError) -> None:
        """From the handshake."""
        self._report.lost(error)

    def _trust(self, channel: TlsChannel) -> None:
        self._handshake = self._unverified = None
        self._secured = channel
        self._open(channel)
        self._report.progressed()

    # --- payload and the end -------------------------------------------------------------------

    def _open(self, channel: tcp.TcpChannel | TlsChannel) -> None:
        self.phase = Phase.OPEN
        self.conduit = Conduit(channel, self._watch, self._report.lost)
        self._watch.hand_over(self.conduit.on_event)
        self._watch.want(NOTHING)

    def close(self) -> None:
        """In order: what was sent arrives, an alert too.

        Whoever was not trusted after a complete handshake gets close_notify (RFC 8446 clause 6.1): OpenSSL
        lets us send no other alert then.
        """
        self._leave()
        if self.conduit is not None:
            self.conduit.channel.finish()
        elif self._unverified is not None:
            self._unverified.finish()
        tcp.dismiss(self._socket, finished=self.conduit is not None)

    def abort(self) -> None:
        """With RST: the peer must not take this for an orderly end."""
        self._leave()
        tcp.abort(self._socket)

    def _crashed(self, error: Exception) -> None:
        self._report.lost(BearerError(m.FailureCause.PLANE, repr(error)))

    def _leave(self) -> None:
        self._stop_limit()
        self._watch.stop()
        if self._handshake is not None:
            self._handshake.stop()
            self._handshake = None

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _tell(self, event: m.AnyEvent) -> None:
        self._services.emit(event)

    def _now(self) -> float:
        return self._services.loop.now()
