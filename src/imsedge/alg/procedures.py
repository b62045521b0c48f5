"""Stage-2 procedures of TS 23.334 clause 8 by their names, with the information elements used here.

A call session asks for these; ``alg.planner`` turns each into one H.248 command and its reply back into
the acknowledgement.  Nothing here knows H.248, nothing in the planner knows SIP.
"""

from enum import Enum

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.security.fingerprint import Fingerprint


class Side(Enum):
    """Which network a termination faces; the value is the default IP realm."""

    ACCESS = "access"
    CORE = "core"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.CORE if self is Side.ACCESS else Side.ACCESS


class TcpMode(Enum):
    """TCP handling (TS 23.334 clause 5.16)."""

    RELAY = "relay"
    PROXY = "proxy"
    MERGE = "merge"


class StreamMode(Enum):
    """Change Through-Connection (TS 23.334 clause 6.2.11)."""

    BOTH = "both"
    INACTIVE = "inactive"


class Latch(Enum):
    """Remote NA(P)T traversal (TS 23.334 clause 5.4; H.248.37): the address is learnt from what comes."""

    FIRST = "first"
    AGAIN = "again"


class Traffic(Struct, frozen=True, kw_only=True):
    """QoS of one stream on one side (TS 23.334 clauses 5.7 and 5.8); ``None``: as the gateway does by itself.

    ``dscp``: of what leaves towards the peer, 0 to 63.  Rates in octets a second and ``burst`` in octets:
    what the peer may send.
    """

    dscp: int | None = None
    peak_rate: int | None = None
    sustained_rate: int | None = None
    burst: int | None = None


class StreamRequest(Struct, frozen=True, kw_only=True):
    """Information elements of one stream.  ``None`` = not in this request.

    ``transport``: ``"TCP"``, ``"TCP/TLS"``, ``"TCP/MSRP"``, ``"TCP/TLS/MSRP"``, ``"UDP"``, ``"UDP/DTLS"``.
    ``local_address_request``: the gateway picks address and port, of IPv6 when ``ipv6`` says so.
    ``remote_fingerprints``: orders verification (Remote certificate fingerprint).
    ``path_request``: the gateway makes an MSRP path of its own; ``local_path``: that one; ``remote_path``: of
    the peer.  With them the gateway is application-aware (TS 23.334 clause 5.19).
    ``latch``: the peer is where its connection comes from.
    ``release_tcp``: first of all the connection goes, so that another one can come.
    ``discard_incoming``: drop connection requests until told otherwise (delayed establishment).
    ``hold_syn_ack``: a caller that is not discarded is answered when the other side is connected.
    ``only_from_remote``: accept connections from the remote address only (source filtering).
    ``notify_tcp_established``: report also when TCP is up, not only when it fails.
    ``inactivity``: seconds without payload after which that is reported.
    ``release``: the stream goes, its termination and the other streams stay (H.248.1 clause 7.1.8: empty
    Local and Remote); nothing else is set then.
    """

    stream: int = 1
    transport: str | None = None
    local_address_request: bool = False
    ipv6: bool | None = None
    local: TransportAddress | None = None
    remote: TransportAddress | None = None
    setup: str | None = None
    fingerprint_request: bool = False
    remote_fingerprints: tuple[Fingerprint, ...] | None = None
    path_request: bool = False
    local_path: str | None = None
    remote_path: str | None = None
    tcp_mode: TcpMode | None = None
    discard_incoming: bool | None = None
    hold_syn_ack: bool = False
    only_from_remote: bool | None = None
    latch: Latch | None = None
    release_tcp: bool = False
    send_tcp: bool = False
    establish_tls: bool = False
    notify_tcp_failure: bool = False
    notify_tcp_established: bool = False
    notify_tls_failure: bool = False
    through_connection: StreamMode | None = None
    inactivity: int = 0
    traffic: Traffic | None = None
    release: bool = False


class Reserve(Struct, frozen=True, kw_only=True):
    """Reserve AGW Connection Point; with ``remote`` in its streams it is Reserve And Configure.

    ``context`` ``None`` requests a new one.  ``heartbeat`` in seconds (hanging termination).
    """

    side: Side
    context: int | None
    streams: tuple[StreamRequest, ...]
    heartbeat: int = 0


class Configure(Struct, frozen=True, kw_only=True):
    """Configure AGW Connection Point; ``side`` is where the termination faces.

    ``heartbeat`` counts when its streams arm events: all of the termination are armed anew then.
    """

    side: Side
    context: int
    termination: str
    streams: tuple[StreamRequest, ...]
    heartbeat: int = 0


class ReleaseTerminations(Struct, frozen=True, kw_only=True):
    """Release AGW Termination: all of the context."""

    context: int


Procedure = Reserve | Configure | ReleaseTerminations


class StreamAck(Struct, frozen=True, kw_only=True):
    """What the gateway answered for one stream."""

    stream: int
    local: TransportAddress | None = None
    fingerprint: Fingerprint | None = None
    path: str | None = None


class Ack(Struct, frozen=True, kw_only=True):
    """The procedure succeeded."""

    context: int
    termination: str | None = None
    streams: tuple[StreamAck, ...] = ()


class Rejected(Struct, frozen=True, kw_only=True):
    """The gateway refused, or did not answer (code 0).

    ``context`` is the one that was made nevertheless and has to be released.
    """

    code: int
    reason: str
    context: int | None = None
