"""Which texts give an address away."""

import pytest

from imsedge.core.hosts import is_address, shows_host

SHOWN = [
    "10.0.0.1",
    "sip:alice@10.0.0.1:5060;lr",
    "<sip:10.0.0.1>",
    "SIP/2.0/UDP 10.0.0.1:5060;branch=z9",
    "msrp://10.0.0.1:2855/abc;tcp",
    "IN IP4 10.0.0.1/127",
    "1 1 UDP 2130706431 10.0.0.1 8998 typ host",
    "lost 10.0.0.1, sorry",
    'text="at 10.0.0.1"',
    "2001:db8::1",
    "[2001:db8::1]:5060",
    "sip:alice@[2001:db8::1]",
    "abc@10.0.0.1",
    "it was 10.0.0.1.",
    "pcscf-10.0.0.1-5060",
    "x10.0.0.1",
    "it was 2001:db8::1.",
    "*2001:db8::1*",
]
HIDDEN = [
    "",
    "home.example",
    "md5 " + ":".join(["AA"] * 16),
    "1.2.3",
    "100rel, timer",
    "application/sdp",
    "mikey AQ4AAGFsaWNlAAAA",
    '+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"',
    "Sat, 21 Nov 2026 05:21:29 GMT",
    "SIP;cause=480",
    "256.1.1.1",
    "1.2.3.4.5",
]


@pytest.mark.parametrize("text", SHOWN)
def test_an_address_in_any_place(text: str) -> None:
    assert shows_host(text)


@pytest.mark.parametrize("text", HIDDEN)
def test_what_only_looks_like_one(text: str) -> None:
    assert not shows_host(text)


def test_names_count_as_far_as_they_are_known() -> None:
    known = {"pcscf.visited.example"}
    assert shows_host("lost PCSCF.visited.example:5060", known)
    assert not shows_host("lost scscf.home.example", known)
    assert not shows_host("visited.example", known)


def test_addresses() -> None:
    assert is_address("10.0.0.1")
    assert is_address("::1")
    assert not is_address("home.example")
