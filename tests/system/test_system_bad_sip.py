"""Malformed SIP at a real controller: 400, the fitting code, or silence; and the next request is served.

RFC 3261: what can be answered gets an answer (clauses 8.2, 16.3).  Nothing can be said to a request without
the fields that every response copies (clause 8.2.6.2), to a response or to an ACK: they are dropped.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from imsedge.core.address import TransportAddress
from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from imsedge.play.place import Place
from imsedge.sip.message import SipResponse
from imsedge.sip.parser import read_message
from kit.system import own_world

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n"


class Edge(NamedTuple):
    """A controller at its access side, and where the test's phone is."""

    place: Place
    phone: TransportAddress


@pytest.fixture
async def edge(no_leaks: None) -> AsyncIterator[Edge]:
    own = own_world()
    async with running([AlgDaemon(own.alg)]):
        yield Edge(own.place, TransportAddress(own.place.ue_host, 5062))


def request(edge: Edge, method: str = "OPTIONS", transport: str = "UDP", **fields: str) -> str:
    """A small request to the controller itself; a field given as an empty text is left out."""
    target = fields.pop("uri", f"sip:{edge.place.sip_access}")
    version = fields.pop("version", "SIP/2.0")
    body = fields.pop("body", "")
    values = {
        "Via": f"SIP/2.0/{transport} {edge.phone};branch=z9hG4bK-{method}",
        "Max-Forwards": "70",
        "From": "<sip:ue@home.test>;tag=1",
        "To": f"<{target}>",
        "Call-ID": f"bad-{method}",
        "CSeq": f"1 {method}",
        "Content-Length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"{method} {target} {version}", *(f"{n}: {v}" for n, v in values.items() if v), "", body]
    return "\r\n".join(lines)


INVITE = {"method": "INVITE", "uri": "sip:core@home.test", "Contact": "<sip:ue@192.0.2.1>"}

# What is wrong -> the status that answers it; None: nothing does.
REQUESTS: dict[str, tuple[dict[str, str], int | None]] = {
    "no Call-ID": ({"Call_ID": ""}, None),
    "no From": ({"From": ""}, None),
    "no To": ({"To": ""}, None),
    "no CSeq": ({"CSeq": ""}, None),
    "CSeq of another method": ({"CSeq": "1 INVITE"}, 400),
    "CSeq that is no number": ({"CSeq": "one OPTIONS"}, None),
    "From that is no address": ({"From": "<sip:ue@home.test;tag=1"}, None),
    "Max-Forwards that is no number": ({"Max_Forwards": "many"}, 400),
    "Content-Length beyond the datagram": ({"Content_Length": "99"}, 400),
    "Content-Length that is no number": ({"Content_Length": "-1"}, 400),
    "a field without a name": ({"X": "y\r\n: nothing"}, 400),
    "a version of tomorrow": ({"version": "SIP/3.0"}, 505),
    "no Via": ({"Via": ""}, None),
    "a Via that is none": ({"Via": "here"}, None),
    "a Request-URI that is none": ({"uri": "<sip:core@home.test>", "To": "<sip:core@home.test>"}, 400),
    "no hop left": ({"uri": "sip:core@home.test", "Max_Forwards": "0"}, 483),
    "an extension that the proxy must have": ({"uri": "sip:core@home.test", "Proxy_Require": "x"}, 420),
    "an INVITE with SDP that is none": ({**INVITE, "Content_Type": "application/sdp", "body": "hello"}, 488),
    "a BYE in no dialog": ({"method": "BYE", "To": "<sip:core@home.test>;tag=9"}, 481),
    "a CANCEL of nothing": ({"method": "CANCEL"}, 481),
    "an ACK of nothing": ({"method": "ACK"}, None),
    "a broken ACK": ({"method": "ACK", "Call_ID": ""}, None),
}

GARBAGE = {
    "zeros": b"\x00" * 100,
    "octets": bytes(range(256)) * 4,
    "a first line": b"OPTIONS\r\n\r\n",
    "half a request": b"INVITE sip:core@home.test SIP/2.0\r\nVia: SIP/2.0/U",
    "a response to nothing": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\r\n",
    "a response that is none": b"SIP/2.0 999 What\r\n\r\n",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "sixty thousand octets": b"OPTIONS sip:x SIP/2.0\r\nX: " + b"y" * 60_000,
    "two thousand fields": b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * 2_000 + b"\r\n",
}


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.responses: asyncio.Queue[SipResponse] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's
        message = read_message(data)
        assert isinstance(message, SipResponse)
        self.responses.put_nowait(message)


async def answers(edge: Edge, octets: bytes) -> list[int]:
    """Statuses of what comes back over UDP until a request that is right is answered."""
    loop = asyncio.get_running_loop()
    wire, seen = await loop.create_datagram_endpoint(Datagrams, local_addr=edge.phone)
    wire.sendto(octets, edge.place.sip_access)
    wire.sendto(
        request(edge, Call_ID="good", CSeq="7 OPTIONS").replace("-OPTIONS", "-good").encode(),
        edge.place.sip_access,
    )
    found = []
    while True:
        response = await asyncio.wait_for(seen.responses.get(), 5)
        if response.call_id == "good":
            break
        found.append(response.status)
    assert response.status == 200
    wire.close()
    await asyncio.sleep(0)
    return found


@pytest.mark.parametrize(("fields", "status"), REQUESTS.values(), ids=REQUESTS)
async def test_a_wrong_request_over_udp(edge: Edge, fields: dict[str, str], status: int | None) -> None:
    found = await answers(edge, request(edge, **fields).encode())
    assert [code for code in found if code != 100] == ([] if status is None else [status])


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_over_udp_is_dropped(edge: Edge, octets: bytes) -> None:
    assert await answers(edge, octets) == []


async def converse(edge: Edge, octets: bytes) -> bytes:
    """All that comes back over TCP until the controller closes, or has been quiet for a while."""
    reader, writer = await asyncio.open_connection(*edge.place.sip_access)
    writer.write(octets)
    found = b""
    try:
        while more := await asyncio.wait_for(reader.read(4096), 0.3):
            found += more
    except (TimeoutError, ConnectionResetError):
        pass
    writer.close()
    await asyncio.sleep(0)
    return found


async def test_a_wrong_request_over_tcp_is_answered_and_the_next_one_served(edge: Edge) -> None:
    wrong = request(edge, transport="TCP", Max_Forwards="many")
    good = request(edge, transport="TCP", CSeq="2 OPTIONS")
    found = await converse(edge, (wrong + good).encode())
    assert [line for line in found.split(b"\r\n") if line.startswith(b"SIP/2.0 ")] == [
        b"SIP/2.0 400 Bad Request",
        b"SIP/2.0 200 OK",
    ]


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_over_tcp_costs_its_sender_the_connection_at_most(edge: Edge, octets: bytes) -> None:
    found = await converse(edge, octets)
    assert found == b"" or found.startswith(b"SIP/2.0 400")
    assert await answers(edge, b"\r\n") == []


async def test_a_request_over_tcp_without_a_length_ends_the_connection(edge: Edge) -> None:
    """Nobody knows where the next message begins (RFC 3261 clause 18.3)."""
    found = await converse(edge, request(edge, transport="TCP", Content_Length="").encode())
    assert found.startswith(b"SIP/2.0 400")
