"""Offers as the call session sees them: what is anchored, who the offerer is, what leaves.

Every m-line is judged by ``alg.policy`` (``alg.cases`` has the facts), its direction by ``alg.directions``;
the judgement becomes the plans of ``sdp.transform``.  A description without an anchored or refused line
leaves exactly as it came.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from imsedge.alg import nat
from imsedge.alg.cases import Case
from imsedge.alg.directions import Steer, offered_on
from imsedge.alg.lines import Line, Peer, read_peer
from imsedge.alg.policy import SERVED, Decision, Policy, Treatment
from imsedge.alg.procedures import Side
from imsedge.core.errors import LocalError
from imsedge.sdp.attributes import Setup, read_setup
from imsedge.sdp.kinds import Classified, classify
from imsedge.sdp.model import Description, Media
from imsedge.sdp.offer_answer import asks_new
from imsedge.sdp.parser import read_description
from imsedge.sdp.rules import Half, Towards
from imsedge.sdp.rules import Treatment as Rules
from imsedge.sdp.rules.model import Values
from imsedge.sdp.transform import Plan, transform

TOWARDS = {Side.ACCESS: Towards.ACCESS, Side.CORE: Towards.CORE}
"""Where what leaves on a side goes."""

_RULES: dict[Treatment, Callable[[Classified], Rules]] = {
    Treatment.E2AE: lambda _: Rules.E2AE,
    Treatment.ANCHOR: lambda kind: Rules.E2E if kind.secure else Rules.PLAIN,
}


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
        Case(offerer, policy, announced, place, description, section, kind, lines.get(index))
        for index, (section, kind) in enumerate(zip(media, kinds, strict=True))
    ]
    judged = tuple(case.judge() for case in cases)
    anchored = {i: _RULES[judged[i].treatment](kinds[i]) for i in range(len(media)) if judged[i].is_anchored}
    refused = [index for index, decision in enumerate(judged) if decision.treatment is Treatment.REFUSE]
    ended = frozenset(lines) - anchored.keys()
    over = {index: lines[index].rules for index in ended if index < len(media)}
    plans = anchored | over | {index: _refusal_rules(kinds[index], offerer) for index in refused}
    peers = {index: read_peer(description, media[index], offerer, rules) for index, rules in anchored.items()}
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
    plans = plans_of(offer, offer.anchored, offer.offerer.other, lines, offer.sent_setups, changed)
    return transform(offer.description, plans, TOWARDS[offer.offerer.other], Half.OFFER).description


def _refusal_rules(kind: Classified, offerer: Side) -> Rules:
    """A refused line still leaves with the transport of the other side, when it has one."""
    ours = kind.medium in SERVED and kind.secure is (offerer is Side.ACCESS)
    return Rules.E2AE if ours else Rules.PLAIN


def _offered_setup(description: Description, media: Media, kind: Classified, offerer: Side) -> Setup:
    """In clear datagrams have no setup: any role of the UE's DTLS will do."""
    if kind.kind.datagram and offerer is Side.CORE:
        return Setup.ACTPASS
    return read_setup(description, media) or Setup.ACTIVE


def plans_of(
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
