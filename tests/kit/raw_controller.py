"""A controller of bare octets: what it sends is written in the test, what comes back is decoded."""

import asyncio
from collections.abc import Iterator
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.h248.codec import decode
from imsedge.h248.model import (
    ActionReply,
    ErrorDescriptor,
    Message,
    TransactionReply,
    TransactionRequest,
    Verb,
)

_SECONDS = 5.0


class RawController(asyncio.DatagramProtocol):
    """One UDP socket; ``registered`` after it has answered the gateway's ServiceChange."""

    def __init__(self) -> None:
        self.registered = asyncio.Event()
        self.gateway = TransportAddress("127.0.0.1", 0)
        self._messages: asyncio.Queue[Message] = asyncio.Queue()

    @classmethod
    async def open(cls, host: str = "127.0.0.1") -> Self:
        """On any port."""
        loop = asyncio.get_running_loop()
        _, controller = await loop.create_datagram_endpoint(cls, local_addr=(host, 0))
        return controller

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.address = TransportAddress(*transport.get_extra_info("sockname")[:2])
        self.head = f"MEGACO/2 [{self.address.host}]:{self.address.port}\n"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = decode(data)
        registrations = list(_registrations(message))
        if not registrations:
            self._messages.put_nowait(message)
            return
        self.gateway = TransportAddress(*addr[:2])
        for number in registrations:
            self.send(f"Reply = {number} {{ Context = - {{ ServiceChange = ROOT }} }}")
        self.registered.set()

    def send(self, body: str) -> None:
        """A message of ours with this body."""
        self.send_octets((self.head + body).encode())

    def send_octets(self, octets: bytes) -> None:
        """Any datagram to the gateway."""
        self._transport.sendto(octets, tuple(self.gateway))

    async def next(self) -> Message:
        """What the gateway says next."""
        return await asyncio.wait_for(self._messages.get(), _SECONDS)

    async def replies(self, *numbers: int) -> dict[int, TransactionReply]:
        """The replies to these transactions, whatever order and messages they come in."""
        found: dict[int, TransactionReply] = {}
        while not found.keys() >= set(numbers):
            body = (await self.next()).body
            assert not isinstance(body, ErrorDescriptor), body
            found |= {reply.id: reply for reply in body if isinstance(reply, TransactionReply)}
        return found

    def close(self) -> None:
        """Free the port."""
        self._transport.close()


def codes(reply: TransactionReply) -> list[int]:
    """Every error in a reply, in order; 0 for each command that went well."""
    if isinstance(reply.result, ErrorDescriptor):
        return [reply.result.code]
    return [code for action in reply.result for code in _action_codes(action)]


def _action_codes(action: ActionReply) -> Iterator[int]:
    for reply in action.replies:
        yield reply.error.code if reply.error is not None else 0
    if action.error is not None:
        yield action.error.code


def _registrations(message: Message) -> Iterator[int]:
    if isinstance(message.body, ErrorDescriptor):
        return
    for transaction in message.body:
        if isinstance(transaction, TransactionRequest) and any(
            command.verb is Verb.SERVICE_CHANGE and command.terminations == ("ROOT",)
            for action in transaction.actions
            for command in action.commands
        ):
            yield transaction.id
