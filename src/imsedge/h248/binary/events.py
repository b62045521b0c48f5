"""Signals, digit maps, Events, EventBuffer and ObservedEvents in binary (H.248.1 Annex A.2)."""

import re

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import (
    Bits,
    Choice,
    Enumerated,
    Integer,
    Null,
    Sequence,
    SequenceOf,
    Values,
    alone,
)
from imsedge.h248.binary.leaves import (
    BOOLEAN,
    ITEM,
    NAME,
    PARAMETERS,
    TEXT,
    TIME_STAMP,
    UINT16,
    UINT32,
    Context,
    Remembered,
    Wrapped,
    filled,
    read_item,
    read_parameters,
    write_item,
    write_parameters,
)
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
)
from imsedge.h248.packages.catalogue import Kind

NULL = Null()
_SECONDS = Integer(99)

# --- Signals -------------------------------------------------------------------------------------------

_SIGNAL_ROWS = {
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


def _read_signal(context: Context, v: Values) -> Signal:
    name = read_item(context, Kind.SIGNAL, v["signalName"])
    parts = filled(
        v,
        stream="streamID",
        kind="sigType",
        duration="duration",
        notify_completion="notifyCompletion",
        keep_active="keepActive",
        direction="direction",
        request_id="requestID",
        intersignal_delay="intersigDelay",
    )
    return Signal(name, parameters=read_parameters(context, Kind.SIGNAL, name, v["sigParList"]), **parts)


def _write_signal(context: Context, s: Signal) -> Values:
    return {
        "signalName": write_item(context, Kind.SIGNAL, s.name),
        "streamID": s.stream,
        "sigType": s.kind,
        "duration": s.duration,
        "notifyCompletion": s.notify_completion,
        "keepActive": s.keep_active or None,
        "sigParList": write_parameters(context, Kind.SIGNAL, s.name, s.parameters),
        "direction": s.direction,
        "requestID": s.request_id,
        "intersigDelay": s.intersignal_delay,
    }


SIGNAL = Remembered(Sequence(_SIGNAL_ROWS, _read_signal, _write_signal))
_SIGNAL_LIST = Sequence(
    {"id": UINT16, "signalList": SequenceOf(SIGNAL)},
    lambda _, v: SignalList(v["id"], v["signalList"]),
    lambda _, s: {"id": s.id, "signalList": s.signals},
)
SIGNAL_REQUESTS = SequenceOf(
    Choice(
        ("signal", SIGNAL),
        ("seqSigList", _SIGNAL_LIST),
        build=alone,
        split=lambda _, s: ("signal" if isinstance(s, Signal) else "seqSigList", s),
    )
)


SIGNALS = Wrapped(SIGNAL_REQUESTS, Signals, "signals")

# --- digit maps ----------------------------------------------------------------------------------------

_TIMER = re.compile(r"\s*([TSLZ])\s*:\s*(\d{1,2})\s*,", re.IGNORECASE)
_TIMERS = {"T": "startTimer", "S": "shortTimer", "L": "longTimer", "Z": "durationTimer"}


def _write_digit_map_value(_: Context, body: str) -> Values:
    """``T:10,S:5,map``: timers apart from the map."""
    values: Values = {}
    while match := _TIMER.match(body):
        values[_TIMERS[match[1].upper()]] = int(match[2])
        body = body[match.end() :]
    return {**values, "digitMapBody": body.strip()}


def _read_digit_map_value(_: Context, v: Values) -> str:
    timers = "".join(f"{letter}:{v[name]}," for letter, name in _TIMERS.items() if name in v)
    return f"{timers}{v['digitMapBody']}"


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


def _read_name(octets: bytes) -> str:
    return f"id{octets.hex()}"


def _write_name(name: str | None) -> bytes | None:
    """Names of digit maps are two octets in binary: only ``idXXXX`` has them."""
    if name is None:
        return None
    if len(name) == 6 and name[:2].lower() == "id":
        try:
            return bytes.fromhex(name[2:])
        except ValueError:
            pass
    raise LocalError(f"the name of digit map {name} has no binary form; idXXXX has")


DIGIT_MAP = Sequence(
    {"digitMapName?": NAME, "digitMapValue?": _DIGIT_MAP_VALUE},
    lambda _, v: DigitMap(
        _read_name(v["digitMapName"]) if "digitMapName" in v else None, v.get("digitMapValue")
    ),
    lambda _, d: {"digitMapName": _write_name(d.name), "digitMapValue": d.body},
)
_EVENT_DIGIT_MAP = Choice(
    ("digitMapName", NAME),
    ("digitMapValue", _DIGIT_MAP_VALUE),
    build=lambda _, name, value: (
        DigitMap(_read_name(value)) if name == "digitMapName" else DigitMap(None, value)
    ),
    split=lambda _, d: ("digitMapName", _write_name(d.name)) if d.body is None else ("digitMapValue", d.body),
)

# --- Events --------------------------------------------------------------------------------------------


def _make_embedded(signals: Signals | None, events: Events | None) -> Embedded | None:
    return None if signals is None and events is None else Embedded(signals, events)


def _actions(second: Sequence | None) -> Sequence:
    """RequestedActions, and without ``second`` SecondRequestedActions."""
    embedding = {} if second is None else {"secondEvent?": second}
    regulated = Sequence(
        {**({"secondEvent?": second} if second else {}), "signalsDescriptor?": SIGNALS},
        lambda _, v: _make_embedded(v.get("signalsDescriptor"), v.get("secondEvent")),
        lambda _, e: {"secondEvent": e and e.events, "signalsDescriptor": e and e.signals},
    )
    behaviour = Choice(("notifyImmediate", NULL), ("notifyRegulated", regulated), ("neverNotify", NULL))
    rows = {
        "keepActive?": BOOLEAN,
        "eventDM?": _EVENT_DIGIT_MAP,
        **embedding,
        "signalsDescriptor?": SIGNALS,
        "notifyBehaviour?": behaviour,
        "resetEventsDescriptor?": NULL,
    }
    return Sequence(rows, _read_actions, _write_actions)


_BEHAVIOURS = {
    "notifyImmediate": NotifyBehaviour.IMMEDIATE,
    "notifyRegulated": NotifyBehaviour.REGULATED,
    "neverNotify": NotifyBehaviour.NEVER,
}
_BEHAVIOUR_NAMES = {behaviour: name for name, behaviour in _BEHAVIOURS.items()}


def _read_actions(_: Context, v: Values) -> Values:
    parts = filled(v, keep_active="keepActive", digit_map="eventDM", reset_events="resetEventsDescriptor")
    parts["embedded"] = _make_embedded(v.get("signalsDescriptor"), v.get("secondEvent"))
    if "notifyBehaviour" in v:
        name, value = v["notifyBehaviour"]
        parts["notify"] = _BEHAVIOURS[name]
        if name == "notifyRegulated":
            parts["regulated"] = value
    return parts


def _write_actions(_: Context, event: RequestedEvent) -> Values:
    embedded = event.embedded or Embedded()
    behaviour = None
    if event.notify is not None:
        name = _BEHAVIOUR_NAMES[event.notify]
        behaviour = (name, event.regulated if name == "notifyRegulated" else True)
    return {
        "keepActive": event.keep_active or None,
        "eventDM": event.digit_map,
        "secondEvent": embedded.events,
        "signalsDescriptor": embedded.signals,
        "notifyBehaviour": behaviour,
        "resetEventsDescriptor": event.reset_events or None,
    }


def _read_event(context: Context, v: Values) -> RequestedEvent:
    name = read_item(context, Kind.EVENT, v["pkgdName"])
    parameters = read_parameters(context, Kind.EVENT, name, v["evParList"])
    return RequestedEvent(name, v.get("streamID"), parameters, **v.get("eventAction", {}))


def _write_event(context: Context, event: RequestedEvent) -> Values:
    plain = RequestedEvent(event.name, event.stream, event.parameters)
    return {
        "pkgdName": write_item(context, Kind.EVENT, event.name),
        "streamID": event.stream,
        "eventAction": None if event == plain else event,
        "evParList": write_parameters(context, Kind.EVENT, event.name, event.parameters),
    }


def _events(actions: Sequence) -> Sequence:
    event = Remembered(
        Sequence(
            {"pkgdName": ITEM, "streamID?": UINT16, "eventAction?": actions, "evParList": PARAMETERS},
            _read_event,
            _write_event,
        )
    )
    return Sequence(
        {"requestID?": UINT32, "eventList": SequenceOf(event)},
        lambda _, v: Events(v.get("requestID"), v["eventList"]),
        lambda _, e: {"requestID": e.request_id, "eventList": e.events},
    )


_SECOND_EVENTS = _events(_actions(None))
EVENTS = _events(_actions(_SECOND_EVENTS))


def _read_buffered(context: Context, v: Values) -> BufferedEvent:
    name = read_item(context, Kind.EVENT, v["eventName"])
    return BufferedEvent(
        name, v.get("streamID"), read_parameters(context, Kind.EVENT, name, v["eventParList"])
    )


def _write_buffered(context: Context, event: BufferedEvent | ObservedEvent) -> Values:
    return {
        "eventName": write_item(context, Kind.EVENT, event.name),
        "streamID": event.stream,
        "eventParList": write_parameters(context, Kind.EVENT, event.name, event.parameters),
        "timeNotation": getattr(event, "time", None),
    }


def _read_observed(context: Context, v: Values) -> ObservedEvent:
    name = read_item(context, Kind.EVENT, v["eventName"])
    parameters = read_parameters(context, Kind.EVENT, name, v["eventParList"])
    return ObservedEvent(name, v.get("streamID"), v.get("timeNotation"), parameters)


_EVENT_ROWS = {"eventName": ITEM, "streamID?": UINT16, "eventParList": PARAMETERS}
EVENT_BUFFER = Wrapped(
    SequenceOf(Sequence(_EVENT_ROWS, _read_buffered, _write_buffered)), EventBuffer, "events"
)
OBSERVED_EVENTS = Sequence(
    {
        "requestId": UINT32,
        "observedEventLst": SequenceOf(
            Sequence({**_EVENT_ROWS, "timeNotation?": TIME_STAMP}, _read_observed, _write_buffered),
            least=1,
        ),
    },
    lambda _, v: ObservedEvents(v["requestId"], v["observedEventLst"]),
    lambda _, o: {"requestId": o.request_id, "observedEventLst": o.events},
)
