"""Information elements of one stream, from what was offered and answered (TS 23.334 clause 8.2 to 8.4).

The figures of TR 29.828 clause 5.2.1.2 say which of them stand at which arrow; ``alg.session`` has the table.
"""

from msgspec.structs import replace

from imsedge.alg.body import Answer, Line, Offer
from imsedge.alg.policy import Policy
from imsedge.alg.procedures import Side, StreamMode, StreamRequest, TcpMode
from imsedge.sdp.attributes import Setup

# What the gateway is towards the offerer, whose part it plays towards the answerer (RFC 4145 clause 4.1).
_MIRRORED = {
    Setup.ACTIVE: Setup.PASSIVE,
    Setup.PASSIVE: Setup.ACTIVE,
    Setup.ACTPASS: Setup.ACTPASS,
}


def reservation(policy: Policy, offer: Offer, line: Line, side: Side) -> StreamRequest:
    """Steps 2 and 5: a new stream; on the offerer's side with what is known of the offerer."""
    offers, access = side is offer.offerer, side is Side.ACCESS
    peer = offer.peers[line.index] if offers else None
    setup = offer.setups[line.index]
    return StreamRequest(
        stream=line.stream,
        transport=line.transport(side),
        local_address_request=True,
        remote=peer.address if peer else None,
        setup=(_MIRRORED[setup] if offers else setup).value,
        fingerprint_request=access,
        remote_fingerprints=peer.fingerprints if peer and access else None,
        tcp_mode=TcpMode.PROXY,
        discard_incoming=True if policy.delayed_establishment and not offers else None,
        notify_tcp_failure=True,
        notify_tls_failure=access,
        through_connection=StreamMode.BOTH,
    )


def configuration(
    policy: Policy, offer: Offer, answer: Answer, line: Line, side: Side, *, foreign: bool, early: bool
) -> StreamRequest | None:
    """Steps 13 and 16, or 14: what the answer has changed for this side; ``None`` when nothing.

    ``foreign``: another dialog takes the media over, so nobody else may connect any more.  ``early``: the
    answer is provisional, and whether its sender connects decides if another dialog still can.
    """
    peers = {offer.offerer: offer.peers[line.index], offer.offerer.other: answer.peers[line.index]}
    if all(peer.is_same(line.told.get(place)) for place, peer in peers.items()):
        return None  # both parties are where they were: connection and roles stay (RFC 8122 clause 6.2)
    request = StreamRequest(stream=line.stream, tcp_mode=TcpMode.PROXY)
    peer, access = peers[side], side is Side.ACCESS
    moved = not peer.is_same(line.told.get(side))
    active = answer.gateway_is_active(line.index, offer.offerer)
    directed = access and (side is offer.offerer or active)
    if not (moved or directed):
        return None
    request = replace(request, transport=line.transport(side))
    if moved:
        delayed = policy.delayed_establishment and side is not offer.offerer
        request = replace(
            request,
            remote=peer.address,
            remote_fingerprints=peer.fingerprints if access else None,
            discard_incoming=False if delayed else None,
            only_from_remote=True if delayed or foreign else None,
            notify_tcp_failure=early,
            notify_tcp_established=early,
            notify_tls_failure=early and access,
        )
    if directed:
        request = replace(
            request,
            local=line.local[side],
            setup=(Setup.ACTIVE if active else Setup.PASSIVE).value,
            establish_tls=active,
        )
    return request
