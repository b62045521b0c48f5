"""The only words between the gateway and its media plane.

The gateway *opens* endpoints, *configures* them (the wanted state as a whole, so that a command can be
repeated), *starts* TCP or TLS, asks for *statistics* and *releases*.  The plane answers with events.  Two
endpoints that carry the same ``link`` are the two ends of one stream of one context: what one receives the
other sends; *relinking* gives an endpoint another partner.  The same values travel in one process and over
a socket pair to a worker.

Endpoint and link numbers are chosen by the gateway, are unique in its life and never reused.
"""

from enum import Enum

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.core.msrp_uri import MsrpPath
from imsedge.security.fingerprint import Fingerprint


class Transport(Enum):
    """What runs on this side of the stream (the ``m=`` proto of the H.248 Local descriptor)."""

    TCP = "tcp"
    TLS = "tls"
    UDP = "udp"
    DTLS = "dtls"


class Setup(Enum):
    """Who opens TCP at this endpoint, seen from us (RFC 4145; ``a=setup`` in our Local descriptor)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"


class Incoming(Enum):
    """What an incoming connection request meets (TR 29.828 clause 4.4.2)."""

    ACCEPT = "accept"
    DISCARD = "discard"  # the SYN is dropped in the kernel: no SYN-ACK, no RST, nothing on the other leg


class Mode(Enum):
    """H.248 stream mode: what may pass this endpoint, seen from the context."""

    SEND_RECEIVE = "sendrecv"
    SEND_ONLY = "sendonly"
    RECEIVE_ONLY = "recvonly"
    INACTIVE = "inactive"


class TlsRole(Enum):
    """Who sends the ClientHello."""

    CLIENT = "client"
    SERVER = "server"


class SourceFilter(Struct, frozen=True):
    """Remote source filtering (H.248.43 ``gm``): only these sources may connect or send.

    ``network`` is an address or prefix (``192.0.2.7`` or ``192.0.2.0/24``), ``None`` for any;
    ports are inclusive.
    """

    network: str | None = None
    low_port: int = 0
    high_port: int = 65_535


class Answering(Enum):
    """When the SYN of a peer gets its SYN-ACK (TS 23.334 clause 5.16.2.2)."""

    AT_ONCE = "at once"
    LINKED_LEG = "linked leg"  # the other leg is called first; the repeated SYN is answered when that is up


class Handling(Enum):
    """Who deals with the TCP segments (TS 23.334 clauses 5.16.1 and 5.16.2)."""

    STATE_AWARE = "state-aware"  # we do: two connections back to back
    STATELESS = "stateless"  # the kernel rewrites addresses and ports: one connection, end to end


class Ways(Enum):
    """Directions of payload, seen from us (H.248.40)."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class Policing(Struct, frozen=True):
    """Rates of what is read from the peer (H.248.53 ``tman``), in octets and octets a second; 0: no limit.

    ``peak`` bounds any moment, ``sustained`` the long run, with ``burst`` octets on top of it.
    """

    peak: int = 0
    sustained: int = 0
    burst: int = 0


class EndpointSettings(Struct, frozen=True, kw_only=True):
    """The wanted state of one endpoint, whole.

    ``remote``: where the peer is; ``None`` or port 9 means that we cannot connect to it.
    ``fingerprints``: ``None`` = not told yet (nothing is forwarded until told); a tuple = the peer's
    certificate must match one of these (RFC 8122); meaningless unless TLS or DTLS.
    ``forward_incoming``: a connection accepted here opens the linked endpoint's connection (proxy).
    ``certificate``: name of the certificate to present, see ``security.certificates``.
    ``answering``: LINKED_LEG needs CAP_NET_RAW.  ``latching``: the first allowed source is the peer from then
    on, for one behind a NAT (H.248.37 ``ipnapt/latch``).  ``handling``: of both ends of a stream; STATELESS
    needs CAP_NET_ADMIN, carries TCP only and says nothing about connections.
    ``quiet_limit``: seconds without payload in ``quiet_ways`` after which ``Quiet`` is reported, once a
    silence; 0: never.  ``dscp``: the eight bits of the DiffServ octet (RFC 2474) of what we send; ``None``:
    as it is.
    ``msrp``: paths of MSRP are rewritten; ``None``: whatever passes is passed as it is.  Both ends of a link
    have it or none: while one of them has not, or the peer's path is not known, nothing passes (towards that
    peer).
    """

    transport: Transport
    remote: TransportAddress | None = None
    setup: Setup = Setup.ACTPASS
    mode: Mode = Mode.SEND_RECEIVE
    incoming: Incoming = Incoming.ACCEPT
    forward_incoming: bool = True
    source_filter: SourceFilter | None = None
    fingerprints: tuple[Fingerprint, ...] | None = None
    certificate: str = "default"
    answering: Answering = Answering.AT_ONCE
    latching: bool = False
    handling: Handling = Handling.STATE_AWARE
    quiet_limit: float = 0.0
    quiet_ways: Ways = Ways.BOTH
    dscp: int | None = None
    policing: Policing | None = None
    msrp: MsrpPath | None = None


# --- commands: gateway -> plane -------------------------------------------------------------------


class Command(Struct, frozen=True, tag=True):
    """Base of the commands."""

    endpoint: int


class Open(Command, frozen=True, tag=True):
    """Bind a port on ``address`` and obey ``settings``.  Answer: ``Opened`` or ``OpenFailed``.

    Listening starts at once unless ``settings.setup`` is ACTIVE.  Endpoints of one ``context`` live in
    one worker.  ``low_port`` and ``high_port``: the range of the realm, inclusive.
    """

    context: int
    link: int
    address: str
    settings: EndpointSettings
    label: str = ""  # for log lines and traces, e.g. "C12 ip/access/7"
    low_port: int = 0
    high_port: int = 65_535


class Configure(Command, frozen=True, tag=True):
    """Replace the settings.  No answer; failures come as events."""

    settings: EndpointSettings


class StartTcp(Command, frozen=True, tag=True):
    """Connect to the remote address now (``tcpbcc/EstBNC``)."""


class StartTls(Command, frozen=True, tag=True):
    """Be the (D)TLS client, as soon as the transport is up (``tlsbsc/EstBNC``).

    Without this order the endpoint is the TLS server, whoever opened TCP (RFC 8122, RFC 8856).
    """


class Relink(Command, frozen=True, tag=True):
    """From now on the endpoint is an end of this link of this context; port and connection stay.

    What the old partner had not yet taken is lost.  Answer: ``Relinked`` or ``RelinkFailed``.
    """

    context: int
    link: int


class Relatch(Command, frozen=True, tag=True):
    """The next allowed source takes the place of the peer; needs ``EndpointSettings.latching``."""


class Hangup(Command, frozen=True, tag=True):
    """Let the connection go (``tcpbcc/RelBNC``): another one may come in its place.

    Nobody is told; the other end of the link keeps its own.
    """


class Query(Command, frozen=True, tag=True):
    """Ask for statistics.  Answer: ``Statistics``."""


class Release(Command, frozen=True, tag=True):
    """Close and free everything.  Answer: ``Released``, the last word about this endpoint."""


# --- events: plane -> gateway ---------------------------------------------------------------------


class Event(Struct, frozen=True, tag=True):
    """Base of the events; ``time`` in seconds on the plane's monotonic clock."""

    endpoint: int
    time: float


class Opened(Event, frozen=True, tag=True):
    """The port is ours."""

    local: TransportAddress


class OpenFailed(Event, frozen=True, tag=True):
    """Nothing was kept.  ``exhausted``: no free port left; else the address cannot be bound."""

    exhausted: bool
    reason: str


class Relinked(Event, frozen=True, tag=True):
    """The endpoint is an end of ``link`` now."""

    link: int


class RelinkFailed(Event, frozen=True, tag=True):
    """Not an end of ``link``: everything is as it was."""

    link: int
    reason: str


class Connecting(Event, frozen=True, tag=True):
    """Our SYN went out."""

    local: TransportAddress
    remote: TransportAddress


class Established(Event, frozen=True, tag=True):
    """TCP is up.  ``accepted``: the peer called us."""

    local: TransportAddress
    remote: TransportAddress
    accepted: bool


class Refused(Event, frozen=True, tag=True):
    """A connection from somewhere it may not come from, or a second one, was closed at once."""

    remote: TransportAddress
    reason: str


class Latched(Event, frozen=True, tag=True):
    """This is the peer from now on, whatever the signalling said."""

    remote: TransportAddress


class Quiet(Event, frozen=True, tag=True):
    """No payload for ``quiet_limit`` seconds; the connection stays."""

    ways: Ways


class MessageRefused(Event, frozen=True, tag=True):
    """A message of MSRP did not go on; its peer heard ``status``, unless it wanted no answer."""

    status: int


class TlsStarted(Event, frozen=True, tag=True):
    """The handshake began."""

    role: TlsRole


class TlsEstablished(Event, frozen=True, tag=True):
    """The handshake is complete.  ``verified``: the certificate matched; false while not yet known."""

    version: str
    cipher: str
    fingerprint: Fingerprint
    verified: bool


class Verified(Event, frozen=True, tag=True):
    """The certificate matched a fingerprint that was told after the handshake; payload may flow."""


class FailureCause(Enum):
    """Why a bearer was lost or never came up."""

    TCP_REFUSED = "connection refused"
    TCP_UNREACHABLE = "unreachable"
    TCP_TIMEOUT = "timed out"
    TCP_RESET = "reset by peer"
    TCP_IDLE = "nothing passed for too long"
    TLS_HANDSHAKE = "handshake failed"
    TLS_TIMEOUT = "handshake timed out"
    NO_CERTIFICATE = "no certificate from peer"
    FINGERPRINT_MISMATCH = "certificate does not match the fingerprint"
    FINGERPRINT_TIMEOUT = "no fingerprint was signalled in time"
    MSRP = "the peer does not speak MSRP"
    LINKED_LEG = "the other leg was lost"
    PLANE = "the media plane was lost"

    @property
    def is_tls(self) -> bool:
        return self in _TLS_CAUSES


_TLS_CAUSES = frozenset(
    {
        FailureCause.TLS_HANDSHAKE,
        FailureCause.TLS_TIMEOUT,
        FailureCause.NO_CERTIFICATE,
        FailureCause.FINGERPRINT_MISMATCH,
        FailureCause.FINGERPRINT_TIMEOUT,
    }
)


class Failed(Event, frozen=True, tag=True):
    """The bearer of this endpoint is gone abnormally; the port stays until ``Release``."""

    cause: FailureCause
    detail: str = ""


class Closed(Event, frozen=True, tag=True):
    """The bearer ended in order (FIN, close_notify); the port stays until ``Release``."""


class Counters(Struct, frozen=True):
    """Payload octets and duration (milliseconds the connection was up) of one endpoint.

    ``retransmissions``: segments that TCP had to repeat; ``round_trip_us``: microseconds, smoothed, of the
    newest connection (0: not measured); ``refused``: connections that were turned away; ``dropped``: segments
    that the kernel dropped by order.  With stateless handling octets are those of IP packets.
    ``messages``: of MSRP that came from this peer and went on with other paths.
    """

    octets_received: int = 0
    octets_sent: int = 0
    connections: int = 0
    duration_ms: int = 0
    retransmissions: int = 0
    round_trip_us: int = 0
    refused: int = 0
    dropped: int = 0
    messages: int = 0


class Statistics(Event, frozen=True, tag=True):
    """The answer to ``Query``."""

    counters: Counters


class Released(Event, frozen=True, tag=True):
    """Everything is freed; last counters."""

    counters: Counters


AnyCommand = Open | Configure | StartTcp | StartTls | Relink | Relatch | Hangup | Query | Release
_OfPort = Opened | OpenFailed | Relinked | RelinkFailed | Statistics | Released
_OfConnection = Connecting | Established | Refused | Latched | Failed | Closed
_OfTls = TlsStarted | TlsEstablished | Verified
_OfPayload = Quiet | MessageRefused
AnyEvent = _OfPort | _OfConnection | _OfTls | _OfPayload
