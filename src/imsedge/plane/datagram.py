"""Endpoints of UDP, in clear or with DTLS, and the stream of two of them: one datagram in, one datagram out.

There is no connection to be opened, so nothing here follows the other leg: what can be sent is sent, what
comes from a stranger is dropped.  The peer is who the signalling names.  Before it has, only a DTLS handshake
may begin, with whoever returns our cookie; no payload passes until the certificate is known to be the right
one.  What comes earlier from either side is held (``held.py``).

An association that is up ends with close_notify, or when the signalling names another peer or certificate;
then, and only then, another one may begin.  A UE behind a NAT that is to be the DTLS server must open the
NAT first: whatever it sends first tells us where it is, and gets our ClientHello, once.
"""

from errno import EADDRINUSE, EMFILE, ENFILE

from msgspec.structs import replace

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane.dtls import is_client_hello
from imsedge.plane.dtls_leg import DtlsLeg
from imsedge.plane.faults import BearerError
from imsedge.plane.held import Held
from imsedge.plane.link import can_call, passes
from imsedge.plane.policing import buckets
from imsedge.plane.services import Services
from imsedge.plane.udp import Address, UdpPort
from imsedge.plane.vigil import Vigil, along, over_payload

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
        self._obey(command.settings)
        self._secured = command.settings.transport is m.Transport.DTLS
        self._port: UdpPort | None = None
        self._leg = DtlsLeg(services, self)
        self._latched: TransportAddress | None = None
        self._familiar: Address | None = None  # who was found welcome, and may go on until something changes
        self._held = Held()  # for the peer
        self._be_client = False
        self._ended = False
        self._quiet: Vigil | None = None
        self._buckets = buckets(command.settings.policing, self._now())
        self._policed = self._received = self._sent = 0  # datagrams, then octets
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
        old = self._settings
        self._obey(settings)
        self._ended, self._familiar = False, None
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
            self._hear_of_certificate(settings)
        self._call()

    def _obey(self, settings: m.EndpointSettings) -> None:
        self._settings = settings
        self._receives, self._sends = settings.mode in _RECEIVING, settings.mode in _SENDING

    def _hear_of_certificate(self, settings: m.EndpointSettings) -> None:
        """Another one than that of an association that was trusted: the next one (RFC 8842 clause 4)."""
        if self._leg.trusted and not self._leg.matches(settings.fingerprints):
            self._part()
        else:
            self._leg.expect(settings)

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

    def hang_up(self) -> None:
        """Datagrams have no connection; an association begins anew when the signalling says so."""

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
        """Towards the peer; held until it is trusted, dropped when it has no address."""
        if not self._sends:
            return
        if self._secured:
            if not self._leg.trusted:
                self._held.add(payload)
                return
            self._leg.send(payload)
        else:
            peer = self._target
            if peer is None:
                return
            self.transmit(payload, peer)
        self._sent += len(payload)

    def _on_datagram(self, datagram: bytes, address: Address) -> None:
        if address != self._familiar and not self._is_heard(datagram, address):
            return
        if not self._secured:
            self._pass_on(datagram)
            return
        payloads = self._leg.hear(datagram)
        if payloads is None:
            self._refuse()
            return
        for payload in payloads:
            self._pass_on(payload)

    def _is_heard(self, datagram: bytes, address: Address) -> bool:
        """Whether it is the peer's; one that is not may still be the beginning of an association."""
        source = TransportAddress(*address[:2])
        if not self._is_welcome(source):
            self._refuse()
        elif not self._secured or self._leg.peer == source:
            self._latch(source)
            self._familiar = address
            return True
        elif self._leg.peer is None and self._may_begin(datagram):
            self._greet(datagram, source)
        elif self._waits_for_latch:
            self._latch(source)
            self._call()
        else:
            self._refuse()
        return False

    def _pass_on(self, payload: bytes) -> None:
        if self._receives and (not self._buckets or self._is_within_rates(len(payload))):
            self._received += len(payload)
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

    def verified(self, early: list[bytes]) -> None:
        """The peer is the right one: what waited for that goes on, both ways."""
        for payload in self._held.take():
            self.send(payload)
        for payload in early:
            self._pass_on(payload)

    def lost(self, error: BearerError) -> None:
        """The association cannot be."""
        self._part()
        self._held.forget()
        self._ended, self._be_client = True, False
        self._tell(m.Failed(self.number, self._now(), error.cause, error.detail))

    def ended(self) -> None:
        """The peer said close_notify."""
        self._ended, self._be_client, self._familiar = True, False, None
        self._tell(m.Closed(self.number, self._now()))

    def _may_begin(self, datagram: bytes) -> bool:
        return not self._be_client and not self._ended and is_client_hello(datagram)

    def _greet(self, datagram: bytes, source: TransportAddress) -> None:
        if self._leg.greet(datagram, source, self._settings):
            self._count()
            self._latch(source)

    def _call(self) -> None:
        remote, idle = self._target, self._leg.peer is None and not self._ended
        if self._secured and self._be_client and idle and remote is not None:
            self._count()
            self._leg.call(remote, self._settings)

    @property
    def _waits_for_latch(self) -> bool:
        """We are to be the client of somebody behind a NAT, who has not been heard yet."""
        return self._be_client and not self._ended and self._settings.latching and self._latched is None

    def _count(self) -> None:
        self._counters = replace(self._counters, connections=self._counters.connections + 1)

    def _part(self) -> None:
        self._familiar = None
        self._counters = self._total()
        self._leg.forget()

    # --- who the peer is -----------------------------------------------------------------------

    @property
    def _target(self) -> TransportAddress | None:
        """Where clear datagrams and our ClientHello go."""
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
        loop = self._services.loop
        self._quiet = over_payload(self._quiet, loop, self._settings, self._octets, self._on_quiet)

    def _octets(self, ways: m.Ways) -> tuple[int, ...]:
        return along(ways, self._received, self._sent)

    def _on_quiet(self, ways: m.Ways) -> None:
        self._tell(m.Quiet(self.number, self._now(), ways))

    def _total(self) -> m.Counters:
        lost = self._port.dropped if self._port is not None else 0
        dropped = self._policed + self._held.dropped + self._leg.dropped + lost
        counters = replace(
            self._counters, octets_received=self._received, octets_sent=self._sent, dropped=dropped
        )
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
