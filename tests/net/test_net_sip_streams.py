"""Connections: their limits, and peers that misuse them."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.net.sip_streams import StreamLimits
from imsedge.net.sip_tls import SipTlsContexts
from imsedge.sip.events import RequestArrived, TransactionFailed
from imsedge.sip.flow import Flow
from imsedge.sip.writer import write_message
from kit.openssl import OpensslCertificate
from kit.sip import request
from kit.sip_peer import Answerer, Node, running

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

OPTIONS = write_message(request("OPTIONS", transport="TCP"))
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(node: Node) -> Ends:
    return await asyncio.open_connection(*node.bound["tcp"])


async def close(*ends: Ends) -> None:
    for _, writer in ends:
        writer.close()
        await writer.wait_closed()


async def read_some(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.read(65_536)


async def test_messages_cut_anywhere() -> None:
    edge = Answerer()
    async with running(edge):
        await edge.listen("tcp")
        reader, writer = await connect(edge)
        for start in range(0, len(OPTIONS), 50):
            writer.write(OPTIONS[start : start + 50])
            await writer.drain()
            await asyncio.sleep(0)
        assert (await read_some(reader)).startswith(b"SIP/2.0 200 OK\r\n")
        await close((reader, writer))


async def test_a_ping_is_answered_with_a_pong() -> None:
    edge = Answerer()
    async with running(edge):
        await edge.listen("tcp")
        reader, writer = await connect(edge)
        writer.write(b"\r\n\r\n")
        assert await read_some(reader) == b"\r\n"
        await close((reader, writer))


async def test_a_stream_without_lengths_is_answered_and_closed() -> None:
    edge = Answerer()
    async with running(edge):
        await edge.listen("tcp")
        reader, writer = await connect(edge)
        writer.write(OPTIONS.replace(b"Content-Length", b"X-Length"))
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert answer.startswith(b"SIP/2.0 400 Bad Request\r\n")
        await close((reader, writer))


async def test_garbage_is_closed_without_an_answer() -> None:
    edge = Answerer()
    async with running(edge):
        await edge.listen("tcp")
        reader, writer = await connect(edge)
        writer.write(b"\x16\x03\x01\x00\x05hello\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        await close((reader, writer))


async def test_connections_beyond_the_limit_are_closed_at_once() -> None:
    edge = Answerer(limits=StreamLimits(connections=1))
    async with running(edge):
        await edge.listen("tcp")
        first, second = await connect(edge), await connect(edge)
        async with asyncio.timeout(5):
            assert await second[0].read() == b""
        first[1].write(OPTIONS)
        assert (await read_some(first[0])).startswith(b"SIP/2.0 200 OK")
        assert edge.transport.open_connections == 1
        key = edge.send(request("BYE"), Flow("tcp", TransportAddress("127.0.0.1", 1)))
        assert await edge.until_kind(TransactionFailed) == TransactionFailed(key, 503)
        await close(first, second)


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        (StreamLimits(unfinished=0.1), OPTIONS[:60]),
        (StreamLimits(unfinished=0.1), b""),
        (StreamLimits(unfinished=0.1), b"\r\n\r\n"),
        (StreamLimits(unfinished=0.1, idle=0.1), OPTIONS),
    ],
    ids=["an unfinished message", "none ever", "pings only", "silence"],
)
async def test_stale_connections_are_closed(limits: StreamLimits, data: bytes) -> None:
    edge = Answerer(limits=limits)
    async with running(edge):
        await edge.listen("tcp")
        reader, writer = await connect(edge)
        writer.write(data)
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert answer.count(b"SIP/2.0 200") == (1 if data == OPTIONS else 0)
        assert edge.transport.open_connections == 0
        await close((reader, writer))


async def test_connections_that_we_made_may_wait_for_what_the_peer_says() -> None:
    caller, silent = Node(limits=StreamLimits(unfinished=0.1)), Node()
    async with running(caller, silent):
        await silent.listen("tcp")
        caller.send(request("OPTIONS", transport="TCP"), Flow("tcp", silent.bound["tcp"]))
        await silent.until_kind(RequestArrived)
        await asyncio.sleep(0.3)
        assert caller.transport.open_connections == 1


async def test_handshakes_that_nobody_finishes_are_few_and_short(tmp_path: Path) -> None:
    own = OpensslCertificate(tmp_path, "edge", hosts=("127.0.0.1",))
    secured = SipTlsContexts(own.certificate, own.key, own.certificate)
    edge = Answerer(limits=StreamLimits(handshakes=2, connect=1.0), tls_server=secured.server)
    async with running(edge):
        await edge.listen("tls")
        silent = [await asyncio.open_connection(*edge.bound["tls"]) for _ in range(3)]
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert await silent[2][0].read() == b""
            assert await silent[0][0].read() == b""
            phone = await asyncio.open_connection(*edge.bound["tls"], ssl=secured.client)
        phone[1].write(OPTIONS.replace(b"TCP", b"TLS"))
        assert (await read_some(phone[0])).startswith(b"SIP/2.0 200 OK\r\n")
        await close(*silent, phone)


async def test_a_peer_that_does_not_read_is_given_up() -> None:
    edge, stuck = Answerer(limits=StreamLimits(waiting=20_000)), asyncio.Event()

    async def never_reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stuck.wait()
        writer.close()

    server = await asyncio.start_server(never_reads, "127.0.0.1", 0, limit=1)
    async with running(edge):
        flow = Flow("tcp", TransportAddress(*server.sockets[0].getsockname()))
        big = request("MESSAGE").with_body(b"x" * 15_000, "text/plain")
        for _ in range(1_000):
            edge.send(big, flow)
            await asyncio.sleep(0)
            if any(isinstance(output, TransactionFailed) for output in edge.seen):
                break
        await edge.until_kind(TransactionFailed)
    stuck.set()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)


async def test_what_waits_for_a_connection_is_bounded() -> None:
    edge = Node(limits=StreamLimits(waiting=1_000))
    async with running(edge):
        flow = Flow("tcp", TransportAddress("127.0.0.1", 1))
        edge.send(request("MESSAGE").with_body(b"x" * 2_000, "text/plain"), flow)
        assert any(isinstance(output, TransactionFailed) for output in edge.seen)
