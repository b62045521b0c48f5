"""What every transport of H.248 must do: one suite for UDP, TPKT, memory and whatever comes.

    @pytest.mark.parametrize("check", CHECKS)
    async def test_conformance(check, ...):
        await check(opener)

``opener`` opens a pair: one that is called and one that calls.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.net.transport import Transport

PATIENCE = 5.0


class Pair(NamedTuple):
    """``called`` has the address that ``caller`` knows; ``nobody`` is an address where nobody is."""

    called: Transport
    caller: Transport
    nobody: TransportAddress


Opener = Callable[[], Awaitable[Pair]]


class Inbox:
    """Attached to a transport: what came, and who was lost."""

    def __init__(self, transport: Transport) -> None:
        self.messages: asyncio.Queue[tuple[bytes, TransportAddress]] = asyncio.Queue()
        self.lost: asyncio.Queue[TransportAddress] = asyncio.Queue()
        transport.attach(lambda data, peer: self.messages.put_nowait((data, peer)), self.lost.put_nowait)

    async def message(self) -> tuple[bytes, TransportAddress]:
        return await asyncio.wait_for(self.messages.get(), PATIENCE)

    async def loss(self) -> TransportAddress:
        return await asyncio.wait_for(self.lost.get(), PATIENCE)


async def a_message_arrives_whole_and_its_source_can_be_answered(opener: Opener) -> None:
    called, caller, _ = await opener()
    server, client = Inbox(called), Inbox(caller)
    caller.send(b"question", called.local)
    data, source = await server.message()
    assert data == b"question"
    called.send(b"answer", source)
    assert await client.message() == (b"answer", called.local)


async def messages_keep_their_borders(opener: Opener) -> None:
    called, caller, _ = await opener()
    server = Inbox(called)
    sent = [bytes([n]) * size for n, size in enumerate((1, 2, 1000, 3, 8_000, 1, 60_000))]
    for data in sent:
        caller.send(data, called.local)
    got = [(await server.message())[0] for _ in sent]
    assert (got if caller.reliable else sorted(got)) == (sent if caller.reliable else sorted(sent))


async def both_may_speak_at_any_time(opener: Opener) -> None:
    called, caller, _ = await opener()
    server, client = Inbox(called), Inbox(caller)
    caller.send(b"hello", called.local)
    _, source = await server.message()
    for n in range(20):
        called.send(b"down %d" % n, source)
        caller.send(b"up %d" % n, called.local)
    assert sorted([(await client.message())[0] for _ in range(20)]) == sorted(
        b"down %d" % n for n in range(20)
    )
    assert sorted([(await server.message())[0] for _ in range(20)]) == sorted(b"up %d" % n for n in range(20))


async def sending_to_nobody_raises_nothing_and_is_told_where_that_can_be_known(opener: Opener) -> None:
    called, caller, nobody = await opener()
    client = Inbox(caller)
    caller.send(b"anybody?", nobody)
    if caller.reliable:
        assert await client.loss() == nobody
    server = Inbox(called)
    caller.send(b"still alive", called.local)
    assert (await server.message())[0] == b"still alive"


async def a_peer_that_closes_is_told_where_that_can_be_known(opener: Opener) -> None:
    called, caller, _ = await opener()
    server, client = Inbox(called), Inbox(caller)
    caller.send(b"hello", called.local)
    await server.message()
    called.close()
    if caller.reliable:
        assert await client.loss() == called.local
    caller.send(b"anybody?", called.local)


async def the_called_one_hears_of_a_caller_that_closes(opener: Opener) -> None:
    called, caller, _ = await opener()
    server = Inbox(called)
    caller.send(b"hello", called.local)
    _, source = await server.message()
    caller.close()
    if called.reliable:
        assert await server.loss() == source
    called.send(b"anybody?", source)
    if called.reliable:
        assert await server.loss() == source


async def a_connection_can_be_dropped_and_is_opened_again_when_needed(opener: Opener) -> None:
    called, caller, nobody = await opener()
    server, client = Inbox(called), Inbox(caller)
    caller.disconnect(nobody)
    caller.send(b"one", called.local)
    _, first = await server.message()
    caller.disconnect(called.local)
    if called.reliable:
        assert await server.loss() == first
    caller.send(b"two", called.local)
    data, second = await server.message()
    assert data == b"two"
    called.send(b"answer", second)
    assert (await client.message())[0] == b"answer"
    assert client.lost.empty()


async def after_close_nothing_is_sent_and_nothing_comes(opener: Opener) -> None:
    called, caller, _ = await opener()
    server, client = Inbox(called), Inbox(caller)
    caller.send(b"hello", called.local)
    _, source = await server.message()
    caller.close()
    caller.close()
    caller.send(b"late", called.local)
    called.send(b"late", source)
    await asyncio.sleep(0.02)
    assert server.messages.empty()
    assert client.messages.empty()
    assert client.lost.empty()


async def nobody_needs_to_be_attached(opener: Opener) -> None:
    called, caller, nobody = await opener()
    caller.send(b"hello", called.local)
    caller.send(b"hello", nobody)
    await asyncio.sleep(0.02)
    server = Inbox(called)
    caller.send(b"again", called.local)
    assert (await server.message())[0] == b"again"


CHECKS = (
    a_message_arrives_whole_and_its_source_can_be_answered,
    messages_keep_their_borders,
    both_may_speak_at_any_time,
    sending_to_nobody_raises_nothing_and_is_told_where_that_can_be_known,
    a_peer_that_closes_is_told_where_that_can_be_known,
    the_called_one_hears_of_a_caller_that_closes,
    a_connection_can_be_dropped_and_is_opened_again_when_needed,
    after_close_nothing_is_sent_and_nothing_comes,
    nobody_needs_to_be_attached,
)
