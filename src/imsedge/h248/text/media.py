"""Media, Stream, LocalControl, Local, Remote, TerminationState and Statistics, read from text.

Every reader takes the cursor behind the opening brace of its descriptor and leaves it behind the closing one.
The grammar lets an item stand twice; the semantics do not, so each reader counts (errors 448 and 456).
"""

from collections.abc import Mapping
from typing import TypeVar

from imsedge.h248 import errors
from imsedge.h248.model import (
    EventBufferControl,
    LocalControl,
    Media,
    Parameter,
    ServiceState,
    Statistic,
    Stream,
    StreamMode,
    TerminationState,
)
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.scanner import Item
from imsedge.h248.text.tokens import BOOLEANS, BUFFER_CONTROLS, SERVICE_STATES, STREAM_MODES, reading
from imsedge.h248.text.values import MAX_UINT16, check_item_name, read_parameter

Meaning = TypeVar("Meaning")

_MEDIA = reading(
    {
        "Stream": "stream",
        "LocalControl": "control",
        "Local": "local",
        "Remote": "remote",
        "Statistics": "statistics",
        "TerminationState": "state",
    }
)
_CONTROL = reading({"Mode": "mode", "ReservedValue": "value", "ReservedGroup": "group"})
_STATE = reading({"ServiceStates": "states", "Buffer": "buffer"})


def read_media(cursor: Cursor) -> Media:
    """``M{ST=1{..}, ST=2{..}, TS{..}}`` or, with one stream, ``M{O{..}, L{..}, R{..}}``."""
    streams: list[Stream] = []
    bare: dict[str, object] = {}
    state: TerminationState | None = None
    while True:
        item = cursor.take()
        kind = _MEDIA.get(item[1].lower())
        if kind == "stream":
            streams.append(_read_stream(cursor, item))
            more = cursor.more_after_block()
        elif kind == "state":
            if state is not None:
                raise cursor.fail(errors.DESCRIPTOR_TWICE, "two TerminationState descriptors")
            cursor.opened(item)
            state = read_state(cursor)
            more = cursor.more_after_block()
        else:
            more = _read_stream_part(cursor, item, kind, bare)
        if not more:
            break
    if not bare:
        return Media(tuple(streams), state)
    if streams:
        raise cursor.fail(errors.SYNTAX_COMMAND, "stream parameters stand both inside and outside of Stream")
    return Media((_stream(None, bare),), state)


def _read_stream(cursor: Cursor, item: Item) -> Stream:
    if item[2] != "=":
        raise cursor.fail(errors.SYNTAX_COMMAND, "a Stream needs its number")
    number = read_number(cursor, item[3], MAX_UINT16)
    cursor.opened(item)
    parts: dict[str, object] = {}
    while True:
        item = cursor.take()
        if not _read_stream_part(cursor, item, _MEDIA.get(item[1].lower()), parts):
            return _stream(number, parts)


def _stream(number: int | None, parts: dict[str, object]) -> Stream:
    get = parts.get
    return Stream(number, get("control"), get("local"), get("remote"), get("statistics"))  # type: ignore[arg-type]


def _read_stream_part(cursor: Cursor, item: Item, kind: str | None, parts: dict[str, object]) -> bool:
    """One of LocalControl, Local, Remote, Statistics into ``parts``; is there more?"""
    if kind in parts:
        raise cursor.fail(errors.DESCRIPTOR_TWICE, f"two {item[1]} descriptors in one stream")
    if kind == "local" or kind == "remote":  # noqa: PLR1714 - the fast way, taken for every stream
        if item[2] != "{":
            raise cursor.fail(errors.SYNTAX_COMMAND, f"{item[1]} is not closed")
        parts[kind] = read_description(item[3])
        return cursor.more(item[4])
    if kind == "control":
        cursor.opened(item)
        parts[kind] = _read_control(cursor)
        return cursor.more_after_block()
    if kind == "statistics":
        if item[4] != "{":
            parts[kind] = ()
            return cursor.more(item[4])
        parts[kind] = read_statistics(cursor)
        return cursor.more_after_block()
    raise cursor.fail(errors.UNKNOWN_DESCRIPTOR, f"{item[1][:64] or 'nothing'} is no part of Media")


def read_description(body: str) -> str:
    """SDP between braces: leading white space goes, ``\\}`` becomes ``}``, the last line end stays."""
    text = body.lstrip(" \t\r\n").rstrip(" \t")
    return text.replace("\\}", "}") if "\\" in text else text


def _read_control(cursor: Cursor) -> LocalControl:
    """``O{MO=SR, RV=OFF, RG=ON, pkg/prop=..}``."""
    mode: StreamMode | None = None
    value: bool | None = None
    group: bool | None = None
    properties: list[Parameter] = []
    while True:
        item = cursor.take()
        name = item[1]
        if "/" in name:
            more = _read_property(cursor, item, properties)
        else:
            kind = _CONTROL.get(name.lower())
            if kind == "mode":
                _once(cursor, item, mode)
                mode = _read_enumeration(cursor, item, STREAM_MODES)
            elif kind == "value":
                _once(cursor, item, value)
                value = _read_enumeration(cursor, item, BOOLEANS)
            elif kind == "group":
                _once(cursor, item, group)
                group = _read_enumeration(cursor, item, BOOLEANS)
            else:
                raise cursor.fail(_foreign(name, _STATE), f"{name[:64] or 'nothing'} in LocalControl")
            more = cursor.more(item[4])
        if not more:
            return LocalControl(mode, value, group, tuple(properties))


def read_state(cursor: Cursor) -> TerminationState:
    """``TS{SI=IV, BF=OFF, pkg/prop=..}``."""
    state: ServiceState | None = None
    buffer: EventBufferControl | None = None
    properties: list[Parameter] = []
    while True:
        item = cursor.take()
        name = item[1]
        if "/" in name:
            more = _read_property(cursor, item, properties)
        else:
            kind = _STATE.get(name.lower())
            if kind == "states":
                _once(cursor, item, state)
                state = _read_enumeration(cursor, item, SERVICE_STATES)
            elif kind == "buffer":
                _once(cursor, item, buffer)
                buffer = _read_enumeration(cursor, item, BUFFER_CONTROLS)
            else:
                raise cursor.fail(_foreign(name, _CONTROL), f"{name[:64] or 'nothing'} in TerminationState")
            more = cursor.more(item[4])
        if not more:
            return TerminationState(state, buffer, tuple(properties))


def _foreign(name: str, other: dict[str, str]) -> int:
    """Known elsewhere: illegal in this descriptor (455); known nowhere: unknown property (445)."""
    return errors.PROPERTY_ILLEGAL if name.lower() in other else errors.UNKNOWN_PROPERTY


def _once(cursor: Cursor, item: Item, present: object) -> None:
    if present is not None:
        raise cursor.fail(errors.PROPERTY_TWICE, f"{item[1]} stands twice")


def _read_enumeration(cursor: Cursor, item: Item, meanings: Mapping[str, Meaning]) -> Meaning:
    """``Name = Token``."""
    meaning = meanings.get(item[3].lower()) if item[2] == "=" else None
    if meaning is None:
        raise cursor.fail(errors.UNKNOWN_VALUE, f"{item[1]} cannot be {item[3][:64] or 'empty'}")
    return meaning


def _read_property(cursor: Cursor, item: Item, properties: list[Parameter]) -> bool:
    """A package property; the same name twice is error 456."""
    check_item_name(cursor, item[1], errors.UNKNOWN_PROPERTY)
    parameter, more = read_parameter(cursor, item)
    if properties:
        folded = parameter.name.lower()
        for other in properties:
            if other.name.lower() == folded:
                raise cursor.fail(errors.PROPERTY_TWICE, f"{parameter.name} stands twice")
    properties.append(parameter)
    return more


def read_statistics(cursor: Cursor) -> tuple[Statistic, ...]:
    """``SA{pkg/stat, pkg/stat=7, pkg/stat=[a,b]}`` (the list is v3)."""
    found: list[Statistic] = []
    while True:
        item = cursor.take()
        _, name, relation, value, delimiter = item
        check_item_name(cursor, name, errors.UNKNOWN_PROPERTY)
        if not relation:
            found.append(Statistic(name))
            more = cursor.more(delimiter)
        elif relation == "=" and not value and delimiter == "[":
            found.append(Statistic(name, cursor.words("]"), is_list=True))
            more = cursor.more_after_block()
        elif relation == "=" and value:
            found.append(Statistic(name, (value,)))
            more = cursor.more(delimiter)
        else:
            raise cursor.fail(errors.SYNTAX_COMMAND, f"{name} is no statistic")
        if not more:
            return tuple(found)
