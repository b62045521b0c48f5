"""One end of a control association on a real socket."""

import asyncio
from collections.abc import Callable
from typing import Any

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing
from imsedge.net.h248 import H248Endpoint
from imsedge.net.sctp import SctpTransport
from imsedge.net.tpkt import TpktTransport
from imsedge.net.transport import Transport
from imsedge.net.udp import UdpTransport
from kit.associations import obedient

ANY = TransportAddress("127.0.0.1", 0)
# Whoever calls a port where nobody listens must not call it from the same one: TCP would connect to itself.
LISTENING = TransportAddress("127.0.0.2", 0)


class Side:
    """An association whose user answers everything, ``slow`` seconds late; ``seen`` is what its tap saw."""

    def __init__(self, machine: Any, transport: Transport, slow: float = 0.0) -> None:
        self.machine = machine
        self.said: list[Any] = []
        self.seen: list[Crossing] = []
        self._unread: asyncio.Queue[Any] = asyncio.Queue()
        self._slow = slow
        self.endpoint: H248Endpoint[Any, Any] = H248Endpoint(machine, transport, self._on_output, self._tap)

    def _tap(self, crossing: Crossing) -> None:
        self.seen.append(crossing)

    def _on_output(self, output: Any) -> None:
        self.said.append(output)
        self._unread.put_nowait(output)
        for reaction in obedient(output):
            if self._slow:
                asyncio.get_running_loop().call_later(self._slow, self.endpoint.feed, reaction)
            else:
                self.endpoint.feed(reaction)

    async def hears(self, kind: type[Any], patience: float = 5.0) -> Any:
        """The next output of a kind; what comes before is passed over."""
        async with asyncio.timeout(patience):
            while not isinstance(output := await self._unread.get(), kind):
                pass
            return output


Keep = Callable[[Side], Side]
"""A fixture: the side is closed after the test."""


_CONNECTED: dict[str, type[TpktTransport] | type[SctpTransport]] = {
    "tcp": TpktTransport,
    "sctp": SctpTransport,
}


async def calling(transport: str) -> Transport:
    """For a gateway."""
    return await UdpTransport.open(ANY) if transport == "udp" else _CONNECTED[transport].connector(ANY)


async def called(transport: str) -> Transport:
    """For a controller."""
    return await (UdpTransport.open(ANY) if transport == "udp" else _CONNECTED[transport].listen(ANY))
