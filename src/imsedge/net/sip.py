"""The SIP transaction layer on sockets: UDP, TCP and TLS (RFC 3261 clause 18).

``SipTransport`` feeds ``sip.transactions.TransactionLayer`` with what arrives and sends what it wants sent.
All else that the layer says goes to ``deliver``, which may call ``feed`` on the spot.

A message stays on the transport that its flow names, however long it is: the change from UDP to TCP that
clause 18.1.1 asks for above the path MTU would leave the flow that a UE has registered.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.trace import Crossing, Kind, Tap
from imsedge.net.driver import Driver
from imsedge.net.sip_streams import Handlers, StreamLimits, StreamPool
from imsedge.net.udp import RECEIVE_BUFFER
from imsedge.sip.events import Input, Malformed, Note, Output, Received, Transmit, TransportFailed
from imsedge.sip.flow import Flow
from imsedge.sip.framing import Broken, Frame
from imsedge.sip.summary import summary_of
from imsedge.sip.transactions import TransactionLayer

MAX_DATAGRAM = 65_507
"""Octets of the largest UDP payload over IPv4."""

PORT_ATTEMPTS = 16
"""Ports tried for UDP and TCP together."""

MAX_LOOKUPS = 256
"""Messages that may wait for a name at one time; a dead resolver must not hold more."""


class Listen(NamedTuple):
    """``transport``: ``udp``, ``tcp`` or ``tls``; port 0 lets the system choose."""

    transport: str
    address: TransportAddress


class SipTransport:
    """All SIP sockets of one controller.  Make it and ``start`` it inside the running event loop.

    ``tap`` sees every message that crosses a socket.  TLS needs ``tls_server`` to listen and ``tls_client``
    to connect.
    """

    def __init__(
        self,
        layer: TransactionLayer,
        deliver: Callable[[Output], None],
        *,
        tap: Tap | None = None,
        limits: StreamLimits | None = None,
        tls_server: ssl.SSLContext | None = None,
        tls_client: ssl.SSLContext | None = None,
    ) -> None:
        self._deliver = deliver
        self._tap = tap
        self._loop = asyncio.get_running_loop()
        self._driver: Driver[Input, Output] = Driver(layer, self._perform)
        handlers = Handlers(
            received=self._stream_received, sent=self._sent, failed=self._failed, refused=self._refused
        )
        self._streams = StreamPool(
            handlers, limits or StreamLimits(), tls_server=tls_server, tls_client=tls_client
        )
        self._datagrams: dict[TransportAddress, asyncio.DatagramTransport] = {}
        self._lookups: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self, listen: Iterable[Listen]) -> list[Listen]:
        """Bind; returns what was bound, in the order asked.  ``OSError`` says what cannot be."""
        return [Listen(transport, await self._bind(transport, address)) for transport, address in listen]

    async def start_udp_and_tcp(self, address: TransportAddress) -> TransportAddress:
        """Bind both on one port; returns it.  ``OSError`` when it cannot be.

        For port 0 the system chooses one that is free for UDP; when TCP has it taken, the next is tried.
        """
        left = PORT_ATTEMPTS if address.port == 0 else 1
        while True:
            (udp,) = await self.start([Listen("udp", address)])
            left -= 1
            try:
                await self.start([Listen("tcp", udp.address)])
            except OSError:
                self._datagrams.pop(udp.address).close()
                await asyncio.sleep(0)  # asyncio gives the port back in its next round
                if left == 0:
                    raise
            else:
                return udp.address

    async def start_tls(self, address: TransportAddress) -> TransportAddress:
        """Bind for TLS; returns what was bound.  ``OSError`` when it cannot be."""
        return await self._bind("tls", address)

    async def _bind(self, transport: str, address: TransportAddress) -> TransportAddress:
        if transport != "udp":
            return await self._streams.listen(transport, address)
        wire, _ = await self._loop.create_datagram_endpoint(
            lambda: _Datagrams(self._datagram_received), local_addr=address
        )
        wire.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        bound = TransportAddress(*wire.get_extra_info("sockname")[:2])
        self._datagrams[bound] = wire
        return bound

    @property
    def now(self) -> float:
        """The layer's clock, in seconds."""
        return self._driver.now

    @property
    def open_connections(self) -> int:
        """TCP and TLS connections that are up."""
        return self._streams.open_connections

    def feed(self, event: Input) -> None:
        """``SendRequest``, ``SendResponse``, ``SendCancel``; ``LocalError`` after ``close``."""
        self._driver.feed(event)

    async def close(self) -> None:
        """Close every socket; nothing is delivered any more.  More than once is harmless."""
        self._closed = True
        self._driver.close()
        for wire in self._datagrams.values():
            wire.close()
        self._datagrams.clear()
        tasks = list(self._lookups)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._streams.close()
        await asyncio.sleep(0)  # lets asyncio run the closing callbacks of the sockets

    # From the sockets

    def _datagram_received(self, data: bytes, source: TransportAddress, local: TransportAddress) -> None:
        flow = Flow("udp", source, local)
        if data.strip(b"\r\n\0"):
            self._trace(data, source, local, "udp")
        self._event(Received(data, flow))

    def _stream_received(self, item: Frame | Broken, flow: Flow) -> None:
        if isinstance(item, Broken):
            self._event(Malformed(item.error, flow))
            return
        if flow.local is not None:
            self._trace(item.data, flow.remote, flow.local, flow.transport)
        self._event(Received(item.data, flow))

    def _failed(self, flow: Flow) -> None:
        self._event(TransportFailed(flow))

    def _refused(self, flow: Flow, reason: str) -> None:
        if not self._closed:
            self._deliver(Note(f"no connection: {reason}", flow))

    def _event(self, event: Input) -> None:
        if not self._closed:
            self._driver.feed(event)

    # To the sockets

    def _perform(self, output: Output) -> None:
        if isinstance(output, Transmit):
            self._send(output.data, output.flow)
        else:
            self._deliver(output)

    def _send(self, data: bytes, flow: Flow) -> None:
        if flow.transport in {"tcp", "tls"}:
            self._streams.send(data, flow)  # connecting resolves names by itself
        elif flow.transport != "udp" or len(data) > MAX_DATAGRAM:
            self._refuse(f"{len(data)} octets cannot go over {flow.transport}", flow)
        elif _is_literal(flow.remote.host):
            self._send_datagram(data, flow)
        elif len(self._lookups) >= MAX_LOOKUPS:
            self._refuse("too many names are being looked up", flow)
        else:
            task = self._loop.create_task(self._look_up_and_send(data, flow))
            self._lookups.add(task)
            task.add_done_callback(self._lookups.discard)

    async def _look_up_and_send(self, data: bytes, flow: Flow) -> None:
        """A and AAAA only: an edge with configured next hops needs no NAPTR and SRV (RFC 3263)."""
        try:
            found = await self._loop.getaddrinfo(flow.remote.host, flow.remote.port)
        except (OSError, UnicodeError):
            self._refuse(f"{flow.remote.host} has no address", flow)
            return
        self._send_datagram(data, flow._replace(remote=TransportAddress(*found[0][4][:2])))

    def _send_datagram(self, data: bytes, flow: Flow) -> None:
        local = self._local_for(flow)
        if local is None:
            self._refuse("no UDP socket for this address", flow)
            return
        self._trace(data, local, flow.remote, "udp")
        self._datagrams[local].sendto(data, flow.remote)

    def _local_for(self, flow: Flow) -> TransportAddress | None:
        """The socket of that address; else one of that port, bound to a wildcard; else any that can."""
        if flow.local in self._datagrams:
            return flow.local
        family = [at for at in self._datagrams if at.is_ipv6 == flow.remote.is_ipv6]
        same_port = (at for at in family if flow.local is not None and at.port == flow.local.port)
        return next(same_port, family[0] if family else None)

    def _refuse(self, reason: str, flow: Flow) -> None:
        self._deliver(Note(f"not sent: {reason}", flow))
        self._event(TransportFailed(flow))

    def _sent(self, data: bytes, flow: Flow) -> None:
        if flow.local is not None:
            self._trace(data, flow.local, flow.remote, flow.transport)

    def _trace(
        self, data: bytes, source: TransportAddress, destination: TransportAddress, transport: str
    ) -> None:
        if self._tap is not None:
            carried = "udp" if transport == "udp" else "tcp"
            self._tap(Crossing(self.now, Kind.SIP, source, destination, carried, summary_of(data), data))


class _Datagrams(asyncio.DatagramProtocol):
    """One UDP socket."""

    def __init__(self, received: Callable[[bytes, TransportAddress, TransportAddress], None]) -> None:
        self._received = received
        self._local: TransportAddress | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._local = TransportAddress(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if self._local is None:
            raise LocalError("a datagram before the socket was made")
        self._received(data, TransportAddress(str(addr[0]), int(addr[1])), self._local)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
