"""Offers as the call session sees them: what is anchored, who the offerer is, what leaves.

Every m-line is judged by ``alg.policy`` (``alg.cases`` has the facts), its direction by ``alg.directions``;
the judgement becomes the plans of ``sdp.transform``.  A description without an anchored or refused line
leaves exactly as it came.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from imsedge.alg import nat
from imsedge.alg.cases import Case
from imsedge.alg.directions import Steer, offered_on
from imsedge.alg.lines import Line, Peer, read_peer
from imsedge.alg.paths import Paths, Routing, written
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
from imsedge.sdp.transform import Plan, Transformed, transform

TOWARDS = {Side.ACCESS: Towards.ACCESS, Side.CORE: Towards.CORE}
"""Where what leaves on a side goes."""

TLS_ID_OCTETS = 20
"""Of randomness in an ``a=tls-id``; RFC 8842 clause 4 wants 15 at least."""

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
    routings: tuple[Routing, ...]
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
    judged = [case.judge() for case in cases]
    decisions = tuple(decision for decision, _ in judged)
    fresh = {i: _line(i, kinds[i], *judged[i]) for i in range(len(media)) if decisions[i].is_anchored}
    refused = [index for index, decision in enumerate(decisions) if decision.treatment is Treatment.REFUSE]
    ended = frozenset(lines) - fresh.keys()
    over = {index: lines[index].rules for index in ended if index < len(media)}
    going = {index: line.rules for index, line in fresh.items()}
    peers = {
        i: read_peer(description, media[i], offerer, line.rules, line.paths) for i, line in fresh.items()
    }
    setups = {
        i: _offered_setup(description, media[i], kinds[i], offerer, is_secured=line.is_secured)
        for i, line in fresh.items()
    }
    steers = {index: cases[index].steer(judged[index]) for index in fresh}
    asked = _asked(text, description, offerer, lines)
    new = [i for i, line in fresh.items() if i in asked or _is_new(lines.get(i), line, peers[i], offerer)]
    alive = any(section.port != "0" and index not in refused for index, section in enumerate(media))
    return Offer(
        offerer=offerer,
        text=text,
        description=description,
        decisions=decisions,
        routings=tuple(routing for _, routing in judged),
        plans=going | over | {index: _refusal_rules(kinds[index], offerer) for index in refused},
        peers=peers,
        setups=setups,
        sent_setups={index: offered_on(setups[index], steers[index]) for index in fresh},
        steers=steers,
        new={index: replace(fresh[index], stream=n) for n, index in enumerate(new, start=next_stream)},
        ended=ended,
        refusal=decisions[refused[0]].reason if refused and not alive else "",
    )


def _line(index: int, kind: Classified, decision: Decision, routing: Routing) -> Line:
    """An anchored line as it would be without a past."""
    rules = _RULES[decision.treatment](kind)
    return Line(index=index, stream=0, kind=kind.kind, rules=rules, paths=routing.paths)


def _asked(text: str, description: Description, offerer: Side, lines: Mapping[int, Line]) -> frozenset[int]:
    """Lines that are to have a new connection, by ``a=connection:new``, or because the old one was closed.

    MSRP parties cannot ask otherwise than by an offer (RFC 4975 clause 5.4, RFC 6135 clause 4.3).  Who says
    the same again asks for nothing, not even with that (RFC 3264 clause 8).
    """
    media = description.media
    return frozenset(
        index
        for index, line in lines.items()
        if index < len(media)
        and line.said.get(offerer) != text
        and (line.closed or asks_new(description, media[index]))
    )


def _is_new(line: Line | None, fresh: Line, peer: Peer, offerer: Side) -> bool:
    """Whether what an m-line needs is not what it has."""
    return line is None or not line.does_for(fresh) or not peer.is_same(line.told.get(offerer))


def write_offer(offer: Offer, lines: Mapping[int, Line]) -> Transformed:
    """The offer as it leaves on the other side, once the gateway has chosen its addresses."""
    changed = {i for i, s in offer.sent_setups.items() if s is not offer.setups[i]}
    side = offer.offerer.other
    live = {index: offer.description.media[index] for index in offer.anchored}
    plans = plans_of(offer, live, side, lines, offer.sent_setups, changed)
    return transform(offer.description, plans, TOWARDS[side], Half.OFFER)


def _refusal_rules(kind: Classified, offerer: Side) -> Rules:
    """A refused line still leaves with the transport of the other side, when it has one."""
    ours = kind.medium in SERVED and kind.secure is (offerer is Side.ACCESS)
    return Rules.E2AE if ours else Rules.PLAIN


def _offered_setup(
    description: Description, media: Media, kind: Classified, offerer: Side, *, is_secured: bool
) -> Setup:
    """In clear datagrams have no setup: any role of the UE's DTLS will do.

    DTLS that passes through has one that is none of our business.
    """
    if kind.kind.datagram and (offerer is Side.CORE or not is_secured):
        return Setup.ACTPASS
    return read_setup(description, media) or Setup.ACTIVE


def offers_tls_id(line: Line, offer: Offer) -> bool:
    """Whether the access leg of a new line has a tls-id of ours (RFC 8842 clauses 4 and 5.3).

    In every offer of DTLS to a UE, and in the answer to a UE that offered one, whatever its medium.
    """
    if not line.is_secured:
        return False
    if offer.offerer is Side.ACCESS:
        return bool(offer.peers[line.index].tls_id)
    return line.kind.datagram


def plans_of(
    offer: Offer,
    live: Mapping[int, Media],
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
        values = Values(fingerprint=line.fingerprint, setup=setup, tls_id=line.tls_id or None)
        turned = setup if index in changed and not line.kind.datagram else None  # there the rules write it
        plans[index] = Plan(
            treatment=rules,
            address=line.local[side],
            values=values,
            setup=turned,
            path=_path(line, live[index], side),
        )
    return plans


def _path(line: Line, media: Media, side: Side) -> str | None:
    """``a=path`` of ``media`` as it leaves on ``side``; ``None``: unchanged."""
    if line.paths is Paths.FOLLOWING:
        secure = side is Side.ACCESS if line.is_secured else classify(media).secure
        return written(media, line.local[side], secure=secure)
    return line.own_paths[side] if line.is_aware else None
