"""Each case: a description whose media are in the gateway, and what another network may see of it."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.hosts import shows_host
from imsedge.sdp.errors import SdpError
from imsedge.sdp.hiding import DROPPED, hide

OURS, GATEWAY, THEIRS = "203.0.113.1", "203.0.113.5", "10.1.2.3"

CASES = {
    "the origin is ours, its session and version stay": (
        f"""\
        v=0
        o=alice 4711 3 IN IP4 {THEIRS}
        s=-
        c=IN IP4 {GATEWAY}
        t=0 0
        m=application 30001 TCP/BFCP *
        a=floorid:1
        """,
        f"""\
        v=0
        o=- 4711 3 IN IP4 {OURS}
        s=-
        c=IN IP4 {GATEWAY}
        t=0 0
        m=application 30001 TCP/BFCP *
        a=floorid:1
        """,
    ),
    "a connection that no live media relies on": (
        f"""\
        v=0
        o=- 1 1 IN IP6 2001:db8::1
        s=call from {THEIRS}
        i=ask me
        u=http://{THEIRS}/
        e=alice@pc33.visited.example
        p=+1 617 555-6011
        c=IN IP4 {THEIRS}
        t=0 0
        m=audio 0 RTP/AVP 0
        c=IN IP4 {THEIRS}
        a=rtcp:4001
        m=message 30001 TCP/TLS/MSRP *
        i=chat
        c=IN IP4 {GATEWAY}
        a=path:msrps://{THEIRS}:7654/abc;tcp
        a=fingerprint:SHA-256 11:22
        """,
        f"""\
        v=0
        o=- 1 1 IN IP4 {OURS}
        s=-
        c=IN IP4 {OURS}
        t=0 0
        m=audio 0 RTP/AVP 0
        m=message 30001 TCP/TLS/MSRP *
        c=IN IP4 {GATEWAY}
        a=path:msrps://{THEIRS}:7654/abc;tcp
        a=fingerprint:SHA-256 11:22
        """,
    ),
    "candidates, and any attribute with an address": (
        f"""\
        v=0
        o=- 1 1 IN IP4 {THEIRS}
        s=chat
        c=IN IP4 {GATEWAY}
        t=0 0
        a=ice-options:trickle
        a=x-relay:{THEIRS}
        a=group:BUNDLE 1
        m=image 30001 udptl t38
        a=rtcp:30002 IN IP4 {THEIRS}
        a=rtcp:30003
        a=candidate:1 1 UDP 2130706431 {THEIRS} 8998 typ host
        a=3ge2ae:requested
        a=T38FaxVersion:0
        """,
        f"""\
        v=0
        o=- 1 1 IN IP4 {OURS}
        s=chat
        c=IN IP4 {GATEWAY}
        t=0 0
        a=group:BUNDLE 1
        m=image 30001 udptl t38
        a=rtcp:30003
        a=T38FaxVersion:0
        """,
    ),
}


def crlf(text: str) -> str:
    return dedent(text).replace("\n", "\r\n")


@pytest.mark.parametrize(("arrived", "leaves"), CASES.values(), ids=CASES)
def test_what_leaves(arrived: str, leaves: str) -> None:
    assert hide(crlf(arrived), OURS) == crlf(leaves)


def test_ours_may_be_ipv6() -> None:
    text = crlf("v=0\no=- 1 1 IN IP4 10.0.0.1\ns=-\nt=0 0\n")
    assert "o=- 1 1 IN IP6 2001:db8::9\r\n" in hide(text, "2001:db8::9")


def test_what_is_no_description_is_not_shown_at_all() -> None:
    with pytest.raises(SdpError):
        hide("hello", OURS)


NAMES = st.sampled_from([*sorted(DROPPED), "x-any", "setup", "floorid", "mid"])
VALUES = st.text(st.characters(codec="ascii", exclude_characters="\r\n\x00"), max_size=20)


@given(st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=8))
def test_no_attribute_ever_shows_an_address(attributes: list[tuple[str, str, bool]]) -> None:
    lines = [f"a={name}:{value}{' ' + THEIRS if told else ''}" for name, value, told in attributes]
    head = ["v=0", f"o=- 1 1 IN IP4 {THEIRS}", "s=-", f"c=IN IP4 {GATEWAY}", "t=0 0"]
    text = "".join(f"{line}\r\n" for line in (*head, *lines, "m=application 1 TCP *", *lines))
    left = hide(text, OURS)
    assert THEIRS not in left
    assert not any(shows_host(line) for line in left.split("\r\n") if line.startswith("a="))
