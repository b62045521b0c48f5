"""What H.248 asks of a transport: whole messages to and from transport addresses.

UDP, TCP with TPKT, SCTP and the in-memory transport of tests all pass the same suite
(``tests/kit/transports.py``).
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from imsedge.core.address import TransportAddress

OnMessage = Callable[[bytes, TransportAddress], None]
"""One whole message and where it came from, which is where an answer goes."""

OnLost = Callable[[TransportAddress], None]
"""The way to this peer is gone, or could not be opened; messages sent to it may be lost."""


class Transport(Protocol):
    """An open transport.  Nothing here waits and nothing here raises."""

    @property
    def name(self) -> str:
        """The word for traces: ``"udp"``, ``"tcp"``."""

    @property
    def local(self) -> TransportAddress:
        """Where peers reach us; for one that only opens connections, the address that it opens them from."""

    @property
    def reliable(self) -> bool:
        """Whether it repeats and orders by itself, and tells when a peer is lost."""

    def attach(self, on_message: OnMessage, on_lost: OnLost) -> None:
        """From now on tell these.  Messages that came before are dropped."""

    def send(self, data: bytes, peer: TransportAddress) -> None:
        """Send one message; what cannot be sent is lost (unreliable) or reported to ``on_lost``."""

    def disconnect(self, peer: TransportAddress) -> None:
        """Close the connection to this peer, if there is one, without telling ``on_lost``."""

    def close(self) -> None:
        """Let everything go at once; afterwards ``send`` does nothing.  Twice is harmless."""


def ignore_message(_data: bytes, _peer: TransportAddress) -> None:
    """The ``OnMessage`` of a transport that nobody listens to yet."""


def ignore_loss(_peer: TransportAddress) -> None:
    """The ``OnLost`` of a transport that nobody listens to yet."""


class MemoryNetwork:
    """A place where in-memory transports find each other."""

    def __init__(self) -> None:
        self._open: dict[TransportAddress, MemoryTransport] = {}
        self._next_port = 1

    def open(self, host: str = "127.0.0.1") -> "MemoryTransport":
        """A transport with an address of its own.  Needs a running event loop."""
        transport = MemoryTransport(self, TransportAddress(host, self._next_port))
        self._next_port += 1
        self._open[transport.local] = transport
        return transport

    def find(self, address: TransportAddress) -> "MemoryTransport | None":
        """Who is open at ``address``."""
        return self._open.get(address)

    def remove(self, address: TransportAddress) -> None:
        """Closed: everybody who exchanged messages with it hears of the loss."""
        if self._open.pop(address, None) is not None:
            for other in list(self._open.values()):
                other.peer_closed(address)


class MemoryTransport:
    """Reliable, in order, through the event loop's queue."""

    name = "memory"
    reliable = True

    def __init__(self, network: MemoryNetwork, local: TransportAddress) -> None:
        self.local = local
        self._network = network
        self._loop = asyncio.get_running_loop()
        self._peers: set[TransportAddress] = set()
        self._closed = False
        self.attach(ignore_message, ignore_loss)

    def attach(self, on_message: OnMessage, on_lost: OnLost) -> None:
        self._on_message, self._on_lost = on_message, on_lost

    def send(self, data: bytes, peer: TransportAddress) -> None:
        if not self._closed:
            self._peers.add(peer)
            self._loop.call_soon(self._deliver, data, peer)

    def disconnect(self, peer: TransportAddress) -> None:
        self._peers.discard(peer)
        other = self._network.find(peer)
        if other is not None:
            other.peer_closed(self.local)

    def close(self) -> None:
        self._closed = True
        self._network.remove(self.local)

    def peer_closed(self, peer: TransportAddress) -> None:
        """The other end is gone."""
        if peer in self._peers:
            self._peers.discard(peer)
            self._loop.call_soon(self._lost, peer)

    def _deliver(self, data: bytes, peer: TransportAddress) -> None:
        other = self._network.find(peer)
        if other is None:
            self._lost(peer)
        else:
            other.receive(data, self.local)

    def receive(self, data: bytes, source: TransportAddress) -> None:
        """A message from ``source``."""
        self._peers.add(source)
        self._on_message(data, source)

    def _lost(self, peer: TransportAddress) -> None:
        if not self._closed:
            self._on_lost(peer)
