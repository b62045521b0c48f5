"""SIP over TCP and TLS: connections accepted and made, numbered, reused by address (RFC 3261 clause 18).

A message goes out on the connection whose number its flow names; else on any open one to that address; else
on a new one, and waits until that is up.  What cannot be sent comes back as ``failed``.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from itertools import count

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.sip.flow import Flow
from imsedge.sip.framing import Broken, Frame, Framer, Ping

_Way = tuple[str, TransportAddress, TransportAddress | None]
"""Transport, the other end, where we are known (``None``: anywhere): connections of two sides never mix."""


class StreamLimits(Struct, frozen=True, kw_only=True):
    """``connections``: open and opening ones; what is accepted beyond is closed at once.

    ``waiting``: octets that wait for one connection to open or for its peer to read; then it is given up.
    ``connect``: seconds for a new connection or TLS handshake; below timer B, so that 503 comes before 408.
    ``handshakes``: of TLS with peers who called, not over yet; who comes beyond is turned away at once.
    ``unfinished``: seconds for the rest of a message that has begun (slow peers hold memory), and for the
    first message of a peer who called.
    ``idle``: seconds without a message or keep-alive; above the usual registration time of an hour.
    """

    connections: int = 4_096
    handshakes: int = 512
    waiting: int = 262_144
    connect: float = 8.0
    unfinished: float = 32.0
    idle: float = 4_000.0


class Handlers(Struct, frozen=True, kw_only=True):
    """Whom a pool tells.  ``sent`` gets the flow as it really was; ``refused`` why there is none."""

    received: Callable[[Frame | Broken, Flow], None]
    sent: Callable[[bytes, Flow], None]
    failed: Callable[[Flow], None]
    refused: Callable[[Flow, str], None]


class _Connection(asyncio.Protocol):
    """One TCP or TLS connection; ``flow`` is known once it is up.

    ``local``: for one that we made, the address that we are known by instead of its own source port, so that
    what comes back over it counts as arrived there.  ``called``: the peer made it.
    """

    def __init__(
        self,
        pool: "StreamPool",
        transport: str,
        number: int,
        local: TransportAddress | None = None,
        *,
        called: bool = False,
    ) -> None:
        self.kind = transport
        self.local = local
        self.number = number
        self.flow: Flow | None = None
        self.wire: asyncio.Transport | None = None
        self.heard = self.begun = pool.now
        self._pool = pool
        self._framer = Framer()
        self._owes = called  # its first message

    @property
    def unfinished(self) -> bool:
        return self._owes or self._framer.buffered > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio promises for streams
        self.wire = transport
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not own:  # the peer has gone again
            transport.abort()
            return
        local = self.local or TransportAddress(*own[:2])
        self.flow = Flow(self.kind, TransportAddress(*peer[:2]), local, self.number)
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        self.heard = self._pool.now
        fresh = not self.unfinished
        for item in self._framer.receive(data):
            self._owes = self._owes and isinstance(item, Ping)
            fresh = not self._owes
            if isinstance(item, Ping):
                self.write(b"\r\n")
            elif self.flow is not None:
                self._pool.handlers.received(item, self.flow)
                if isinstance(item, Broken):
                    self.close()
        if fresh:
            self.begun = self.heard

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._pool.lost(self)

    def write(self, data: bytes) -> None:
        if self.wire is None or self.wire.is_closing():
            return
        if self.wire.get_write_buffer_size() + len(data) > self._pool.limits.waiting:
            self.wire.abort()
        else:
            self.wire.write(data)

    def close(self) -> None:
        """After what was written has left."""
        if self.wire is not None:
            self.wire.close()


class _Caller(asyncio.Protocol):
    """Wants to speak TLS.  The handshake is another's task, so that it can be counted and cut short."""

    def __init__(self, pool: "StreamPool") -> None:
        self._pool = pool

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio promises for streams
        self._pool.greet(transport)


class _Opening:
    """A connection on its way: what waits for it."""

    __slots__ = ("octets", "queue", "task")

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self.task = task
        self.queue: list[tuple[bytes, Flow]] = []
        self.octets = 0


class StreamPool:
    """All stream connections of one SIP transport."""

    def __init__(
        self,
        handlers: Handlers,
        limits: StreamLimits,
        *,
        tls_server: ssl.SSLContext | None = None,
        tls_client: ssl.SSLContext | None = None,
    ) -> None:
        self.handlers = handlers
        self.limits = limits
        self._tls = (tls_server, tls_client)
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._open: dict[int, _Connection] = {}
        self._known: dict[_Way, int] = {}
        self._opening: dict[_Way, _Opening] = {}
        self._greeting: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._sweep = self._loop.call_later(limits.unfinished / 4, self._close_stale)

    @property
    def now(self) -> float:
        return self._loop.time()

    @property
    def open_connections(self) -> int:
        return len(self._open)

    async def listen(self, transport: str, address: TransportAddress) -> TransportAddress:
        """Accept on ``address`` (port 0: any); returns what was bound.  ``OSError`` when it cannot."""
        if transport == "tls" and self._tls[0] is None:
            raise LocalError("TLS cannot be accepted without a certificate")
        made = partial(_Caller, self) if transport == "tls" else self._called(transport)
        server = await self._loop.create_server(made, address.host, address.port, backlog=256)
        self._servers.append(server)
        return TransportAddress(*server.sockets[0].getsockname()[:2])

    def _called(self, transport: str) -> Callable[[], _Connection]:
        return lambda: _Connection(self, transport, next(self._numbers), called=True)

    def greet(self, wire: asyncio.Transport) -> None:
        """Begin a TLS handshake with whoever has called there."""
        if len(self._greeting) < self.limits.handshakes:
            with contextlib.suppress(OSError):  # out of descriptors
                task = self._loop.create_task(self._shake_hands(wire.get_extra_info("socket").dup()))
                self._greeting.add(task)
                task.add_done_callback(self._greeting.discard)
        wire.abort()  # its own descriptor only

    async def _shake_hands(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, TimeoutError):  # it is no phone
            await self._loop.connect_accepted_socket(
                self._called("tls"), sock, ssl=self._tls[0], ssl_handshake_timeout=self.limits.connect
            )

    def send(self, data: bytes, flow: Flow) -> None:
        """On the right connection, now or when it is up."""
        key = (flow.transport, flow.remote, flow.local)
        number = flow.connection if flow.connection in self._open else self._known.get(key)
        connection = self._open.get(number) if number is not None else None
        if connection is not None and connection.flow is not None:
            self.handlers.sent(data, connection.flow)
            connection.write(data)
            return
        opening = self._opening.get(key) or self._begin(key)
        if opening is None or opening.octets + len(data) > self.limits.waiting:
            self.handlers.failed(flow)
            return
        opening.queue.append((data, flow))
        opening.octets += len(data)

    def _begin(self, key: _Way) -> _Opening | None:
        full = len(self._open) + len(self._opening) >= self.limits.connections
        if full or (key[0] == "tls" and self._tls[1] is None):  # never in clear what was meant for TLS
            return None
        opening = self._opening[key] = _Opening(self._loop.create_task(self._connect(key)))
        return opening

    async def _connect(self, key: _Way) -> None:
        transport, remote, local = key
        try:
            async with asyncio.timeout(self.limits.connect):
                _, connection = await self._loop.create_connection(
                    lambda: _Connection(self, transport, next(self._numbers), local),
                    remote.host,
                    remote.port,
                    local_addr=(local.host, 0) if local is not None else None,
                    ssl=self._tls[1] if transport == "tls" else None,
                )
        except (OSError, TimeoutError, UnicodeError) as error:
            self.handlers.refused(Flow(*key), getattr(error, "strerror", None) or "no answer")
            self._give_up(key)
            return
        opening = self._opening.pop(key)
        if connection.flow is None or connection.number not in self._open:
            self._fail(opening)
            return
        self._known[key] = connection.number  # by the name that was asked for, too
        for data, _ in opening.queue:
            self.handlers.sent(data, connection.flow)
            connection.write(data)

    def _give_up(self, key: _Way) -> None:
        opening = self._opening.pop(key, None)
        if opening is not None:
            self._fail(opening)

    def _fail(self, opening: _Opening) -> None:
        for flow in dict.fromkeys(flow for _, flow in opening.queue):
            self.handlers.failed(flow)

    def opened(self, connection: _Connection) -> None:
        """A connection is up, from either side."""
        if len(self._open) >= self.limits.connections or connection.flow is None:
            connection.close()
            return
        self._open[connection.number] = connection
        for local in (connection.flow.local, None):
            self._known[connection.kind, connection.flow.remote, local] = connection.number

    def lost(self, connection: _Connection) -> None:
        """A connection has ended: its requests will get no response on it."""
        known = self._open.pop(connection.number, None)
        if known is None or connection.flow is None:
            return
        ways = [way for way, number in self._known.items() if number == connection.number]
        for way in ways:
            del self._known[way]
        for remote in {way[1] for way in ways}:  # by address, and by the name that was asked for
            self.handlers.failed(connection.flow._replace(remote=remote))

    def _close_stale(self) -> None:
        self._sweep = self._loop.call_later(self.limits.unfinished / 4, self._close_stale)
        for connection in list(self._open.values()):
            stuck = connection.unfinished and self.now - connection.begun > self.limits.unfinished
            if stuck or self.now - connection.heard > self.limits.idle:
                connection.close()

    async def close(self) -> None:
        """Stop accepting, give up what is opening, close what is open."""
        self._sweep.cancel()
        tasks = [*(opening.task for opening in self._opening.values()), *self._greeting]
        self._opening.clear()
        for task in tasks:
            task.cancel()
        for server in self._servers:
            server.close()
        for connection in list(self._open.values()):
            connection.close()
        self._open.clear()
        self._known.clear()
        await asyncio.gather(*tasks, return_exceptions=True)
