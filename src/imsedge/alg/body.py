"""Session descriptions as the call session sees them: what is secured, who the peers are, what leaves.

Reading judges every m-line by ``alg.policy``; writing turns the judgement into the plans of
``sdp.transform``.  A description without a secured or refused line leaves exactly as it came.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from imsedge.alg.policy import SERVED, Decision, Facts, Matching, Policy, Treatment, decide
from imsedge.alg.procedures import Side
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
from imsedge.sdp.kinds import Classified, MediaKind, classify
from imsedge.sdp.model import Description, Media
from imsedge.sdp.offer_answer import DISCARD_PORT, Opener, Outcome, Pair, pair_media, who_opens
from imsedge.sdp.parser import read_description
from imsedge.sdp.rules import Half, Towards
from imsedge.sdp.rules import Treatment as Rules
from imsedge.sdp.rules.model import Values
from imsedge.sdp.transform import Plan, refuse, transform
from imsedge.sdp.writer import write_description
from imsedge.security.fingerprint import Fingerprint

_TOWARDS = {Side.ACCESS: Towards.ACCESS, Side.CORE: Towards.CORE}


class Peer(NamedTuple):
    """The party at one end of a stream, as its description says."""

    address: TransportAddress
    fingerprints: tuple[Fingerprint, ...] = ()

    def is_same(self, other: "Peer | None") -> bool:
        """Port 9 and the port of the connection mean the same place (RFC 4145 clause 4.1)."""
        if other is None or self.address.host != other.address.host:
            return False
        ports = {self.address.port, other.address.port}
        return (len(ports) == 1 or DISCARD_PORT in ports) and set(self.fingerprints) == set(
            other.fingerprints
        )


class Line(Struct, frozen=True, kw_only=True):
    """A secured m-line, and the H.248 stream that carries it.

    ``local``: what the gateway chose.  ``told``: what its terminations know of the peers.
    """

    index: int
    stream: int
    kind: MediaKind
    local: dict[Side, TransportAddress] = {}
    fingerprint: Fingerprint | None = None
    told: dict[Side, Peer] = {}

    def transport(self, side: Side) -> str:
        """The H.248 transport of this stream on that side."""
        return self.kind.access_transport if side is Side.ACCESS else self.kind.core_transport


class Offer(Struct, frozen=True, kw_only=True):
    """An offer, judged.  ``secured``: indexes of the lines that are e2ae.

    ``new``: lines without a stream, or whose offerer is not where it was: that is a new connection, and
    gets a new stream.  ``ended``: lines that were secured and do not go on.
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
    new: dict[int, Line]
    ended: frozenset[int]
    refusal: str

    @property
    def secured(self) -> frozenset[int]:
        return frozenset(self.peers)

    @property
    def is_ours(self) -> bool:
        """Whether there is anything to do for it."""
        return bool(self.plans or self.ended)


class Answer(Struct, frozen=True, kw_only=True):
    """An answer, brought into the offer's shape.  ``peers``: of the secured lines that were accepted."""

    text: str
    description: Description
    peers: dict[int, Peer]
    setups: dict[int, Setup]
    openers: dict[int, Opener]

    def gateway_is_active(self, index: int, offerer: Side) -> bool:
        """Whether the gateway opens TCP, and with it TLS, towards the UE: it plays the party opposite.

        The TCP-active party is the TLS client (RFC 6135 clause 6, RFC 8122 clause 6.2).
        """
        by_core = Opener.OFFERER if offerer is Side.CORE else Opener.ANSWERER
        return self.openers[index] is by_core


def read_offer(
    text: str,
    offerer: Side,
    policy: Policy,
    announced: frozenset[str],
    lines: Mapping[int, Line],
    next_stream: int = 1,
) -> Offer:
    """Judge an offer; ``RemoteError`` when it cannot be read.  New lines count from ``next_stream``."""
    description = read_description(text)
    media = description.media
    kinds = [classify(section) for section in media]
    judged = tuple(
        _judge(description, section, kind, _Case(offerer, policy, announced, index in lines))
        for index, (section, kind) in enumerate(zip(media, kinds, strict=True))
    )
    secured = [index for index, decision in enumerate(judged) if decision.treatment is Treatment.E2AE]
    refused = [index for index, decision in enumerate(judged) if decision.treatment is Treatment.REFUSE]
    ended = frozenset(lines) - frozenset(secured)
    plans = dict.fromkeys((*secured, *(index for index in ended if index < len(media))), Rules.E2AE)
    plans |= {index: _refusal_rules(kinds[index], offerer) for index in refused}
    peers = {index: _peer(description, media[index], offerer) for index in secured}
    new = [i for i, peer in peers.items() if i not in lines or not peer.is_same(lines[i].told.get(offerer))]
    alive = any(section.port != "0" and index not in refused for index, section in enumerate(media))
    return Offer(
        offerer=offerer,
        text=text,
        description=description,
        decisions=judged,
        plans=plans,
        peers=peers,
        setups={index: read_setup(description, media[index]) or Setup.ACTIVE for index in secured},
        new={
            index: Line(index=index, stream=number, kind=kinds[index].kind)
            for number, index in enumerate(new, start=next_stream)
        },
        ended=ended,
        refusal=judged[refused[0]].reason if refused and not alive else "",
    )


def sent_offer(offer: Offer, lines: Mapping[int, Line]) -> Description:
    """The offer as it leaves on the other side, once the gateway has chosen its addresses."""
    plans = _plans(offer, offer.secured, offer.offerer.other, lines)
    return transform(offer.description, plans, _TOWARDS[offer.offerer.other], Half.OFFER).description


def read_answer(text: str, offer: Offer, sent: Description) -> Answer:
    """Judge the answer to ``offer``, which left as ``sent``; ``RemoteError`` 488 when it cannot be served."""
    description = read_description(text)
    pairs = pair_media(sent, description)
    answerer = offer.offerer.other
    peers: dict[int, Peer] = {}
    setups: dict[int, Setup] = {}
    openers: dict[int, Opener] = {}
    for index in sorted(offer.secured):
        media = pairs[index].answer
        if pairs[index].outcome is Outcome.PROTO_CHANGED:
            raise SdpError(488, "answer changes the transport protocol of a secured stream")
        if media is None or media.port == "0":
            continue
        peers[index] = _peer(description, media, answerer)
        answered = read_setup(description, media)
        openers[index] = who_opens(offer.setups[index], answered)
        if openers[index] is Opener.NOBODY:
            raise SdpError(488, "a=setup:holdconn cannot be served")
        setups[index] = answered or Setup.PASSIVE
    shaped = Description(description.lines, tuple(_shaped(pair) for pair in pairs))
    return Answer(text=text, description=shaped, peers=peers, setups=setups, openers=openers)


def write_answer(answer: Answer, offer: Offer, lines: Mapping[int, Line]) -> str:
    """What the offerer gets."""
    plans = _plans(offer, frozenset(answer.peers), offer.offerer, lines)
    return write_description(
        transform(answer.description, plans, _TOWARDS[offer.offerer], Half.ANSWER).description
    )


class _Case(NamedTuple):
    offerer: Side
    policy: Policy
    announced: frozenset[str]
    anchored: bool


def _judge(description: Description, media: Media, kind: Classified, case: _Case) -> Decision:
    if media.port == "0":
        return Decision(Treatment.UNTOUCHED, "not in use")
    securing = case.policy.securing_of(kind.kind)
    return decide(
        Facts(
            offerer=case.offerer,
            served=kind.medium in SERVED,
            securing=securing,
            tls=kind.secure,
            requested=read_edge_security(media) is EdgeSecurity.REQUESTED,
            fingerprint=bool(_fingerprints(description, media)),
            announced=kind.kind.mechanism in case.announced,
            matched=has_cema(media) or case.policy.matching is Matching.SESSMATCH,
            usable=_usable(description, media),
            anchored=case.anchored,
        )
    )


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


def _peer(description: Description, media: Media, side: Side) -> Peer:
    address = read_address(description, media)
    if address is None:
        raise SdpError(488, "secured stream without an address")
    fingerprints = read_fingerprints(description, media) if side is Side.ACCESS else ()
    if side is Side.ACCESS and not fingerprints:
        raise SdpError(488, "secured stream without a certificate fingerprint")
    return Peer(address, fingerprints)


def _plans(offer: Offer, live: frozenset[int], side: Side, lines: Mapping[int, Line]) -> dict[int, Plan]:
    """``live`` lines move to the gateway's address on ``side``; all others that are ours are refused."""
    plans: dict[int, Plan] = {}
    for index, rules in offer.plans.items():
        line = lines.get(index) if index in live else None
        if line is not None and side not in line.local:
            raise LocalError("the gateway has not chosen an address yet")
        address = line.local[side] if line is not None else None
        values = Values(fingerprint=line.fingerprint if line is not None else None)
        plans[index] = Plan(treatment=rules, address=address, values=values)
    return plans


def _shaped(pair: Pair) -> Media:
    return pair.answer if pair.answer is not None else refuse(pair.offer)
