"""Keys, Via and the companions of an INVITE."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.sip.events import ClientKey, ServerKey
from imsedge.sip.fields import read_via
from imsedge.sip.flow import Flow
from imsedge.sip.matching import (
    client_key,
    fill_via,
    make_ack,
    make_cancel,
    response_flow,
    server_key,
    stateless_tag,
    with_vias_of,
)
from kit.sip import EDGE, UE, request, response


def test_keys() -> None:
    invite = request(branch="z9hG4bKAbc")
    assert client_key(invite) == ClientKey("z9hg4bkabc", "INVITE")
    assert server_key(invite) == ServerKey("z9hg4bkabc", "192.0.2.7:5062", "INVITE")
    assert server_key(request("CANCEL", branch="z9hG4bKAbc")).method == "CANCEL"


def test_an_ack_has_the_key_of_its_invite() -> None:
    assert server_key(request("ACK")) == server_key(request())


def test_old_clients_are_told_apart_without_a_cookie() -> None:
    invite = request(branch="1")
    assert server_key(request("ACK", branch="1", to_tag="b1")) == server_key(invite)
    assert server_key(request(branch="1", cseq=2)) != server_key(invite)
    assert server_key(request(branch="1", uri="sip:other@x")) != server_key(invite)


@pytest.mark.parametrize(
    ("via", "source", "filled"),
    [
        ("SIP/2.0/UDP 192.0.2.7:5062;branch=z", UE, "SIP/2.0/UDP 192.0.2.7:5062;branch=z"),
        ("SIP/2.0/UDP h.example;branch=z", UE, "SIP/2.0/UDP h.example;branch=z;received=192.0.2.7"),
        ("SIP/2.0/UDP 10.0.0.1;rport;branch=z", UE, ";rport=5062;branch=z;received=192.0.2.7"),
        ("SIP/2.0/UDP 10.0.0.1;received=6.6.6.6;rport=1", UE, ";received=192.0.2.7;rport=5062"),
        ("SIP/2.0/UDP [2001:DB8::1]", TransportAddress("2001:db8::1", 1), "SIP/2.0/UDP [2001:DB8::1]"),
    ],
)
def test_the_top_via_tells_where_a_request_came_from(via: str, source: TransportAddress, filled: str) -> None:
    asked = request()
    asked = asked.with_headers(asked.headers.replaced("Via", via, "SIP/2.0/UDP below"))
    values = fill_via(asked, source).headers.all("Via")
    assert values[0].endswith(filled)
    assert values[1] == "SIP/2.0/UDP below"


@pytest.mark.parametrize(
    ("via", "transport", "port"),
    [
        ("SIP/2.0/UDP h;rport=9;received=192.0.2.7", "udp", 9),
        ("SIP/2.0/UDP h:7;received=192.0.2.7", "udp", 7),
        ("SIP/2.0/UDP h", "udp", 5060),
        ("SIP/2.0/UDP h;maddr=203.0.113.1", "udp", 5060),
        ("SIP/2.0/TCP h:7", "tcp", UE.port),
    ],
)
def test_where_a_response_goes(via: str, transport: str, port: int) -> None:
    flow = Flow(transport, UE, EDGE, 3)
    assert response_flow(read_via(via), flow) == flow._replace(remote=TransportAddress(UE.host, port))


def test_a_response_goes_back_the_way_of_its_request() -> None:
    invite = request("INVITE", "Via: SIP/2.0/UDP below")
    answer = response(invite, 200)
    assert with_vias_of(invite, answer) is answer
    spoilt = answer.with_headers(answer.headers.replaced("Via", "SIP/2.0/UDP elsewhere"))
    assert with_vias_of(invite, spoilt).headers.all("Via") == invite.headers.all("Via")


def test_the_ack_for_a_refusal() -> None:
    invite = request("INVITE", "Route: <sip:p1;lr>, <sip:p2;lr>", "Via: SIP/2.0/UDP below", cseq=4)
    ack = make_ack(invite, response(invite, 486, to_tag="b9"))
    assert (ack.method, ack.uri, str(ack.cseq), ack.to.tag) == ("ACK", invite.uri, "4 ACK", "b9")
    assert ack.headers.all("Via") == (str(invite.via),)
    assert ack.headers.all("Route") == ("<sip:p1;lr>", "<sip:p2;lr>")


def test_the_cancel_of_an_invite() -> None:
    cancel = make_cancel(request(cseq=4))
    assert (cancel.method, str(cancel.cseq), cancel.to.tag) == ("CANCEL", "4 CANCEL", None)
    assert client_key(cancel) == client_key(request())._replace(method="CANCEL")


def test_the_stateless_tag_stays_the_same() -> None:
    assert stateless_tag(request()) == stateless_tag(request())
    assert stateless_tag(request()) != stateless_tag(request(branch="z9hG4bKother"))
