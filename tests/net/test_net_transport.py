"""UDP, TPKT and memory pass the same suite; what is particular to TPKT follows."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import cast

import pytest

from imsedge.core.address import TransportAddress
from imsedge.h248.framing import MAX_PAYLOAD, write_tpkt
from imsedge.net import connections
from imsedge.net import udp as udp_module
from imsedge.net.tpkt import TpktTransport
from imsedge.net.transport import MemoryNetwork, Transport
from imsedge.net.udp import UdpTransport
from kit.transports import CHECKS, Inbox, Opener, Pair

pytestmark = pytest.mark.system
ANY = TransportAddress("127.0.0.1", 0)
ANY6 = TransportAddress("::1", 0)


def closed_port(kind: socket.SocketKind) -> TransportAddress:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return TransportAddress(*probe.getsockname())


async def udp() -> Pair:
    return Pair(await UdpTransport.open(ANY), await UdpTransport.open(ANY), closed_port(socket.SOCK_DGRAM))


async def tcp() -> Pair:
    called, caller = await TpktTransport.listen(ANY), TpktTransport.connector(ANY)
    return Pair(called, caller, closed_port(socket.SOCK_STREAM))


async def udp_v6() -> Pair:
    return Pair(await UdpTransport.open(ANY6), await UdpTransport.open(ANY6), TransportAddress("::1", 9))


async def tcp_v6() -> Pair:
    called, caller = await TpktTransport.listen(ANY6), TpktTransport.connector(ANY6)
    return Pair(called, caller, TransportAddress("0:0::1", closed_port(socket.SOCK_STREAM).port))


async def memory() -> Pair:
    network = MemoryNetwork()
    return Pair(network.open(), network.open(), TransportAddress("127.0.0.1", 999))


@pytest.fixture
async def closing() -> AsyncIterator[Callable[[Opener], Opener]]:
    """Openers whose transports are closed after the test."""
    opened: list[Transport] = []

    def keep(opener: Opener) -> Opener:
        async def open_and_keep() -> Pair:
            pair = await opener()
            opened.extend((pair.called, pair.caller))
            return pair

        return open_and_keep

    yield keep
    for transport in opened:
        transport.close()
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("opener", [udp, udp_v6, tcp, tcp_v6, memory], ids=lambda opener: opener.__name__)
@pytest.mark.usefixtures("no_leaks")
async def test_conformance(
    opener: Opener, check: Callable[[Opener], Awaitable[None]], closing: Callable[[Opener], Opener]
) -> None:
    await check(closing(opener))


async def test_udp_needs_an_address_that_can_be_bound() -> None:
    first = await UdpTransport.open(ANY)
    with pytest.raises(OSError, match="in use"):
        await UdpTransport.open(first.local)
    first.close()


async def raw_client(server: TpktTransport) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(server.local.host, server.local.port)


async def closed(reader: asyncio.StreamReader) -> None:
    """Wait until the other end has closed, however rudely."""
    with suppress(ConnectionError):
        assert await reader.read() == b""


@pytest.mark.parametrize("garbage", [b"MEGACO/1 [1.2.3.4] ", b"\x03\x00\x00\x00"])
async def test_a_stream_that_is_no_tpkt_is_closed(garbage: bytes) -> None:
    server = await TpktTransport.listen(ANY)
    inbox = Inbox(server)
    reader, writer = await raw_client(server)
    writer.write(write_tpkt(b"fine"))
    assert (await inbox.message())[0] == b"fine"
    writer.write(garbage)
    await closed(reader)
    assert await inbox.loss()
    writer.close()
    server.close()


async def test_octets_may_come_one_by_one() -> None:
    server = await TpktTransport.listen(ANY)
    inbox = Inbox(server)
    _, writer = await raw_client(server)
    for octet in write_tpkt(b"slow") * 2:
        writer.write(bytes([octet]))
        await writer.drain()
    assert (await inbox.message())[0] == (await inbox.message())[0] == b"slow"
    writer.close()
    server.close()


async def test_connections_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    server = await TpktTransport.listen(ANY)
    inbox = Inbox(server)
    _, first = await raw_client(server)
    first.write(write_tpkt(b"first"))
    await inbox.message()
    reader, second = await raw_client(server)
    await closed(reader)
    second.close()
    first.close()
    server.close()


async def test_a_peer_that_does_not_read_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_UNSENT", 100_000)
    server = await TpktTransport.listen(ANY)
    inbox = Inbox(server)
    _, writer = await raw_client(server)
    writer.write(write_tpkt(b"hello"))
    _, peer = await inbox.message()
    for _ in range(400):  # more than the kernel buffers
        server.send(b"x" * 60_000, peer)
    assert await inbox.loss() == peer
    writer.close()
    server.close()


@pytest.mark.parametrize("made", [False, True])
async def test_a_message_too_large_for_a_tpkt_loses_the_peer(made: bool) -> None:
    server, client = await TpktTransport.listen(ANY), TpktTransport.connector(ANY)
    inbox, other = Inbox(client), Inbox(server)
    if made:
        client.send(b"x" * MAX_PAYLOAD, server.local)
        await other.message()
    client.send(b"x" * (MAX_PAYLOAD + 1), server.local)
    assert await inbox.loss() == server.local
    client.close()
    server.close()


async def test_closing_while_a_connection_is_being_opened_is_quiet() -> None:
    server, client = await TpktTransport.listen(ANY), TpktTransport.connector(ANY)
    inbox = Inbox(client)
    client.send(b"x", server.local)
    client.close()
    await asyncio.sleep(0.02)
    assert inbox.lost.empty()
    server.close()


class Blocked:
    """A UDP socket whose kernel has no room, until it has."""

    def __init__(self, real: socket.socket) -> None:
        self.real, self.blocked = real, True

    def sendto(self, data: bytes, peer: TransportAddress) -> int:
        if self.blocked:
            raise BlockingIOError
        return self.real.sendto(data, peer)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


async def test_datagrams_wait_for_the_kernel_in_order_and_within_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(udp_module, "MAX_UNSENT", 3)
    receiver = await UdpTransport.open(ANY)
    inbox = Inbox(receiver)
    real = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    real.bind(ANY)
    blocked = Blocked(real)
    sender = UdpTransport(cast("socket.socket", blocked))
    for n in range(5):
        sender.send(b"%d" % n, receiver.local)
    await asyncio.sleep(0.01)
    assert inbox.messages.empty()
    blocked.blocked = False
    assert [(await inbox.message())[0] for _ in range(3)] == [b"0", b"1", b"2"]
    await asyncio.sleep(0.01)
    assert inbox.messages.empty()
    sender.close()
    receiver.close()


async def test_a_receiver_that_closes_in_the_middle_reads_no_further() -> None:
    receiver, sender = await UdpTransport.open(ANY), await UdpTransport.open(ANY)
    got: list[bytes] = []

    def take(data: bytes, _: TransportAddress) -> None:
        got.append(data)
        receiver.close()

    receiver.attach(take, lambda _: None)
    for _ in range(3):
        sender.send(b"x", receiver.local)
    sender.send(b"x" * 70_000, receiver.local)  # no datagram is so large
    await asyncio.sleep(0.02)
    assert got == [b"x"]
    sender.close()
