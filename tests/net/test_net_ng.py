"""NG over real sockets."""

import asyncio
from typing import cast

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import CountingIds
from imsedge.net.ng import NgTransport
from imsedge.ng.client import Answered, Ask, Client

PING = Ask("tag", {"command": "ping"})


class Server(asyncio.DatagramProtocol):
    """Answers pong; the first ``deaf`` datagrams not at all."""

    def __init__(self, deaf: int = 0) -> None:
        self.deaf, self.heard = deaf, list[bytes]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        if len(self.heard) > self.deaf:
            self.transport.sendto(data.partition(b" ")[0] + b" d6:result4:ponge", addr)


async def answers_of(server: Server, questions: int = 1) -> list[Answered]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    answers = asyncio.Queue[Answered]()
    client = NgTransport(Client(CountingIds()), answers.put_nowait)
    await client.start(TransportAddress(*transport.get_extra_info("sockname")[:2]))
    try:
        for _ in range(questions):
            client.ask(PING)
        return [await asyncio.wait_for(answers.get(), 10) for _ in range(questions)]
    finally:
        client.close()
        transport.close()


async def test_questions_and_answers() -> None:
    assert await answers_of(Server(), 5) == [Answered("tag", {"result": "pong"})] * 5


async def test_a_question_that_was_lost_is_asked_again() -> None:
    server = Server(deaf=1)
    assert await answers_of(server) == [Answered("tag", {"result": "pong"})]
    assert server.heard == server.heard[:1] * 2


async def test_nobody_there() -> None:
    """Port 9 of the loopback refuses: the question goes on until its time is over, or somebody comes."""
    answers: list[Answered] = []
    client = NgTransport(Client(CountingIds()), answers.append)
    with pytest.raises(LocalError):
        client.ask(PING)
    await client.start(TransportAddress("127.0.0.1", 9))
    client.ask(PING)
    await asyncio.sleep(0.05)
    assert answers == []
    client.close()
    client.close()
