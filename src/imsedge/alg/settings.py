"""What the controller's logic needs to know, as one value; ``daemon.settings`` is where users write it."""

from msgspec import Struct

from imsedge.alg.planner import PlannerSettings
from imsedge.alg.policy import SERVED, Policy, Securing
from imsedge.alg.procedures import Side
from imsedge.core.address import TransportAddress
from imsedge.sdp.kinds import KINDS

SERVER_NAME = "imsedge"

MECHANISMS = tuple(row.mechanism for row in KINDS if row.mechanism and row.medium in SERVED)
"""Tokens of all that can be secured at this edge."""


class Place(Struct, frozen=True):
    """Where we are on one side.  ``local``: what is bound, which may be a wildcard; ``known``: what peers are
    told, different behind a NAT of our own; ``transports``: what is spoken there."""

    side: Side
    local: TransportAddress
    known: TransportAddress
    transports: frozenset[str]


UDP_AND_TCP = frozenset({"udp", "tcp"})
TLS = frozenset({"tls"})


class BorderSettings(Struct, frozen=True, kw_only=True):
    """What a border of two networks needs beside: the other network is where the access side was.

    ``next_hop``: where requests of our own network go, over ``next_hop_transport``.  ``peers``: addresses
    that requests of the other network may come from; empty: any.  ``trusted``: identities that one network
    asserts are believed in the other (RFC 3324).  ``fields``: header fields that cross beside those that we
    know, in lower case.
    """

    next_hop: TransportAddress
    next_hop_transport: str = "udp"
    peers: frozenset[str] = frozenset()
    trusted: bool = False
    fields: frozenset[str] = frozenset()


class EdgeSettings(Struct, frozen=True, kw_only=True):
    """Times in seconds.

    ``access``, ``core``: where the two sides are, as peers can reach them; UDP and TCP share the port.
    ``places``: all of it, when there is more to say: TLS, wildcards, a NAT; empty: just those two.
    ``next_hop``: where requests of user equipment go, over ``next_hop_transport``.
    ``border``: we stand between two networks, not between user equipment and core (``alg.border``).
    ``mechanisms``: ``mediasec`` tokens that can be announced in Security-Server.
    ``protected_only``: they are negotiated with UEs only whose signalling comes over TLS.
    ``answer_timeout``: how long a call may ring (timer C, RFC 3261 clause 16.6 step 11).
    ``linger``: how long an ended call is remembered when a transaction of it never ends (64*T1 and some).
    ``max_calls``, ``max_registrations``: beyond these, 503.
    ``retry_after``: what a 503 asks the peer to wait.
    """

    access: TransportAddress
    core: TransportAddress
    places: tuple[Place, ...] = ()
    next_hop: TransportAddress
    next_hop_transport: str = "udp"
    border: BorderSettings | None = None
    mechanisms: tuple[str, ...] = MECHANISMS
    protected_only: bool = False
    policy: Policy = Policy()
    planner: PlannerSettings = PlannerSettings()
    answer_timeout: float = 180.0
    linger: float = 35.0
    max_calls: int = 10_000
    max_registrations: int = 100_000
    retry_after: int = 10

    @property
    def all_places(self) -> tuple[Place, ...]:
        """Everywhere that we are."""
        return self.places or (
            Place(Side.ACCESS, self.access, self.access, UDP_AND_TCP),
            Place(Side.CORE, self.core, self.core, UDP_AND_TCP),
        )

    @property
    def announced(self) -> tuple[str, ...]:
        """The mechanisms that are not switched off."""
        securing = self.policy.securing
        return tuple(name for name in self.mechanisms if securing.get(name) is not Securing.NEVER)
