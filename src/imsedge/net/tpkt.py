"""Messages over TCP, each in a TPKT (H.248.1 Annex D.2)."""

import asyncio
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.h248.framing import MAX_PAYLOAD, TpktReader, write_tpkt
from imsedge.net import connections
from imsedge.net.connections import ConnectionTransport


class TpktTransport(ConnectionTransport):
    """See ``net.connections.ConnectionTransport``."""

    name = "tcp"
    most = MAX_PAYLOAD
    _server: asyncio.Server | None = None

    @classmethod
    async def listen(cls, local: TransportAddress) -> Self:
        """Accept connections at ``local``; port 0 takes any.  Raises ``OSError``."""
        transport = cls(connects=False)
        loop = asyncio.get_running_loop()
        transport._server = await loop.create_server(
            lambda: _TcpConnection(transport), local.host, local.port
        )
        name = transport._server.sockets[0].getsockname()
        transport.local = TransportAddress(name[0], name[1])
        return transport

    async def call(self, peer: TransportAddress) -> None:
        loop = asyncio.get_running_loop()
        source = (self.local.host, 0)
        await loop.create_connection(
            lambda: _TcpConnection(self, peer), peer.host, peer.port, local_addr=source
        )

    def stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()


class _TcpConnection(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, owner: ConnectionTransport, peer: TransportAddress | None = None) -> None:
        self.peer = peer or TransportAddress("", 0)  # as it was asked for: there are many ways to write ::1
        self._accepted = peer is None
        self._owner = owner
        self._reader = TpktReader()
        self._held: list[bytes] | None = None
        self._transport: asyncio.Transport

    def write(self, data: bytes) -> None:
        unsent = self._transport.get_write_buffer_size()
        if len(data) > MAX_PAYLOAD or unsent > connections.MAX_UNSENT:
            self.abort()
        elif self._held is None:
            self._transport.write(write_tpkt(data))
        else:
            self._held.append(write_tpkt(data))

    def abort(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        if self._accepted:
            name = transport.get_extra_info("peername") or ("", 0)  # None: it is closed again already
            self.peer = TransportAddress(name[0], name[1])
        self._owner.made(self)

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except RemoteError:
            self.abort()
            return
        held: list[bytes] = []
        self._held = held  # what is answered on the spot goes out in one piece
        try:
            for message in messages:
                self._owner.received(message, self)
        finally:
            self._held = None
            if held:
                self._transport.write(b"".join(held))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason changes nothing
        self._owner.broke(self)
