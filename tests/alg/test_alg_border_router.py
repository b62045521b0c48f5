"""Where requests go at a border."""

import pytest

from imsedge.alg.border_router import BorderRouter
from imsedge.alg.procedures import Side
from imsedge.alg.registration import Registrations
from imsedge.alg.settings import BorderSettings, EdgeSettings
from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import CountingIds
from imsedge.sip.dialogs import Party
from imsedge.sip.errors import SipError
from imsedge.sip.flow import Flow
from imsedge.sip.message import Headers, SipRequest
from kit.edge_talk import ACCESS, CORE, CORE_SIDE, UE, settings

FROM_OUTSIDE, FROM_INSIDE = Flow("udp", UE, ACCESS), Flow("udp", CORE, CORE_SIDE)
INVITE = SipRequest(
    method="INVITE", uri="sip:bob@home.example", headers=Headers([("Route", "<sip:10.3.3.3;lr>")])
)


def router(given: EdgeSettings | None = None) -> BorderRouter:
    ids = CountingIds()
    border = BorderSettings(next_hop=UE, next_hop_transport="tcp")
    return BorderRouter(given or settings(border=border), Registrations((), 1, ids), ids)


def test_a_first_request_goes_to_the_other_networks_next_hop_whatever_its_route() -> None:
    inwards = router().initial(INVITE, FROM_OUTSIDE)
    assert inwards.flow == Flow("udp", CORE, CORE_SIDE)
    assert "Route" not in inwards.request.headers
    assert "Record-Route" not in inwards.request.headers
    assert router().initial(INVITE, FROM_INSIDE).flow == Flow("tcp", UE, ACCESS)


@pytest.mark.parametrize(
    ("party", "remote"),
    {
        "its Contact": (
            Party(address="", target="sip:bob@10.4.4.4:5061"),
            TransportAddress("10.4.4.4", 5061),
        ),
        "its route": (
            Party(address="", target="sip:bob@10.4.4.4", route=("<sip:10.5.5.5;lr>",)),
            TransportAddress("10.5.5.5", 5060),
        ),
        "a name: by the next hop": (Party(address="", target="sip:bob@ue.home.example"), CORE),
    }.values(),
)
def test_then_along_the_dialog(party: Party, remote: TransportAddress) -> None:
    routed = router().inside(INVITE, party, Side.CORE)
    assert routed.flow.remote == remote
    assert routed.request.uri == party.target


@pytest.mark.parametrize(
    ("network", "target", "flow"),
    [
        ("udp", "sip:10.4.4.4", "udp:10.4.4.4:5060"),
        ("tcp", "sip:10.4.4.4", "tcp:10.4.4.4:5060"),
        ("tcp", "sip:10.4.4.4;transport=udp", "udp:10.4.4.4:5060"),
        ("tls", "sip:10.4.4.4", "tls:10.4.4.4:5061"),
        ("tls", "sip:10.4.4.4:5080;transport=udp", "tls:10.4.4.4:5080"),
    ],
)
def test_over_the_transport_of_the_network_and_never_in_clear_after_tls(
    network: str, target: str, flow: str
) -> None:
    made = router(settings(border=BorderSettings(next_hop=UE), next_hop_transport=network))
    assert str(made.inside(INVITE, Party(address="", target=target), Side.CORE).flow) == flow


def test_what_belongs_to_no_call_goes_nowhere() -> None:
    with pytest.raises(SipError, match="no such dialog"):
        router().unknown_dialog(INVITE, FROM_INSIDE)


def test_contacts() -> None:
    assert str(router().contact(Side.ACCESS, "udp")) == f"sip:{ACCESS}"
    assert str(router().contact(Side.CORE, "tcp")) == f"sip:{CORE_SIDE};transport=tcp"


def test_an_edge_is_no_border() -> None:
    with pytest.raises(LocalError):
        router(settings())
