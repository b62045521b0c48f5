"""The descriptors of one Add or Modify, sorted and checked before anything is done."""

from msgspec import Struct

from imsedge.agw import items
from imsedge.agw.errors import fail
from imsedge.h248.model import (
    AmmDescriptor,
    Audit,
    EventBuffer,
    Events,
    Media,
    ServiceState,
    Signals,
    Statistics,
    Stream,
    TerminationState,
)

_SUPPORTED: dict[type, str] = {
    Media: "media",
    Events: "events",
    Signals: "signals",
    Audit: "audit",
    Statistics: "statistics",
    EventBuffer: "event_buffer",
}

DEFAULT_STREAM = 1  # what bare stream parameters in Media are about (H.248.1 clause 7.1.4)


class Changes(Struct, frozen=True):
    """``None`` = not mentioned."""

    media: Media | None = None
    events: Events | None = None
    signals: Signals | None = None
    audit: Audit | None = None
    statistics: Statistics | None = None
    event_buffer: EventBuffer | None = None

    @property
    def streams(self) -> dict[int, Stream]:
        """By number."""
        streams = self.media.streams if self.media else ()
        return {DEFAULT_STREAM if s.id is None else s.id: s for s in streams}

    @property
    def state(self) -> TerminationState | None:
        return self.media.state if self.media else None


def read_changes(descriptors: tuple[AmmDescriptor, ...]) -> Changes:
    """Raises ``H248Error`` 444 not supported here, 448 twice."""
    found: dict[str, AmmDescriptor] = {}
    for descriptor in descriptors:
        name = _SUPPORTED.get(type(descriptor))
        if name is None:
            fail(444, f"descriptor {type(descriptor).__name__} is not supported")
        if name in found:
            fail(448, f"descriptor {type(descriptor).__name__} appears twice")
        found[name] = descriptor
    changes = Changes(**found)  # type: ignore[arg-type]  # each name goes with its type in _SUPPORTED
    if changes.media is not None and len(changes.streams) != len(changes.media.streams):
        fail(448, "a stream appears twice")
    return changes


def check_state(state: TerminationState | None) -> None:
    """Raises ``H248Error`` 440, 445, 449 or 534: there is no test state, and there are no properties."""
    if state is None:
        return
    if state.service_state is ServiceState.TEST:
        fail(449, f"service state {state.service_state.value} is not supported")
    for parameter in state.properties:
        items.refuse_property(parameter.name)
