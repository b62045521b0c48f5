"""Signals, digit maps, Events, EventBuffer and ObservedEvents in binary (H.248.1 Annex A.2)."""

import re
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import Bits, Enumerated, Integer, Octets, Type
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.leaves import (
    BOOLEAN,
    ITEM,
    NULL,
    PARAMETERS,
    TEXT,
    TIME_STAMP,
    UINT16,
    UINT32,
    Remembered,
    Wrapped,
    read_item,
    read_parameters,
    write_item,
    write_parameters,
)
from imsedge.h248.binary.tables import Choice, Record, Sequence, SequenceOf, by_type
from imsedge.h248.model import (
    BufferedEvent,
    DigitMap,
    Embedded,
    EventBuffer,
    Events,
    NotifyBehaviour,
    NotifyCompletion,
    ObservedEvent,
    ObservedEvents,
    RequestedEvent,
    Signal,
    SignalDirection,
    SignalList,
    Signals,
    SignalType,
    TimeStamp,
)
from imsedge.h248.packages.catalogue import Kind

_SECONDS = Integer(99)

# --- Signals -------------------------------------------------------------------------------------------

_SIGNAL_ROWS: dict[str, Type] = {
    "signalName": ITEM,
    "streamID?": UINT16,
    "sigType?": Enumerated({0: SignalType.BRIEF, 1: SignalType.ON_OFF, 2: SignalType.TIME_OUT}),
    "duration?": UINT16,
    "notifyCompletion?": Bits(*NotifyCompletion),
    "keepActive?": BOOLEAN,
    "sigParList": PARAMETERS,
    "direction?": Enumerated(
        {0: SignalDirection.INTERNAL, 1: SignalDirection.EXTERNAL, 2: SignalDirection.BOTH}
    ),
    "requestID?": UINT32,
    "intersigDelay?": UINT16,
}


def _read_signal(context: Context, *components: Any) -> Signal:
    name, stream, kind, duration, completion, keep_active, parameters, *later = components
    direction, request_id, delay = later
    item = read_item(context, Kind.SIGNAL, name)
    found = read_parameters(context, Kind.SIGNAL, item, parameters)
    return Signal(
        item, stream, kind, duration, completion, bool(keep_active), found, direction, request_id, delay
    )


def _write_signal(context: Context, s: Signal) -> tuple[Any, ...]:
    return (
        write_item(context, Kind.SIGNAL, s.name),
        s.stream,
        s.kind,
        s.duration,
        s.notify_completion,
        s.keep_active or None,
        write_parameters(context, Kind.SIGNAL, s.name, s.parameters),
        s.direction,
        s.request_id,
        s.intersignal_delay,
    )


SIGNAL = Remembered(Sequence(_SIGNAL_ROWS, _read_signal, _write_signal))
_SIGNAL_LIST = Record(SignalList, {"id": ("id", UINT16), "signalList": ("signals", SequenceOf(SIGNAL))})
SIGNALS = Wrapped(
    SequenceOf(by_type({"signal": (Signal, SIGNAL), "seqSigList": (SignalList, _SIGNAL_LIST)})),
    Signals,
    "signals",
)

# --- digit maps ----------------------------------------------------------------------------------------

_TIMER = re.compile(r"\s*([TSLZ])\s*:\s*(\d{1,2})\s*,", re.IGNORECASE)


def _write_digit_map_value(_: Context, body: str) -> tuple[Any, ...]:
    """``T:10,S:5,map``: timers apart from the map."""
    timers: dict[str, int] = {}
    rest = body
    while (match := _TIMER.match(rest)) and match[1].upper() not in timers:
        timers[match[1].upper()] = int(match[2])
        rest = rest[match.end() :]
    return timers.get("T"), timers.get("S"), timers.get("L"), rest.strip(), timers.get("Z")


def _read_digit_map_value(  # components in their order
    _: Context, start: int | None, short: int | None, long: int | None, body: str, duration: int | None
) -> str:
    timers = (("T", start), ("S", short), ("L", long), ("Z", duration))
    return "".join([f"{letter}:{value}," for letter, value in timers if value is not None]) + body


_DIGIT_MAP_VALUE = Sequence(
    {
        "startTimer?": _SECONDS,
        "shortTimer?": _SECONDS,
        "longTimer?": _SECONDS,
        "digitMapBody": TEXT,
        "durationTimer?": _SECONDS,
    },
    _read_digit_map_value,
    _write_digit_map_value,
)


class _DigitMapName(Octets):
    """A name in text is a number in binary, as the sides have agreed."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.plain = None

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        return context.catalogue.digit_map_name(
            int.from_bytes(super().read(context, data, start, stop), "big")
        )

    def write(self, context: Context, value: Any) -> bytes:
        return context.catalogue.digit_map_number(value).to_bytes(2, "big")


DIGIT_MAP_NAME = _DigitMapName()
DIGIT_MAP = Record(
    DigitMap, {"digitMapName?": ("name", DIGIT_MAP_NAME), "digitMapValue?": ("body", _DIGIT_MAP_VALUE)}
)


def _split_event_digit_map(_: Context, digit_map: DigitMap) -> tuple[str, Any]:
    if digit_map.body is None:
        return "digitMapName", digit_map.name
    if digit_map.name is not None:
        raise LocalError(
            f"an event takes digit map {digit_map.name} by its name or by its value, not by both"
        )
    return "digitMapValue", digit_map.body


_EVENT_DIGIT_MAP = Choice(
    {"digitMapName": DIGIT_MAP_NAME, "digitMapValue": _DIGIT_MAP_VALUE},
    _split_event_digit_map,
    lambda _, name, value: DigitMap(value) if name == "digitMapName" else DigitMap(None, value),
)

# --- Events --------------------------------------------------------------------------------------------


def _make_embedded(events: Events | None, signals: Signals | None) -> Embedded | None:
    return None if signals is None and events is None else Embedded(signals, events)


def _parts(embedded: Embedded | None) -> tuple[Events | None, Signals | None]:
    return (None, None) if embedded is None else (embedded.events, embedded.signals)


def _without_events(embedded: Embedded | None) -> Signals | None:
    events, signals = _parts(embedded)
    if events is not None:
        raise LocalError("an embedded Events cannot embed Events")
    return signals


_Actions = dict[str, Any]  # fields of RequestedEvent


def _read_actions(  # components in their order
    keep_active: Any, digit_map: Any, embedded: Embedded | None, behaviour: Any, reset: Any
) -> _Actions:
    notify, regulated = behaviour or (None, None)
    return {
        "keep_active": bool(keep_active),
        "digit_map": digit_map,
        "embedded": embedded,
        "notify": notify,
        "regulated": regulated,
        "reset_events": reset,
    }


def _actions(second: Type) -> Sequence:
    """RequestedActions."""
    regulated = Sequence(
        {"secondEvent?": second, "signalsDescriptor?": SIGNALS},
        lambda _, events, signals: _make_embedded(events, signals),
        lambda _, embedded: _parts(embedded),
    )
    return Sequence(
        {
            "keepActive?": BOOLEAN,
            "eventDM?": _EVENT_DIGIT_MAP,
            "secondEvent?": second,
            "signalsDescriptor?": SIGNALS,
            "notifyBehaviour?": _behaviour(regulated),
            "resetEventsDescriptor?": NULL,
        },
        lambda _, keep_active, digit_map, events, signals, behaviour, reset: _read_actions(
            keep_active, digit_map, _make_embedded(events, signals), behaviour, reset
        ),
        lambda _, event: (
            event.keep_active or None,
            event.digit_map,
            *_parts(event.embedded),
            _behaviour_of(event),
            event.reset_events,
        ),
    )


def _second_actions() -> Sequence:
    """SecondRequestedActions: those of an embedded event."""
    regulated = Sequence(
        {"signalsDescriptor?": SIGNALS},
        lambda _, signals: _make_embedded(None, signals),
        lambda _, embedded: (_without_events(embedded),),
    )
    return Sequence(
        {
            "keepActive?": BOOLEAN,
            "eventDM?": _EVENT_DIGIT_MAP,
            "signalsDescriptor?": SIGNALS,
            "notifyBehaviour?": _behaviour(regulated),
            "resetEventsDescriptor?": NULL,
        },
        lambda _, keep_active, digit_map, signals, behaviour, reset: _read_actions(
            keep_active, digit_map, _make_embedded(None, signals), behaviour, reset
        ),
        lambda _, event: (
            event.keep_active or None,
            event.digit_map,
            _without_events(event.embedded),
            _behaviour_of(event),
            event.reset_events,
        ),
    )


_BEHAVIOURS = {
    "notifyImmediate": NotifyBehaviour.IMMEDIATE,
    "notifyRegulated": NotifyBehaviour.REGULATED,
    "neverNotify": NotifyBehaviour.NEVER,
}
_BEHAVIOUR_NAMES = {behaviour: name for name, behaviour in _BEHAVIOURS.items()}


def _behaviour(regulated: Sequence) -> Choice:
    """What was chosen, and what is embedded in ``notifyRegulated``."""
    return Choice(
        {"notifyImmediate": NULL, "notifyRegulated": regulated, "neverNotify": NULL},
        lambda _, chosen: (_BEHAVIOUR_NAMES[chosen[0]], chosen[1]),
        lambda _, name, value: (_BEHAVIOURS[name], value if name == "notifyRegulated" else None),
    )


def _behaviour_of(event: RequestedEvent) -> tuple[NotifyBehaviour, Embedded | None] | None:
    return None if event.notify is None else (event.notify, event.regulated)


def _read_event(
    context: Context, name: bytes, stream: int | None, actions: _Actions | None, parameters: Any
) -> RequestedEvent:
    item = read_item(context, Kind.EVENT, name)
    found = read_parameters(context, Kind.EVENT, item, parameters)
    return RequestedEvent(item, stream, found, **(actions or {}))


def _write_event(context: Context, event: RequestedEvent) -> tuple[Any, ...]:
    plain = RequestedEvent(event.name, event.stream, event.parameters)
    return (
        write_item(context, Kind.EVENT, event.name),
        event.stream,
        None if event == plain else event,
        write_parameters(context, Kind.EVENT, event.name, event.parameters),
    )


def _events(actions: Sequence) -> Sequence:
    event = Remembered(
        Sequence(
            {"pkgdName": ITEM, "streamID?": UINT16, "eventAction?": actions, "evParList": PARAMETERS},
            _read_event,
            _write_event,
        )
    )
    return Record(Events, {"requestID?": ("request_id", UINT32), "eventList": ("events", SequenceOf(event))})


EVENTS = _events(_actions(_events(_second_actions())))


# --- what happened -------------------------------------------------------------------------------------


def _read_buffered(context: Context, name: bytes, stream: int | None, parameters: Any) -> BufferedEvent:
    item = read_item(context, Kind.EVENT, name)
    return BufferedEvent(item, stream, read_parameters(context, Kind.EVENT, item, parameters))


def _write_buffered(context: Context, event: BufferedEvent | ObservedEvent) -> tuple[Any, ...]:
    name = write_item(context, Kind.EVENT, event.name)
    return name, event.stream, write_parameters(context, Kind.EVENT, event.name, event.parameters)


def _read_observed(
    context: Context, name: bytes, stream: int | None, parameters: Any, time: TimeStamp | None
) -> ObservedEvent:
    item = read_item(context, Kind.EVENT, name)
    return ObservedEvent(item, stream, time, read_parameters(context, Kind.EVENT, item, parameters))


def _write_observed(context: Context, event: ObservedEvent) -> tuple[Any, ...]:
    return (*_write_buffered(context, event), event.time)


_EVENT_ROWS: dict[str, Type] = {"eventName": ITEM, "streamID?": UINT16, "eventParList": PARAMETERS}
EVENT_BUFFER = Wrapped(
    SequenceOf(Sequence(_EVENT_ROWS, _read_buffered, _write_buffered)), EventBuffer, "events"
)
OBSERVED_EVENTS = Record(
    ObservedEvents,
    {
        "requestId": ("request_id", UINT32),
        "observedEventLst": (
            "events",
            SequenceOf(
                Sequence({**_EVENT_ROWS, "timeNotation?": TIME_STAMP}, _read_observed, _write_observed), 1
            ),
        ),
    },
)
