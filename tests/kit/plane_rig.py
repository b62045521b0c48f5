"""A media plane that works in a thread, and blocking peers around it."""

import itertools
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.bearer.wire import PortShare, WorkerSettings
from imsedge.core.address import TransportAddress
from imsedge.plane.plane import Plane
from imsedge.security.certificates import Certificate, self_signed
from imsedge.security.tls import Role, context

# A loopback address of this run alone: its ports are free, whatever else runs beside it.
HOST = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}.1"  # noqa: S311 - not a secret
PATIENCE = 10.0
PORTS = 512

GATEWAY = self_signed("default", "gateway")
UE = self_signed("ue", "ue")
STRANGER = self_signed("stranger", "stranger")

E = TypeVar("E", bound=m.Event)


def port_share(size: int = PORTS) -> PortShare:
    """At random, so that one test does not wait for the ports of the last one to be forgotten."""
    low = random.randrange(10_000, 32_000 - size)  # noqa: S311 - not a secret
    return PortShare(HOST, low, low + size - 1)


class PlaneRig:
    """``do`` commands, ``expect`` events; the plane runs until the ``with`` block ends."""

    def __init__(self, **settings: Any) -> None:
        wanted: dict[str, Any] = {"ports": (port_share(),), "certificates": (GATEWAY,), **settings}
        self.settings = WorkerSettings(**wanted)
        self.plane = Plane(self.settings)
        self.events: list[m.AnyEvent] = []
        self._sockets: list[socket.socket] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.plane.close()
        for sock in self._sockets:
            sock.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                self.events += self.plane.run_once(0.002)
            time.sleep(0)

    def do(self, *commands: m.AnyCommand) -> None:
        with self._lock:
            for command in commands:
                self.plane.handle(command)

    def open(self, link: int, transport: m.Transport = m.Transport.TCP, **settings: Any) -> m.Opened:
        """A new endpoint, on its port."""
        number = next(self._numbers)
        wanted = m.EndpointSettings(transport=transport, **settings)
        self.do(m.Open(number, link, link, HOST, wanted))
        return self.expect(m.Opened, number)

    def pair(
        self, backend: TransportAddress | None, transport: m.Transport = m.Transport.TLS, **settings: Any
    ) -> tuple[m.Opened, m.Opened]:
        """An access endpoint and a core endpoint that calls ``backend`` when the access side is up."""
        link = next(self._numbers)
        access = self.open(link, transport, **settings)
        return access, self.open(link, m.Transport.TCP, remote=backend, setup=m.Setup.ACTIVE)

    def seen(self, kind: type[E], endpoint: int) -> list[E]:
        return [event for event in self.events if isinstance(event, kind) and event.endpoint == endpoint]

    def expect(self, kind: type[E], endpoint: int, nth: int = 1) -> E:
        """The ``nth`` event of that kind; waits for it."""
        self.until(lambda: len(self.seen(kind, endpoint)) >= nth, f"{kind.__name__} of {endpoint}")
        return self.seen(kind, endpoint)[nth - 1]

    def until(self, condition: Callable[[], bool], what: str = "") -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > limit:
                raise AssertionError(f"waited in vain for {what}; events: {self.events}")
            time.sleep(0.001)

    def listen(self) -> tuple[socket.socket, TransportAddress]:
        """A peer that waits to be called."""
        listener = self.keep(socket.create_server((HOST, 0)))
        return listener, TransportAddress(*listener.getsockname()[:2])

    def accept(self, listener: socket.socket) -> socket.socket:
        """The peer answers."""
        return self.keep(listener.accept()[0])

    def call(self, opened: m.Opened, source_port: int = 0) -> socket.socket:
        """A peer that calls."""
        return self.keep(socket.create_connection(opened.local, PATIENCE, (HOST, source_port)))

    def keep(self, sock: socket.socket) -> socket.socket:
        """Closed at the end, whatever happens."""
        sock.settimeout(PATIENCE)
        self._sockets.append(sock)
        return sock

    def counters(self, endpoint: int) -> m.Counters:
        before = len(self.seen(m.Statistics, endpoint))
        self.do(m.Query(endpoint))
        return self.expect(m.Statistics, endpoint, before + 1).counters


def tls(
    sock: socket.socket, role: Role = Role.CLIENT, certificate: Certificate | None = UE, profile: str = "3gpp"
) -> SSL.Connection:
    """A peer's TLS on ``sock``, handshake not begun; without a certificate when ``None``."""
    made = context(profile, certificate or UE, role)
    if certificate is None:
        made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    sock.settimeout(None)
    connection = SSL.Connection(made, sock)
    connection.set_connect_state() if role is Role.CLIENT else connection.set_accept_state()
    return connection


def receive_all(sock: socket.socket) -> bytes:
    """Until the end of the stream."""
    return b"".join(iter(lambda: sock.recv(65_536), b""))


def receive_exactly(sock: socket.socket | SSL.Connection, octets: int) -> bytes:
    data = b""
    while len(data) < octets:
        more = sock.recv(octets - len(data))
        if not more:
            break
        data += more
    return data


@contextmanager
def nothing_arrives(sock: socket.socket | SSL.Connection) -> Iterator[None]:
    """While the block runs, ``sock`` gets no octet."""
    yield
    patience = sock.gettimeout()
    sock.setblocking(False)
    try:
        got = sock.recv(1)
    except (BlockingIOError, SSL.WantReadError):
        return
    finally:
        sock.settimeout(patience)
    raise AssertionError(f"{got!r} arrived")
