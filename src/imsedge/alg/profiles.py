"""When which side of the gateway is asked for, and with what: Iq, and Ix at the border of two networks.

============  ==========================================  =============================================
              Iq (TS 23.334 clause 6.2, TR 29.828)        Ix (TS 29.162, basic call)
============  ==========================================  =============================================
offer         Reserve, then Reserve And Configure:        Reserve on the side where the offer leaves
              both sides
answer        Configure the side that answered,           Configure the side that answered, then Reserve
              then the other one                          And Configure the other one
security      TLS ends here, or passes                    TLS passes
============  ==========================================  =============================================

So on Ix nothing is held for a caller whose call nobody answers, and its termination is told at once all that
there is to say: both parties are known by then.
"""

from msgspec.structs import replace

from imsedge.alg.answers import Answer
from imsedge.alg.lines import Line
from imsedge.alg.offers import Offer
from imsedge.alg.policy import Policy, Profile
from imsedge.alg.procedures import Side, StreamRequest
from imsedge.alg.requests import Turn, configuration, reservation
from imsedge.core.address import TransportAddress

_NONE_YET = TransportAddress("0.0.0.0", 0)  # noqa: S104 - never bound, never written


def sides_reserved(profile: Profile, offer: Offer) -> tuple[Side, ...]:
    """On an offer, in this order.

    The figures for Iq differ: with a secured line the answerer's side comes first, else the offerer's.
    """
    if profile is Profile.IX:
        return (offer.offerer.other,)
    secured = any(line.is_secured for line in offer.new.values())
    return (offer.offerer.other, offer.offerer) if secured else (offer.offerer, offer.offerer.other)


def request_on_answer(
    policy: Policy, offer: Offer, answer: Answer, line: Line, side: Side, turn: Turn
) -> StreamRequest | None:
    """What a side is told when the answer has come; ``None`` when there is nothing new for it."""
    if side in line.local:
        return configuration(policy, offer, answer, line, side, turn)
    asked = reservation(policy, offer, line, side)
    known = configuration(
        policy, offer, answer, replace(line, local={**line.local, side: _NONE_YET}), side, turn
    )
    if known is None:
        return asked
    return replace(
        known,
        transport=asked.transport,
        local_address_request=True,
        local=None,
        ipv6=asked.ipv6,
        path_request=asked.path_request,
        setup=known.setup or asked.setup,
        traffic=asked.traffic,
        notify_tcp_failure=known.notify_tcp_failure or asked.notify_tcp_failure,
        inactivity=known.inactivity or asked.inactivity,
        through_connection=asked.through_connection,
    )
