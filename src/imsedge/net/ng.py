"""An RTP proxy that is asked over NG by UDP."""

import asyncio
from collections.abc import Callable

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.net.driver import Driver
from imsedge.ng.client import Answered, Ask, Client, Input, Output, Received, Transmit


class NgTransport(asyncio.DatagramProtocol):
    """Make it and ``start`` it inside the running event loop; ``deliver`` gets every answer."""

    def __init__(self, client: Client, deliver: Callable[[Answered], None]) -> None:
        self._driver = Driver[Input, Output](client, self._perform)
        self._deliver = deliver
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self, server: TransportAddress) -> None:
        """Get a socket; nothing is sent yet, and what others send is not heard."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=server)

    def ask(self, question: Ask) -> None:
        """The answer, or that there is none, comes to ``deliver``."""
        if self._transport is None:
            raise LocalError("asked before start")
        self._driver.feed(question)

    def close(self) -> None:
        """No more answers; harmless when repeated."""
        self._driver.close()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:  # noqa: ARG002 - asyncio's
        self._driver.feed(Received(data))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there: the clock will say so."""

    def _perform(self, output: Output) -> None:
        match output:
            case Transmit(octets):
                if self._transport is not None:
                    self._transport.sendto(octets)
            case Answered():
                self._deliver(output)
