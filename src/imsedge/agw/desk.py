"""What every command works with: the state, the clock of this input, and the pile of outputs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from msgspec.structs import replace

from imsedge.agw.messages import Log, Order, Output
from imsedge.agw.quiet import quiet_of
from imsedge.agw.settings import GatewaySettings, Realm
from imsedge.agw.state import Change, Context, Phase, Registry, StreamState, Termination
from imsedge.agw.streams import Gate, StreamTerms, bind_address, endpoint_settings, msrp_path
from imsedge.agw.topology import Seat, forget, seats
from imsedge.bearer.messages import (
    AnyCommand,
    Configure,
    EndpointSettings,
    Open,
    Query,
    Release,
    Relink,
    Transport,
)
from imsedge.core.ids import IdSource, RandomIds
from imsedge.core.timers import Timers
from imsedge.h248.model import CommandReply, ServiceState


class Timer(Enum):
    """What a deadline is for; with it goes the number or name of whom it concerns."""

    PLANE = "an execution waits for the media plane"
    GO_ON = "an execution has more to do than one input may take"
    SERVICE = "a termination or the gateway goes out of service"
    HEARTBEAT = "hangterm/thb of a termination"
    INACTIVITY = "it/ito of the gateway"
    CONTROLLER = "contexts without a controller"


_NOT_ORDERED = EndpointSettings(transport=Transport.TCP)
_SESSION_OCTETS = 10  # RFC 4975 clause 14.1: a session id has at least 80 bits of randomness

TimerKey = tuple[Timer, int | str]


@dataclass(slots=True)
class Desk:
    """One a gateway; ``now`` and ``outputs`` belong to the input being handled.

    ``executing``: transactions under way.  ``reduction``: what the controller was last asked to spare us, in
    per cent of its new calls.
    """

    settings: GatewaySettings
    registry: Registry
    ids: IdSource = field(default_factory=RandomIds)
    timers: Timers[TimerKey] = field(default_factory=Timers)
    now: float = 0.0
    outputs: list[Output] = field(default_factory=list)
    executing: int = 0
    reduction: int = 0

    def order(self, command: AnyCommand) -> None:
        self.outputs.append(Order(command))

    def log(self, text: str, termination: Termination | None = None) -> None:
        if termination is None:
            self.outputs.append(Log(text))
        else:
            self.outputs.append(Log(text, termination.context, termination.name))

    def certificate(self, realm: Realm) -> bytes | None:
        """DER octets of what endpoints in that realm present; a termination keeps the realm as it was."""
        return self.settings.certificates.get(realm.certificate)

    # --- endpoints

    def open_stream(
        self, context: Context, termination: Termination, number: int, terms: StreamTerms
    ) -> StreamState:
        """Order an endpoint; ``Opened`` or ``OpenFailed`` will tell."""
        registry, realm = self.registry, termination.realm
        stream = StreamState(number, registry.new_endpoint(), 0, terms, _NOT_ORDERED)
        stream.session = self.ids.token(_SESSION_OCTETS)
        registry.add_stream(termination, stream)
        for seat in seats(context, number, registry.new_link):
            if seat.stream is not stream:
                self._take(context, seat)
                continue
            stream.link, stream.gate = seat.link, seat.gate
            stream.ordered = self._wanted(termination, stream)
            address, label = bind_address(terms, realm), f"C{context.id} {termination.name}/{number}"
            self.order(
                Open(
                    stream.endpoint,
                    context.id,
                    seat.link,
                    address,
                    stream.ordered,
                    label,
                    realm.low_port,
                    realm.high_port,
                )
            )
        return stream

    def configure(self, termination: Termination, stream: StreamState, terms: StreamTerms) -> None:
        """Take over new terms; the media plane hears of it only when they change something there."""
        stream.terms = terms
        wanted = self._wanted(termination, stream)
        if wanted != stream.ordered and not stream.dead:
            stream.ordered = wanted
            self.order(Configure(stream.endpoint, wanted))

    def _wanted(self, termination: Termination, stream: StreamState) -> EndpointSettings:
        gate = stream.gate
        if termination.service is not ServiceState.IN_SERVICE:
            gate = Gate(receives=False, sends=False, admits=False)
        elif termination.draining:
            gate = gate._replace(admits=False)
        wanted = endpoint_settings(stream.terms, termination.realm.certificate, gate)
        if (path := msrp_path(stream.terms, stream.local, stream.session)) is not None:
            wanted = replace(wanted, msrp=path)
        limit, ways = quiet_of(termination.events, stream.id)
        return replace(wanted, quiet_limit=limit, quiet_ways=ways) if limit else wanted

    # --- who hears whom

    def settle(self, context: Context) -> None:
        """Links and gates follow terminations and topology; for what follows no command waits."""
        context.unsettled = False
        numbers = {number for t in context.terminations.values() for number in t.streams}
        for number in sorted(numbers):
            for seat in seats(context, number, self.registry.new_link):
                self._take(context, seat)

    def _take(self, context: Context, seat: Seat) -> None:
        stream = seat.stream
        if stream.link != seat.link:
            stream.link = seat.link
            self.order(Relink(stream.endpoint, context.id, seat.link))
        if stream.gate != seat.gate:
            stream.gate = seat.gate
            self.configure(seat.termination, stream, stream.terms)

    def transfer(self, termination: Termination, target: Context) -> tuple[StreamState, ...]:
        """Into another context; the streams about which ``Relinked`` or ``RelinkFailed`` will tell.

        The context it leaves is settled by whoever ends the command.
        """
        source = self.registry.contexts[termination.context]
        self.registry.move_termination(termination, target)
        source.topology = forget(source.topology, termination.name)
        streams = tuple(stream for stream in termination.streams.values() if not stream.dead)
        for stream in streams:
            stream.link, stream.moving, stream.failure = 0, True, None
        self.settle(target)
        return streams

    def query(self, stream: StreamState) -> None:
        self.order(Query(stream.endpoint))

    def close_stream(self, termination: Termination, stream: StreamState) -> None:
        """Release the endpoint and forget it; whatever it still says is nobody's."""
        self.order_release(stream)
        self.registry.remove_stream(termination, stream)

    def order_release(self, stream: StreamState) -> None:
        """Once at most, and not for what the media plane does not have."""
        if not stream.dead:
            stream.dead = True
            self.order(Release(stream.endpoint))

    def remove(self, termination: Termination) -> None:
        """Release a termination with all it has."""
        for stream in tuple(termination.streams.values()):
            self.close_stream(termination, stream)
        for kind in (Timer.HEARTBEAT, Timer.SERVICE):
            self.timers.cancel((kind, termination.name))
        if self.registry.is_live(termination):
            context = self.registry.contexts[termination.context]
            context.topology = forget(context.topology, termination.name)
            self.registry.remove_termination(termination)

    def remove_all(self) -> int:
        """Release every context; how many there were."""
        for termination in self.registry.all_terminations():
            self.remove(termination)
        contexts = tuple(self.registry.contexts)
        for number in contexts:
            self.registry.drop_if_empty(number)
        return len(contexts)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a command runs.  ``context`` is ``None`` for ROOT (null context or all contexts).

    ``completed``: signals whose completion is told after the transaction has been answered.
    """

    desk: Desk
    context: Context | None
    version: int
    completed: "list[tuple[Termination, Change]]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command goes on with ``finish`` when each of these endpoints has answered, or too late."""

    endpoints: frozenset[int]
    finish: "Callable[[], Outcome]"


Outcome = CommandReply | Waiting


def is_open(stream: StreamState) -> bool:
    """Whether the media plane has the endpoint."""
    return stream.phase is not Phase.OPENING and not stream.dead
