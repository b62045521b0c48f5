"""Headers lose nothing; messages are values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.errors import SipError
from imsedge.sip.message import Headers, SipRequest, SipResponse, make_response
from kit.sip import message, request

HEADERS = Headers(
    [
        ("v", "SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2"),
        ("VIA", "SIP/2.0/UDP c;branch=3"),
        ("Date", "Sat, 13 Nov 2010 23:29:00 GMT"),
        ("X-Vendor", "kept"),
        ("Route", "<sip:r1;lr>, <sip:r2;lr>"),
    ]
)


def test_names_are_found_in_any_spelling() -> None:
    assert HEADERS.get("via") == "SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2"
    assert HEADERS.fields("Via") == (HEADERS.get("v"), "SIP/2.0/UDP c;branch=3")
    assert HEADERS.get("x-vendor") == "kept"
    assert "X-VENDOR" in HEADERS
    assert "Contact" not in HEADERS


def test_lists_are_cut_only_where_the_grammar_has_lists() -> None:
    assert [value[-1] for value in HEADERS.all("Via")] == ["1", "2", "3"]
    assert HEADERS.all("Date") == ("Sat, 13 Nov 2010 23:29:00 GMT",)
    assert HEADERS.first("Route") == "<sip:r1;lr>"
    assert HEADERS.first("Path") is None


def test_adding_and_removing_keeps_all_else_in_place() -> None:
    names = [field.name for field in HEADERS.with_first("Via", "x").with_last("Route", "y").without("date")]
    assert names == ["Via", "v", "VIA", "X-Vendor", "Route", "Route"]
    assert next(iter(HEADERS.with_first("Path", "p"))).name == "Path"
    assert [f.name for f in HEADERS.with_last("Path", "p")][-1] == "Path"


def test_replacing_puts_the_values_where_the_first_stood() -> None:
    changed = HEADERS.replaced("Via", "one", "two")
    assert [f.name for f in changed] == ["Via", "Via", "Date", "X-Vendor", "Route"]
    assert changed.all("Via") == ("one", "two")
    assert [f.name for f in HEADERS.replaced("Path", "p")][-1] == "Path"


def test_the_topmost_value_is_taken_off_a_list() -> None:
    once = HEADERS.without_first("Via")
    assert once.all("Via") == HEADERS.all("Via")[1:]
    assert next(iter(once)).name == "v"
    twice = once.without_first("Via")
    assert next(iter(twice)).name == "VIA"
    assert twice.without_first("Path") == twice


def test_the_topmost_value_is_changed_in_place() -> None:
    changed = HEADERS.with_first_replaced("Via", "SIP/2.0/UDP a;branch=1;received=x")
    assert changed.all("Via")[0].endswith("received=x")
    assert changed.all("Via")[1:] == HEADERS.all("Via")[1:]
    assert Headers().with_first_replaced("Via", "x").get("Via") == "x"


def test_headers_are_values() -> None:
    same = Headers(list(HEADERS))
    assert same == HEADERS
    assert hash(same) == hash(HEADERS)
    assert Headers() != HEADERS
    assert eval(repr(same), {"Headers": Headers}) == HEADERS  # noqa: S307 - our own text


@given(st.lists(st.tuples(st.sampled_from(["Via", "v", "Route", "X"]), st.text("ab<>,", max_size=8))))
def test_popping_every_value_ends_with_none(fields: list[tuple[str, str]]) -> None:
    headers = Headers(fields)
    for _ in range(sum(value.count(",") + 1 for _, value in fields)):
        headers = headers.without_first("Via")
    assert headers.all("Via") == ()
    assert headers.fields("X") == Headers(fields).fields("X")


def test_typed_readers() -> None:
    invite = request("INVITE", to_tag="b7", cseq=9)
    assert invite.cseq.number == 9
    assert invite.call_id == "c1@192.0.2.7"
    assert (invite.from_.tag, invite.to.tag) == ("a1", "b7")
    assert invite.contact is not None
    assert invite.contact.uri == "sip:alice@192.0.2.7:5062"
    assert invite.via.branch == "z9hG4bKue1"
    assert invite.max_forwards == 70
    assert invite.content_type == ""


def test_a_star_is_no_contact() -> None:
    plain = request("REGISTER")
    assert plain.with_headers(plain.headers.replaced("Contact", "*")).contact is None


def test_what_is_missing_is_the_peers_fault() -> None:
    empty = SipRequest(method="OPTIONS", uri="sip:a", headers=Headers())
    with pytest.raises(SipError):
        _ = empty.via
    assert empty.max_forwards == 70


def test_a_body_changes_its_type_only_when_told() -> None:
    invite = request(sdp=True)
    assert invite.with_body(b"x").content_type == "application/sdp"
    assert invite.with_body(b"x", "text/plain").content_type == "text/plain"
    answer = make_response(invite, 200).with_body(b"y", "application/sdp")
    assert (answer.body, answer.content_type) == (b"y", "application/sdp")


def test_a_response_copies_what_it_must() -> None:
    invite = request("INVITE", "Record-Route: <sip:p2;lr>", "Record-Route: <sip:p1;lr>", "Timestamp: 54")
    trying = make_response(invite, 100)
    assert (trying.reason, trying.headers.get("Timestamp"), trying.to.tag) == ("Trying", "54", None)
    assert "Record-Route" not in trying.headers
    ok = make_response(invite, 200, to_tag="b1", headers=[("Contact", "<sip:b@x>")])
    assert ok.headers.all("Record-Route") == ("<sip:p2;lr>", "<sip:p1;lr>")
    assert (ok.to.tag, ok.cseq, ok.via) == ("b1", invite.cseq, invite.via)
    assert "Record-Route" not in make_response(request("OPTIONS", "Record-Route: <sip:p;lr>"), 200).headers
    assert make_response(request(to_tag="old"), 200, to_tag="new").to.tag == "old"
    assert make_response(invite, 299).reason == "OK"


def test_a_response_is_a_response() -> None:
    ok = message(
        "SIP/2.0 200 All right\nVia: SIP/2.0/UDP h\nFrom: <sip:a>\nTo: <sip:b>\nCall-ID: 1\nCSeq: 1 A"
    )
    assert isinstance(ok, SipResponse)
    assert (ok.status, ok.reason) == (200, "All right")
