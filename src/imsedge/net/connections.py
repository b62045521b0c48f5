"""What transports with connections have in common: who calls, who is called, what waits, who is lost."""

import asyncio
from abc import ABC, abstractmethod
from typing import Protocol, Self

from imsedge.core.address import TransportAddress
from imsedge.net.transport import OnLost, OnMessage, ignore_loss, ignore_message

CONNECT_PATIENCE = 5.0  # seconds
MAX_CONNECTIONS = 2_000  # accepted: twice the gateways that a controller serves
MAX_UNSENT = 4 * 1024 * 1024  # octets that a peer may leave unread before it counts as lost
MAX_QUEUED = 256  # messages that wait for a connection to be opened


class Connection(Protocol):
    """One connection.  It tells ``made``, ``received`` and ``broke`` of its ``ConnectionTransport``."""

    peer: TransportAddress

    def write(self, data: bytes) -> None:
        """Send one message, or give up on a peer that does not read."""

    def abort(self) -> None:
        """Close without waiting for what is unsent; ``broke`` follows from the event loop."""


class ConnectionTransport(ABC):
    """See ``net.transport.Transport``.

    A listening one (controller) answers on the connections that it accepted; one that ``connects``
    (gateway) opens a connection to a peer when there is something to send.
    """

    name: str
    reliable = True
    most: int
    """Octets of one message."""

    def __init__(self, *, connects: bool) -> None:
        self.local = TransportAddress("", 0)
        self._connects = connects
        self._connections: dict[TransportAddress, Connection] = {}
        self._opening: dict[TransportAddress, asyncio.Task[None]] = {}
        self._queued: dict[TransportAddress, list[bytes]] = {}
        self._closed = False
        self.attach(ignore_message, ignore_loss)

    @classmethod
    def connector(cls, local: TransportAddress) -> Self:
        """Open connections from ``local.host``, any port, when there is something to send."""
        transport = cls(connects=True)
        transport.local = TransportAddress(local.host, local.port)
        return transport

    def attach(self, on_message: OnMessage, on_lost: OnLost) -> None:
        self._on_message, self._on_lost = on_message, on_lost

    def send(self, data: bytes, peer: TransportAddress) -> None:
        if self._closed:
            return
        connection = self._connections.get(peer)
        if connection is not None:
            connection.write(data)
        elif not self._connects or len(self._queued.get(peer, ())) >= MAX_QUEUED or len(data) > self.most:
            self._on_lost(peer)
        else:
            self._queued.setdefault(peer, []).append(data)
            if peer not in self._opening:
                self._opening[peer] = asyncio.get_running_loop().create_task(self._open(peer))

    def disconnect(self, peer: TransportAddress) -> None:
        self._queued.pop(peer, None)
        opening, connection = self._opening.pop(peer, None), self._connections.pop(peer, None)
        if opening is not None:
            opening.cancel()
        if connection is not None:
            connection.abort()

    def close(self) -> None:
        self._closed = True
        self.attach(ignore_message, ignore_loss)
        self.stop_listening()
        for task in self._opening.values():
            task.cancel()
        self._queued.clear()
        for connection in list(self._connections.values()):
            connection.abort()

    # --- what each kind does its own way ------------------------------------------------------------------

    @classmethod
    @abstractmethod
    async def listen(cls, local: TransportAddress) -> Self:
        """Accept connections at ``local``; port 0 takes any.  Raises ``OSError``."""

    @abstractmethod
    async def call(self, peer: TransportAddress) -> None:
        """Open a connection, which ends in ``made``, or raise ``OSError``."""

    @abstractmethod
    def stop_listening(self) -> None:
        """Accept nobody any more; also when nobody ever was."""

    # --- what connections tell ----------------------------------------------------------------------------

    def made(self, connection: Connection) -> None:
        """It is open."""
        if self._closed or len(self._connections) >= MAX_CONNECTIONS:
            connection.abort()
            return
        self._connections[connection.peer] = connection
        self._opening.pop(connection.peer, None)
        for data in self._queued.pop(connection.peer, ()):
            connection.write(data)

    def received(self, data: bytes, connection: Connection) -> None:
        """One whole message."""
        self._on_message(data, connection.peer)

    def broke(self, connection: Connection) -> None:
        """It is closed, by whomever."""
        if self._connections.get(connection.peer) is connection:
            del self._connections[connection.peer]
            self._on_lost(connection.peer)

    async def _open(self, peer: TransportAddress) -> None:
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                await self.call(peer)
        except OSError:  # TimeoutError is one, too
            self._opening.pop(peer, None)
            self._queued.pop(peer, None)
            self._on_lost(peer)
