"""The media plane of one worker: commands in, events out, one loop."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol

from imsedge.bearer import messages as m
from imsedge.bearer.wire import PortShare, WorkerSettings
from imsedge.plane.buffer import Buffer
from imsedge.plane.contexts import TlsContexts
from imsedge.plane.datagram import DATAGRAM, DatagramEndpoint, DatagramStream
from imsedge.plane.endpoint import Endpoint
from imsedge.plane.faults import BearerError
from imsedge.plane.knocks import Knocks
from imsedge.plane.loop import Loop
from imsedge.plane.ports import PortPool
from imsedge.plane.relays import Relays
from imsedge.plane.services import Services
from imsedge.plane.stream import Stream
from imsedge.security.certificates import Certificate

_LOG = logging.getLogger("imsedge.plane")


class _Link(Protocol):
    """``Stream`` or ``DatagramStream``, whose ends are of its own kind."""

    @property
    def is_full(self) -> bool: ...

    @property
    def is_empty(self) -> bool: ...

    def join(self, endpoint: Any, /) -> None: ...

    def leave(self, endpoint: Any, /) -> None: ...

    def review(self) -> None: ...


class _Bearer(Protocol):
    """``Endpoint`` or ``DatagramEndpoint``."""

    number: int
    joint: Any

    def open(self) -> bool: ...

    def configure(self, settings: m.EndpointSettings) -> None: ...

    def start_tcp(self) -> None: ...

    def start_tls(self) -> None: ...

    def relatch(self) -> None: ...

    def hang_up(self) -> None: ...

    def query(self) -> None: ...

    def release(self) -> None: ...

    def lost(self, error: BearerError) -> None: ...


class Plane:
    """Give it commands with ``handle``, let it work with ``run_once``, and take the events.

    It never raises for what a peer or the network does.
    """

    def __init__(self, settings: WorkerSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """``SettingError`` when the TLS profile is unknown."""
        self.loop = Loop(clock)
        self._events: list[m.AnyEvent] = []
        self._endpoints: dict[int, _Bearer] = {}
        self._streams: dict[int, _Link] = {}
        self._link_of: dict[int, int] = {}
        self._services = Services(
            settings,
            self.loop,
            TlsContexts(settings.tls_profile, settings.certificates, settings.key_log),
            _pools(settings),
            Buffer(),
            Knocks(self.loop, settings.ports),
            Relays(settings.ports),
            self._events.append,
        )

    def take_over(self) -> None:
        """Clear away what a worker before this one has left in the kernel."""
        self._services.relays.take_over()

    def fileno(self) -> int:
        """Readable when ``run_once`` has work; a timer may be due at ``loop.deadline`` as well."""
        return self.loop.fileno()

    def __len__(self) -> int:
        """Endpoints that are open."""
        return len(self._endpoints)

    def handle(self, command: m.AnyCommand) -> None:
        """Obey; events wait for ``take``.  A command for an endpoint that is gone does nothing."""
        if isinstance(command, m.Open):
            self._open(command)
            return
        endpoint = self._endpoints.get(command.endpoint)
        if endpoint is None:
            return
        try:
            self._obey(endpoint, command)
        except Exception as error:  # noqa: BLE001 - a bug may end one stream, never its neighbours
            _LOG.exception("the media plane crashed on %s", command, extra={"endpoint": command.endpoint})
            endpoint.lost(BearerError(m.FailureCause.PLANE, repr(error)))

    def present(self, certificates: tuple[Certificate, ...]) -> None:
        """These and no others may be named from now on."""
        self._services.contexts.replace(certificates)

    def run_once(self, limit: float | None = None) -> list[m.AnyEvent]:
        """Wait, at most ``limit`` seconds, do what is due, and return what happened since last time."""
        self.loop.turn(limit)
        return self.take()

    def take(self) -> list[m.AnyEvent]:
        """The events since the last time."""
        if not self._events:
            return []
        events = self._events.copy()
        self._events.clear()
        return events

    @property
    def is_closed(self) -> bool:
        return self.loop.is_closed

    def close(self) -> None:
        """Release everything; the kernel's ways first and at once, for whoever stops us may not wait long."""
        self._services.relays.close()
        for number in list(self._endpoints):
            self.handle(m.Release(number))
        self.loop.close()

    def _open(self, command: m.Open) -> None:
        number = command.endpoint
        stream = self._stream(command.link, datagram=command.settings.transport in DATAGRAM)
        if stream is None or number in self._endpoints or stream.is_full:
            reason = "the endpoint is open already" if number in self._endpoints else _objection(stream)
            self._events.append(m.OpenFailed(number, self.loop.now(), exhausted=False, reason=reason))
            return
        endpoint = self._endpoint(command, stream)
        if endpoint.open():
            self._endpoints[number] = endpoint
            self._link_of[number] = command.link
            self._streams[command.link] = stream
            stream.join(endpoint)
            stream.review()

    def _endpoint(self, command: m.Open, stream: _Link) -> _Bearer:
        if isinstance(stream, DatagramStream):
            return DatagramEndpoint(self._services, command, stream)
        assert isinstance(stream, Stream)  # noqa: S101 - there is no third kind
        return Endpoint(self._services, command, stream)

    def _stream(self, link: int, *, datagram: bool) -> _Link | None:
        """The stream of that link, perhaps a new one; ``None``: it carries something else."""
        stream = self._streams.get(link)
        if stream is None:
            return DatagramStream() if datagram else Stream(self._services)
        return stream if isinstance(stream, DatagramStream) is datagram else None

    def _obey(self, endpoint: _Bearer, command: m.AnyCommand) -> None:
        match command:
            case m.Configure(settings=settings):
                endpoint.configure(settings)
            case m.StartTcp():
                endpoint.start_tcp()
            case m.StartTls():
                endpoint.start_tls()
            case m.Relink():
                self._relink(endpoint, command)
            case m.Relatch():
                endpoint.relatch()
            case m.Hangup():
                endpoint.hang_up()
            case m.Query():
                endpoint.query()
            case m.Release():
                self._release(endpoint)

    def _relink(self, endpoint: _Bearer, command: m.Relink) -> None:
        number, now = endpoint.number, self.loop.now()
        if self._link_of[number] != command.link:
            stream = self._stream(command.link, datagram=isinstance(endpoint, DatagramEndpoint))
            if stream is None or stream.is_full:
                self._events.append(m.RelinkFailed(number, now, command.link, _objection(stream)))
                return
            self._unlink(endpoint)
            self._link_of[number] = command.link
            self._streams[command.link] = stream
            endpoint.joint = stream
            stream.join(endpoint)
            stream.review()
        self._events.append(m.Relinked(number, now, command.link))

    def _unlink(self, endpoint: _Bearer) -> None:
        link = self._link_of.pop(endpoint.number)
        stream = self._streams[link]
        stream.leave(endpoint)
        if stream.is_empty:
            del self._streams[link]

    def _release(self, endpoint: _Bearer) -> None:
        del self._endpoints[endpoint.number]
        self._unlink(endpoint)
        endpoint.release()


def _objection(stream: _Link | None) -> str:
    return "the link has two ends" if stream is not None else "one end of the link is TCP, the other UDP"


def _pools(settings: WorkerSettings) -> dict[str, PortPool]:
    shares: defaultdict[str, list[PortShare]] = defaultdict(list)
    for share in settings.ports:
        shares[share.address].append(share)
    return {address: PortPool(owned, settings.port_rest) for address, owned in shares.items()}
