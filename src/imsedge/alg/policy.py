"""What is secured and what is anchored: the operator's settings and the facts of one m-line decide.

TR 29.828 clauses 5.2.1.2.2 and 5.2.1.2.3 with both RCS notes; TS 24.229 for ``a=3ge2ae``.  ``decide`` reads
one table from top to bottom, the first row that fits counts.  Whoever asked for e2ae security and
cannot get it is refused with the reason; nothing that was asked to be secured ever leaves in clear.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from imsedge.alg.directions import TcpStart
from imsedge.alg.nat import Traversal
from imsedge.alg.procedures import Side, TcpMode, Traffic
from imsedge.sdp.kinds import MediaKind, Medium


class Profile(Enum):
    """The H.248 profile, and with it the place in the network."""

    IQ = "Iq"  # between user equipment and core
    IX = "Ix"  # between two networks: nothing passes by the gateway, nothing is secured here


class Securing(Enum):
    """When end-to-access-edge security is applied to a medium."""

    REGISTERED = "registered"  # both sides announced the mechanism; from the UE also a=3ge2ae:requested
    ALWAYS = "always"  # GSMA RCS: TLS with a fingerprint, and all clear media towards the UE
    NEVER = "never"


class Matching(Enum):
    """How MSRP clients match sessions when an agnostic gateway changes ``c=`` but no path (RFC 6714)."""

    CEMA = "cema"  # only streams offered with a=msrp-cema can pass an agnostic gateway
    SESSMATCH = "sessmatch"  # the operator knows that all clients compare the session-id only


class Aware(Enum):
    """When the gateway knows MSRP and rewrites its paths (TS 23.334 clause 5.19)."""

    AUTO = "auto"  # where nothing else makes the clients find each other
    NEVER = "never"  # the gateways cannot
    ALWAYS = "always"  # also for CEMA clients, beyond clause 5.19.2; a=msrp-cema goes


class OnBearerFailure(Enum):
    """What a failure that the gateway reports does to the call."""

    RELEASE = "release"
    LOG = "log"


class Anchoring(Enum):
    """Which media go through the gateway without being secured there."""

    NEVER = "never"
    BEHIND_NAT = "behind_nat"  # those of UEs that cannot be called
    ALWAYS = "always"


class SynAck(Enum):
    """When the gateway answers who calls it, and must call the other party itself."""

    AT_ONCE = "at_once"
    LINKED_LEG = "linked_leg"  # when the other party has answered


class TlsCollision(Enum):
    """TLS end to end, and both parties would open TCP and be TLS clients (TR 29.828 annex D)."""

    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105 - direction and roles stay: works if the UE can be called nevertheless


ANCHORED = frozenset({Medium.MSRP, Medium.BFCP, Medium.TCP})
"""Media over TCP, which can be anchored whatever they carry."""

DATAGRAMS = frozenset({Medium.T38})
"""Media over UDP that can be anchored, in clear and with DTLS from end to end."""

SERVED = frozenset({Medium.MSRP, Medium.BFCP, Medium.T38})
"""Media that this controller can secure at the access edge."""


class Policy(Struct, frozen=True, kw_only=True):
    """The operator's decisions.  ``securing``: by ``mediasec`` token, REGISTERED when not named.

    ``delayed_establishment``: connection requests are dropped until the answer tells from whom to accept
    (TR 29.828 clause 4.4.2).  ``heartbeat``: seconds, hanging termination detection; 0 switches it off.
    ``anchoring``, ``tcp_mode``, ``tcp_start``: of TCP that is not secured here; ``anchoring_udp``: of UDP.
    ``report_connected``: the gateway reports when such TCP is up on both sides (figure y.2.1 step 24).
    ``inactivity``: seconds without payload after which media count as lost; 0 switches it off.
    ``rtp_proxy``: audio and video go through an RTP proxy; ``rtp_interfaces``: its names of our two sides.
    ``release_wait``: seconds from the end of all media in order to that of a call whose parties say no more.
    """

    profile: Profile = Profile.IQ
    securing: dict[str, Securing] = {}
    matching: Matching = Matching.CEMA
    aware: Aware = Aware.AUTO
    delayed_establishment: bool = False
    on_bearer_failure: OnBearerFailure = OnBearerFailure.RELEASE
    heartbeat: int = 600
    anchoring: Anchoring = Anchoring.NEVER
    anchoring_udp: Anchoring = Anchoring.NEVER
    tcp_mode: TcpMode = TcpMode.PROXY
    tcp_start: TcpStart = TcpStart.TRIGGERED
    nat: Traversal = Traversal.DETECTED
    tls_collision: TlsCollision = TlsCollision.REFUSE
    report_connected: bool = False
    inactivity: int = 0
    release_wait: float = 5.0
    syn_ack: SynAck = SynAck.AT_ONCE
    traffic: dict[tuple[Side, Medium], Traffic] = {}
    rtp_proxy: bool = False
    rtp_interfaces: dict[Side, str] = {}

    def securing_of(self, kind: MediaKind) -> Securing:
        """What the operator wants for this kind of media."""
        return self.securing.get(kind.mechanism or "", Securing.REGISTERED)

    def anchors(self, medium: Medium, *, natted: bool) -> bool:
        """Whether the operator wants this medium in the gateway when it is not secured."""
        anchoring = self.anchoring_udp if medium in DATAGRAMS else self.anchoring
        wanted = anchoring is Anchoring.ALWAYS or (natted and anchoring is Anchoring.BEHIND_NAT)
        return wanted and medium in ANCHORED | DATAGRAMS


class Treatment(Enum):
    """What happens to an m-line."""

    E2AE = "TLS ends in the gateway"
    ANCHOR = "anchored in the gateway"
    UNTOUCHED = "untouched"
    REFUSE = "refused"


class Facts(Struct, frozen=True, kw_only=True):
    """What counts of one offered m-line.

    ``offerer``: where the offer comes from.  ``served``: a medium that can be secured here.
    ``announced``: UE and P-CSCF both announced the mechanism at registration.  ``fingerprint``: a usable one.
    ``usable``: address and ``a=setup`` are.  ``matched``: MSRP clients find each other through the gateway
    (``alg.paths``).
    ``proxied``: an RTP proxy carries it.
    ``anchored``: the stream is e2ae already, this is a further offer.  ``carried``: it is anchored already
    without being secured.  ``anchor``: the operator wants it anchored.  ``collision``: see ``TlsCollision``.
    """

    offerer: Side
    served: bool
    securing: Securing
    tls: bool
    requested: bool
    fingerprint: bool
    announced: bool
    usable: bool
    anchored: bool
    profile: Profile = Profile.IQ
    proxied: bool = False
    matched: bool = True
    anchor: bool = False
    carried: bool = False
    collision: bool = False

    @property
    def from_ue(self) -> bool:
        return self.offerer is Side.ACCESS

    @property
    def always(self) -> bool:
        return self.securing is Securing.ALWAYS

    @property
    def never(self) -> bool:
        return self.securing is Securing.NEVER


class Decision(NamedTuple):
    """``reason`` is sent in a Warning when refused, logged otherwise."""

    treatment: Treatment
    reason: str

    @property
    def is_anchored(self) -> bool:
        """It goes through the gateway."""
        return self.treatment in {Treatment.E2AE, Treatment.ANCHOR}


class _Row(NamedTuple):
    when: Callable[[Facts], bool]
    decision: Decision


def _refuse(when: Callable[[Facts], bool], reason: str) -> _Row:
    return _Row(when, Decision(Treatment.REFUSE, reason))


def secured(facts: Facts) -> bool:
    """Whether the stream is, was asked to be, or by the operator's will is to be secured."""
    if facts.anchored:
        return True
    if facts.from_ue:
        return facts.requested or (facts.served and facts.always and facts.tls and facts.fingerprint)
    return facts.served and not facts.tls and (facts.always or (facts.announced and not facts.never))


_UNMATCHED = "MSRP without msrp-cema cannot pass an application-agnostic gateway"
_UNUSABLE = "address or setup attribute that cannot be used"

_TABLE = (
    _refuse(lambda f: f.anchored and f.from_ue and not f.tls, "a secured stream cannot go on without TLS"),
    _refuse(
        lambda f: f.anchored and not f.from_ue and f.tls, "TLS from the core on a stream secured to the edge"
    ),
    _Row(
        lambda f: not (secured(f) or f.anchor or f.carried),
        Decision(Treatment.UNTOUCHED, "e2ae security does not apply"),
    ),
    _refuse(
        lambda f: not secured(f) and f.usable and f.collision,
        "end-to-end TLS: the UE is behind a NAT and its peer insists on calling, so both would be TLS clients"
        " (TR 29.828 annex D)",
    ),
    _Row(
        lambda f: not secured(f) and f.usable and f.matched,
        Decision(Treatment.ANCHOR, "the operator wants it there"),
    ),
    _refuse(lambda f: not secured(f) and f.carried and not f.matched, _UNMATCHED),
    _refuse(lambda f: not secured(f) and f.carried, _UNUSABLE),
    _Row(lambda f: not secured(f) and not f.matched, Decision(Treatment.UNTOUCHED, _UNMATCHED)),
    _Row(lambda f: not secured(f), Decision(Treatment.UNTOUCHED, _UNUSABLE)),
    _refuse(lambda f: not f.served, "e2ae security is not possible for this medium here"),
    _refuse(lambda f: f.never and not f.anchored, "e2ae security is switched off here"),
    _refuse(
        lambda f: not (f.announced or f.always or f.anchored),
        "e2ae security was not negotiated at registration",
    ),
    _refuse(lambda f: f.from_ue and not f.tls, "e2ae security requested without TLS"),
    _refuse(lambda f: f.from_ue and not f.fingerprint, "no usable certificate fingerprint for e2ae security"),
    _refuse(lambda f: not f.matched, _UNMATCHED),
    _refuse(lambda f: not f.usable, _UNUSABLE),
)
_OTHERWISE = Decision(Treatment.E2AE, "e2ae security applies")

_BORDER = (
    _Row(lambda f: f.proxied, Decision(Treatment.UNTOUCHED, "audio and video cross in the RTP proxy")),
    _refuse(lambda f: not f.anchor, "this medium cannot cross the border here"),
    _refuse(lambda f: not f.matched, _UNMATCHED),
    _refuse(lambda f: not f.usable, _UNUSABLE),
)
_CROSSES = Decision(Treatment.ANCHOR, "media cross the border in the gateway")


def decide(facts: Facts) -> Decision:
    """The treatment of one m-line."""
    rows, otherwise = (_TABLE, _OTHERWISE) if facts.profile is Profile.IQ else (_BORDER, _CROSSES)
    return next((row.decision for row in rows if row.when(facts)), otherwise)
