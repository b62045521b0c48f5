"""What a gateway holds, as values for ``imsedge contexts`` and the status endpoint."""

from typing import NamedTuple

from msgspec import Struct

from imsedge.agw.state import Context, StreamState, Termination
from imsedge.bearer.messages import Counters


class Load(NamedTuple):
    """How many of each there are."""

    contexts: int
    terminations: int
    endpoints: int
    executions: int


class StreamView(Struct, frozen=True):
    """``remote`` is what was signalled, ``peer`` who is connected; addresses are text.

    Two streams with one ``link`` hear each other.  ``path``: our end of an MSRP session that is rewritten.
    """

    id: int
    link: int
    transport: str
    state: str
    mode: str
    setup: str
    local: str | None
    remote: str | None
    peer: str | None
    counters: Counters
    path: str | None = None


class TerminationView(Struct, frozen=True):
    """``events``: names of what is armed."""

    name: str
    realm: str
    events: tuple[str, ...]
    streams: tuple[StreamView, ...]


class ContextView(Struct, frozen=True):
    """One context; msgspec turns it into JSON as it is."""

    id: int
    terminations: tuple[TerminationView, ...]


def view_context(context: Context) -> ContextView:
    """As it is now; counters as last heard from the media plane."""
    return ContextView(context.id, tuple(_termination(t) for t in context.terminations.values()))


def _termination(termination: Termination) -> TerminationView:
    return TerminationView(
        name=termination.name,
        realm=termination.realm.name,
        events=tuple(event.name for event in termination.events.events),
        streams=tuple(_stream(stream) for stream in termination.streams.values()),
    )


def _stream(stream: StreamState) -> StreamView:
    remote = stream.terms.remote.address if stream.terms.remote else None
    return StreamView(
        id=stream.id,
        link=stream.link,
        transport=stream.ordered.transport.value,
        state=stream.phase.value,
        mode=stream.ordered.mode.value,
        setup=stream.ordered.setup.value,
        local=str(stream.local) if stream.local else None,
        remote=str(remote) if remote else None,
        peer=str(stream.peer) if stream.peer else None,
        counters=stream.counters,
        path=stream.ordered.msrp.own if stream.ordered.msrp else None,
    )
