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


class EndpointSettings(Struct, frozen=True, kw_only=True):
    """The wanted state of one endpoint, whole.

    ``remote``: where the peer is; ``None`` or port 9 means that we cannot connect to it.
    ``fingerprints``: ``None`` = not told yet (nothing is forwarded until told); a tuple = the peer's
    certificate must match one of these (RFC 8122); meaningless unless TLS or DTLS.
    ``forward_incoming``: a connection accepted here opens the linked endpoint's connection (proxy).
    ``certificate``: name of the certificate to present, see ``security.certificates``.
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


# --- commands: gateway -> plane -------------------------------------------------------------------


class Command(Struct, frozen=True, tag=True):
    """Base of the commands."""

    endpoint: int


class Open(Command, frozen=True, tag=True):
    """Bind a port on ``address`` and obey ``settings``.  Answer: ``Opened`` or ``OpenFailed``.

    Listening starts at once unless ``settings.setup`` is ACTIVE.  Endpoints of one ``context`` live in
    one worker.
    """

    context: int
    link: int
    address: str
    settings: EndpointSettings
    label: str = ""  # for log lines and traces, e.g. "C12 ip/access/7"


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
    """The endpoint has its new partner, if there is one."""


class RelinkFailed(Event, frozen=True, tag=True):
    """Everything is as it was."""

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
    TLS_HANDSHAKE = "handshake failed"
    TLS_TIMEOUT = "handshake timed out"
    NO_CERTIFICATE = "no certificate from peer"
    FINGERPRINT_MISMATCH = "certificate does not match the fingerprint"
    FINGERPRINT_TIMEOUT = "no fingerprint was signalled in time"
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
    """Payload octets and duration (milliseconds the connection was up) of one endpoint."""

    octets_received: int = 0
    octets_sent: int = 0
    connections: int = 0
    duration_ms: int = 0


class Statistics(Event, frozen=True, tag=True):
    """The answer to ``Query``."""

    counters: Counters


class Released(Event, frozen=True, tag=True):
    """Everything is freed; last counters."""

    counters: Counters


AnyCommand = Open | Configure | StartTcp | StartTls | Relink | Query | Release
AnyEvent = (
    Opened
    | OpenFailed
    | Relinked
    | RelinkFailed
    | Connecting
    | Established
    | Refused
    | TlsStarted
    | TlsEstablished
    | Verified
    | Failed
    | Closed
    | Statistics
    | Released
)
