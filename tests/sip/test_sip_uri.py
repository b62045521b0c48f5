"""URIs come back as they were written, and say where they point."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.address import TransportAddress
from imsedge.sip.errors import SipError
from imsedge.sip.uri import OtherUri, SipUri, read_sip_uri, read_uri

GOOD = [
    "sip:home.example",
    "sip:alice@home.example",
    "sip:alice:secret@home.example:5070;transport=tcp",
    "sips:alice@home.example",
    "sip:[2001:db8::9]:5070",
    "sip:bob@[::1];lr",
    "sip:user;par=u%40example.net@example.com",
    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
    "sip:+1-212-555;phone-context=x@gw.example;user=phone?Subject=hi&Priority=urgent",
    "tel:+49170;phone-context=home.example",
    "urn:service:sos",
    "soap.beep://192.0.2.103:3002",
]


@pytest.mark.parametrize("text", GOOD)
def test_reading_and_writing_changes_nothing(text: str) -> None:
    assert str(read_uri(text)) == text


def test_the_scheme_is_written_in_lower_case() -> None:
    assert str(read_uri("SIP:a@B")) == "sip:a@B"


def test_the_parts() -> None:
    uri = read_sip_uri("sip:a:p@h.example:5070;Transport=TCP;lr?x=1")
    assert (uri.user, uri.host, uri.port, uri.headers) == ("a:p", "h.example", 5070, "x=1")
    assert uri.is_loose
    assert uri.transport == "tcp"
    assert str(uri.with_params(uri.params.without("lr"))) == "sip:a:p@h.example:5070;Transport=TCP?x=1"


@pytest.mark.parametrize(
    ("text", "transport", "host", "port"),
    [
        ("sip:h", "udp", "h", 5060),
        ("sips:h", "tls", "h", 5061),
        ("sip:h;transport=tls", "tls", "h", 5061),
        ("sip:h:7;transport=tcp", "tcp", "h", 7),
        ("sip:h;maddr=192.0.2.1", "udp", "192.0.2.1", 5060),
        ("sip:[::1]:0", "udp", "::1", 0),
    ],
)
def test_where_it_points(text: str, transport: str, host: str, port: int) -> None:
    uri = read_sip_uri(text)
    assert (uri.transport, uri.address) == (transport, TransportAddress(host, port))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 416),
        ("nobody", 416),
        (":x", 416),
        ("1 2:x", 416),
        ("sip:", 400),
        ("sip:a b@c", 400),
        ("sip:a@", 400),
        ("sip:@b", 400),
        ("sip:a@b:", 400),
        ("sip:a@b:65536", 400),
        ("sip:a@b:x", 400),
        ("sip:a@[::1", 400),
        ("sip:a@[::1]x", 400),
        ("sip:a@[nonsense]", 400),
        ("sip:a@[::1%eth0", 400),
        ("sip:a@b;", 400),
        ("sip:a@b;x=", 400),
        ("sip:a@b<", 400),
        ("sip:a@b_c/", 400),
    ],
)
def test_what_is_none(text: str, code: int) -> None:
    with pytest.raises(SipError) as caught:
        read_uri(text)
    assert caught.value.code == code


def test_only_sip_is_routable() -> None:
    assert read_uri("tel:+1") == OtherUri("tel", "+1")
    with pytest.raises(SipError) as caught:
        read_sip_uri("tel:+1")
    assert caught.value.code == 416


@given(st.text(max_size=80))
def test_any_text_is_a_uri_or_the_peers_fault(text: str) -> None:
    for scheme in ("", "sip:", "sip:a@b;"):
        try:
            uri = read_uri(scheme + text)
        except SipError:
            continue
        assert read_uri(str(uri)) == uri


def test_building_one() -> None:
    assert str(SipUri(user="alg", host="::1", port=5060)) == "sip:alg@[::1]:5060"
