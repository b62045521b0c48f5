"""Where the gateway's address goes, and what stays."""

from textwrap import dedent

import pytest

from imsedge.core.address import TransportAddress
from imsedge.sdp.addresses import replace_addresses
from imsedge.sdp.parser import read_descriptions
from imsedge.sdp.writer import write_description

HERE, THERE, SIX = (
    TransportAddress("203.0.113.5", 30001),
    TransportAddress("203.0.113.6", 30002),
    TransportAddress("2001:db8::5", 30003),
)

CASES = {
    "at session level": (
        """\
        o=- 1 1 IN IP4 192.0.2.1
        c=IN IP4 192.0.2.1
        m=message 9 TCP/MSRP *
        a=setup:active
        """,
        {0: HERE},
        """\
        o=- 1 1 IN IP4 192.0.2.1
        c=IN IP4 203.0.113.5
        m=message 30001 TCP/MSRP *
        a=setup:active
        """,
    ),
    "at media level": (
        """\
        c=IN IP4 192.0.2.1
        m=message 9 TCP/MSRP *
        i=chat
        c=IN IP4 192.0.2.2
        a=setup:active
        """,
        {0: SIX},
        """\
        c=IN IP4 192.0.2.1
        m=message 30003 TCP/MSRP *
        i=chat
        c=IN IP6 2001:db8::5
        a=setup:active
        """,
    ),
    "audio stays where it is": (
        """\
        c=IN IP4 192.0.2.1
        m=audio 4000 RTP/AVP 0
        m=message 9 TCP/MSRP *
        i=chat
        a=setup:active
        """,
        {1: HERE},
        """\
        c=IN IP4 192.0.2.1
        m=audio 4000 RTP/AVP 0
        m=message 30001 TCP/MSRP *
        i=chat
        c=IN IP4 203.0.113.5
        a=setup:active
        """,
    ),
    "refused media do not hold the session's address": (
        """\
        c=IN IP4 192.0.2.1
        m=audio 0 RTP/AVP 0
        m=message 9 TCP/MSRP *
        """,
        {1: HERE},
        """\
        c=IN IP4 203.0.113.5
        m=audio 0 RTP/AVP 0
        m=message 30001 TCP/MSRP *
        """,
    ),
    "two media at two addresses": (
        """\
        c=IN IP4 192.0.2.1
        m=application 9 TCP/BFCP *
        m=message 9 TCP/MSRP *
        """,
        {0: HERE, 1: THERE},
        """\
        c=IN IP4 192.0.2.1
        m=application 30001 TCP/BFCP *
        c=IN IP4 203.0.113.5
        m=message 30002 TCP/MSRP *
        c=IN IP4 203.0.113.6
        """,
    ),
    "several c= lines become one": (
        """\
        m=message 9 TCP/MSRP *
        c=IN IP4 192.0.2.1
        c=IN IP4 192.0.2.2
        """,
        {0: HERE},
        """\
        m=message 30001 TCP/MSRP *
        c=IN IP4 203.0.113.5
        """,
    ),
    "no address to move": ("m=message 9 TCP/MSRP *\n", {}, "m=message 9 TCP/MSRP *\n"),
}


@pytest.mark.parametrize(("before", "addresses", "after"), CASES.values(), ids=CASES)
def test_replace(before: str, addresses: dict[int, TransportAddress], after: str) -> None:
    (description,) = read_descriptions(dedent(before))
    moved = write_description(replace_addresses(description, addresses))
    assert moved.replace("\r\n", "\n") == dedent(after)
