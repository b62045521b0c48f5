"""What a gateway holds: contexts, their terminations, the streams of those, and who owns which endpoint.

Only this module changes the maps; everything else asks it.  Names are found without regard to case.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from imsedge.agw.settings import Realm
from imsedge.agw.streams import StreamTerms
from imsedge.bearer.messages import Counters, EndpointSettings
from imsedge.core.address import TransportAddress
from imsedge.h248.model import ContextProperties, Events, fold

NO_EVENTS = Events()
NO_COUNTERS = Counters()
_NO_PROPERTIES = ContextProperties()


class Phase(Enum):
    """How far the bearer of a stream is."""

    OPENING = "opening"
    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    HANDSHAKING = "handshaking"
    SECURED = "secured"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(slots=True)
class StreamState:
    """One stream of one termination and its endpoint in the media plane.

    ``ordered``: the settings that the endpoint has.  ``failure``: why it could not be opened.
    ``dead``: the media plane knows the endpoint no longer.
    """

    id: int
    endpoint: int
    link: int
    terms: StreamTerms
    ordered: EndpointSettings
    phase: Phase = Phase.OPENING
    local: TransportAddress | None = None
    peer: TransportAddress | None = None
    counters: Counters = NO_COUNTERS
    failure: tuple[int, str] | None = None
    tls_ordered: bool = False
    dead: bool = False


@dataclass(slots=True)
class Termination:
    """``heard``: when the last command for it came.  ``out_of_service``: its bearers were lost with
    the media plane, and the controller has been told."""

    name: str
    context: int
    realm: Realm
    heard: float
    streams: dict[int, StreamState] = field(default_factory=dict)
    events: Events = NO_EVENTS
    out_of_service: bool = False


@dataclass(slots=True)
class Context:
    """``links``: the media plane's link of each stream id."""

    id: int
    properties: ContextProperties = _NO_PROPERTIES
    terminations: dict[str, Termination] = field(default_factory=dict)
    links: dict[int, int] = field(default_factory=dict)

    def find(self, name: str) -> Termination | None:
        return self.terminations.get(fold(name))


class Registry:
    """All of it.  Numbers of endpoints and links are never used twice; context and termination
    numbers come round only after 2**31."""

    def __init__(self, first_context: int = 1) -> None:
        self.contexts: dict[int, Context] = {}
        self.root_events = NO_EVENTS
        self._terminations: dict[str, Termination] = {}
        self._endpoints: dict[int, tuple[Termination, StreamState]] = {}
        self._next_context = first_context
        self._next_termination: dict[str, int] = {}
        self._next_endpoint = 1
        self._next_link = 1

    @property
    def counts(self) -> tuple[int, int, int]:
        """Contexts, terminations, endpoints."""
        return len(self.contexts), len(self._terminations), len(self._endpoints)

    # --- contexts

    def new_context(self) -> Context:
        while self._next_context in self.contexts:
            self._next_context = _after(self._next_context)
        context = Context(self._next_context)
        self.contexts[context.id] = context
        self._next_context = _after(self._next_context)
        return context

    def drop_if_empty(self, number: int) -> None:
        context = self.contexts.get(number)
        if context is not None and not context.terminations:
            del self.contexts[number]

    # --- terminations

    def termination(self, name: str) -> Termination | None:
        return self._terminations.get(fold(name))

    def new_termination(self, context: Context, realm: Realm, now: float) -> Termination:
        number = self._next_termination.get(realm.name, 1)
        while fold(f"ip/{realm.name}/{number}") in self._terminations:
            number = _after(number)
        self._next_termination[realm.name] = _after(number)
        termination = Termination(f"ip/{realm.name}/{number}", context.id, realm, now)
        self._terminations[fold(termination.name)] = termination
        context.terminations[fold(termination.name)] = termination
        return termination

    def remove_termination(self, termination: Termination) -> None:
        """Streams must have been removed before; the context stays until ``drop_if_empty``."""
        del self._terminations[fold(termination.name)]
        del self.contexts[termination.context].terminations[fold(termination.name)]

    def is_live(self, termination: Termination) -> bool:
        """Whether it still is what its name stands for."""
        return self._terminations.get(fold(termination.name)) is termination

    # --- streams

    def link(self, context: Context, stream: int) -> int:
        """Both terminations' streams of one id share a link."""
        if stream not in context.links:
            context.links[stream] = self._next_link
            self._next_link += 1
        return context.links[stream]

    def new_endpoint(self) -> int:
        self._next_endpoint += 1
        return self._next_endpoint - 1

    def add_stream(self, termination: Termination, stream: StreamState) -> None:
        termination.streams[stream.id] = stream
        self._endpoints[stream.endpoint] = (termination, stream)

    def remove_stream(self, termination: Termination, stream: StreamState) -> None:
        """Its endpoint's later events are nobody's."""
        termination.streams.pop(stream.id, None)
        self._endpoints.pop(stream.endpoint, None)

    def endpoint(self, number: int) -> tuple[Termination, StreamState] | None:
        return self._endpoints.get(number)

    def all_terminations(self) -> Iterator[Termination]:
        return iter(tuple(self._terminations.values()))


def _after(number: int) -> int:
    return number + 1 if number < 0x7FFF_FFFF else 1
