"""Messages over UDP: one datagram each."""

import asyncio
import socket
from typing import Any, Self

from imsedge.core.address import TransportAddress
from imsedge.net.transport import OnLost, OnMessage, ignore_loss, ignore_message

RECEIVE_BUFFER = 4 * 1024 * 1024  # octets asked of the kernel: a burst of a thousand gateways registering


class UdpTransport(asyncio.DatagramProtocol):
    """See ``net.transport.Transport``.  ``on_lost`` is never called: UDP does not know."""

    name = "udp"
    reliable = False

    def __init__(self) -> None:
        self.local = TransportAddress("", 0)
        self._transport: asyncio.DatagramTransport | None = None
        self.attach(ignore_message, ignore_loss)

    @classmethod
    async def open(cls, local: TransportAddress) -> Self:
        """Bind ``local``; port 0 takes any.  Raises ``OSError``."""
        loop = asyncio.get_running_loop()
        _, transport = await loop.create_datagram_endpoint(cls, local_addr=(local.host, local.port))
        return transport

    def attach(self, on_message: OnMessage, on_lost: OnLost) -> None:  # noqa: ARG002 - UDP loses nobody
        self._on_message = on_message

    def send(self, data: bytes, peer: TransportAddress) -> None:
        if self._transport is not None:
            self._transport.sendto(data, peer)

    def disconnect(self, peer: TransportAddress) -> None:
        """There is no connection."""

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
            self.attach(ignore_message, ignore_loss)

    # --- asyncio ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        name = transport.get_extra_info("sockname")
        self.local = TransportAddress(name[0], name[1])
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._on_message(data, TransportAddress(addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """An ICMP error or a full buffer: as good as a lost datagram."""
