"""One endpoint: its port, its settings, and its connection.  What happens to it becomes an event."""

import contextlib
import socket
from collections.abc import Sequence
from errno import EADDRINUSE, EMFILE, ENFILE
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.conduit import Conduit
from imsedge.plane.connection import Connection
from imsedge.plane.door import Door
from imsedge.plane.faults import BearerError, fault_of
from imsedge.plane.latecomer import LATECOMERS, Latecomer
from imsedge.plane.link import Leg, Phase, admits, can_call, objection, outranks
from imsedge.plane.loop import Timer
from imsedge.plane.services import Services
from imsedge.plane.vigil import Vigil, along, over_payload

# A peer may knock as often as it likes; the gateway hears of the first few.
REFUSALS_REPORTED = 8

_OUT_OF = frozenset({EADDRINUSE, EMFILE, ENFILE})
_ENDED = frozenset({Phase.CLOSED, Phase.FAILED})


class Joint(Protocol):
    """The stream that an endpoint is one end of."""

    def review(self) -> None:
        """Something changed here."""

    def lost(self, endpoint: "Endpoint") -> None:
        """The connection ended abnormally."""

    def knocked(self, endpoint: "Endpoint") -> None:
        """A SYN waits for its SYN-ACK."""

    def part(self) -> None:
        """Another connection takes the place of the one here."""


class Endpoint:
    """Obeys the commands with its number."""

    def __init__(self, services: Services, command: m.Open, joint: Joint) -> None:
        self.number = command.endpoint
        self._services = services
        self.joint = joint
        self._open = command
        self._settings = command.settings
        self._door: Door | None = None
        self._connection: Connection | None = None
        self._end: Phase | None = None
        self._be_client = False
        self._relatching = False
        self._expecting: Timer | None = None  # a call that was under way when we dialled
        self._vigil: Vigil | None = None  # over a connection that may be idle only so long
        self._quiet: Vigil | None = None  # over payload, connection or not
        self._late: set[Latecomer] = set()
        self._unheard = REFUSALS_REPORTED  # messages
        self._counters = m.Counters()

    @property
    def leg(self) -> Leg:
        """What ``link.py`` decides from."""
        connection = self._connection
        if connection is None:
            return Leg(self._settings, self._end or Phase.IDLE)
        return Leg(self._settings, connection.phase, connection.accepted, connection.caller)

    @property
    def local(self) -> TransportAddress | None:
        """The advertised address, while it is ours."""
        return self._door.local if self._door is not None else None

    @property
    def conduit(self) -> Conduit | None:
        """Where payload goes in and out, once it may."""
        return self._connection.conduit if self._connection is not None else None

    # --- commands ------------------------------------------------------------------------------

    def open(self) -> bool:
        """Get a port, and listen on it; whether that worked."""
        try:
            self._check()
            self._door = Door(self._services, self._open, self._on_accepted)
            self.withhold(withheld=self._settings.answering is m.Answering.LINKED_LEG)
            self._door.screen(self._settings)
        except (BearerError, OSError, ValueError) as error:
            exhausted = isinstance(error, OSError) and error.errno in _OUT_OF
            self._let_port_go()
            self._tell(m.OpenFailed(self.number, self._now(), exhausted, str(error)))
            return False
        self._watch_payload()
        self._tell(m.Opened(self.number, self._now(), self._door.local))
        return True

    def configure(self, settings: m.EndpointSettings) -> None:
        """Signalling has spoken: after the end of a connection another one may come."""
        old, self._settings = self._settings, settings
        self._end = None
        if (old.quiet_limit, old.quiet_ways) != (settings.quiet_limit, settings.quiet_ways):
            self._watch_payload()
        if self._door is not None:
            if not settings.latching:
                self._door.latched = None
            self.withhold(withheld=settings.answering is m.Answering.LINKED_LEG)
            self._door.screen(settings)
        if self._connection is not None:
            self._connection.configure(settings)
        self.joint.review()

    def start_tcp(self) -> None:
        """Where the kernel joins the peers there is no end of a connection, and nobody to dial."""
        if self._connection is None and self._settings.handling is m.Handling.STATE_AWARE:
            self._end = None
            if self._door is not None:
                self._door.screen(self._settings)
            self.dial()

    def start_tls(self) -> None:
        self._be_client = True
        if self._connection is not None:
            self._connection.be_client()

    def relatch(self) -> None:
        """Hear everybody again; the next one takes the place of the peer."""
        if self._door is not None and self._settings.latching:
            self._relatching = True
            self._end = None
            self._door.latch(None)

    def hang_up(self) -> None:
        """As if there had been no connection; cut short, so that its two addresses can be used at once."""
        if self._connection is not None:
            self.joint.part()
            connection = self._hang_up(Phase.IDLE)
            if connection is not None:
                connection.abort()
        self._end = None
        if self._door is not None:
            self._door.screen(self._settings)

    def _watch_payload(self) -> None:
        loop = self._services.loop
        self._quiet = over_payload(self._quiet, loop, self._settings, self._octets, self._on_quiet)

    def _octets(self, ways: m.Ways) -> tuple[int, ...]:
        counters, connection = self._counters, self._connection
        received, sent = connection.octets if connection is not None else (0, 0)
        if self._settings.handling is m.Handling.STATELESS:
            return (self._services.relays.octets(self.number),)
        return along(ways, counters.octets_received + received, counters.octets_sent + sent)

    def _on_quiet(self, ways: m.Ways) -> None:
        self._tell(m.Quiet(self.number, self._now(), ways))

    def _on_idle(self) -> None:
        self.lost(BearerError(m.FailureCause.TCP_IDLE))

    def query(self) -> None:
        self._tell(m.Statistics(self.number, self._now(), self._total()))

    def release(self) -> None:
        """Call after the stream has let go."""
        counters = self._total()
        self._let_port_go()
        connection = self._hang_up(Phase.CLOSED)
        if connection is not None:
            connection.close()
        if self._quiet is not None:
            self._quiet.stop()
        self._services.relays.forget(self.number)
        self._tell(m.Released(self.number, self._now(), counters))

    # --- the port ------------------------------------------------------------------------------

    def _check(self) -> None:
        transport = self._settings.transport
        if transport is m.Transport.TLS and not self._services.contexts.knows(self._settings.certificate):
            raise ValueError(f"there is no certificate named {self._settings.certificate}")

    def withhold(self, *, withheld: bool) -> None:
        """Whether a SYN must wait for the linked leg; meanwhile it is heard all the same."""
        if self._door is None or withheld is self._door.withheld:
            return
        self._door.withhold(withheld=withheld)
        if withheld:
            self._services.knocks.expect(self._door.local, self._on_knock)
        else:
            self._services.knocks.forget(self._door.local)

    def turn_away(self, error: BearerError) -> None:
        """The linked leg failed: whoever still knocks shall know."""
        self.cut(error)
        if self._door is not None:
            self._services.knocks.forget(self._door.local)
            self._door.turn_away()

    def _on_knock(self, source: TransportAddress) -> None:
        if self._door is not None and objection(self.leg, source, self._door.sources) is None:
            self.joint.knocked(self)

    def _let_port_go(self) -> None:
        door, self._door = self._door, None
        if door is not None:
            self._services.knocks.forget(door.local)
            door.close()

    # --- the connection ------------------------------------------------------------------------

    def dial(self) -> None:
        """Connect to the remote address from the advertised port."""
        if self._door is None:
            return
        remote, local = self._settings.remote, self._door.local
        try:
            if remote is None or not can_call(self._settings):
                raise BearerError(m.FailureCause.TCP_UNREACHABLE, "the remote address is not known")
            self._connection = self._connect(tcp.dial(local, remote, self._tune), accepted=False)
        except BearerError as error:
            if self._is_called(error):
                limit = self._services.settings.connect_limit
                self._expecting = self._services.loop.after(limit, self._on_nobody)
                return
            self.lost(error)
        except OSError as error:
            self.lost(fault_of(error.errno or 0, m.FailureCause.TCP_UNREACHABLE))
        else:
            self._connection.wait(local, remote)

    def _tune(self, sock: socket.socket) -> None:
        tcp.tune(sock, self._services.settings, self._settings)

    def _is_called(self, error: BearerError) -> bool:
        """Whether the peer was faster: its connection has the same two addresses, and will be accepted."""
        return error.address_in_use and admits(self._settings)

    def _on_nobody(self) -> None:
        self.lost(BearerError(m.FailureCause.TCP_TIMEOUT, "what had the two addresses was no call"))

    def _on_accepted(self, sock: socket.socket, source: TransportAddress) -> None:
        sources = self._door.sources if self._door is not None else None
        leg = self.leg._replace(phase=Phase.IDLE) if self._relatching else self.leg
        reason = objection(leg, source, sources)
        if reason is None:
            if leg.caller is not None and outranks(leg, source):
                self._note(leg.caller, "the signalled peer itself has come")
            self._make_room()
            self._connection = self._connect(sock, accepted=True)
            self._latch(source)
            self._connection.welcome()
            return
        self._refuse(sock, source)
        self._note(source, reason)

    def _note(self, source: TransportAddress, reason: str) -> None:
        self._counters = replace(self._counters, refused=self._counters.refused + 1)
        if self._counters.refused <= REFUSALS_REPORTED:
            self._tell(m.Refused(self.number, self._now(), source, reason))

    def _refuse(self, sock: socket.socket, source: TransportAddress) -> None:
        """With RST; whoever could be the peer of an MSRP session is told in its words."""
        path, idle = self._settings.msrp, self.leg._replace(phase=Phase.IDLE)
        welcome = self._door is not None and objection(idle, source, self._door.sources) is None
        if path is None or not welcome or self.leg.phase is not Phase.OPEN or len(self._late) == LATECOMERS:
            tcp.abort(sock)
            return
        late = Latecomer(self._services, sock, self._settings, path, self._late.discard)
        self._late.add(late)
        late.welcome()

    def _make_room(self) -> None:
        """One connection a stream: the older one goes, and the linked leg stays."""
        old = self._connection
        if old is not None:
            self._counters = _with(self._counters, old)
            self.joint.part()
            old.abort()

    def _latch(self, source: TransportAddress) -> None:
        door = self._door
        if door is not None and self._settings.latching and (self._relatching or door.latched is None):
            self._relatching = False
            door.latch(source)
            self._tell(m.Latched(self.number, self._now(), source))

    def _connect(self, sock: socket.socket, *, accepted: bool) -> Connection:
        self._expect_nobody()
        return Connection(
            self._services, sock, self._settings, self, accepted=accepted, be_client=self._be_client
        )

    def progressed(self) -> None:
        """From the connection."""
        limit = self._services.settings.idle_limit
        if self._door is not None and not self._relatching and self.leg.phase is Phase.OPEN:
            self._door.settle()
        if limit and self._vigil is None:
            self._vigil = Vigil(self._services.loop, limit, partial(self._octets, m.Ways.BOTH), self._on_idle)
        self.joint.review()

    def messages_refused(self, statuses: Sequence[int]) -> None:
        """Of these too the gateway hears of the first few."""
        heard, self._unheard = statuses[: self._unheard], max(self._unheard - len(statuses), 0)
        for status in heard:
            self._tell(m.MessageRefused(self.number, self._now(), status))

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
        if self._door is not None:
            self._door.unsettle()
        for late in tuple(self._late):
            late.dismiss()
        connection, self._connection = self._connection, None
        self._end, self._be_client = end, False
        self._expect_nobody()
        if self._vigil is not None:
            self._vigil.stop()
            self._vigil = None
        if connection is not None:
            self._counters = _with(self._counters, connection)
        return connection

    def _total(self) -> m.Counters:
        counters = self._counters
        if self._connection is not None:
            counters = _with(counters, self._connection)
        relayed = self._services.relays.counters(self.number)
        return replace(
            counters,
            octets_received=counters.octets_received + relayed.there,
            octets_sent=counters.octets_sent + relayed.back,
            dropped=relayed.dropped + (self._door.dropped if self._door is not None else 0),
        )

    def _expect_nobody(self) -> None:
        if self._expecting is not None:
            self._expecting.cancel()
            self._expecting = None

    def _tell(self, event: m.AnyEvent) -> None:
        self._services.emit(event)

    def _now(self) -> float:
        return self._services.loop.now()


def _with(counters: m.Counters, connection: Connection) -> m.Counters:
    """``counters`` and those of a connection; one that never came up does not count."""
    if connection.phase is Phase.CONNECTING:
        return counters
    received, sent = connection.octets
    health = connection.health
    return m.Counters(
        counters.octets_received + received,
        counters.octets_sent + sent,
        counters.connections + 1,
        counters.duration_ms + int(connection.duration * 1000),
        counters.retransmissions + health.retransmissions,
        health.round_trip,
        counters.refused,
        messages=counters.messages + connection.messages,
    )
