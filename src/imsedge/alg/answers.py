"""Answers as the call session sees them: which lines were accepted, what the offerer is told."""

from collections.abc import Mapping

from msgspec import Struct

from imsedge.alg import nat
from imsedge.alg.directions import Outlook, Steer, settle
from imsedge.alg.lines import Line, Peer, read_peer
from imsedge.alg.offers import TOWARDS, Offer, plans_of
from imsedge.alg.policy import Policy
from imsedge.alg.procedures import Side
from imsedge.sdp.attributes import Setup, read_setup
from imsedge.sdp.errors import SdpError
from imsedge.sdp.kinds import classify
from imsedge.sdp.model import Description, Media
from imsedge.sdp.offer_answer import Outcome, Pair, asks_new, pair_media
from imsedge.sdp.parser import read_description
from imsedge.sdp.rules import Half
from imsedge.sdp.rules import Treatment as Rules
from imsedge.sdp.transform import refuse, transform
from imsedge.sdp.writer import write_description


class Answer(Struct, frozen=True, kw_only=True):
    """An answer, brought into the offer's shape.  ``peers``: of the anchored lines that were accepted.

    ``renewed``: those that go on, but on another connection, by ``a=connection:new`` (RFC 4145 clause 5.1).
    ``setups``: as answered; ``outlooks``: what follows for the directions; ``steers``: those of the offer,
    with what the answer tells of the UE.
    """

    text: str
    description: Description
    peers: dict[int, Peer]
    setups: dict[int, Setup]
    outlooks: dict[int, Outlook]
    steers: dict[int, Steer]
    renewed: set[int]


def read_answer(
    text: str,
    offer: Offer,
    sent: Description,
    policy: Policy,
    lines: Mapping[int, Line],
    place: nat.Whereabouts = nat.UNKNOWN,
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
        renewed=set(),
    )
    for index in sorted(offer.anchored):
        media = pairs[index].answer
        if pairs[index].outcome is Outcome.PROTO_CHANGED:
            raise SdpError(488, "answer changes the transport protocol of an anchored stream")
        if media is None or media.port == "0":
            continue
        paths = offer.routings[index].paths
        peer = answer.peers[index] = read_peer(description, media, answerer, offer.plans[index], paths)
        steer = offer.steers[index]
        if answerer is Side.ACCESS and nat.is_behind_nat(policy.nat, place, peer.address.host):
            steer = steer._replace(natted=True)
        setup = answer.setups[index] = _answered_setup(description, media, offer, index)
        answer.steers[index] = steer
        answer.outlooks[index] = settle(offer.setups[index], offer.sent_setups[index], setup, steer)
        if index not in offer.new and _is_renewed(answer, lines[index], answerer, media):
            answer.renewed.add(index)
    return answer


def _is_renewed(answer: Answer, line: Line, answerer: Side, media: Media) -> bool:
    """Asked for, or needed: where TLS passes through, both legs are of one association."""
    asked = line.said.get(answerer) != answer.text and asks_new(answer.description, media)
    passing = line.rules is Rules.E2E and not answer.peers[line.index].is_same(line.told.get(answerer))
    return asked or passing


def write_answer(answer: Answer, offer: Offer, lines: Mapping[int, Line]) -> str:
    """What the offerer gets."""
    told = {index: outlook.told for index, outlook in answer.outlooks.items()}
    changed = {index for index, setup in told.items() if setup is not answer.setups[index]}
    live = {index: answer.description.media[index] for index in answer.peers}
    plans = plans_of(offer, live, offer.offerer, lines, told, changed)
    return write_description(
        transform(answer.description, plans, TOWARDS[offer.offerer], Half.ANSWER).description
    )


def _answered_setup(description: Description, media: Media, offer: Offer, index: int) -> Setup:
    """Of clear datagrams: we choose to be the DTLS client where the UE leaves that to us.

    Of datagrams that pass through, one that fits.
    """
    passing = offer.plans[index] is not Rules.E2AE
    if classify(media).kind.datagram and (offer.offerer is Side.ACCESS or passing):
        return Setup.PASSIVE if offer.sent_setups[index] is Setup.ACTIVE else Setup.ACTIVE
    return read_setup(description, media) or Setup.PASSIVE


def _shaped(pair: Pair) -> Media:
    return pair.answer if pair.answer is not None else refuse(pair.offer)
