"""What is secured where: the operator's settings and the facts of one m-line decide.

TR 29.828 clauses 5.2.1.2.2 and 5.2.1.2.3 with both RCS notes; TS 24.229 for ``a=3ge2ae``.  ``decide`` reads
one table from top to bottom, the first row that fits counts.  Whoever asked for e2ae security and
cannot get it is refused with the reason; nothing that was asked to be secured ever leaves in clear.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from imsedge.alg.procedures import Side
from imsedge.sdp.kinds import MediaKind, Medium


class Securing(Enum):
    """When end-to-access-edge security is applied to a medium."""

    REGISTERED = "registered"  # both sides announced the mechanism; from the UE also a=3ge2ae:requested
    ALWAYS = "always"  # GSMA RCS: TLS with a fingerprint, and all clear media towards the UE
    NEVER = "never"


class Matching(Enum):
    """How MSRP clients match sessions when an agnostic gateway changes ``c=`` but no path (RFC 6714)."""

    CEMA = "cema"  # only streams offered with a=msrp-cema can pass an agnostic gateway
    SESSMATCH = "sessmatch"  # the operator knows that all clients compare the session-id only


class OnBearerFailure(Enum):
    """What a failure that the gateway reports does to the call."""

    RELEASE = "release"
    LOG = "log"


SERVED = frozenset({Medium.MSRP})
"""Media that this controller can secure at the access edge."""


class Policy(Struct, frozen=True, kw_only=True):
    """The operator's decisions.  ``securing``: by ``mediasec`` token, REGISTERED when not named.

    ``delayed_establishment``: connection requests are dropped until the answer tells from whom to accept
    (TR 29.828 clause 4.4.2).  ``heartbeat``: seconds, hanging termination detection; 0 switches it off.
    """

    securing: dict[str, Securing] = {}
    matching: Matching = Matching.CEMA
    delayed_establishment: bool = False
    on_bearer_failure: OnBearerFailure = OnBearerFailure.RELEASE
    heartbeat: int = 600

    def securing_of(self, kind: MediaKind) -> Securing:
        """What the operator wants for this kind of media."""
        return self.securing.get(kind.mechanism or "", Securing.REGISTERED)


class Treatment(Enum):
    """What happens to an m-line."""

    E2AE = "TLS ends in the gateway"
    UNTOUCHED = "untouched"
    REFUSE = "refused"


class Facts(Struct, frozen=True, kw_only=True):
    """What counts of one offered m-line.

    ``offerer``: where the offer comes from.  ``served``: a medium that can be secured here.
    ``announced``: UE and P-CSCF both announced the mechanism at registration.  ``fingerprint``: a usable one.
    ``matched``: the clients can live with a changed ``c=``.  ``usable``: address and ``a=setup`` are.
    ``anchored``: the stream is e2ae already, this is a further offer.
    """

    offerer: Side
    served: bool
    securing: Securing
    tls: bool
    requested: bool
    fingerprint: bool
    announced: bool
    matched: bool
    usable: bool
    anchored: bool

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


class _Row(NamedTuple):
    when: Callable[[Facts], bool]
    decision: Decision


def _refuse(when: Callable[[Facts], bool], reason: str) -> _Row:
    return _Row(when, Decision(Treatment.REFUSE, reason))


def _secured(facts: Facts) -> bool:
    """The stream is, was asked to be, or by the operator's will is to be secured."""
    if facts.anchored:
        return True
    if facts.from_ue:
        return facts.requested or (facts.served and facts.always and facts.tls and facts.fingerprint)
    return facts.served and not facts.tls and (facts.always or (facts.announced and not facts.never))


_TABLE = (
    _refuse(lambda f: f.anchored and f.from_ue and not f.tls, "a secured stream cannot go on without TLS"),
    _refuse(
        lambda f: f.anchored and not f.from_ue and f.tls, "TLS from the core on a stream secured to the edge"
    ),
    _Row(lambda f: not _secured(f), Decision(Treatment.UNTOUCHED, "e2ae security does not apply")),
    _refuse(lambda f: not f.served, "e2ae security is not possible for this medium here"),
    _refuse(lambda f: f.never and not f.anchored, "e2ae security is switched off here"),
    _refuse(
        lambda f: not (f.announced or f.always or f.anchored),
        "e2ae security was not negotiated at registration",
    ),
    _refuse(lambda f: f.from_ue and not f.tls, "e2ae security requested without TLS"),
    _refuse(lambda f: f.from_ue and not f.fingerprint, "no usable certificate fingerprint for e2ae security"),
    _refuse(lambda f: not f.matched, "MSRP without msrp-cema cannot pass an application-agnostic gateway"),
    _refuse(lambda f: not f.usable, "address or setup attribute that cannot be used"),
)
_OTHERWISE = Decision(Treatment.E2AE, "e2ae security applies")


def decide(facts: Facts) -> Decision:
    """The treatment of one m-line."""
    return next((row.decision for row in _TABLE if row.when(facts)), _OTHERWISE)
