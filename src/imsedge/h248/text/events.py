"""Events, EventBuffer, ObservedEvents and DigitMap, read from text.

Events may embed Signals and Events, and those may embed Signals once more, but no further Events (H.248.1
clause 7.1.9): ``MAX_EMBEDDING`` levels, so a peer cannot nest without end.
"""

from imsedge.h248 import errors
from imsedge.h248.model import (
    ALL_REQUESTS,
    BufferedEvent,
    DigitMap,
    Embedded,
    EventBuffer,
    Events,
    NotifyBehaviour,
    ObservedEvent,
    ObservedEvents,
    Parameter,
    RequestedEvent,
    Signals,
)
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.scanner import Item
from imsedge.h248.text.signals import read_signals
from imsedge.h248.text.tokens import NOTIFY_BEHAVIOURS, reading
from imsedge.h248.text.values import (
    MAX_UINT16,
    MAX_UINT32,
    check_item_name,
    read_named_parameter,
    read_time_stamp,
)

MAX_EMBEDDING = 2  # levels of Events: the descriptor itself and the one embedded in its events

_EVENT = reading(
    {
        "Stream": "stream",
        "KeepActive": "keep_active",
        "DigitMap": "digit_map",
        "Embed": "embedded",
        "ResetEventsDescriptor": "reset_events",
        "ImmediateNotify": "notify",
        "NeverNotify": "notify",
        "RegulatedNotify": "notify",
    }
)
_EMBED = reading({"Signals": "signals", "Events": "events"})


def read_events(cursor: Cursor, opening: Item, level: int = 1) -> tuple[Events, bool]:
    """``E``, ``E=rid{..}`` (``opening`` is the item with the token); and: does more follow?"""
    _, _, relation, value, delimiter = opening
    request = read_request_id(cursor, value) if relation else None
    if delimiter != "{":
        return Events(request), cursor.more(delimiter)
    found = []
    while True:
        event, more = _read_event(cursor, cursor.take(), level)
        found.append(event)
        if not more:
            return Events(request, tuple(found)), cursor.more_after_block()


def read_request_id(cursor: Cursor, text: str) -> int:
    """UINT32, or ``*`` for all requests."""
    return ALL_REQUESTS if text == "*" else read_number(cursor, text, MAX_UINT32)


def _read_event(cursor: Cursor, item: Item, level: int) -> tuple[RequestedEvent, bool]:
    _, name, relation, _, delimiter = item
    check_item_name(cursor, name, errors.SYNTAX_COMMAND)
    if relation:
        raise cursor.fail(errors.SYNTAX_COMMAND, f"{name} is an event and has no value")
    if delimiter != "{":
        return RequestedEvent(name), cursor.more(delimiter)
    parts: dict[str, object] = {}
    parameters: list[Parameter] = []
    while _read_event_part(cursor, cursor.take(), level, parts, parameters):
        pass
    event = RequestedEvent(name, parameters=tuple(parameters), **parts)  # type: ignore[arg-type]
    return event, cursor.more_after_block()


def _read_event_part(
    cursor: Cursor, item: Item, level: int, parts: dict[str, object], parameters: list[Parameter]
) -> bool:
    """One element between the braces of an event; is there more?"""
    _, name, relation, value, delimiter = item
    kind = _EVENT.get(name.lower())
    if kind is None:
        parameter, more = read_named_parameter(cursor, item)
        parameters.append(parameter)
        return more
    if kind in parts:
        raise cursor.fail(errors.PROPERTY_TWICE, f"{name} stands twice in one event")
    if kind == "stream":
        parts[kind] = read_number(cursor, value, MAX_UINT16)
        return cursor.more(delimiter)
    if kind == "digit_map":
        parts[kind] = read_digit_map(cursor, item)
        return cursor.more(delimiter)
    if relation:
        raise cursor.fail(errors.SYNTAX_COMMAND, f"{name} has no value")
    if kind == "embedded":
        cursor.opened(item)
        parts[kind] = _read_embedded(cursor, level)
        return cursor.more_after_block()
    if kind == "notify":
        return _read_notify(cursor, item, level, parts)
    parts[kind] = True
    return cursor.more(delimiter)


def _read_notify(cursor: Cursor, item: Item, level: int, parts: dict[str, object]) -> bool:
    """``NBIN``, ``NBNN``, ``NBRN`` or ``NBRN{EM{..}}`` (v3)."""
    behaviour = NOTIFY_BEHAVIOURS[item[1].lower()]
    parts["notify"] = behaviour
    if item[4] != "{" or behaviour is not NotifyBehaviour.REGULATED:
        return cursor.more(item[4])
    embed = cursor.take()
    if _EVENT.get(embed[1].lower()) != "embedded":
        raise cursor.fail(errors.SYNTAX_COMMAND, "RegulatedNotify holds an Embed and nothing else")
    cursor.opened(embed)
    parts["regulated"] = _read_embedded(cursor, level)
    if cursor.more_after_block():
        raise cursor.fail(errors.SYNTAX_COMMAND, "RegulatedNotify holds an Embed and nothing else")
    return cursor.more_after_block()


def _read_embedded(cursor: Cursor, level: int) -> Embedded:
    """``EM{SG{..}, E=..{..}}``, behind its opening brace."""
    signals: Signals | None = None
    events: Events | None = None
    while True:
        item = cursor.take()
        kind = _EMBED.get(item[1].lower())
        if kind == "signals" and signals is None:
            signals, more = read_signals(cursor, item)
        elif kind == "events" and events is None:
            if level >= MAX_EMBEDDING:
                raise cursor.fail(errors.SYNTAX_COMMAND, "an embedded Events cannot embed Events")
            events, more = read_events(cursor, item, level + 1)
        else:
            raise cursor.fail(errors.SYNTAX_COMMAND, f"{item[1][:64] or 'nothing'} cannot be embedded")
        if not more:
            return Embedded(signals, events)


def read_digit_map(cursor: Cursor, item: Item) -> DigitMap:
    """``DM=name``, ``DM=name{body}`` or ``DM={body}``."""
    _, _, relation, value, _ = item
    if relation == "=" and value and value[0] not in '"<[':
        return DigitMap(value)
    if relation[-1:] == "{":
        return DigitMap(relation[1:-1].strip() or None, value.strip())
    raise cursor.fail(errors.SYNTAX_COMMAND, "a DigitMap needs a name or a body")


def read_event_buffer(cursor: Cursor, opening: Item) -> tuple[EventBuffer, bool]:
    """``EB`` or ``EB{ev{ST=n,par=v},..}``; in an individual audit parameters may stand without a value."""
    if opening[4] != "{":
        return EventBuffer(), cursor.more(opening[4])
    found = []
    while True:
        item = cursor.take()
        stream, parameters, more = _read_seen(cursor, item)
        found.append(BufferedEvent(item[1], stream, parameters))
        if not more:
            return EventBuffer(tuple(found)), cursor.more_after_block()


def read_observed(cursor: Cursor, opening: Item) -> tuple[ObservedEvents, bool]:
    """``OE=rid{ [time:] ev{ST=n,par=v}, ..}``."""
    request = read_request_id(cursor, opening[3])
    cursor.opened(opening)
    found = []
    while True:
        item = cursor.take()
        time = None
        if item[4] == ":":
            time = read_time_stamp(item[1])
            if time is None:
                raise cursor.fail(errors.SYNTAX_COMMAND, f"{item[1][:32]} is no time stamp")
            item = cursor.take()
        stream, parameters, more = _read_seen(cursor, item)
        found.append(ObservedEvent(item[1], stream, time, parameters))
        if not more:
            return ObservedEvents(request, tuple(found)), cursor.more_after_block()


def _read_seen(cursor: Cursor, item: Item) -> tuple[int | None, tuple[Parameter, ...], bool]:
    """Stream and parameters of an observed or buffered event; does another event follow?"""
    _, name, relation, _, delimiter = item
    check_item_name(cursor, name, errors.SYNTAX_COMMAND)
    if delimiter != "{" or relation:
        return None, (), cursor.more("" if relation else delimiter)
    stream: int | None = None
    parameters: list[Parameter] = []
    while True:
        part = cursor.take()
        if _EVENT.get(part[1].lower()) == "stream" and part[2] == "=":
            if stream is not None:
                raise cursor.fail(errors.PROPERTY_TWICE, f"two streams in {name}")
            stream = read_number(cursor, part[3], MAX_UINT16)
            more = cursor.more(part[4])
        elif part[1] and not part[2] and part[1][0] != '"':
            parameters.append(Parameter(part[1], ()))
            more = cursor.more(part[4])
        else:
            parameter, more = read_named_parameter(cursor, part)
            parameters.append(parameter)
        if not more:
            return stream, tuple(parameters), cursor.more_after_block()
