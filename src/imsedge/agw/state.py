"""What a gateway holds: contexts, their terminations, the streams of those, and who owns which endpoint.

Only this module changes the maps; everything else asks it.  Names are found without regard to case.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from imsedge.agw.settings import Realm
from imsedge.agw.streams import Gate, StreamTerms
from imsedge.bearer.messages import Counters, EndpointSettings
from imsedge.core.address import TransportAddress
from imsedge.h248.model import (
    ContextProperties,
    EventBuffer,
    Events,
    Parameter,
    ServiceState,
    TopologyTriple,
    fold,
)

NO_EVENTS = Events()
NO_BUFFER = EventBuffer()
NO_COUNTERS = Counters()
OPEN_GATE = Gate()
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


class Way(Enum):
    """What passes between the first and the second of a pair of terminations."""

    BOTH = "both ways"
    THERE = "from the first to the second"
    BACK = "from the second to the first"
    NONE = "nothing"


Topology = dict[tuple[str, str, int | None], Way]
"""What was ordered: ordered pairs of folded names, and the stream if it is about one (version 3)."""


class Change(NamedTuple):
    """A change of a bearer connection: ``kind`` is the observed ``Type``; ``general`` of ``g/cause``.

    Or, when ``name`` is given, another event with its parameters.  ``time``: on the clock of ``now``.
    """

    stream: int
    secure: bool
    tls: bool
    kind: str
    time: float
    cause: str = ""
    general: str | None = None
    name: str = ""
    parameters: tuple[Parameter, ...] = ()


@dataclass(slots=True)
class StreamState:
    """One stream of one termination and its endpoint in the media plane.

    ``link``: who has the same hears this stream; ``gate``: what topology lets pass.  ``moving``: the media
    plane has still to say whether the endpoint could change its link.
    ``ordered``: the settings that the endpoint has.  ``failure``: why it could not be opened or moved.
    ``counted``: statistics that were asked for at the stream.
    ``session``: names this end of an MSRP session whose URI is made here.
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
    gate: Gate = OPEN_GATE
    counted: tuple[str, ...] = ()
    session: str = ""
    tls_ordered: bool = False
    moving: bool = False
    dead: bool = False


@dataclass(slots=True)
class Termination:
    """``heard``: when the last command for it came.  ``out_of_service``: its bearers were lost with
    the media plane, and the controller has been told.  ``service`` and ``draining`` (no new connections) are
    the controller's orders.  ``lock_step``: each Events descriptor is good for one event; meanwhile what
    ``event_buffer`` names is kept in ``buffered``."""

    name: str
    context: int
    realm: Realm
    heard: float
    streams: dict[int, StreamState] = field(default_factory=dict)
    events: Events = NO_EVENTS
    out_of_service: bool = False
    service: ServiceState = ServiceState.IN_SERVICE
    draining: bool = False
    lock_step: bool = False
    event_buffer: EventBuffer = NO_BUFFER
    buffered: deque[Change] = field(default_factory=deque)


@dataclass(slots=True)
class Context:
    """``properties`` without topology, which is in ``topology`` as far as it was ordered; ``open_triples``
    are those that the action in progress also means for terminations to come.  ``unsettled``: links may have
    to follow what has happened."""

    id: int
    properties: ContextProperties = _NO_PROPERTIES
    terminations: dict[str, Termination] = field(default_factory=dict)
    topology: Topology = field(default_factory=dict)
    open_triples: tuple[TopologyTriple, ...] = ()
    unsettled: bool = False

    def find(self, name: str) -> Termination | None:
        return self.terminations.get(fold(name))


class Registry:
    """All of it.  ``root_values``: properties of ROOT that were set.  ``absent_realms`` cannot be
    used at the moment.  ``closing``: nothing new is accepted.

    Numbers of endpoints and links are never used twice; context and termination numbers come round only
    after 2**31.
    """

    def __init__(self, first_context: int = 1) -> None:
        self.contexts: dict[int, Context] = {}
        self.root_events = NO_EVENTS
        self.root_values: dict[str, int] = {}
        self.absent_realms: frozenset[str] = frozenset()
        self.closing = False
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
        self._take_out(termination)

    def _take_out(self, termination: Termination) -> None:
        context = self.contexts[termination.context]
        del context.terminations[fold(termination.name)]
        context.unsettled = True

    def move_termination(self, termination: Termination, target: Context) -> None:
        """With its streams; the context it leaves stays until ``drop_if_empty``."""
        self._take_out(termination)
        termination.context = target.id
        target.terminations[fold(termination.name)] = termination

    def is_live(self, termination: Termination) -> bool:
        """Whether it still is what its name stands for."""
        return self._terminations.get(fold(termination.name)) is termination

    # --- streams

    def new_link(self) -> int:
        self._next_link += 1
        return self._next_link - 1

    def new_endpoint(self) -> int:
        self._next_endpoint += 1
        return self._next_endpoint - 1

    def add_stream(self, termination: Termination, stream: StreamState) -> None:
        termination.streams[stream.id] = stream
        self._endpoints[stream.endpoint] = (termination, stream)

    def remove_stream(self, termination: Termination, stream: StreamState) -> None:
        """Its endpoint's later events are nobody's."""
        termination.streams.pop(stream.id, None)
        self.contexts[termination.context].unsettled = True
        self._endpoints.pop(stream.endpoint, None)

    def endpoint(self, number: int) -> tuple[Termination, StreamState] | None:
        return self._endpoints.get(number)

    def all_terminations(self) -> Iterator[Termination]:
        return iter(tuple(self._terminations.values()))


def _after(number: int) -> int:
    return number + 1 if number < 0x7FFF_FFFF else 1
