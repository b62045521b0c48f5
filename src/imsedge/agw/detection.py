"""Events that this gateway detects and signals that it gives, one row each (H.248.1 clauses 7.1.9, 7.1.11).

``check_events`` and ``check_signals`` come first and change nothing; ``arm`` and ``give`` follow when the
whole command is known to be good.
"""

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from imsedge.agw import items
from imsedge.agw.desk import Desk, Timer
from imsedge.agw.errors import fail
from imsedge.agw.latching import check_latch, latch
from imsedge.agw.local_remote import SECURE
from imsedge.agw.state import Change, Phase, StreamState, Termination
from imsedge.agw.streams import StreamTerms, is_callable
from imsedge.bearer.messages import Hangup, StartTcp, StartTls
from imsedge.h248.model import (
    Embedded,
    EventBuffer,
    Events,
    NotifyBehaviour,
    NotifyCompletion,
    RequestedEvent,
    Signal,
    SignalDirection,
    SignalList,
    Signals,
    SignalType,
    fold,
)
from imsedge.h248.packages import adid, adr, chp, g, hangterm, ipnapt, ipra, it, ocp, tcpbcc, tlsbsc
from imsedge.h248.packages.model import Event, Param


class Place(Enum):
    """Where an event can be armed."""

    ROOT = "ROOT"
    TERMINATION = "a termination"


class _Detector(NamedTuple):
    """``needed`` must be there."""

    event: Event
    place: Place
    needed: Param[int] | None = None


_EVENTS: dict[str, _Detector] = {
    fold(row.event.name): row
    for row in (
        _Detector(tcpbcc.BNC_CHANGE, Place.TERMINATION),
        _Detector(tlsbsc.BNC_CHANGE, Place.TERMINATION),
        _Detector(g.CAUSE, Place.TERMINATION),
        _Detector(g.SIGNAL_COMPLETION, Place.TERMINATION),
        _Detector(hangterm.HEARTBEAT, Place.TERMINATION, needed=hangterm.TIMER_X),
        _Detector(adid.STOPPED, Place.TERMINATION, needed=adid.DURATION),
        _Detector(adr.SOURCE_CHANGED, Place.TERMINATION),
        _Detector(it.TIMED_OUT, Place.ROOT, needed=it.MAXIMUM),
        _Detector(ocp.OVERLOAD, Place.ROOT),
        _Detector(chp.CONGESTION, Place.ROOT),
        _Detector(ipra.CHANGED, Place.ROOT),
    )
}


StreamsTerms = Mapping[int, StreamTerms]
"""Terms by stream number, as they will be after the command."""

# A signal embedded in the completion of signals would go on for ever.
_WITHOUT_EMBEDDED = frozenset({fold(hangterm.HEARTBEAT.name), fold(g.SIGNAL_COMPLETION.name)})
_CONNECTION_BEGUN = frozenset({Phase.CONNECTING, Phase.CONNECTED, Phase.HANDSHAKING, Phase.SECURED})


# --- events -----------------------------------------------------------------------------------------


def check_events(events: Events | None, place: Place, streams: StreamsTerms, limit: int) -> None:
    """Raises ``H248Error`` 440, 446, 449, 451, 457, 501, 510, 512 or 513.  ``streams``: as they will be."""
    if events is None:
        return
    if _count(events) > limit:
        fail(510, f"more than {limit} events at one termination")
    for event in events.events:
        _check_event(event, place, streams, depth=0)


def check_buffer(buffer: EventBuffer | None, streams: StreamsTerms, limit: int) -> None:
    """The same for events that are kept in LockStep."""
    if buffer is not None:
        check_events(buffer_events(buffer), Place.TERMINATION, streams, limit)


def buffer_events(buffer: EventBuffer) -> Events:
    """As if they were armed."""
    return Events(0, tuple(RequestedEvent(e.name, e.stream, e.parameters) for e in buffer.events))


def _count(events: Events) -> int:
    """With embedded ones."""
    inner = (e.embedded.events for e in events.events if e.embedded and e.embedded.events)
    return len(events.events) + sum(len(embedded.events) for embedded in inner)


def _check_event(event: RequestedEvent, place: Place, streams: StreamsTerms, depth: int) -> None:
    row = _EVENTS.get(fold(event.name))
    if row is None:
        items.refuse_event(event.name)
    if row.place is not place:
        fail(512, f"{event.name} is detected at {row.place.value} only")
    if event.stream is not None and event.stream not in streams:
        fail(449, f"{event.name} names stream {event.stream}, which is not there")
    _check_extras(event)
    known = {fold(key.name): key for key in row.event.requested}
    for parameter in event.parameters:
        key = known.get(fold(parameter.name))
        if key is None:
            fail(446, f"{event.name} has no parameter {parameter.name} here")
        key.read_all(parameter)
    if row.needed is not None and row.needed.find(event.parameters) is None:
        fail(457, f"{event.name} needs {row.needed.name}")
    if event.embedded is not None:
        _check_embedded(event, event.embedded, place, streams, depth)


def _check_extras(event: RequestedEvent) -> None:
    if event.digit_map is not None:
        fail(446, f"{event.name} has no digits, so a digit map cannot work")
    if event.regulated is not None or event.notify is NotifyBehaviour.REGULATED:
        fail(501, f"{event.name}: regulated notification is not supported")
    if event.reset_events:
        fail(501, f"{event.name}: ResetEventsDescriptor is not supported")


def _check_embedded(
    event: RequestedEvent, embedded: Embedded, place: Place, streams: StreamsTerms, depth: int
) -> None:
    """H.248.1 clause 7.1.9: what is embedded may embed signals, and no more events."""
    if place is Place.ROOT or fold(event.name) in _WITHOUT_EMBEDDED:
        fail(501, f"{event.name}: nothing can be embedded here")
    if embedded.events is not None:
        if depth:
            fail(501, f"{event.name}: events are embedded one level deep")
        for inner in embedded.events.events:
            _check_event(inner, place, streams, depth + 1)
    check_signals(embedded.signals, streams, at_once=False)


def supported_events(*, root: bool) -> tuple[str, ...]:
    """Names of what can be armed there."""
    place = Place.ROOT if root else Place.TERMINATION
    return tuple(row.event.name for row in _EVENTS.values() if row.place is place)


def find_event(events: Events, name: str, stream: int | None = None) -> RequestedEvent | None:
    """The armed event of that name that is for this stream (or for all)."""
    wanted = fold(name)
    for event in events.events:
        if fold(event.name) == wanted and (stream is None or event.stream in (None, stream)):
            return event
    return None


def arm(desk: Desk, termination: Termination, events: Events | None) -> None:
    """A new Events descriptor replaces the one before (clause 7.1.9)."""
    if events is None:
        return
    termination.events = events
    arm_heartbeat(desk, termination)
    for stream in termination.streams.values():
        desk.configure(termination, stream, stream.terms)  # the media plane looks for silence


def arm_heartbeat(desk: Desk, termination: Termination) -> None:
    """H.248.36: the timer runs from the last command for the termination; 0 switches it off."""
    event = find_event(termination.events, hangterm.HEARTBEAT.name)
    seconds = hangterm.TIMER_X.find(event.parameters) if event else 0
    if seconds:
        desk.timers.set((Timer.HEARTBEAT, termination.name), desk.now + seconds)
    else:
        desk.timers.cancel((Timer.HEARTBEAT, termination.name))


def arm_root(desk: Desk, events: Events | None) -> None:
    """Silence of the controller (H.248.14) has a timer; the other events of ROOT are noticed as they come."""
    if events is None:
        return
    desk.registry.root_events = events
    desk.timers.cancel((Timer.INACTIVITY, 0))
    seconds = idle_seconds(events)
    if seconds:
        desk.timers.set((Timer.INACTIVITY, 0), desk.now + seconds)


def idle_seconds(events: Events) -> float:
    """``it/ito{mit}``, in units of 10 ms; 0 when it is not armed."""
    event = find_event(events, it.TIMED_OUT.name)
    return (it.MAXIMUM.find(event.parameters) or 0) / 100 if event else 0.0


# --- signals ----------------------------------------------------------------------------------------

_EST_TCP, _EST_TLS = fold(tcpbcc.EST_BNC.name), fold(tlsbsc.EST_BNC.name)
_REL_TCP, _LATCH = fold(tcpbcc.REL_BNC.name), fold(ipnapt.LATCH.name)
ENDING = frozenset({_REL_TCP})
"""Signals that end what there is: before anything new is told."""

BEGINNING = frozenset({_EST_TCP, _EST_TLS, _LATCH})
ALL_SIGNALS = ENDING | BEGINNING
SIGNALS = (tcpbcc.EST_BNC.name, tcpbcc.REL_BNC.name, tlsbsc.EST_BNC.name, ipnapt.LATCH.name)
"""Names of what can be given to a termination."""


def check_signals(signals: Signals | None, streams: StreamsTerms, *, at_once: bool = True) -> None:
    """Raises ``H248Error`` 440, 449, 452, 472, 501 or 513.

    ``at_once``: otherwise where to connect may still be told before the signals are given.
    """
    for _, signal in _each(signals):
        if fold(signal.name) not in _SIGNALS:
            items.refuse_signal(signal.name)
        _check_form(signal)
        if signal.stream is not None and signal.stream not in streams:
            fail(449, f"{signal.name} names stream {signal.stream}, which is not there")
        for number, terms in streams.items():
            if signal.stream in (None, number):
                _check_signal(signal, number, terms, at_once=at_once)


def _check_form(signal: Signal) -> None:
    """All signals here are brief: they begin something and are over."""
    if signal.kind not in (None, SignalType.BRIEF):
        fail(449, f"{signal.name}: signal type {signal.kind.value} is not supported")
    if signal.direction not in (None, SignalDirection.EXTERNAL):
        fail(449, f"{signal.name}: direction {signal.direction.value} is not supported")
    if fold(signal.name) == _LATCH:
        check_latch(signal)
    elif signal.parameters:
        fail(446, f"{signal.name} has no parameter {signal.parameters[0].name} here")


def _check_signal(signal: Signal, number: int, terms: StreamTerms, *, at_once: bool) -> None:
    if fold(signal.name) == _EST_TCP and at_once and not is_callable(terms):
        fail(472, f"{signal.name}: where to connect stream {number} is not known")
    if fold(signal.name) == _EST_TLS and terms.local.transport not in SECURE:
        fail(513, f"{signal.name}: the transport of stream {number} has no TLS")


def give(
    desk: Desk, termination: Termination, signals: Signals | None, names: Collection[str] = ALL_SIGNALS
) -> list[Change]:
    """Order what the signals of these ``names`` say, lists in their order; what is done is not begun again.

    Returns the completions that were asked for (``g/sc``): a brief signal is complete when it was given.
    """
    completed: list[Change] = []
    for number, signal in _each(signals):
        if fold(signal.name) not in names:
            continue
        for stream in termination.streams.values():
            if signal.stream in (None, stream.id) and not stream.dead:
                given = _SIGNALS[fold(signal.name)](desk, termination, stream, signal)
                reason, method = _COMPLETIONS[given]
                if reason in (signal.notify_completion or ()):
                    completed.append(_completion(desk, stream, signal, number, method))
    return completed


def _completion(desk: Desk, stream: StreamState, signal: Signal, number: int | None, method: str) -> Change:
    """H.248.1 Annex E.1.2; ``number``: of the list that the signal is in."""
    parameters = [g.SIGNAL_ID.write(signal.name), g.METHOD.write(method)]
    if number is not None:
        parameters.append(g.SIGNAL_LIST.write(number))
    if signal.request_id is not None:
        parameters.append(g.REQUEST.write(signal.request_id))
    name = g.SIGNAL_COMPLETION.name
    return Change(
        stream.id, secure=False, tls=False, kind="", time=desk.now, name=name, parameters=tuple(parameters)
    )


def _start_tcp(desk: Desk, termination: Termination, stream: StreamState, _signal: Signal) -> bool:
    if stream.phase in _CONNECTION_BEGUN:
        return True
    if is_callable(stream.terms):
        desk.order(StartTcp(stream.endpoint))
        return True
    desk.log(f"stream {stream.id} is to connect, but where to is not known", termination)
    return False


def _release_tcp(desk: Desk, _termination: Termination, stream: StreamState, _signal: Signal) -> bool:
    """Another connection may come in its place; the linked leg keeps its own."""
    desk.order(Hangup(stream.endpoint))
    stream.phase, stream.tls_ordered = Phase.IDLE, False
    return True


def _start_tls(desk: Desk, _termination: Termination, stream: StreamState, _signal: Signal) -> bool:
    if not stream.tls_ordered:
        stream.tls_ordered = True
        desk.order(StartTls(stream.endpoint))
    return True


# By whether a signal could be given: the reason that must have been asked for, and how it is told.
_COMPLETIONS = {True: (NotifyCompletion.TIME_OUT, "TO"), False: (NotifyCompletion.OTHER, "NC")}


_SIGNALS = {_EST_TCP: _start_tcp, _REL_TCP: _release_tcp, _EST_TLS: _start_tls, _LATCH: latch}


def _each(signals: Signals | None) -> Iterator[tuple[int | None, Signal]]:
    """A list is given like its signals one after the other: each is brief.  With the number of the list."""
    for signal in signals.signals if signals else ():
        if isinstance(signal, SignalList):
            yield from ((signal.id, one) for one in signal.signals)
        else:
            yield None, signal
