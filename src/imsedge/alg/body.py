"""Session descriptions as the call session sees them: what is anchored, who the peers are, what leaves.

Reading judges every m-line by ``alg.policy`` and its direction by ``alg.directions``; writing turns the
judgement into the plans of ``sdp.transform``.  A description without an anchored or refused line leaves
exactly as it came.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import Struct

from imsedge.alg import nat
from imsedge.alg.directions import Outlook, Steer, offered_on, settle
from imsedge.alg.policy import SERVED, Decision, Facts, Matching, Policy, TlsCollision, Treatment, decide
from imsedge.alg.procedures import Side, TcpMode
from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError, RemoteError
from imsedge.sdp.attributes import (
    EdgeSecurity,
    Setup,
    has_cema,
    read_address,
    read_edge_security,
    read_fingerprints,
    read_setup,
)
from imsedge.sdp.errors import SdpError
from imsedge.sdp.kinds import Classified, MediaKind, Medium, TlsClient, classify
from imsedge.sdp.model import Description, Media
from imsedge.sdp.offer_answer import DISCARD_PORT, Outcome, Pair, asks_new, pair_media
from imsedge.sdp.parser import read_description
from imsedge.sdp.rules import Half, Towards
from imsedge.sdp.rules import Treatment as Rules
from imsedge.sdp.rules.model import Values
from imsedge.sdp.transform import Plan, refuse, transform
from imsedge.sdp.writer import write_description
from imsedge.security.fingerprint import Fingerprint

_TOWARDS = {Side.ACCESS: Towards.ACCESS, Side.CORE: Towards.CORE}

# Who may not be offered a=setup:passive (RFC 6135).
_POLITE = frozenset({Medium.MSRP})

_PASSING = "TCP"


class Peer(NamedTuple):
    """The party at one end of a stream, as its description says."""

    address: TransportAddress
    fingerprints: tuple[Fingerprint, ...] = ()
    tls_id: str = ""

    def is_same(self, other: "Peer | None") -> bool:
        """Port 9 and the port of the connection mean the same place (RFC 4145 clause 4.1)."""
        if other is None or self.address.host != other.address.host:
            return False
        ports = {self.address.port, other.address.port}
        here = len(ports) == 1 or DISCARD_PORT in ports
        # Another certificate or another tls-id is another association (RFC 8842 clause 4).
        return here and (set(self.fingerprints), self.tls_id) == (set(other.fingerprints), other.tls_id)


class Line(Struct, frozen=True, kw_only=True):
    """An anchored m-line, and the H.248 stream that carries it.

    ``rules``: E2AE when TLS ends in the gateway, else nothing but addresses changes.
    ``local``: what the gateway chose.  ``told``: what its terminations know of the peers.  ``said``: what
    each party wrote when that was agreed.
    """

    index: int
    stream: int
    kind: MediaKind
    rules: Rules = Rules.E2AE
    local: dict[Side, TransportAddress] = {}
    fingerprint: Fingerprint | None = None
    told: dict[Side, Peer] = {}
    said: dict[Side, str] = {}

    @property
    def is_secured(self) -> bool:
        """TLS ends in the gateway."""
        return self.rules is Rules.E2AE

    def transport(self, side: Side) -> str:
        """The H.248 transport of this stream on that side; TLS that passes through is TCP to us."""
        if not self.is_secured:
            return _PASSING
        return self.kind.access_transport if side is Side.ACCESS else self.kind.core_transport


class Offer(Struct, frozen=True, kw_only=True):
    """An offer, judged.  ``anchored``: indexes of the lines that go through the gateway.

    ``setups``: ``a=setup`` as offered, ``sent_setups`` as it leaves; ``steers``: what decides between them.
    ``new``: lines without a stream, or whose offerer is not where it was: that is a new connection, and
    gets a new stream.  ``ended``: lines that were anchored and do not go on.
    ``plans``: rules for the lines that do not pass untouched.
    ``refusal``: why nothing of it can be served, else empty.
    """

    offerer: Side
    text: str
    description: Description
    decisions: tuple[Decision, ...]
    plans: dict[int, Rules]
    peers: dict[int, Peer]
    setups: dict[int, Setup]
    sent_setups: dict[int, Setup]
    steers: dict[int, Steer]
    new: dict[int, Line]
    ended: frozenset[int]
    refusal: str

    @property
    def anchored(self) -> frozenset[int]:
        return frozenset(self.peers)

    @property
    def is_ours(self) -> bool:
        """Whether there is anything to do for it."""
        return bool(self.plans or self.ended)


class Answer(Struct, frozen=True, kw_only=True):
    """An answer, brought into the offer's shape.  ``peers``: of the anchored lines that were accepted.

    ``setups``: as answered; ``outlooks``: what follows for the directions; ``steers``: those of the offer,
    with what the answer tells of the UE.
    """

    text: str
    description: Description
    peers: dict[int, Peer]
    setups: dict[int, Setup]
    outlooks: dict[int, Outlook]
    steers: dict[int, Steer]


def read_offer(
    text: str,
    offerer: Side,
    policy: Policy,
    announced: frozenset[str],
    lines: Mapping[int, Line],
    next_stream: int = 1,
    place: nat.Whereabouts = nat.UNKNOWN,
) -> Offer:
    """Judge an offer; ``RemoteError`` when it cannot be read.  New lines count from ``next_stream``.

    ``place``: where the UE of the call is, as far as its signalling tells.
    """
    description = read_description(text)
    media = description.media
    kinds = [classify(section) for section in media]
    cases = [
        _Case(offerer, policy, announced, place, description, section, kind, lines.get(index))
        for index, (section, kind) in enumerate(zip(media, kinds, strict=True))
    ]
    judged = tuple(_judge(case) for case in cases)
    anchored = {i: _RULES[judged[i].treatment](kinds[i]) for i in range(len(media)) if judged[i].is_anchored}
    refused = [index for index, decision in enumerate(judged) if decision.treatment is Treatment.REFUSE]
    ended = frozenset(lines) - anchored.keys()
    over = {index: lines[index].rules for index in ended if index < len(media)}
    plans = anchored | over | {index: _refusal_rules(kinds[index], offerer) for index in refused}
    peers = {index: _peer(description, media[index], offerer, rules) for index, rules in anchored.items()}
    setups = {index: _offered_setup(description, media[index], kinds[index], offerer) for index in anchored}
    steers = {index: cases[index].steer(judged[index]) for index in anchored}
    # Who says the same again asks for nothing, not even with a=connection:new (RFC 3264 clause 8).
    asked = {
        i
        for i in anchored.keys() & lines.keys()
        if lines[i].said.get(offerer) != text and asks_new(description, media[i])
    }
    new = [i for i in anchored if i in asked or _is_new(lines.get(i), anchored[i], peers[i], offerer)]
    alive = any(section.port != "0" and index not in refused for index, section in enumerate(media))
    return Offer(
        offerer=offerer,
        text=text,
        description=description,
        decisions=judged,
        plans=plans,
        peers=peers,
        setups=setups,
        sent_setups={index: offered_on(setups[index], steers[index]) for index in anchored},
        steers=steers,
        new={
            index: Line(index=index, stream=number, kind=kinds[index].kind, rules=anchored[index])
            for number, index in enumerate(new, start=next_stream)
        },
        ended=ended,
        refusal=judged[refused[0]].reason if refused and not alive else "",
    )


def _is_new(line: Line | None, rules: Rules, peer: Peer, offerer: Side) -> bool:
    return line is None or line.rules is not rules or not peer.is_same(line.told.get(offerer))


def sent_offer(offer: Offer, lines: Mapping[int, Line]) -> Description:
    """The offer as it leaves on the other side, once the gateway has chosen its addresses."""
    changed = {i for i, s in offer.sent_setups.items() if s is not offer.setups[i]}
    plans = _plans(offer, offer.anchored, offer.offerer.other, lines, offer.sent_setups, changed)
    return transform(offer.description, plans, _TOWARDS[offer.offerer.other], Half.OFFER).description


def read_answer(
    text: str, offer: Offer, sent: Description, policy: Policy, place: nat.Whereabouts = nat.UNKNOWN
) -> Answer:
    """Judge the answer to ``offer``, which left as ``sent``; ``RemoteError`` 488 when it cannot be served."""
    description = read_description(text)
    pairs = pair_media(sent, description)
    answerer = offer.offerer.other
    answer = Answer(
        text=text,
        description=Description(description.lines, tuple(_shaped(pair) for pair in pairs)),
        peers={},
        setups={},
        outlooks={},
        steers={},
    )
    for index in sorted(offer.anchored):
        media = pairs[index].answer
        if pairs[index].outcome is Outcome.PROTO_CHANGED:
            raise SdpError(488, "answer changes the transport protocol of an anchored stream")
        if media is None or media.port == "0":
            continue
        peer = answer.peers[index] = _peer(description, media, answerer, offer.plans[index])
        steer = offer.steers[index]
        if answerer is Side.ACCESS and nat.is_behind_nat(policy.nat, place, peer.address.host):
            steer = steer._replace(natted=True)
        setup = answer.setups[index] = _answered_setup(description, media, offer, index)
        answer.steers[index] = steer
        answer.outlooks[index] = settle(offer.setups[index], offer.sent_setups[index], setup, steer)
    return answer


def write_answer(answer: Answer, offer: Offer, lines: Mapping[int, Line]) -> str:
    """What the offerer gets."""
    told = {index: outlook.told for index, outlook in answer.outlooks.items()}
    changed = {index for index, setup in told.items() if setup is not answer.setups[index]}
    plans = _plans(offer, frozenset(answer.peers), offer.offerer, lines, told, changed)
    return write_description(
        transform(answer.description, plans, _TOWARDS[offer.offerer], Half.ANSWER).description
    )


_RULES: dict[Treatment, Callable[[Classified], Rules]] = {
    Treatment.E2AE: lambda _: Rules.E2AE,
    Treatment.ANCHOR: lambda kind: Rules.E2E if kind.secure else Rules.PLAIN,
}


class _Case(NamedTuple):
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

    def steer(self, decision: Decision) -> Steer:
        """How the direction of a line is found that was judged like that."""
        plain = decision.treatment is Treatment.ANCHOR
        return Steer(
            self.offerer,
            natted=self.natted,
            mode=self.policy.tcp_mode if plain else TcpMode.PROXY,
            collides=plain and self.collides,
            polite=self.kind.medium in _POLITE,
        )

    @property
    def collides(self) -> bool:
        return self.kind.secure and self.kind.kind.tls_client is TlsClient.OPENER

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
            requested=read_edge_security(media) is EdgeSecurity.REQUESTED,
            fingerprint=bool(_fingerprints(self.description, media)),
            announced=kind.kind.mechanism in self.announced,
            matched=kind.medium is not Medium.MSRP
            or has_cema(media)
            or policy.matching is Matching.SESSMATCH,
            usable=usable,
            anchored=self.is_secured,
            anchor=policy.anchors(kind.medium, natted=self.natted),
            carried=self.line is not None and not self.is_secured,
            collision=hopeless and policy.tls_collision is TlsCollision.REFUSE,
        )


def _judge(case: _Case) -> Decision:
    if case.media.port == "0":
        return Decision(Treatment.UNTOUCHED, "not in use")
    return decide(case.facts)


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


def _refusal_rules(kind: Classified, offerer: Side) -> Rules:
    """A refused line still leaves with the transport of the other side, when it has one."""
    ours = kind.medium in SERVED and kind.secure is (offerer is Side.ACCESS)
    return Rules.E2AE if ours else Rules.PLAIN


def _peer(description: Description, media: Media, side: Side, rules: Rules) -> Peer:
    address = read_address(description, media)
    if address is None:
        raise SdpError(488, "anchored stream without an address")
    secured = side is Side.ACCESS and rules is Rules.E2AE
    fingerprints = read_fingerprints(description, media) if secured else ()
    if secured and not fingerprints:
        raise SdpError(488, "secured stream without a certificate fingerprint")
    return Peer(address, fingerprints, (media.attribute("tls-id") or "") if secured else "")


def _plans(
    offer: Offer,
    live: frozenset[int],
    side: Side,
    lines: Mapping[int, Line],
    setups: Mapping[int, Setup],
    changed: set[int],
) -> dict[int, Plan]:
    """``live`` lines move to the gateway's address on ``side``; all others that are ours are refused.

    ``setups``: what ``a=setup`` says there, and where it has ``changed``.
    """
    plans: dict[int, Plan] = {}
    for index, rules in offer.plans.items():
        plans[index] = Plan(treatment=rules, address=None)
        line = lines.get(index) if index in live else None
        if line is None:
            continue
        if side not in line.local:
            raise LocalError("the gateway has not chosen an address yet")
        setup = setups[index].value
        values = Values(fingerprint=line.fingerprint, setup=setup)
        turned = setup if index in changed and not line.kind.datagram else None  # there the rules write it
        plans[index] = Plan(treatment=rules, address=line.local[side], values=values, setup=turned)
    return plans


def _offered_setup(description: Description, media: Media, kind: Classified, offerer: Side) -> Setup:
    """In clear datagrams have no setup: any role of the UE's DTLS will do."""
    if kind.kind.datagram and offerer is Side.CORE:
        return Setup.ACTPASS
    return read_setup(description, media) or Setup.ACTIVE


def _answered_setup(description: Description, media: Media, offer: Offer, index: int) -> Setup:
    """Of clear datagrams: we choose to be the DTLS client where the UE leaves that to us."""
    if offer.offerer is Side.ACCESS and classify(media).kind.datagram:
        return Setup.PASSIVE if offer.sent_setups[index] is Setup.ACTIVE else Setup.ACTIVE
    return read_setup(description, media) or Setup.PASSIVE


def _shaped(pair: Pair) -> Media:
    return pair.answer if pair.answer is not None else refuse(pair.offer)
