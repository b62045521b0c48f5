"""Wire messages, good and bad; the bad ones with what is to be answered (in the spirit of RFC 4475)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.errors import SipError
from imsedge.sip.limits import Limits
from imsedge.sip.message import SipMessage, SipRequest, SipResponse
from imsedge.sip.parser import read_message
from imsedge.sip.writer import write_message
from kit.sip import wire

IDENTITY = """\
Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1
From: <sip:a@x>;tag=1
To: <sip:b@y>
Call-ID: c1
CSeq: 1 OPTIONS
"""
BASE = "OPTIONS sip:b@y SIP/2.0\n" + IDENTITY

TORTUOUS = (
    b"INVITE sip:berta@edge.example;wholly-unknown SIP/2.0\r\n"
    b"tO :\r\n\t sip:berta@edge.example ;  tag    = 77b\r\n"
    b'fROM  :  "A \\\\ B \\""      <sip:anton@home.example>\r\n  ;\r\n  tag = 88a\r\n'
    b"MAX-forwards: 0068\r\n"
    b"i : odd.1@192.0.2.1\r\n"
    b"Content-length   : 4\r\n"
    b"csEQ: 0009\r\n  INVITE\r\n"
    b"Via  : SIP /   2.0\r\n /UDP\r\n    192.0.2.2;branch=oldstyle\r\n"
    b"s :\r\n"
    b"Folded:   one\r\n two\r\n\t three\r\n"
    b'Noise: ;;,,;;,;"\r\n'
    b"v:  SIP  / 2.0  / TCP     relay.example   ;\r\n"
    b"  branch  =   z9hG4bK9two  ,\r\n SIP  /    2.0   "
    b"/ UDP  192.0.2.111   ; branch=\r\n z9hG4bK9three\r\n"
    b'm:"Said \\"A\\"" <sip:anton@home.example> ; odd =\r\n      odder ;\r\n'
    b"  oddest ; q = 0.33\r\n\r\nbody"
)


def test_a_short_tortuous_invite() -> None:
    invite = read_message(TORTUOUS)
    assert isinstance(invite, SipRequest)
    assert (invite.to.tag, invite.from_.tag, invite.cseq.number) == ("77b", "88a", 9)
    assert [value.rpartition("=")[2].strip() for value in invite.headers.all("Via")] == [
        "oldstyle",
        "z9hG4bK9two",
        "z9hG4bK9three",
    ]
    assert invite.headers.get("subject") == ""
    assert invite.headers.get("Noise") == ';;,,;;,;"'
    assert invite.headers.get("Folded") == "one two three"
    assert invite.contact is not None
    assert invite.contact.params.value("q") == "0.33"
    assert (invite.max_forwards, invite.body) == (68, b"body")


GOOD = {
    "bare LF": (BASE + "\n").encode(),
    "empty lines in front": b"\r\n\r\n" + wire(BASE),
    "octets that are no UTF-8 stay": b"OPTIONS sip:b@y SIP/2.0\r\n" + wire(IDENTITY + "X: \udcff\udc80"),
    "body beyond Content-Length is dropped": wire(BASE + "Content-Length: 2", "okrest"),
    "no Max-Forwards": wire(BASE),
    "compact names": wire(
        "OPTIONS sip:b SIP/2.0\nv: SIP/2.0/UDP h\nf: <sip:a>\nt: <sip:b>\ni: 1\nCSeq: 1 OPTIONS\nl: 0"
    ),
    "a method nobody knows": wire(BASE.replace("OPTIONS", "!Any-Method_*+`.%42'~")),
    "a Request-URI of another scheme": wire(BASE.replace("sip:b@y SIP", "nobodyKnows:this SIP")),
    "a header without a value": wire(BASE + "Subject:"),
    "NUL in the body": wire(BASE, "a\0b"),
    "lower-case version": wire(BASE.replace(" SIP/2.0\nVia", " sip/2.0\nVia")),
    "an empty reason": wire("SIP/2.0 200 \n" + IDENTITY),
    "no reason at all": wire("SIP/2.0 200\n" + IDENTITY),
    "a reason with anything in it": wire("SIP/2.0 200 = 2**3 * 5**2 но сто\n" + IDENTITY),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_good_messages_survive_a_round_trip(data: bytes) -> None:
    first = read_message(data)
    assert read_message(write_message(first)).headers.without("Content-Length") == first.headers.without("l")
    assert read_message(write_message(first)).body == first.body


def test_the_body_ends_where_content_length_says() -> None:
    assert read_message(GOOD["body beyond Content-Length is dropped"]).body == b"ok"


BAD = {
    "CSeq of another method": (BASE.replace("1 OPTIONS", "1 INVITE"), 400),
    "CSeq too large": (BASE.replace("1 OPTIONS", "36893488147419103232 OPTIONS"), None),
    "no Call-ID": (BASE.replace("Call-ID: c1\n", ""), None),
    "no Via": (BASE.replace("Via:", "Viva:"), None),
    "no From": (BASE.replace("From:", "Form:"), None),
    "no To": (BASE.replace("To:", "Too:"), None),
    "broken Via": (BASE.replace("SIP/2.0/UDP 192", "SIP/2.0/UDP\u00a0192"), None),
    "quoted string without end in To": (BASE.replace("To: <sip", 'To: "Mr. J. <sip'), None),
    "two Call-IDs": (BASE + "i: c2", 400),
    "two To": (BASE + "t: <sip:c>", 400),
    "two Content-Length": (BASE + "Content-Length: 0\nl: 0", 400),
    "negative Content-Length": (BASE + "Content-Length: -999", 400),
    "Content-Length beyond the datagram": (BASE + "Content-Length: 9999", 400),
    "Max-Forwards 300": (BASE + "Max-Forwards: 300", 400),
    "Max-Forwards of words": (BASE + "Max-Forwards: many", 400),
    "SIP/7.0": (BASE.replace(" SIP/2.0\nVia", " SIP/7.0\nVia"), 505),
    "no version": (BASE.replace(" SIP/2.0\nVia", "\nVia"), 400),
    "HTTP": (BASE.replace(" SIP/2.0\nVia", " HTTP/1.1\nVia"), 400),
    "blanks in the Request-URI": (BASE.replace("sip:b@y SIP", "sip:b@y; lr SIP"), 400),
    "two blanks in the request line": (BASE.replace("OPTIONS sip", "OPTIONS  sip"), 400),
    "blanks at the end of the request line": (BASE.replace("SIP/2.0\nVia", "SIP/2.0  \nVia"), 400),
    "Request-URI in brackets": (BASE.replace("sip:b@y SIP", "<sip:b@y> SIP"), 400),
    "control character in the Request-URI": (BASE.replace("sip:b@y SIP", "sip:b\x01@y SIP"), 400),
    "a method that is no token": (BASE.replace("OPTIONS sip", "OPT@IONS sip"), 400),
    "a field that is none": (BASE + "no colon here", 400),
    "a field whose name is no token": (BASE + "bad name: x", 400),
    "NUL in a value": (BASE + "X: a\0b", 400),
    "CR in a value": (BASE + "X: a\rb", 400),
    "status 700": ("SIP/2.0 700 x\n" + IDENTITY, None),
    "status 99": ("SIP/2.0 099 x\n" + IDENTITY, None),
    "status of four digits": ("SIP/2.0 4294967301 better not\n" + IDENTITY, None),
    "status of words": ("SIP/2.0 two x\n" + IDENTITY, None),
    "response with a damaged field": ("SIP/2.0 200 OK\n" + IDENTITY + "no colon", None),
}


@pytest.mark.parametrize(("text", "answer"), BAD.values(), ids=BAD)
def test_bad_messages_are_answered_when_they_can_be(text: str, answer: int | None) -> None:
    with pytest.raises(SipError) as caught:
        read_message(wire(text))
    error = caught.value
    if answer is None:
        assert error.request is None
        assert error.code == 400
    else:
        assert error.code == answer
        assert error.request is not None
        assert error.request.call_id == "c1"


def test_no_end_of_the_header() -> None:
    for data in (b"", b"\r\n\r\n", BASE.encode(), b"OPTIONS sip:b SIP/2.0\r\n"):
        with pytest.raises(SipError):
            read_message(data)


SMALL = Limits(start_line=60, field=50, head=400, fields=8, values=3, body=10)
AT_THE_LIMIT = {
    "start line": (lambda n: wire(BASE.replace("sip:b@y SIP", "sip:" + "b" * (n - 20) + " SIP")), 60, 414),
    "field": (lambda n: wire(BASE + "X: " + "x" * (n - 3)), 50, 400),
    "fields": (lambda n: wire(BASE + "X: 1\n" * (n - 5)), 8, 513),
    "values": (lambda n: wire(BASE + "Route: " + ",".join(["<sip:a>"] * n)), 3, 513),
    "body": (lambda n: wire(BASE, "x" * n), 10, 513),
}


@pytest.mark.parametrize(("make", "limit", "code"), AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_at_the_limit_and_one_beyond(make: object, limit: int, code: int) -> None:
    assert callable(make)
    read_message(make(limit), SMALL)
    with pytest.raises(SipError) as caught:
        read_message(make(limit + 1), SMALL)
    assert caught.value.code == code
    assert caught.value.request is not None


def test_the_head_has_a_limit() -> None:
    filler = 400 - len(wire(BASE)) + 2
    data = wire(BASE + "X: " + "\n  ".join("x" * 10 for _ in range(filler // 14)))
    assert isinstance(read_message(data), SipRequest)
    with pytest.raises(SipError) as caught:
        read_message(data, Limits(head=len(data) - 5))
    assert caught.value.code == 513
    read_message(data, Limits(head=len(data) - 4))


@given(st.binary(max_size=300))
def test_any_octets_are_a_message_or_the_peers_fault(data: bytes) -> None:
    _accepted_or_blamed(data)
    _accepted_or_blamed(b"INVITE sip:a SIP/2.0\r\n" + data + b"\r\n\r\n")
    _accepted_or_blamed(b"SIP/2.0 200 OK\r\n" + data + b"\r\n\r\n")


@given(st.integers(0, len(TORTUOUS) - 1), st.binary(min_size=1, max_size=3))
def test_any_damage_to_a_good_message(at: int, damage: bytes) -> None:
    _accepted_or_blamed(TORTUOUS[:at] + damage + TORTUOUS[at + 1 :])
    _accepted_or_blamed(TORTUOUS[:at])


def _accepted_or_blamed(data: bytes) -> SipMessage | None:
    try:
        accepted = read_message(data)
    except SipError as error:
        if error.request is not None:
            _ = error.request.via, error.request.cseq, error.request.from_, error.request.to
        return None
    assert isinstance(accepted, SipRequest | SipResponse)
    assert read_message(write_message(accepted)).body == accepted.body
    return accepted
