"""Header fields at a border: each as it arrived, and as the other network sees it."""

import pytest

from imsedge.alg import hiding
from imsedge.alg.hiding import View
from imsedge.sip.message import Headers, SipRequest, SipResponse
from imsedge.sip.uri import SipUri

VIEW = View(SipUri(host="203.0.113.1", port=5060), SipUri(host="198.51.100.7", port=5062))
FRIEND = VIEW._replace(trusted=True)

FIELDS = {
    "as it is": (("Session-Expires", "1800;refresher=uac"), "1800;refresher=uac"),
    "in its compact form": (("c", "application/sdp"), "application/sdp"),
    "with an address in it": (("Subject", "call 10.0.0.1"), None),
    "with a host of the way": (("Subject", "for pcscf.visited.example"), None),
    "unknown": (("X-Path", "a"), None),
    "the way": (("Record-Route", "<sip:10.0.0.9;lr>"), None),
    "history": (("History-Info", "<sip:bob@home.example>;index=1"), None),
    "charging": (("P-Charging-Vector", "icid-value=1;icid-generated-at=10.0.0.1"), None),
    "software": (("User-Agent", "phone/1"), None),
    "asserted, among strangers": (("P-Asserted-Identity", "<sip:alice@home.example>"), None),
    "extensions that we keep up": (("Supported", "100rel, gruu, timer, replaces"), "100rel, timer"),
    "extensions that we do not": (("Supported", "path"), None),
    "methods that cross": (("Allow", "INVITE, REFER, BYE"), "INVITE, BYE"),
    "a reason": (
        ("Reason", 'SIP;cause=480;text="pcscf lost", Q.850;cause=16'),
        "SIP;cause=480, Q.850;cause=16",
    ),
    "a reason that is none": (("Reason", "SIP;text=x"), None),
    "our warning": (("Warning", '399 imsedge "too many calls"'), '399 imsedge "too many calls"'),
    "the warning of another": (("Warning", '399 pcscf.visited.example "no"'), None),
    "a warning with an address": (("Warning", '399 imsedge "no way to 10.0.0.1"'), None),
}


def request(*fields: tuple[str, str], uri: str = "sip:bob@home.example") -> SipRequest:
    via = ("Via", "SIP/2.0/UDP pcscf.visited.example:5060;branch=z9hG4bK1")
    return SipRequest(method="INVITE", uri=uri, headers=Headers((via, *fields)))


@pytest.mark.parametrize(("field", "seen"), FIELDS.values(), ids=FIELDS)
def test_a_field(field: tuple[str, str], seen: str | None) -> None:
    expected = [] if seen is None else [(field[0], seen)]
    assert list(hiding.crossing(request(field), VIEW)) == expected


@pytest.mark.parametrize(
    ("value", "seen"),
    {
        "<sip:alice@home.example>": "<sip:alice@home.example>",
        '"Alice" <sip:alice@10.0.0.1;transport=tcp>, <tel:+1234>': (
            '"Alice" <sip:alice@203.0.113.1:5060>, <tel:+1234>'
        ),
        "sip:": "",
    }.items(),
)
def test_what_one_network_asserts_crosses_among_friends(value: str, seen: str) -> None:
    told = dict(hiding.crossing(request(("P-Asserted-Identity", value)), FRIEND))
    assert told.get("P-Asserted-Identity", "") == seen


def test_the_operator_can_let_more_through_but_no_address() -> None:
    view = VIEW._replace(fields=frozenset({"identity"}))
    fields = [
        ("Identity", "a.b.c;info=<https://cert.home.example/x>"),
        ("Identity", "d;info=<https://10.0.0.1/>"),
    ]
    assert list(hiding.crossing(request(*fields), view)) == fields[:1]


@pytest.mark.parametrize(
    ("value", "seen"),
    {
        '"Alice" <sip:alice@home.example;user=phone;gr=x>;tag=1;epid=9': (
            '"Alice" <sip:alice@home.example;user=phone>;tag=T'
        ),
        "sip:alice@10.0.0.1:5062;tag=1": "<sip:alice@203.0.113.1:5060>;tag=T",
        '"10.0.0.1" <sip:10.0.0.2>;tag=1': "<sip:203.0.113.1:5060>;tag=T",
        "<sip:10.0.0.1@home.example>": "<sip:unknown@home.example>;tag=T",
        "<tel:+1234;phone-context=home.example>": "<tel:+1234;phone-context=home.example>;tag=T",
        "<im:alice@10.0.0.1>": "<sip:203.0.113.1:5060>;tag=T",
    }.items(),
)
def test_who_calls(value: str, seen: str) -> None:
    assert hiding.shown_from(value, VIEW, "T") == seen


def test_who_is_called_is_at_the_next_hop() -> None:
    assert hiding.shown_to("<sip:bob@10.0.0.1:5060>", VIEW) == "<sip:bob@198.51.100.7:5062>"
    assert hiding.shown_target("sip:bob@10.0.0.1;maddr=10.0.0.2", VIEW) == "sip:bob@198.51.100.7:5062"
    assert hiding.shown_target("tel:+1234", VIEW) == "tel:+1234"


def test_contact_is_ours_with_the_features_of_theirs() -> None:
    theirs = '<sip:alice@10.0.0.1;gr=1>;+sip.instance="<urn:x>";audio;+g.oma.sip-im;q=0.5;+x.at="10.0.0.1"'
    assert hiding.contact(request(("Contact", theirs)), VIEW) == "<sip:203.0.113.1:5060>;audio;+g.oma.sip-im"
    assert hiding.contact(request(), VIEW) is None
    assert hiding.contact(request(("Contact", "<<")), VIEW) is None
    moved = SipResponse(status=302, headers=Headers([("Contact", "<sip:bob@10.0.0.1>")]))
    assert hiding.contact(moved, VIEW) is None


def test_statuses() -> None:
    seen = {status: hiding.status_there(status) for status in (180, 200, 302, 305, 401, 403, 407, 488, 603)}
    assert seen == {180: 180, 200: 200, 302: 480, 305: 480, 401: 403, 403: 403, 407: 403, 488: 488, 603: 603}


SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\nm=application 1 TCP *\r\n"


HIDDEN = SDP.replace(b"10.0.0.1", b"203.0.113.1")
PARTS = b"--x\r\n\r\n10.0.0.1\r\n--x\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"\r\n--x--"


@pytest.mark.parametrize(
    ("method", "kind", "body", "seen"),
    {
        "of a call": ("INVITE", "application/sdp", SDP, HIDDEN),
        "of no call": ("OPTIONS", "application/sdp", SDP, b""),
        "unreadable": ("UPDATE", "application/sdp", b"hello", b""),
        "one of several parts": ("INVITE", "multipart/mixed;boundary=x", PARTS, HIDDEN),
        "parts without an end": ("INVITE", "multipart/mixed;boundary=x", PARTS[:-4], b""),
        "of no kind": ("INVITE", "", SDP, b""),
        "of a kind that is none": ("INVITE", "applica,sdp", SDP, b""),
        "text of people": ("MESSAGE", "text/plain", b"I am at 10.0.0.1", b"I am at 10.0.0.1"),
        "a description that nobody has judged": ("MESSAGE", "application/sdp", SDP, b""),
        "a message in a message": ("MESSAGE", "message/sipfrag", b"SIP/2.0 200 OK", b""),
        "a key": ("INFO", "application/dtmf-relay", b"Signal=5", b"Signal=5"),
        "anything else": ("INFO", "application/x", b"10.0.0.1", b""),
        "nothing": ("INVITE", "application/sdp", b"", b""),
    }.values(),
)
def test_bodies(method: str, kind: str, body: bytes, seen: bytes) -> None:
    message = request(("Content-Type", kind), ("Content-Disposition", "session")).with_body(body)
    left = hiding.with_hidden_body(message, VIEW, method)
    assert left.body == seen
    assert ("Content-Type" in left.headers) is ("Content-Disposition" in left.headers) is bool(seen)
    assert (
        hiding.with_hidden_body(
            SipResponse(status=200, headers=message.headers, body=b"x"), VIEW, "INFO"
        ).body
        == b""
    )


def test_what_must_be_supported_and_is_not() -> None:
    assert hiding.unsupported(request(("Require", "100rel, replaces"))) == ("replaces",)
