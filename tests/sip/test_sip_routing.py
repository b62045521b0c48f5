"""What a record-routing proxy does to messages."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.sip.errors import SipError
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest
from imsedge.sip.routing import (
    decrement_max_forwards,
    flow_to,
    has_option,
    new_branch,
    next_hop,
    pop_via,
    prepare,
    push_via,
    record_route,
    unsupported,
    with_path,
    without_option,
)
from imsedge.sip.uri import SipUri, read_sip_uri
from kit.sip import EDGE, request, response

US = SipUri(host=EDGE.host, port=EDGE.port)


def is_ours(uri: SipUri) -> bool:
    return uri.address == EDGE


def routed(*routes: str, uri: str = "sip:bob@home.example") -> SipRequest:
    return request("BYE", *(f"Route: {route}" for route in routes), uri=uri)


@pytest.mark.parametrize(("before", "after"), [("70", "69"), ("1", "0"), (None, "70")])
def test_max_forwards_counts_down(before: str | None, after: str) -> None:
    asked = request("OPTIONS")
    headers = asked.headers.without("Max-Forwards")
    if before is not None:
        headers = headers.with_last("Max-Forwards", before)
    assert decrement_max_forwards(asked.with_headers(headers)).headers.get("Max-Forwards") == after


def test_max_forwards_0_is_answered_483() -> None:
    asked = request("OPTIONS")
    spent = asked.with_headers(asked.headers.replaced("Max-Forwards", "0"))
    with pytest.raises(SipError) as caught:
        decrement_max_forwards(spent)
    assert caught.value.code == 483
    assert caught.value.request == spent


@pytest.mark.parametrize(
    ("routes", "left", "own"),
    [
        ((), (), None),
        (("<sip:192.0.2.1;lr>",), (), "sip:192.0.2.1;lr"),
        (("<sip:192.0.2.1:5060;lr>, <sip:p2;lr>",), ("<sip:p2;lr>",), "sip:192.0.2.1:5060;lr"),
        (("<sip:call7@192.0.2.1;lr>", "<sip:192.0.2.1;lr>"), (), "sip:call7@192.0.2.1;lr"),
        (("<sip:192.0.2.1;lr>", "<sip:call7@192.0.2.1;lr>"), (), "sip:call7@192.0.2.1;lr"),
        (("<sip:p2;lr>", "<sip:192.0.2.1;lr>"), ("<sip:p2;lr>", "<sip:192.0.2.1;lr>"), None),
        (("<tel:+1>",), ("<tel:+1>",), None),
    ],
)
def test_our_own_routes_are_taken_off(
    routes: tuple[str, ...], left: tuple[str, ...], own: str | None
) -> None:
    prepared = prepare(routed(*routes), is_ours)
    assert prepared.request.headers.all("Route") == left
    assert prepared.own == (None if own is None else read_sip_uri(own))


def test_extensions_that_a_proxy_must_have() -> None:
    known = request("INVITE", "Proxy-Require: sec-agree, MediaSec")
    assert prepare(known, is_ours).request.headers.get("Proxy-Require") == "sec-agree, MediaSec"
    unknown = request("INVITE", "Proxy-Require: mediasec, foo", "Proxy-Require: bar")
    assert unsupported(unknown) == ("foo", "bar")
    with pytest.raises(SipError) as caught:
        prepare(unknown, is_ours)
    assert caught.value.code == 420
    assert prepare(request("ACK", "Proxy-Require: foo"), is_ours).own is None


def test_a_strict_router_before_us_is_undone() -> None:
    asked = routed("<sip:p2;lr>", "<sip:bob@192.0.2.9>", uri="sip:call7@192.0.2.1:5060;lr")
    prepared = prepare(asked, is_ours)
    assert prepared.request.uri == "sip:bob@192.0.2.9"
    assert prepared.request.headers.all("Route") == ("<sip:p2;lr>",)
    assert prepared.own is not None
    assert prepared.own.user == "call7"


def test_a_request_to_us_without_route_stays_ours() -> None:
    asked = request("OPTIONS", uri="sip:192.0.2.1;lr")
    assert prepare(asked, is_ours).request.uri == "sip:192.0.2.1;lr"


def test_next_hops() -> None:
    loose = routed("<sip:p1:5070;lr>", "<sip:p2;lr>")
    assert next_hop(loose) == (loose, read_sip_uri("sip:p1:5070;lr"))
    assert str(next_hop(request("BYE", uri="sip:bob@192.0.2.9")).uri) == "sip:bob@192.0.2.9"
    strict = next_hop(routed("<sip:p1>", "<sip:p2;lr>"))
    assert strict.request.uri == "sip:p1"
    assert strict.request.headers.all("Route") == ("<sip:p2;lr>", "<sip:bob@home.example>")
    with pytest.raises(SipError) as caught:
        next_hop(request("INVITE", uri="tel:+1"))
    assert caught.value.code == 416


def test_the_flow_that_a_uri_asks_for() -> None:
    assert flow_to(read_sip_uri("sip:a@h:7;transport=tcp")) == Flow("tcp", TransportAddress("h", 7))


def test_via_on_and_off() -> None:
    asked = push_via(request(), Flow("tcp", EDGE, EDGE), new_branch(CountingIds()))
    assert str(asked.via) == "SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK000000000000000000000001;rport"
    by_uri = push_via(request(), SipUri(host="::1", port=7), "z9hG4bKx")
    assert str(by_uri.via) == "SIP/2.0/UDP [::1]:7;branch=z9hG4bKx;rport"
    answer = pop_via(response(asked, 200))
    assert answer is not None
    assert answer.via == request().via
    assert pop_via(answer) is None
    with pytest.raises(SipError):
        push_via(request(), Flow("udp", EDGE), "z9hG4bKx")


def test_record_route_goes_on_top() -> None:
    asked = record_route(request("INVITE", "Record-Route: <sip:p1;lr>"), US)
    assert asked.headers.all("Record-Route") == ("<sip:192.0.2.1:5060;lr>", "<sip:p1;lr>")
    double = record_route(request(), US.with_params(US.params.put("transport", "tcp")), US)
    assert double.headers.all("Record-Route") == (
        "<sip:192.0.2.1:5060;transport=tcp;lr>",
        "<sip:192.0.2.1:5060;lr>",
    )


def test_path_goes_on_top_and_is_supported() -> None:
    asked = with_path(request("REGISTER", "Path: <sip:p1;lr>"), US)
    assert asked.headers.all("Path") == ("<sip:192.0.2.1:5060;lr>", "<sip:p1;lr>")
    assert asked.headers.all("Supported") == ("path",)
    known = with_path(request("REGISTER", "Supported: outbound, Path"), US)
    assert known.headers.all("Supported") == ("outbound", "Path")
    assert "Supported" not in with_path(request("REGISTER", "Require: path"), US).headers


def test_option_tags() -> None:
    headers = request("INVITE", "Require: 100rel, MediaSec", "k: a").headers
    assert has_option(headers, "Require", "mediasec")
    assert has_option(headers, "Supported", "A")
    assert without_option(headers, "Require", "mediasec").get("Require") == "100rel"
    assert without_option(headers, "Supported", "a").get("Supported") is None
    assert without_option(headers, "Require", "none") == headers
