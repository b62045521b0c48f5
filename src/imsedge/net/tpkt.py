"""Messages over TCP, each in a TPKT (H.248.1 Annex D.2)."""

import asyncio
from collections.abc import Callable
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.h248.framing import MAX_PAYLOAD, TpktReader, write_tpkt
from imsedge.net.transport import OnLost, OnMessage, ignore_loss, ignore_message

CONNECT_PATIENCE = 5.0  # seconds
MAX_CONNECTIONS = 2_000  # accepted: twice the gateways that a controller serves
MAX_UNSENT = 4 * 1024 * 1024  # octets that a peer may leave unread before it counts as lost
MAX_QUEUED = 256  # messages that wait for a connection to be opened


class TpktTransport:
    """See ``net.transport.Transport``.

    A listening one (controller) answers on the connections that it accepted; one that ``connects``
    (gateway) opens a connection to a peer when there is something to send.
    """

    name = "tcp"
    reliable = True

    def __init__(self, *, connects: bool) -> None:
        self.local = TransportAddress("", 0)
        self._connects = connects
        self._server: asyncio.Server | None = None
        self._connections: dict[TransportAddress, _Connection] = {}
        self._opening: dict[TransportAddress, asyncio.Task[None]] = {}
        self._queued: dict[TransportAddress, list[bytes]] = {}
        self._closed = False
        self.attach(ignore_message, ignore_loss)

    @classmethod
    async def listen(cls, local: TransportAddress) -> Self:
        """Accept connections at ``local``; port 0 takes any.  Raises ``OSError``."""
        transport = cls(connects=False)
        loop = asyncio.get_running_loop()
        transport._server = await loop.create_server(transport._connection, local.host, local.port)
        name = transport._server.sockets[0].getsockname()
        transport.local = TransportAddress(name[0], name[1])
        return transport

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
        elif not self._connects or len(self._queued.get(peer, ())) >= MAX_QUEUED or len(data) > MAX_PAYLOAD:
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
        if self._server is not None:
            self._server.close()
        for task in self._opening.values():
            task.cancel()
        self._queued.clear()
        for connection in list(self._connections.values()):
            connection.abort()

    # --- connections --------------------------------------------------------------------------------------

    def _connection(self, peer: TransportAddress | None = None) -> "_Connection":
        return _Connection(self._made, self._received, self._broke, peer)

    async def _open(self, peer: TransportAddress) -> None:
        loop = asyncio.get_running_loop()
        source = (self.local.host, 0)
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                await loop.create_connection(
                    lambda: self._connection(peer), peer.host, peer.port, local_addr=source
                )
        except OSError:  # TimeoutError is one, too
            self._opening.pop(peer, None)
            self._queued.pop(peer, None)
            self._on_lost(peer)

    def _made(self, connection: "_Connection") -> None:
        if self._closed or len(self._connections) >= MAX_CONNECTIONS:
            connection.abort()
            return
        self._connections[connection.peer] = connection
        self._opening.pop(connection.peer, None)
        for data in self._queued.pop(connection.peer, ()):
            connection.write(data)

    def _received(self, data: bytes, connection: "_Connection") -> None:
        self._on_message(data, connection.peer)

    def _broke(self, connection: "_Connection") -> None:
        if self._connections.get(connection.peer) is connection:
            del self._connections[connection.peer]
            self._on_lost(connection.peer)


class _Connection(asyncio.Protocol):
    """One TCP connection."""

    def __init__(
        self,
        made: "Callable[[_Connection], None]",
        received: "Callable[[bytes, _Connection], None]",
        broke: "Callable[[_Connection], None]",
        peer: TransportAddress | None,
    ) -> None:
        self.peer = peer or TransportAddress("", 0)  # as it was asked for: there are many ways to write ::1
        self._accepted = peer is None
        self._made, self._received, self._broke = made, received, broke
        self._reader = TpktReader()
        self._transport: asyncio.Transport

    def write(self, data: bytes) -> None:
        """Send, or give up on a peer that does not read."""
        if len(data) > MAX_PAYLOAD or self._transport.get_write_buffer_size() > MAX_UNSENT:
            self.abort()
        else:
            self._transport.write(write_tpkt(data))

    def abort(self) -> None:
        """Close without waiting for what is unsent."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        if self._accepted:
            name = transport.get_extra_info("peername") or ("", 0)  # None: it is closed again already
            self.peer = TransportAddress(name[0], name[1])
        self._made(self)

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except RemoteError:
            self.abort()
            return
        for message in messages:
            self._received(message, self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason changes nothing
        self._broke(self)
