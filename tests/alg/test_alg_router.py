"""Where the edge says that it is, when that is not where it listens, and over which transport."""

import pytest
from msgspec.structs import replace

from imsedge.alg.procedures import Side
from imsedge.alg.registration import Registrations
from imsedge.alg.router import Router
from imsedge.alg.settings import TLS, UDP_AND_TCP, EdgeSettings, Place
from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.sip.dialogs import Party
from imsedge.sip.flow import Flow
from imsedge.sip.message import Headers, SipRequest, SipResponse
from imsedge.sip.uri import read_sip_uri


def at(text: str) -> TransportAddress:
    host, _, port = text.rpartition(":")
    return TransportAddress(host, int(port))


PUBLIC, INSIDE, HOP, UE = (
    at("203.0.113.1:5060"),
    at("10.0.0.1:5070"),
    at("10.9.9.9:5080"),
    at("198.51.100.7:50000"),
)
PLACES = (
    Place(Side.ACCESS, at("0.0.0.0:5060"), PUBLIC, UDP_AND_TCP),
    Place(Side.CORE, at("0.0.0.0:5070"), INSIDE, UDP_AND_TCP),
    Place(Side.ACCESS, at("0.0.0.0:5061"), PUBLIC._replace(port=15061), TLS),
    Place(Side.CORE, at("10.0.0.1:5071"), INSIDE._replace(port=5071), TLS),
)


def router(places: tuple[Place, ...] = PLACES, transport: str = "udp") -> Router:
    settings = EdgeSettings(
        access=PUBLIC, core=INSIDE, places=places, next_hop=HOP, next_hop_transport=transport
    )
    return Router(settings, Registrations((), 10, CountingIds()), CountingIds())


def invite() -> SipRequest:
    fields = [("Via", f"SIP/2.0/UDP {UE};branch=z9hG4bK1"), ("Max-Forwards", "70"), ("CSeq", "1 INVITE")]
    fields += [("From", "<sip:a@x>;tag=1"), ("To", "<sip:b@x>"), ("Call-ID", "1")]
    return SipRequest(method="INVITE", uri="sip:b@x", headers=Headers(fields))


@pytest.mark.parametrize(
    ("arrived", "transport", "side"),
    [
        ("203.0.113.1:5060", "tcp", Side.ACCESS),
        ("0.0.0.0:5060", "udp", Side.ACCESS),
        ("0.0.0.0:5070", "udp", Side.CORE),
        ("10.0.0.1:5070", "tcp", Side.CORE),
        ("192.0.2.1:5061", "tls", Side.ACCESS),
        ("10.0.0.1:5071", "tls", Side.CORE),
        ("10.0.0.2:5071", "tls", Side.ACCESS),
    ],
)
def test_the_side_is_told_by_where_it_arrived(arrived: str, transport: str, side: Side) -> None:
    assert router().side_of(Flow(transport, UE, at(arrived))) is side


@pytest.mark.parametrize("local", ["203.0.113.1:5060", "192.0.2.1:5061"])
def test_a_phone_does_not_become_the_core_by_what_it_answers(local: str) -> None:
    """It has seen a branch of ours, and writes the Via of another request around it."""
    edge, flow = router(), Flow("tcp", UE, at(local), 7)
    via = [("Via", f"SIP/2.0/TCP {INSIDE};branch=z9hG4bK1")]
    edge.learn(SipResponse(status=200, reason="OK", headers=Headers(via)), flow)
    assert edge.side_of(flow) is Side.ACCESS


@pytest.mark.parametrize(
    ("ue", "hop", "via", "access"),
    [
        ("udp", "udp", "UDP 10.0.0.1:5070", "<sip:203.0.113.1:5060;lr>"),
        ("tls", "udp", "UDP 10.0.0.1:5070", "<sip:203.0.113.1:15061;transport=tls;lr>"),
        ("udp", "tls", "TLS 10.0.0.1:5071", "<sip:203.0.113.1:5060;lr>"),
        ("tls", "tcp", "TCP 10.0.0.1:5070", "<sip:203.0.113.1:15061;transport=tls;lr>"),
    ],
)
def test_peers_are_told_what_they_can_reach(ue: str, hop: str, via: str, access: str) -> None:
    edge = router(transport=hop)
    local = at("203.0.113.1:5061") if ue == "tls" else at("0.0.0.0:5060")
    sent = edge.send(edge.initial(invite(), Flow(ue, UE, local, 7 if ue == "tls" else None)))
    assert str(sent.request.via).startswith(f"SIP/2.0/{via};")
    assert sent.request.headers.all("Record-Route")[1] == access


def test_what_leaves_leaves_from_the_bound_address() -> None:
    edge = router()
    assert edge.initial(invite(), Flow("udp", UE, at("0.0.0.0:5060"))).flow == Flow(
        "udp", HOP, at("0.0.0.0:5070")
    )


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        ("sip:203.0.113.1", True),
        ("sip:203.0.113.1:15061;transport=tls", True),
        ("sip:10.0.0.1:5070", True),
        ("sip:10.0.0.1:5071;transport=tls", True),
        ("sip:203.0.113.1:5070", False),
        ("sip:10.9.9.9:5080", False),
    ],
)
def test_our_own_addresses_are_known(uri: str, *, ours: bool) -> None:
    assert router().is_ours(read_sip_uri(uri)) is ours


@pytest.mark.parametrize(
    ("network", "target", "flow"),
    [
        ("udp", "sip:b@10.4.4.4", "udp:10.4.4.4:5060"),
        ("udp", "sip:b@10.4.4.4;transport=tls", "tls:10.4.4.4:5061"),
        ("tls", "sip:b@10.4.4.4", "tls:10.4.4.4:5061"),
        ("tls", "sip:b@10.4.4.4:5080;transport=udp", "tls:10.4.4.4:5080"),
    ],
)
def test_a_dialog_never_leaves_for_the_core_in_clear_where_the_core_is_reached_over_tls(
    network: str, target: str, flow: str
) -> None:
    party = Party(address="", target=target)
    routed = router(transport=network).along(replace(invite(), uri=target), party, Side.CORE)
    assert str(routed.flow) == flow
