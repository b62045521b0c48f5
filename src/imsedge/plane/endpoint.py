"""One endpoint: its port, its settings, and its connection.  What happens to it becomes an event."""

import contextlib
import socket
from errno import EADDRINUSE, EMFILE, ENFILE
from typing import Protocol

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.conduit import Conduit
from imsedge.plane.connection import Connection
from imsedge.plane.faults import BearerError, fault_of
from imsedge.plane.link import Leg, Phase, can_call, discards, listens, objection
from imsedge.plane.listener import Listener
from imsedge.plane.services import Services

# A port may be in use by another program; after so many of those the address is no good.
PORT_ATTEMPTS = 256
# A peer may knock as often as it likes; the gateway hears of the first few.
REFUSALS_REPORTED = 8

_OUT_OF = frozenset({EADDRINUSE, EMFILE, ENFILE})
_NOT_BUILT = {m.Transport.UDP: "UDP", m.Transport.DTLS: "DTLS"}
_ENDED = frozenset({Phase.CLOSED, Phase.FAILED})


class Joint(Protocol):
    """The stream that an endpoint is one end of."""

    def review(self) -> None:
        """Something changed here."""

    def lost(self, endpoint: "Endpoint") -> None:
        """The connection ended abnormally."""


class Endpoint:
    """Obeys the commands with its number."""

    def __init__(self, services: Services, command: m.Open, joint: Joint) -> None:
        self.number = command.endpoint
        self._services = services
        self.joint = joint
        self._address = command.address
        self._settings = command.settings
        self._listener: Listener | None = None
        self._connection: Connection | None = None
        self._end: Phase | None = None
        self._be_client = False
        self._refusals = 0
        self._counters = m.Counters()

    @property
    def leg(self) -> Leg:
        """What ``link.py`` decides from."""
        connection = self._connection
        if connection is None:
            return Leg(self._settings, self._end or Phase.IDLE)
        return Leg(self._settings, connection.phase, connection.accepted)

    @property
    def conduit(self) -> Conduit | None:
        """Where payload goes in and out, once it may."""
        return self._connection.conduit if self._connection is not None else None

    # --- commands ------------------------------------------------------------------------------

    def open(self) -> bool:
        """Get a port, and listen on it; whether that worked."""
        try:
            self._check()
            self._listener = self._bind()
            self._screen()
        except (BearerError, OSError, ValueError) as error:
            exhausted = isinstance(error, OSError) and error.errno in _OUT_OF
            self._let_port_go()
            self._tell(m.OpenFailed(self.number, self._now(), exhausted, str(error)))
            return False
        self._tell(m.Opened(self.number, self._now(), self._listener.local))
        return True

    def configure(self, settings: m.EndpointSettings) -> None:
        """Signalling has spoken: after the end of a connection another one may come."""
        self._settings = settings
        self._end = None
        self._screen()
        if self._connection is not None:
            self._connection.configure(settings)
        self.joint.review()

    def start_tcp(self) -> None:
        if self._connection is None:
            self._end = None
            self.dial()

    def start_tls(self) -> None:
        self._be_client = True
        if self._connection is not None:
            self._connection.be_client()

    def query(self) -> None:
        counters = self._counters
        if self._connection is not None:
            counters = _with(counters, self._connection)
        self._tell(m.Statistics(self.number, self._now(), counters))

    def release(self) -> None:
        """Call after the stream has let go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._counters = _with(self._counters, connection)
            connection.close()
        self._let_port_go()
        self._tell(m.Released(self.number, self._now(), self._counters))

    # --- the port ------------------------------------------------------------------------------

    def _check(self) -> None:
        transport = self._settings.transport
        if transport in _NOT_BUILT:
            raise ValueError(f"this plane has no {_NOT_BUILT[transport]}")
        if transport is m.Transport.TLS and not self._services.contexts.knows(self._settings.certificate):
            raise ValueError(f"there is no certificate named {self._settings.certificate}")
        if self._address not in self._services.pools:
            raise ValueError(f"{self._address} is none of the addresses of this plane")

    def _bind(self) -> Listener:
        pool, in_use = self._services.pools[self._address], []
        try:
            for port in pool.candidates(self._now()):
                try:
                    return Listener(self._services.loop, self._address, port, self._on_accepted)
                except OSError as error:
                    in_use.append(port)
                    if error.errno != EADDRINUSE or len(in_use) == PORT_ATTEMPTS:
                        raise
        finally:
            for port in in_use:
                pool.free(port, self._now())
        raise OSError(EADDRINUSE, "no free port")

    def _screen(self) -> None:
        """The filter first, so that no SYN slips in between."""
        if self._listener is None:
            return
        self._listener.screen(discard=discards(self._settings), source=self._settings.source_filter)
        if listens(self._settings):
            self._listener.listen()

    def _let_port_go(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            port = listener.local.port
            listener.close()
            self._services.pools[self._address].free(port, self._now())

    # --- the connection ------------------------------------------------------------------------

    def dial(self) -> None:
        """Connect to the remote address from the advertised port."""
        if self._listener is None:
            return
        remote, local = self._settings.remote, self._listener.local
        try:
            if remote is None or not can_call(self._settings):
                raise BearerError(m.FailureCause.TCP_UNREACHABLE, "the remote address is not known")
            self._connection = self._connect(tcp.dial(local, remote), accepted=False)
        except BearerError as error:
            self.lost(error)
        except OSError as error:
            self.lost(fault_of(error.errno or 0, m.FailureCause.TCP_UNREACHABLE))
        else:
            self._connection.wait(local, remote)

    def _on_accepted(self, sock: socket.socket, source: TransportAddress) -> None:
        reason = objection(self.leg, source)
        if reason is None:
            self._connection = self._connect(sock, accepted=True)
            self._connection.welcome()
            return
        tcp.abort(sock)
        self._refusals += 1
        if self._refusals <= REFUSALS_REPORTED:
            self._tell(m.Refused(self.number, self._now(), source, reason))

    def _connect(self, sock: socket.socket, *, accepted: bool) -> Connection:
        return Connection(
            self._services, sock, self._settings, self, accepted=accepted, be_client=self._be_client
        )

    def progressed(self) -> None:
        """From the connection."""
        self.joint.review()

    def lost(self, error: BearerError) -> None:
        """The connection is gone abnormally; the other leg must learn it."""
        self.cut(error)
        self.joint.lost(self)

    def cut(self, error: BearerError) -> None:
        """End abnormally.  A TLS alert still reaches the peer; the other failures are told with RST."""
        connection = self._hang_up(Phase.FAILED)
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close() if error.cause.is_tls else connection.abort()
        self._tell(m.Failed(self.number, self._now(), error.cause, error.detail))

    def close(self) -> None:
        """End in order."""
        connection = self._hang_up(Phase.CLOSED)
        if connection is not None:
            connection.close()
            self._tell(m.Closed(self.number, self._now()))

    def _hang_up(self, end: Phase) -> Connection | None:
        connection, self._connection = self._connection, None
        self._end, self._be_client = end, False
        if connection is not None:
            self._counters = _with(self._counters, connection)
        return connection

    def _tell(self, event: m.AnyEvent) -> None:
        self._services.emit(event)

    def _now(self) -> float:
        return self._services.loop.now()


def _with(counters: m.Counters, connection: Connection) -> m.Counters:
    """``counters`` and those of a connection; one that never came up does not count."""
    if connection.phase is Phase.CONNECTING:
        return counters
    received, sent = connection.octets
    return m.Counters(
        counters.octets_received + received,
        counters.octets_sent + sent,
        counters.connections + 1,
        counters.duration_ms + int(connection.duration * 1000),
    )
