"""AuditValue and the Audit descriptor of other commands (H.248.1 clauses 7.1.12 and 7.2.5).

One row for each descriptor that can be asked for, and one for each that can be asked for in part
(individual audit, version 2).  What exists but holds nothing is returned by its name alone.
"""

from collections.abc import Callable
from typing import Any

from imsedge.agw import items
from imsedge.agw.desk import Scope
from imsedge.agw.errors import fail
from imsedge.agw.notifications import observed_events
from imsedge.agw.realms import available_realms
from imsedge.agw.state import NO_BUFFER, StreamState, Termination
from imsedge.agw.streams import filled_local
from imsedge.bearer.messages import Counters
from imsedge.h248.model import (
    Audit,
    AuditItem,
    AuditReturn,
    DigitMap,
    EventBuffer,
    EventBufferControl,
    Events,
    LocalControl,
    Media,
    Packages,
    PackageVersion,
    Parameter,
    ServiceState,
    Signals,
    Statistic,
    Statistics,
    Stream,
    TerminationState,
    fold,
)
from imsedge.h248.packages import gm, nt, tcprm, tcptv
from imsedge.h248.packages.model import StatisticKey

# Each statistic, what it is of one stream, and how those of several streams are put together.
STATISTICS: tuple[tuple[StatisticKey[int], Callable[[Counters], int], Callable[[list[int]], int]], ...] = (
    (nt.OCTETS_SENT, lambda counters: counters.octets_sent, sum),
    (nt.OCTETS_RECEIVED, lambda counters: counters.octets_received, sum),
    (nt.DURATION, lambda counters: counters.duration_ms, max),
    (gm.DISCARDED_PACKETS, lambda counters: counters.dropped, sum),
    (tcprm.RETRANSMISSIONS, lambda counters: counters.retransmissions, sum),
    (tcprm.ROUND_TRIP, lambda counters: counters.round_trip_us, max),
    (tcptv.CONNECTIONS, lambda counters: counters.connections, sum),
    (tcptv.REFUSED, lambda counters: counters.refused, sum),
)


def wants_statistics(audit: Audit | None, termination: Termination) -> bool:
    """Whether the counters have to be fetched."""
    if audit is None:
        return False
    if AuditItem.STATISTICS in audit.items or any(isinstance(i, Statistics) for i in audit.individual):
        return True
    media = AuditItem.MEDIA in audit.items or any(isinstance(i, Media) for i in audit.individual)
    return media and any(stream.counted for stream in termination.streams.values())


def check_audit(audit: Audit | None) -> None:
    """Raises ``H248Error`` 532 for a statistic that is not counted here."""
    for item in audit.individual if audit else ():
        for statistic in item.items if isinstance(item, Statistics) else ():
            if not _is_counted(statistic):
                fail(532, f"{statistic.name} is not counted here")


def check_statistics(statistics: Statistics | None) -> None:
    """Raises ``H248Error`` 440 or 453 for what is not counted here.  All others are counted always."""
    for statistic in statistics.items if statistics else ():
        if not _is_counted(statistic):
            items.refuse_statistic(statistic.name)


def _is_counted(statistic: Statistic) -> bool:
    return any(fold(key.name) == fold(statistic.name) for key, _, _ in STATISTICS)


def stream_statistics(termination: Termination) -> Media | None:
    """Those that were asked for at streams (version 3)."""
    streams = tuple(
        Stream(stream.id, statistics=counted)
        for stream in termination.streams.values()
        if (counted := _counted_at(stream)) is not None
    )
    return Media(streams) if streams else None


def _counted_at(stream: StreamState) -> tuple[Statistic, ...] | None:
    wanted = {fold(name) for name in stream.counted}
    found = tuple(key.count(of(stream.counters)) for key, of, _ in STATISTICS if fold(key.name) in wanted)
    return found or None


def statistics_of(termination: Termination) -> Statistics:
    """Over all streams, as last heard from the media plane."""
    counters = [stream.counters for stream in termination.streams.values()]
    return Statistics(
        tuple(key.count(together([of(c) for c in counters] or [0])) for key, of, together in STATISTICS)
    )


def describe(scope: Scope, termination: Termination | None, audit: Audit | None) -> tuple[AuditReturn, ...]:
    """What was asked for, as it is now; ``termination`` is ``None`` for ROOT."""
    if audit is None:
        return ()
    whole = [_WHOLE[item](scope, termination) if item in _WHOLE else item for item in audit.items]
    parts = [_PARTS[type(item)](scope, termination, item) for item in audit.individual]
    return (*whole, *parts)


# --- whole descriptors --------------------------------------------------------------------------------


def media_of(scope: Scope, termination: Termination | None) -> Media:
    """The Media descriptor as it is now."""
    if termination is None:
        return Media(state=_root_state(scope))
    streams = tuple(_stream(scope, termination, stream) for stream in termination.streams.values())
    return Media(streams, state_of(termination))


def _stream(scope: Scope, termination: Termination, stream: StreamState) -> Stream:
    control, remote = stream.terms.control, stream.terms.remote
    return Stream(
        stream.id,
        control=LocalControl(mode=control.mode, properties=control.given),
        local=filled_local(
            stream.terms, stream.local, scope.desk.certificate(termination.realm), stream.session
        ),
        remote=remote.text if remote else None,
        statistics=_counted_at(stream),
    )


def state_of(termination: Termination) -> TerminationState:
    """Lost with the media plane is out of service, whatever was ordered."""
    state = ServiceState.OUT_OF_SERVICE if termination.out_of_service else termination.service
    return TerminationState(state, EventBufferControl.LOCK_STEP if termination.lock_step else None)


def _root_state(scope: Scope) -> TerminationState:
    desk = scope.desk
    state = ServiceState.OUT_OF_SERVICE if desk.registry.closing else None
    values = {**desk.settings.root_values, **desk.registry.root_values}
    properties = items.root_properties(desk.settings.limits, values)
    return TerminationState(state, properties=properties + available_realms(desk))


def _events(scope: Scope, termination: Termination | None) -> AuditReturn:
    held = scope.desk.registry.root_events if termination is None else termination.events
    return held if held.events else AuditItem.EVENTS


def _event_buffer(_scope: Scope, termination: Termination | None) -> AuditReturn:
    held = termination.event_buffer if termination is not None else NO_BUFFER
    return held if held.events else AuditItem.EVENT_BUFFER


def _observed(scope: Scope, termination: Termination | None) -> AuditReturn:
    """What waits in the event buffer."""
    held = observed_events(scope.desk, termination) if termination is not None else None
    return held or AuditItem.OBSERVED_EVENTS


def _statistics(_scope: Scope, termination: Termination | None) -> AuditReturn:
    return AuditItem.STATISTICS if termination is None else statistics_of(termination)


def packages_of(_scope: Scope, _termination: Termination | None) -> AuditReturn:
    return Packages(tuple(PackageVersion(package.name, package.version) for package in items.SERVED))


_WHOLE: dict[AuditItem, Callable[[Scope, Termination | None], AuditReturn]] = {
    AuditItem.MEDIA: media_of,
    AuditItem.EVENT_BUFFER: _event_buffer,
    AuditItem.OBSERVED_EVENTS: _observed,
    AuditItem.EVENTS: _events,
    AuditItem.STATISTICS: _statistics,
    AuditItem.PACKAGES: packages_of,
}


# What is no property of a package is asked for by its token.
_MODE, _RESERVE_VALUE, _RESERVE_GROUP = "mode", "reservedvalue", "reservedgroup"
_CONTROL_ITEMS = {_MODE, _RESERVE_VALUE, _RESERVE_GROUP}
_SERVICE_STATE, _BUFFER = "servicestates", "buffer"
_IN_SERVICE = ServiceState.IN_SERVICE


# --- parts of descriptors (version 2) ---------------------------------------------------------------------


def _media_part(scope: Scope, termination: Termination | None, asked: Media) -> AuditReturn:
    return media_part(media_of(scope, termination), asked)


def media_part(whole: Media, asked: Media) -> Media:
    """Of ``whole`` what was asked for.  Raises ``H248Error`` 532."""
    held = {stream.id: stream for stream in whole.streams}
    first = next(iter(held), None)
    streams = tuple(
        _stream_part(held[number], part)
        for part in asked.streams
        if (number := first if part.id is None else part.id) in held
    )
    state = None
    if asked.state is not None and whole.state is not None:
        wanted = {fold(p.name) for p in asked.state.properties}
        state = TerminationState(
            service_state=(whole.state.service_state or _IN_SERVICE) if _SERVICE_STATE in wanted else None,
            buffer=(whole.state.buffer or EventBufferControl.OFF) if _BUFFER in wanted else None,
            properties=_named(whole.state.properties, wanted - {_SERVICE_STATE, _BUFFER}),
        )
    return Media(streams, state)


def _stream_part(held: Stream, asked: Stream) -> Stream:
    control = None
    if asked.control is not None and held.control is not None:
        wanted = {fold(p.name) for p in asked.control.properties}
        control = LocalControl(
            mode=held.control.mode if _MODE in wanted else None,
            reserve_value=False if _RESERVE_VALUE in wanted else None,
            reserve_group=False if _RESERVE_GROUP in wanted else None,
            properties=_named(held.control.properties, wanted - _CONTROL_ITEMS),
        )
    return Stream(
        held.id,
        control=control,
        local=held.local if asked.local is not None else None,
        remote=held.remote if asked.remote is not None else None,
        statistics=_stream_statistics(held, asked),
    )


def _stream_statistics(held: Stream, asked: Stream) -> tuple[Statistic, ...] | None:
    if asked.statistics is None:
        return None
    wanted = {fold(item.name) for item in asked.statistics}
    return tuple(item for item in held.statistics or () if fold(item.name) in wanted)


def _named(held: tuple[Parameter, ...], wanted: set[str]) -> tuple[Parameter, ...]:
    """Raises ``H248Error`` 532 for a property that has no value."""
    by_name = {fold(parameter.name): parameter for parameter in held}
    for name in wanted:
        if name not in by_name:
            fail(532, f"{name} has no value here")
    return tuple(parameter for name, parameter in by_name.items() if name in wanted)


def _events_part(scope: Scope, termination: Termination | None, asked: Events) -> AuditReturn:
    held = scope.desk.registry.root_events if termination is None else termination.events
    wanted = {fold(event.name) for event in asked.events}
    found = tuple(event for event in held.events if fold(event.name) in wanted)
    return Events(held.request_id, found) if found else AuditItem.EVENTS


def _event_buffer_part(_scope: Scope, termination: Termination | None, asked: EventBuffer) -> AuditReturn:
    held = termination.event_buffer.events if termination is not None else ()
    wanted = {fold(event.name) for event in asked.events}
    found = tuple(event for event in held if fold(event.name) in wanted)
    return EventBuffer(found) if found else AuditItem.EVENT_BUFFER


def _statistics_part(_scope: Scope, termination: Termination | None, asked: Statistics) -> AuditReturn:
    if termination is None:
        return AuditItem.STATISTICS
    wanted = {fold(item.name) for item in asked.items}
    return Statistics(tuple(s for s in statistics_of(termination).items if fold(s.name) in wanted))


def _packages_part(_scope: Scope, _termination: Termination | None, asked: Packages) -> AuditReturn:
    wanted = {fold(item.name) for item in asked.items}
    found = tuple(PackageVersion(p.name, p.version) for p in items.SERVED if fold(p.name) in wanted)
    return Packages(found) if found else AuditItem.PACKAGES


def _nothing(item: AuditItem) -> Callable[[Scope, Termination | None, Any], AuditReturn]:
    return lambda _scope, _termination, _asked: item


_PARTS: dict[type, Callable[[Scope, Termination | None, Any], AuditReturn]] = {
    Media: _media_part,
    Events: _events_part,
    Statistics: _statistics_part,
    Packages: _packages_part,
    Signals: _nothing(AuditItem.SIGNALS),
    EventBuffer: _event_buffer_part,
    DigitMap: _nothing(AuditItem.DIGIT_MAP),
}
