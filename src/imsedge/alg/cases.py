"""One offered m-line before its judge: the facts of it that ``alg.policy`` and ``alg.directions`` count."""

from typing import NamedTuple

from msgspec.structs import replace

from imsedge.alg import nat
from imsedge.alg.directions import Steer
from imsedge.alg.lines import Line
from imsedge.alg.paths import Paths, Routing, route
from imsedge.alg.policy import (
    SERVED,
    Decision,
    Facts,
    Policy,
    Profile,
    TlsCollision,
    Treatment,
    decide,
    secured,
)
from imsedge.alg.procedures import Side, TcpMode
from imsedge.alg.rtp import is_rtp
from imsedge.core.errors import RemoteError
from imsedge.sdp.attributes import (
    EdgeSecurity,
    Setup,
    read_address,
    read_edge_security,
    read_fingerprints,
    read_setup,
)
from imsedge.sdp.kinds import Classified, Medium, TlsClient
from imsedge.sdp.model import Description, Media
from imsedge.security.fingerprint import Fingerprint

# Who may not be offered a=setup:passive (RFC 6135).
_POLITE = frozenset({Medium.MSRP})


class Judgement(NamedTuple):
    """What happens to an m-line, and to the MSRP path in it."""

    decision: Decision
    routing: Routing


class Case(NamedTuple):
    """One offered m-line; ``line``: what it is up to now."""

    offerer: Side
    policy: Policy
    announced: frozenset[str]
    place: nat.Whereabouts
    description: Description
    media: Media
    kind: Classified
    line: Line | None

    @property
    def is_secured(self) -> bool:
        return self.line is not None and self.line.is_secured

    @property
    def natted(self) -> bool:
        own = self.offerer is Side.ACCESS and _usable(self.description, self.media)
        address = read_address(self.description, self.media) if own else None
        return nat.is_behind_nat(self.policy.nat, self.place, address.host if address else None)

    def steer(self, judged: Judgement) -> Steer:
        """How the direction of a line is found that was judged like that."""
        plain = judged.decision.treatment is Treatment.ANCHOR
        mode = self.policy.tcp_mode if plain else TcpMode.PROXY
        if self.kind.kind.datagram or (judged.routing.paths is Paths.REWRITTEN and mode is TcpMode.RELAY):
            mode = TcpMode.PROXY  # datagrams have no mode; the kernel does not rewrite payload
        return Steer(
            self.offerer,
            natted=self.natted,
            mode=mode,
            collides=plain and self.collides,
            polite=self.kind.medium in _POLITE,
        )

    @property
    def collides(self) -> bool:
        """Of DTLS the roles are fixed by ``a=setup`` alone, which passes as it is."""
        kind = self.kind.kind
        return self.kind.secure and kind.tls_client is TlsClient.OPENER and not kind.datagram

    @property
    def facts(self) -> Facts:
        media, kind, policy = self.media, self.kind, self.policy
        usable = _usable(self.description, media)
        setup = (read_setup(self.description, media) or Setup.ACTIVE) if usable else Setup.HOLDCONN
        hopeless = Steer(self.offerer, natted=self.natted, collides=self.collides).is_hopeless(setup)
        return Facts(
            offerer=self.offerer,
            served=kind.medium in SERVED,
            securing=policy.securing_of(kind.kind),
            tls=kind.secure,
            requested=policy.profile is Profile.IQ and read_edge_security(media) is EdgeSecurity.REQUESTED,
            fingerprint=bool(_fingerprints(self.description, media)),
            announced=kind.kind.mechanism in self.announced,
            usable=usable,
            anchored=self.is_secured,
            profile=policy.profile,
            proxied=policy.rtp_proxy and is_rtp(media),
            anchor=policy.anchors(kind.medium, natted=self.natted),
            carried=self.line is not None and not self.is_secured,
            collision=hopeless and policy.tls_collision is TlsCollision.REFUSE,
        )

    def judge(self) -> Judgement:
        """What happens to it."""
        if self.media.port == "0":
            return Judgement(Decision(Treatment.UNTOUCHED, "not in use"), Routing(Paths.NONE))
        facts = self.facts
        before = self.line.paths if self.line is not None else Paths.NONE
        routing = route(self.policy, self.media, before, visible=not facts.tls or secured(facts))
        return Judgement(decide(replace(facts, matched=routing.paths is not Paths.STUCK)), routing)


def _fingerprints(description: Description, media: Media) -> tuple[Fingerprint, ...]:
    try:
        return read_fingerprints(description, media)
    except RemoteError:
        return ()


def _usable(description: Description, media: Media) -> bool:
    try:
        setup, address = read_setup(description, media), read_address(description, media)
    except RemoteError:
        return False
    return setup is not Setup.HOLDCONN and address is not None
