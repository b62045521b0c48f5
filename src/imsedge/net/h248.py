"""A control association machine on a transport.

    transport = await UdpTransport.open(address)
    endpoint = H248Endpoint(GatewayAssociation(...), transport, on_output, tap)
    endpoint.feed(Start())

Works for ``GatewayAssociation`` and ``ControllerAssociation`` alike: ``Transmit`` and ``Disconnect`` are
performed here, every other output goes to ``on_output``.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from imsedge.core.address import TransportAddress
from imsedge.core.machine import Machine, Tick
from imsedge.core.trace import Crossing, Kind, Tap
from imsedge.h248.association import Disconnect, TransportLost
from imsedge.h248.summary import summary_of
from imsedge.h248.transactions import Received, Transmit
from imsedge.net.driver import Driver
from imsedge.net.transport import Transport

In = TypeVar("In")
Out = TypeVar("Out")


class H248Endpoint(Generic[In, Out]):
    """Drives ``machine``; ``tap`` sees every message that is sent or received."""

    def __init__(
        self,
        machine: Machine[In | Received | TransportLost | Tick, Out | Transmit | Disconnect],
        transport: Transport,
        on_output: Callable[[Out], None],
        tap: Tap | None = None,
    ) -> None:
        self._transport = transport
        self._on_output = on_output
        self._tap = tap
        self._driver = Driver[In | Received | TransportLost, Out | Transmit | Disconnect](
            machine, self._perform
        )
        self._closed = False
        transport.attach(self._received, self._lost)

    @property
    def local(self) -> TransportAddress:
        """Where peers reach us."""
        return self._transport.local

    def feed(self, event: In) -> None:
        """Hand in a wish: ``SendReply``, ``Request``, ``Start`` ...  Ignored after ``close``."""
        if not self._closed:
            self._driver.feed(event)

    def close(self) -> None:
        """Stop at once, without a word to the peers; twice is harmless."""
        self._closed = True
        self._driver.close()
        self._transport.close()

    def _perform(self, output: Out | Transmit | Disconnect) -> None:
        if isinstance(output, Transmit):
            if self._tap is not None:
                self._report(self._tap, output.data, self._transport.local, output.peer)
            self._transport.send(output.data, output.peer)
        elif isinstance(output, Disconnect):
            self._transport.disconnect(output.peer)
        else:
            self._on_output(output)

    def _received(self, data: bytes, source: TransportAddress) -> None:
        if self._closed:
            return
        if self._tap is not None:
            self._report(self._tap, data, source, self._transport.local)
        self._driver.feed(Received(data, source))

    def _lost(self, peer: TransportAddress) -> None:
        if not self._closed:
            self._driver.feed(TransportLost(peer))

    def _report(self, tap: Tap, data: bytes, source: TransportAddress, destination: TransportAddress) -> None:
        now = asyncio.get_running_loop().time()
        tap(Crossing(now, Kind.H248, source, destination, self._transport.name, summary_of(data), data))
