"""SCTP: what goes beside the octets, the conformance suite on pretended and, where it is, real SCTP."""

import asyncio
import errno
import socket
import struct
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.net import connections, sctp
from imsedge.net.sctp import SctpTransport, read_protocol, write_info
from kit.pretend_sctp import PretendKernel
from kit.transports import CHECKS, Inbox, Opener, Pair

ANY = TransportAddress("127.0.0.1", 0)


def test_the_payload_protocol_stands_where_the_kernel_looks() -> None:
    """struct sctp_sndrcvinfo: three short words, padding, ppid in network order, five words."""
    ((level, kind, data),) = write_info()
    assert (level, kind, len(data)) == (socket.IPPROTO_SCTP, 1, 32)
    assert data[8:12] == bytes((0, 0, 0, 7))
    assert not any(data[:8] + data[12:])


@pytest.mark.parametrize(
    ("ancillary", "protocol"),
    [
        (write_info(), 7),
        (write_info(3), 3),
        ([], 0),
        ([(132, 1, b"short")], 0),
        ([(132, 2, write_info()[0][2])], 0),
        ([(1, 1, b"\0" * 32), *write_info()], 7),
        ([(132, 1, struct.pack("=HHH2x4sIIIIi", 1, 2, 4, b"\0\0\0\7", 9, 9, 9, 9, -1))], 7),
    ],
)
def test_the_payload_protocol_of_a_message(ancillary: sctp.Ancillary, protocol: int) -> None:
    assert read_protocol(ancillary) == protocol


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> PretendKernel:
    pretended = PretendKernel(uuid.uuid4().hex)
    monkeypatch.setattr(sctp, "open_socket", pretended.open_socket)
    return pretended


async def a_pair() -> Pair:
    called = await SctpTransport.listen(ANY)
    return Pair(called, SctpTransport.connector(ANY), TransportAddress("127.0.0.1", 1))


@pytest.fixture
async def opener() -> AsyncIterator[Opener]:
    opened: list[Pair] = []

    async def open_and_keep() -> Pair:
        opened.append(await a_pair())
        return opened[-1]

    yield open_and_keep
    for pair in opened:
        pair.called.close()
        pair.caller.close()
    await asyncio.sleep(0.01)


@pytest.mark.system
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.usefixtures("no_leaks", "kernel")
async def test_conformance_on_pretended_sctp(
    check: Callable[[Opener], Awaitable[None]], opener: Opener
) -> None:
    await check(opener)


@pytest.mark.sctp
@pytest.mark.system
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.usefixtures("no_leaks")
async def test_conformance_on_the_kernels_sctp(
    check: Callable[[Opener], Awaitable[None]], opener: Opener
) -> None:
    await check(opener)


def test_a_kernel_without_sctp_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(SettingError, match=r"h248\.transport: this kernel has no SCTP"):
        sctp.open_socket("127.0.0.1")
    with pytest.raises(SettingError, match="no SCTP"):
        sctp.open_socket("::1")


def test_other_failures_are_not_taken_for_a_missing_sctp(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(OSError, match="Too many"):
        sctp.open_socket("127.0.0.1")


@pytest.mark.system
async def test_messages_of_other_protocols_are_passed_over(kernel: PretendKernel, opener: Opener) -> None:
    called, caller, _ = await opener()
    server = Inbox(called)
    kernel.protocol = 3
    caller.send(b"SUA", called.local)
    await asyncio.sleep(0.02)
    assert server.messages.empty()
    kernel.protocol = 0
    caller.send(b"from one who does not tell", called.local)
    assert (await server.message())[0] == b"from one who does not tell"


@pytest.mark.system
async def test_a_message_that_the_kernel_delivers_in_pieces(kernel: PretendKernel, opener: Opener) -> None:
    kernel.pieces = True
    called, caller, _ = await opener()
    server = Inbox(called)
    for data in (b"ab", b"c", b"x" * 60_000):
        caller.send(data, called.local)
        assert (await server.message())[0] == data


@pytest.mark.system
@pytest.mark.usefixtures("kernel")
async def test_a_peer_that_does_not_read_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_UNSENT", 100_000)
    called, caller, _ = await a_pair()
    server = Inbox(called)
    caller.send(b"hello", called.local)
    _, peer = await server.message()
    for _ in range(400):  # more than the kernel buffers
        called.send(b"x" * 60_000, peer)
    assert await server.loss() == peer
    called.close()
    caller.close()


@pytest.mark.system
@pytest.mark.usefixtures("kernel")
async def test_an_address_that_is_taken() -> None:
    first = await SctpTransport.listen(ANY)
    with pytest.raises(OSError, match="in use"):
        await SctpTransport.listen(first.local)
    first.close()


@pytest.mark.sctp
@pytest.mark.system
async def test_over_ipv6_too() -> None:
    called = await SctpTransport.listen(TransportAddress("::1", 0))
    caller = SctpTransport.connector(TransportAddress("::1", 0))
    server, client = Inbox(called), Inbox(caller)
    caller.send(b"question", called.local)
    _, source = await server.message()
    assert source.host == "::1"
    called.send(b"answer", source)
    assert await client.message() == (b"answer", called.local)
    called.close()
    caller.close()


@pytest.mark.sctp
@pytest.mark.system
async def test_the_kernel_tells_payload_protocols_apart_and_an_aborted_association() -> None:
    called = await SctpTransport.listen(ANY)
    server = Inbox(called)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP) as peer:
        peer.connect((called.local.host, called.local.port))
        for protocol, data in ((3, b"SUA"), (7, b"H.248"), (0, b"unspecified")):
            peer.sendmsg([data], write_info(protocol))
        got = [await server.message() for _ in range(2)]
        assert [data for data, _ in got] == [b"H.248", b"unspecified"]
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ABORT at close
    assert await server.loss() == got[0][1]
    called.close()
