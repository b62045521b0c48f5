"""What every command works with: the state, the clock of this input, and the pile of outputs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from imsedge.agw.messages import Log, Order, Output
from imsedge.agw.settings import GatewaySettings
from imsedge.agw.state import Context, Phase, Registry, StreamState, Termination
from imsedge.agw.streams import StreamTerms, bind_address, endpoint_settings
from imsedge.bearer.messages import AnyCommand, Configure, Open, Query, Release
from imsedge.core.timers import Timers
from imsedge.h248.model import CommandReply


class Timer(Enum):
    """What a deadline is for; with it goes the number or name of whom it concerns."""

    PLANE = "an execution waits for the media plane"
    HEARTBEAT = "hangterm/thb of a termination"
    INACTIVITY = "it/ito of the gateway"
    CONTROLLER = "contexts without a controller"


TimerKey = tuple[Timer, int | str]


@dataclass(slots=True)
class Desk:
    """One a gateway; ``now`` and ``outputs`` belong to the input being handled."""

    settings: GatewaySettings
    registry: Registry
    timers: Timers[TimerKey] = field(default_factory=Timers)
    now: float = 0.0
    outputs: list[Output] = field(default_factory=list)

    def order(self, command: AnyCommand) -> None:
        self.outputs.append(Order(command))

    def log(self, text: str, termination: Termination | None = None) -> None:
        if termination is None:
            self.outputs.append(Log(text))
        else:
            self.outputs.append(Log(text, termination.context, termination.name))

    def certificate(self, termination_realm: str) -> bytes | None:
        """DER octets of what endpoints in that realm present."""
        realm = self.settings.realm(termination_realm)
        return self.settings.certificates.get(realm.certificate) if realm else None

    # --- endpoints

    def open_stream(
        self, context: Context, termination: Termination, number: int, terms: StreamTerms
    ) -> StreamState:
        """Order an endpoint; ``Opened`` or ``OpenFailed`` will tell."""
        registry, realm = self.registry, termination.realm
        wanted = endpoint_settings(terms, realm.certificate)
        link = registry.link(context, number)
        stream = StreamState(number, registry.new_endpoint(), link, terms, wanted)
        registry.add_stream(termination, stream)
        self.order(
            Open(
                stream.endpoint,
                context.id,
                link,
                bind_address(terms, realm),
                wanted,
                f"C{context.id} {termination.name}/{number}",
            )
        )
        return stream

    def configure(self, termination: Termination, stream: StreamState, terms: StreamTerms) -> None:
        """Take over new terms; the media plane hears of it only when they change something there."""
        stream.terms = terms
        wanted = endpoint_settings(terms, termination.realm.certificate)
        if wanted != stream.ordered and not stream.dead:
            stream.ordered = wanted
            self.order(Configure(stream.endpoint, wanted))

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
        self.timers.cancel((Timer.HEARTBEAT, termination.name))
        if self.registry.is_live(termination):
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
    """Where a command runs.  ``context`` is ``None`` for ROOT (null context or all contexts)."""

    desk: Desk
    context: Context | None
    version: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command goes on with ``finish`` when each of these endpoints has answered, or too late."""

    endpoints: frozenset[int]
    finish: "Callable[[], Outcome]"


Outcome = CommandReply | Waiting


def is_open(stream: StreamState) -> bool:
    """Whether the media plane has the endpoint."""
    return stream.phase is not Phase.OPENING and not stream.dead
