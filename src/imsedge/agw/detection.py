"""Events that this gateway detects and signals that it gives, one row each (H.248.1 clauses 7.1.9, 7.1.11).

``check_events`` and ``check_signals`` come first and change nothing; ``arm`` and ``give`` follow when the
whole command is known to be good.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from imsedge.agw import items
from imsedge.agw.desk import Desk, Timer
from imsedge.agw.errors import fail
from imsedge.agw.local_remote import SECURE
from imsedge.agw.state import Phase, Termination
from imsedge.agw.streams import StreamTerms, is_callable
from imsedge.bearer.messages import StartTcp, StartTls
from imsedge.h248.model import Events, RequestedEvent, Signal, SignalList, Signals, fold
from imsedge.h248.packages import g, hangterm, it, tcpbcc, tlsbsc
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
        _Detector(hangterm.HEARTBEAT, Place.TERMINATION, needed=hangterm.TIMER_X),
        _Detector(it.TIMED_OUT, Place.ROOT, needed=it.MAXIMUM),
    )
}


_CONNECTION_BEGUN = frozenset({Phase.CONNECTING, Phase.CONNECTED, Phase.HANDSHAKING, Phase.SECURED})


# --- events -----------------------------------------------------------------------------------------


def check_events(events: Events | None, place: Place, streams: Iterable[int], limit: int) -> None:
    """Raises ``H248Error`` 440, 446, 449, 451, 457, 501, 510 or 512."""
    if events is None:
        return
    if len(events.events) > limit:
        fail(510, f"more than {limit} events at one termination")
    known = set(streams)
    for event in events.events:
        _check_event(event, place)
        if event.stream is not None and event.stream not in known:
            fail(449, f"{event.name} names stream {event.stream}, which is not there")


def _check_event(event: RequestedEvent, place: Place) -> None:
    row = _EVENTS.get(fold(event.name))
    if row is None:
        items.refuse_event(event.name)
    if row.place is not place:
        fail(512, f"{event.name} is detected at {row.place.value} only")
    if event.embedded or event.digit_map or event.regulated:
        fail(501, f"{event.name}: embedded descriptors and digit maps are not supported")
    known = {fold(key.name): key for key in row.event.requested}
    for parameter in event.parameters:
        key = known.get(fold(parameter.name))
        if key is None:
            fail(446, f"{event.name} has no parameter {parameter.name} here")
        key.read_all(parameter)
    if row.needed is not None and row.needed.find(event.parameters) is None:
        fail(457, f"{event.name} needs {row.needed.name}")


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


def arm_heartbeat(desk: Desk, termination: Termination) -> None:
    """H.248.36: the timer runs from the last command for the termination; 0 switches it off."""
    event = find_event(termination.events, hangterm.HEARTBEAT.name)
    seconds = hangterm.TIMER_X.find(event.parameters) if event else 0
    if seconds:
        desk.timers.set((Timer.HEARTBEAT, termination.name), desk.now + seconds)
    else:
        desk.timers.cancel((Timer.HEARTBEAT, termination.name))


def arm_root(desk: Desk, events: Events | None) -> None:
    """ROOT has one event: silence of the controller (H.248.14)."""
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


def check_signals(signals: Signals | None, streams: dict[int, StreamTerms]) -> None:
    """Raises ``H248Error`` 440, 449, 452, 472 or 513.  ``streams``: as they will be."""
    for signal in _each(signals):
        if fold(signal.name) not in (fold(tcpbcc.EST_BNC.name), fold(tlsbsc.EST_BNC.name)):
            items.refuse_signal(signal.name)
        if signal.stream is not None and signal.stream not in streams:
            fail(449, f"{signal.name} names stream {signal.stream}, which is not there")
        for number, terms in streams.items():
            if signal.stream in (None, number):
                _check_signal(signal, number, terms)


def _check_signal(signal: Signal, number: int, terms: StreamTerms) -> None:
    if fold(signal.name) == fold(tcpbcc.EST_BNC.name) and not is_callable(terms):
        fail(472, f"{signal.name}: where to connect stream {number} is not known")
    if fold(signal.name) == fold(tlsbsc.EST_BNC.name) and terms.local.transport not in SECURE:
        fail(513, f"{signal.name}: the transport of stream {number} has no TLS")


def give(desk: Desk, termination: Termination, signals: Signals | None) -> None:
    """Order what the signals say; what is under way or done already is not begun again."""
    for signal in _each(signals):
        for stream in termination.streams.values():
            if signal.stream not in (None, stream.id) or stream.dead:
                continue
            if fold(signal.name) == fold(tcpbcc.EST_BNC.name):
                if stream.phase not in _CONNECTION_BEGUN:
                    desk.order(StartTcp(stream.endpoint))
            elif not stream.tls_ordered:
                stream.tls_ordered = True
                desk.order(StartTls(stream.endpoint))


def _each(signals: Signals | None) -> Iterator[Signal]:
    for signal in signals.signals if signals else ():
        if isinstance(signal, SignalList):
            fail(501, "signal lists are not supported")
        yield signal
