"""Information elements of one stream, from what was offered and answered (TS 23.334 clause 8.2 to 8.4).

The figures of TR 29.828 clauses 5.2.1.2 and y.2 say which of them stand at which arrow; ``alg.session`` has
the table.
"""

from typing import NamedTuple

from msgspec.structs import replace

from imsedge.alg.answers import Answer
from imsedge.alg.directions import MIRRORED, Outlook, TcpStart, first_mode, waits_on
from imsedge.alg.lines import Line, Peer
from imsedge.alg.offers import Offer
from imsedge.alg.policy import Policy, SynAck
from imsedge.alg.procedures import Latch, Side, StreamMode, StreamRequest, TcpMode
from imsedge.core.address import TransportAddress
from imsedge.sdp.attributes import Setup
from imsedge.sdp.kinds import TlsClient
from imsedge.sdp.offer_answer import DISCARD_PORT


def reservation(policy: Policy, offer: Offer, line: Line, side: Side) -> StreamRequest:
    """Steps 2 and 5: a new stream.

    Of a secured one the offerer's side is told all that is known of the offerer; of another one only the
    minimum, as which side calls is not decided yet (figure y.2.1 step 2).
    """
    offers, access = side is offer.offerer, side is Side.ACCESS
    peer, steer = offer.peers[line.index], offer.steers[line.index]
    offered = offer.setups[line.index]
    natted = access and steer.natted
    known = peer if offers and line.is_secured else None
    setup = MIRRORED[offered] if offers else offer.sent_setups[line.index]
    if waits_on(side, offered, steer):
        setup = Setup.PASSIVE
    request = StreamRequest(
        stream=line.stream,
        transport=line.transport(side),
        local_address_request=True,
        ipv6=peer.address.is_ipv6 if offers else None,
        remote=_reachable(known.address, natted=natted) if known else None,
        setup=setup.value,
        fingerprint_request=access and line.is_secured,
        path_request=line.is_aware,
        remote_path=known.path or None if known else None,
        remote_fingerprints=known.fingerprints if known and access else None,
        tcp_mode=first_mode(offered, steer) or (TcpMode.PROXY if line.is_secured else None),
        discard_incoming=True if policy.delayed_establishment and not offers else None,
        latch=Latch.FIRST if natted and (line.kind.datagram or setup is not Setup.ACTIVE) else None,
        establish_tls=_offers_tls(offer, line, side),
        notify_tcp_failure=True,
        inactivity=policy.inactivity,
        hold_syn_ack=policy.syn_ack is SynAck.LINKED_LEG
        and first_mode(offered, steer) in (None, TcpMode.PROXY),
        traffic=policy.traffic.get((side, line.kind.medium)),
        notify_tls_failure=access and line.is_secured,
        through_connection=StreamMode.BOTH,
    )
    return _fitted(request, line, side)


class Turn(NamedTuple):
    """The answer in its dialog.

    ``foreign``: another dialog takes the media over, so nobody else may connect any more.  ``early``: the
    answer is provisional, and whether its sender connects decides if another dialog still can.
    """

    foreign: bool
    early: bool


def configuration(
    policy: Policy, offer: Offer, answer: Answer, line: Line, side: Side, turn: Turn
) -> StreamRequest | None:
    """Steps 13 and 16, or 14: what the answer has changed for this side; ``None`` when nothing."""
    peers = {offer.offerer: offer.peers[line.index], offer.offerer.other: answer.peers[line.index]}
    outlook, steer = answer.outlooks[line.index], answer.steers[line.index]
    peer, active = peers[side], outlook.calls(side)
    renewed = line.index in answer.renewed
    moved = renewed or not peer.is_same(line.told.get(side))
    nobody = all(one.is_same(line.told.get(place)) for place, one in peers.items())
    if line.is_agreed and not moved and (nobody or not turn.foreign):
        return None  # who has not moved keeps connection and roles (RFC 8122 clause 6.2)
    # Who is elsewhere, or somebody else, needs another connection: the old one is in its way.
    again = line.is_agreed and moved and not line.kind.datagram
    if again:
        directed = True
    elif line.is_secured:
        turned = outlook.mode is not (first_mode(offer.setups[line.index], steer) or TcpMode.PROXY)
        told = _follows_tcp(line) if side is offer.offerer else active
        directed = turned or (side is Side.ACCESS and told)
    else:
        directed = moved
    if not (moved or directed):
        return None
    request = StreamRequest(stream=line.stream, tcp_mode=outlook.mode, transport=line.transport(side))
    if moved:
        # Datagrams cross a NAT only after the UE has sent one, whoever is the DTLS client.
        natted = side is Side.ACCESS and steer.natted and (line.kind.datagram or not active)
        request = _with_peer(request, line, side, peer, turn, natted=natted)
        client = side in line.told and _offers_tls(offer, line, side)
        request = replace(request, establish_tls=client, release_tcp=again)
        last = not line.is_secured and (side is offer.offerer or outlook.mode is TcpMode.MERGE)
        request = _armed(request, policy, last=last, early=turn.early)
        if policy.delayed_establishment and side is not offer.offerer:
            request = replace(request, discard_incoming=False, only_from_remote=not natted)
    if policy.syn_ack is SynAck.LINKED_LEG and not active:
        held = outlook.mode is TcpMode.PROXY
        # Two sides that wait for each other would wait for ever.
        request = replace(request, hold_syn_ack=held, discard_incoming=None if held else False)
    if directed:
        request = replace(
            request,
            local=line.local[side],
            local_path=line.own_paths.get(side),
            setup=(Setup.ACTIVE if active else Setup.PASSIVE).value,
            establish_tls=request.establish_tls
            or (active and line.is_secured and side is Side.ACCESS and _follows_tcp(line)),
            send_tcp=active and _is_ordered(policy, line, outlook, alone=again and not renewed),
        )
    return _fitted(request, line, side)


def _fitted(request: StreamRequest, line: Line, side: Side) -> StreamRequest:
    """Datagrams have no connection to be handled, and ``a=setup`` only where DTLS ends."""
    if not line.kind.datagram:
        return request
    return replace(
        request,
        setup=request.setup if line.is_secured and side is Side.ACCESS else None,
        tcp_mode=None,
        discard_incoming=None,
        notify_tcp_failure=False,
        notify_tcp_established=False,
        release_tcp=False,
        send_tcp=False,
    )


def _follows_tcp(line: Line) -> bool:
    """Who opens TCP is the TLS client."""
    return line.kind.tls_client is TlsClient.OPENER


def _offers_tls(offer: Offer, line: Line, side: Side) -> bool:
    """Figure 5.2.1.3.3.1 step 2: the gateway is the offerer towards the UE, and will be the TLS client."""
    towards_ue = line.is_secured and side is Side.ACCESS and side is not offer.offerer
    return towards_ue and line.kind.tls_client is TlsClient.OFFERER


def _with_peer(
    request: StreamRequest, line: Line, side: Side, peer: Peer, turn: Turn, *, natted: bool
) -> StreamRequest:
    """Tell the termination about the party that it faces."""
    secured = line.is_secured and side is Side.ACCESS
    return replace(
        request,
        remote=_reachable(peer.address, natted=natted),
        remote_path=peer.path or None,
        remote_fingerprints=peer.fingerprints if secured else None,
        only_from_remote=True if turn.foreign and not natted else None,
        latch=(Latch.AGAIN if side in line.told else Latch.FIRST) if natted else None,
        notify_tls_failure=turn.early and secured,
    )


def _armed(request: StreamRequest, policy: Policy, *, last: bool, early: bool) -> StreamRequest:
    """``last``: the connection at this side completes the stream (figure y.2.1 step 24)."""
    reported = early or (policy.report_connected and last)
    return replace(
        request,
        notify_tcp_failure=reported,
        notify_tcp_established=reported,
        inactivity=policy.inactivity if reported else 0,
    )


def _reachable(address: TransportAddress, *, natted: bool) -> TransportAddress:
    """Behind a NAT nobody can be called, which is what port 9 says (RFC 4145 clause 4.1)."""
    return address._replace(port=DISCARD_PORT) if natted else address


def _is_ordered(policy: Policy, line: Line, outlook: Outlook, *, alone: bool) -> bool:
    """Two parties that both wait to be called would wait for ever, and so would one whose peer is connected.

    The kernel's relay needs no order.
    """
    if outlook.mode is TcpMode.RELAY:
        return False
    return alone or (
        not line.is_secured and (policy.tcp_start is TcpStart.ORDERED or len(outlook.called) == 2)
    )
