"""Messages over UDP: one datagram each."""

import asyncio
import socket
from collections import deque
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.net.transport import OnLost, OnMessage, ignore_loss, ignore_message

RECEIVE_BUFFER = 4 * 1024 * 1024  # octets asked of the kernel: a burst of a thousand gateways registering
MAX_DATAGRAM = 65_535
MAX_UNSENT = 1_000  # datagrams that wait for the kernel; more are lost
_AT_A_TIME = 64  # datagrams read before others get their turn


class UdpTransport:
    """See ``net.transport.Transport``.  ``on_lost`` is never called: UDP does not know.

    Reads what is there in one turn of the event loop, where asyncio's own endpoint takes a turn for each
    datagram; that is a third of the cost of a transaction.
    """

    name = "udp"
    reliable = False

    def __init__(self, opened: socket.socket) -> None:
        name = opened.getsockname()
        self.local = TransportAddress(name[0], name[1])
        self._socket: socket.socket | None = opened
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[tuple[bytes, TransportAddress]] = deque()
        self._heard: tuple[object, TransportAddress] = None, self.local  # the last: most come in a row
        self.attach(ignore_message, ignore_loss)
        self._loop.add_reader(opened, self._readable, opened)

    @classmethod
    async def open(cls, local: TransportAddress) -> Self:
        """Bind ``local``; port 0 takes any.  Raises ``OSError``."""
        family = socket.AF_INET6 if ":" in local.host else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            opened.bind(local)
        except OSError:
            opened.close()
            raise
        return cls(opened)

    def attach(self, on_message: OnMessage, on_lost: OnLost) -> None:  # noqa: ARG002 - UDP loses nobody
        self._on_message = on_message

    def send(self, data: bytes, peer: TransportAddress) -> None:
        if self._socket is None:
            return
        if self._unsent:
            if len(self._unsent) < MAX_UNSENT:
                self._unsent.append((data, peer))
            return
        try:
            self._socket.sendto(data, peer)
        except BlockingIOError:
            self._unsent.append((data, peer))
            self._loop.add_writer(self._socket, self._writable, self._socket)
        except OSError:
            """An ICMP error, no way, too large: as good as a lost datagram."""

    def disconnect(self, peer: TransportAddress) -> None:
        """There is no connection."""

    def close(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
            self._unsent.clear()
            self.attach(ignore_message, ignore_loss)

    def _readable(self, opened: socket.socket) -> None:
        address, source = self._heard
        for _ in range(_AT_A_TIME):
            try:
                data, name = opened.recvfrom(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier datagram; the next may be fine
                continue
            if name != address:
                address, source = self._heard = name, TransportAddress(name[0], name[1])
            self._on_message(data, source)
            if self._socket is None:  # closed by what the message said
                return

    def _writable(self, opened: socket.socket) -> None:
        waiting, self._unsent = self._unsent, deque()
        self._loop.remove_writer(opened)
        for data, peer in waiting:
            self.send(data, peer)
