"""Typed readers of single header values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.errors import SipError
from imsedge.sip.fields import (
    CSeq,
    SipWarning,
    read_cseq,
    read_name_address,
    read_rack,
    read_via,
    read_warning,
)


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "branch"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "UDP", "192.0.2.1", 5060, "z9hG4bK1"),
        ("SIP/2.0/tcp pc.example", "TCP", "pc.example", None, None),
        ("SIP / 2.0 / UDP  192.0.2.2 ;branch=390skdjuw", "UDP", "192.0.2.2", None, "390skdjuw"),
        ("sip/2.0/TLS [2001:db8::1]:5061;branch=x", "TLS", "2001:db8::1", 5061, "x"),
        ("SIP/2.0/TCP\tspindle.example ; branch = z9 ; maddr=a", "TCP", "spindle.example", None, "z9"),
        ("SIP/2.0/NEW h : 7", "NEW", "h", 7, None),
    ],
)
def test_via(text: str, transport: str, host: str, port: int | None, branch: str | None) -> None:
    via = read_via(text)
    assert (via.transport, via.host, via.port, via.branch) == (transport, host, port, branch)
    assert read_via(str(via)) == via


@pytest.mark.parametrize(
    "text",
    ["", "SIP/2.0", "SIP/2.0/UDP", "SIP/3.0/UDP h", "HTTP/2.0/UDP h", "SIP/2.0/U@P h", "SIP/2.0/UDP h;="],
)
def test_bad_via(text: str) -> None:
    with pytest.raises(SipError) as caught:
        read_via(text)
    assert caught.value.code == 400


def test_via_tells_where_the_request_came_from() -> None:
    via = read_via("SIP/2.0/UDP h;received=[::1];rport=7")
    assert (via.received, via.rport) == ("::1", 7)
    assert read_via("SIP/2.0/UDP h;rport").rport is None
    assert read_via("SIP/2.0/UDP h;rport=99999").rport is None
    assert read_via("SIP/2.0/UDP h").received is None


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ("<sip:a@b>;tag=1", "", "sip:a@b", "1"),
        ("sip:a@b;tag=1", "", "sip:a@b", "1"),
        ('"A, <x>" <sip:a@b;p=1>;tag=2;x', '"A, <x>"', "sip:a@b;p=1", "2"),
        ("Alice Wonder <sip:a@b>", "Alice Wonder", "sip:a@b", None),
        ('"J \\"R\\" \\\\" <sip:a@b>', '"J \\"R\\" \\\\"', "sip:a@b", None),
        ("<tel:+1;x=y>", "", "tel:+1;x=y", None),
        ("  < sip:a@b >  ;tag=3", "", "sip:a@b", "3"),
        ("caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com", "323"),
    ],
)
def test_name_address(text: str, display: str, uri: str, tag: str | None) -> None:
    address = read_name_address(text)
    assert (address.display, address.uri, address.tag) == (display, uri, tag)
    assert read_name_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<sip:a@b",
        "<>",
        '"a <sip:b@c>',
        '"a"b" <sip:b@c>',
        "a>b <sip:b@c>",
        "<sip:a@b>x",
        "<sip:a@b>;",
        "alice",
    ],
)
def test_bad_name_address(text: str) -> None:
    with pytest.raises(SipError):
        read_name_address(text)


def test_cseq() -> None:
    assert read_cseq("2147483647\t INVITE") == CSeq(2**31 - 1, "INVITE")
    assert str(CSeq(7, "BYE")) == "7 BYE"


@pytest.mark.parametrize("text", ["", "1", "INVITE 1", "2147483648 INVITE", "-1 BYE", "1 BYE x", "1 B@E"])
def test_bad_cseq(text: str) -> None:
    with pytest.raises(SipError):
        read_cseq(text)


def test_rack() -> None:
    rack = read_rack("776656 1 INVITE")
    assert (rack.response, rack.cseq) == (776656, CSeq(1, "INVITE"))
    assert str(rack) == "776656 1 INVITE"
    with pytest.raises(SipError):
        read_rack("1 INVITE")


def test_warning() -> None:
    warning = SipWarning(399, "alg.example", 'no "path" line')
    assert read_warning(str(warning)) == warning
    for bad in ("", "399 a", '39 a "x"', "399 a x"):
        with pytest.raises(SipError):
            read_warning(bad)


@given(st.text(max_size=80))
@pytest.mark.parametrize("reader", [read_via, read_cseq, read_rack, read_name_address, read_warning])
def test_any_text_is_read_or_the_peers_fault(reader: object, text: str) -> None:
    assert callable(reader)
    try:
        reader(text)
    except SipError as error:
        assert 400 <= error.code < 500  # noqa: PT017 - both outcomes are right
