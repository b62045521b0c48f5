"""Endpoints of UDP, in clear or with DTLS, and the stream of two of them: one datagram in, one datagram out.

There is no connection to be opened, so nothing here follows the other leg: what can be sent is sent, what
comes too early or from a stranger is dropped.  The peer is who the signalling names.  Before it has, only a
DTLS handshake may begin, with whoever returns our cookie; no payload passes until the fingerprint is there.
"""

from errno import EADDRINUSE, EMFILE, ENFILE
from functools import partial

from msgspec.structs import replace

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane.dtls import is_client_hello
from imsedge.plane.dtls_leg import DtlsLeg
from imsedge.plane.faults import BearerError
from imsedge.plane.link import can_call, passes
from imsedge.plane.policing import buckets
from imsedge.plane.services import Services
from imsedge.plane.udp import UdpPort
from imsedge.plane.vigil import Vigil

DATAGRAM = frozenset({m.Transport.UDP, m.Transport.DTLS})

_OUT_OF = frozenset({EADDRINUSE, EMFILE, ENFILE})
_RECEIVING = frozenset({m.Mode.SEND_RECEIVE, m.Mode.RECEIVE_ONLY})
_SENDING = frozenset({m.Mode.SEND_RECEIVE, m.Mode.SEND_ONLY})


class DatagramStream:
    """At most two endpoints; what one receives the other sends."""

    def __init__(self) -> None:
        self._ends: list[DatagramEndpoint] = []

    @property
    def is_full(self) -> bool:
        return len(self._ends) == 2

    @property
    def is_empty(self) -> bool:
        return not self._ends

    def join(self, endpoint: "DatagramEndpoint") -> None:
        self._ends.append(endpoint)

    def leave(self, endpoint: "DatagramEndpoint") -> None:
        self._ends.remove(endpoint)

    def review(self) -> None:
        """Nothing follows from the other leg."""

    def pass_on(self, endpoint: "DatagramEndpoint", payload: bytes) -> None:
        """What ``endpoint`` has received goes to the other one, if there is one."""
        for other in self._ends:
            if other is not endpoint:
                other.send(payload)


class DatagramEndpoint:
    """Obeys the commands with its number; the counterpart of ``endpoint.Endpoint`` for UDP."""

    def __init__(self, services: Services, command: m.Open, joint: DatagramStream) -> None:
        self.number = command.endpoint
        self.joint = joint
        self._services = services
        self._open = command
        self._settings = command.settings
        self._secured = command.settings.transport is m.Transport.DTLS
        self._port: UdpPort | None = None
        self._leg = DtlsLeg(services, self)
        self._latched: TransportAddress | None = None
        self._be_client = False
        self._ended = False
        self._quiet: Vigil | None = None
        self._buckets = buckets(command.settings.policing, self._now())
        self._policed = 0  # datagrams
        self._counters = m.Counters()

    # --- commands ------------------------------------------------------------------------------

    def open(self) -> bool:
        """Get a port; whether that worked."""
        certificate = self._settings.certificate
        try:
            if self._secured and not self._services.contexts.knows(certificate):
                raise ValueError(f"there is no certificate named {certificate}")
            self._port = UdpPort(self._services, self._open, self._on_datagram, self._crashed)
        except (OSError, ValueError) as error:
            exhausted = isinstance(error, OSError) and error.errno in _OUT_OF
            self._tell(m.OpenFailed(self.number, self._now(), exhausted, str(error)))
            return False
        self._watch_payload()
        self._tell(m.Opened(self.number, self._now(), self._port.local))
        return True

    def configure(self, settings: m.EndpointSettings) -> None:
        """Signalling has spoken; after a failure another handshake may begin."""
        old, self._settings = self._settings, settings
        self._ended = False
        if old.dscp != settings.dscp and self._port is not None:
            self._port.mark(settings.dscp)
        if (old.quiet_limit, old.quiet_ways) != (settings.quiet_limit, settings.quiet_ways):
            self._watch_payload()
        if old.policing != settings.policing:
            self._buckets = buckets(settings.policing, self._now())
        if not settings.latching:
            self._latched = None
        peer = self._leg.peer
        if peer is not None and not self._is_peer(peer):
            self._part()  # an early caller, or one that the signalling has replaced
        elif settings.fingerprints not in (old.fingerprints, None):
            self._leg.expect(settings)
        self._call()

    def start_tcp(self) -> None:
        """There is nothing to connect."""

    def start_tls(self) -> None:
        """Send the ClientHello as soon as the peer's address is known."""
        self._be_client, self._ended = True, False
        self._call()

    def relatch(self) -> None:
        """The next one takes the place of the peer."""
        if self._settings.latching:
            self._latched = None
            self._part()

    def query(self) -> None:
        self._tell(m.Statistics(self.number, self._now(), self._total()))

    def release(self) -> None:
        """Say goodbye and give the port back."""
        self._part()
        if self._quiet is not None:
            self._quiet.stop()
        counters, port, self._port = self._total(), self._port, None
        if port is not None:
            port.close()
        self._tell(m.Released(self.number, self._now(), counters))

    # --- payload -------------------------------------------------------------------------------

    def send(self, payload: bytes) -> None:
        """Towards the peer; dropped when it cannot be sent now."""
        if self._settings.mode not in _SENDING:
            return
        if self._secured:
            sent = self._leg.send(payload)
        else:
            peer = self._target
            sent = peer is not None
            if peer is not None:
                self.transmit(payload, peer)
        if sent:
            self._counters = replace(self._counters, octets_sent=self._counters.octets_sent + len(payload))

    def _on_datagram(self, datagram: bytes, source: TransportAddress) -> None:
        if not self._is_welcome(source):
            self._refuse()
        elif not self._secured:
            self._latch(source)
            self._pass_on(datagram)
        elif self._leg.peer == source:
            for payload in self._leg.hear(datagram):
                self._pass_on(payload)
        elif self._leg.peer is None and self._may_begin(datagram):
            self._greet(datagram, source)
        else:
            self._refuse()

    def _pass_on(self, payload: bytes) -> None:
        if self._settings.mode in _RECEIVING and self._is_within_rates(len(payload)):
            received = self._counters.octets_received + len(payload)
            self._counters = replace(self._counters, octets_received=received)
            self.joint.pass_on(self, payload)

    def _is_within_rates(self, octets: int) -> bool:
        """H.248.53: what comes too fast is dropped."""
        now = self._now()
        if any(bucket.wait(now) for bucket in self._buckets):
            self._policed += 1
            return False
        for bucket in self._buckets:
            bucket.take(octets, now)
        return True

    # --- DTLS ----------------------------------------------------------------------------------

    def transmit(self, datagram: bytes, peer: TransportAddress) -> None:
        """Put it on the wire."""
        if self._port is not None:
            self._port.send(datagram, peer)

    def lost(self, error: BearerError) -> None:
        """The association cannot be."""
        self._part()
        self._ended, self._be_client = True, False
        self._tell(m.Failed(self.number, self._now(), error.cause, error.detail))

    def ended(self) -> None:
        """The peer said close_notify."""
        self._ended, self._be_client = True, False
        self._tell(m.Closed(self.number, self._now()))

    def _may_begin(self, datagram: bytes) -> bool:
        return not self._be_client and not self._ended and is_client_hello(datagram)

    def _greet(self, datagram: bytes, source: TransportAddress) -> None:
        if self._leg.greet(datagram, source, self._settings):
            self._count()
            self._latch(source)

    def _call(self) -> None:
        remote, idle = self._settings.remote, self._leg.peer is None and not self._ended
        if self._secured and self._be_client and idle and remote and can_call(self._settings):
            self._count()
            self._leg.call(remote, self._settings)

    def _count(self) -> None:
        self._counters = replace(self._counters, connections=self._counters.connections + 1)

    def _part(self) -> None:
        self._counters = self._total()
        self._leg.forget()

    # --- who the peer is -----------------------------------------------------------------------

    @property
    def _target(self) -> TransportAddress | None:
        """Where clear datagrams go."""
        if self._settings.latching:
            return self._latched
        return self._settings.remote if can_call(self._settings) else None

    def _is_peer(self, source: TransportAddress) -> bool:
        """Whether the signalling can have meant it.

        In clear only the address counts: T.38 parties may send from another port than the one they name.
        """
        if self._settings.latching:
            return self._latched in (None, source)
        remote = self._settings.remote
        if remote is None:
            return self._secured
        return source == remote if self._secured and can_call(self._settings) else source.host == remote.host

    def _is_welcome(self, source: TransportAddress) -> bool:
        settings = self._settings
        closed = settings.incoming is m.Incoming.DISCARD or settings.mode is m.Mode.INACTIVE
        allowed = settings.source_filter is None or passes(settings.source_filter, source)
        return not closed and allowed and self._is_peer(source)

    def _latch(self, source: TransportAddress) -> None:
        if self._settings.latching and self._latched is None:
            self._latched = source
            self._tell(m.Latched(self.number, self._now(), source))

    def _refuse(self) -> None:
        self._counters = replace(self._counters, refused=self._counters.refused + 1)

    # --- supervision ---------------------------------------------------------------------------

    def _watch_payload(self) -> None:
        if self._quiet is not None:
            self._quiet.stop()
            self._quiet = None
        limit, ways = self._settings.quiet_limit, self._settings.quiet_ways
        if limit:
            report = partial(self._on_quiet, ways)
            self._quiet = Vigil(self._services.loop, limit, partial(self._octets, ways), report)

    def _octets(self, ways: m.Ways) -> tuple[int, ...]:
        both = (self._counters.octets_received, self._counters.octets_sent)
        return {m.Ways.IN: both[:1], m.Ways.OUT: both[1:], m.Ways.BOTH: both}[ways]

    def _on_quiet(self, ways: m.Ways) -> None:
        self._tell(m.Quiet(self.number, self._now(), ways))

    def _total(self) -> m.Counters:
        lost = self._port.dropped if self._port is not None else 0
        counters = replace(self._counters, dropped=self._policed + lost)
        if self._leg.peer is None:
            return counters
        milliseconds = int((self._now() - self._leg.since) * 1000)
        return replace(counters, duration_ms=counters.duration_ms + milliseconds)

    def _crashed(self, error: Exception) -> None:
        self.lost(BearerError(m.FailureCause.PLANE, repr(error)))

    def _tell(self, event: m.AnyEvent) -> None:
        self._services.emit(event)

    def _now(self) -> float:
        return self._services.loop.now()
