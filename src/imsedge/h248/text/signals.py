"""Signals and signal lists, read from text (H.248.1 clause 7.1.11)."""

from collections.abc import Mapping
from enum import Enum

from imsedge.h248 import errors
from imsedge.h248.model import NotifyCompletion, Parameter, Signal, SignalList, Signals
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.scanner import Item
from imsedge.h248.text.tokens import COMPLETIONS, SIGNAL_DIRECTIONS, SIGNAL_TYPES, reading
from imsedge.h248.text.values import MAX_UINT16, MAX_UINT32, check_item_name, read_named_parameter

_SIGNAL = reading(
    {
        "Stream": "stream",
        "SignalType": "kind",
        "Duration": "duration",
        "NotifyCompletion": "notify_completion",
        "KeepActive": "keep_active",
        "SPADirection": "direction",
        "SPARequestID": "request_id",
        "Intersignal": "intersignal_delay",
    }
)
_NUMBERS = {
    "stream": MAX_UINT16,
    "duration": MAX_UINT16,
    "request_id": MAX_UINT32,
    "intersignal_delay": MAX_UINT16,
}
_ENUMERATIONS: dict[str, Mapping[str, Enum]] = {"kind": SIGNAL_TYPES, "direction": SIGNAL_DIRECTIONS}
_LIST = frozenset({"sl", "signallist"})


def read_signals(cursor: Cursor, opening: Item) -> tuple[Signals, bool]:
    """``SG``, ``SG{}`` (both stop all) or ``SG{sig, SL=n{sig,..}}``; and: does more follow?"""
    if opening[2]:
        raise cursor.fail(errors.SYNTAX_COMMAND, "Signals has no value")
    if opening[4] != "{":
        return Signals(), cursor.more(opening[4])
    found: list[Signal | SignalList] = []
    more = not _is_empty(cursor)
    while more:
        item = cursor.take()
        if item[2] == "=" and item[1].lower() in _LIST:
            signal_list, more = _read_list(cursor, item)
            found.append(signal_list)
        else:
            signal, more = _read_signal(cursor, item)
            found.append(signal)
    return Signals(tuple(found)), cursor.more_after_block()


def _is_empty(cursor: Cursor) -> bool:
    """``{}``: takes the closing brace when nothing stands before it."""
    if cursor.items[cursor.at][1:] == ("", "", "", "}"):
        cursor.at += 1
        return True
    return False


def _read_list(cursor: Cursor, item: Item) -> tuple[SignalList, bool]:
    """``SL=n{sig,..}``; in an individual audit also ``SL=n`` alone."""
    number = read_number(cursor, item[3], MAX_UINT16)
    if item[4] != "{":
        return SignalList(number, ()), cursor.more(item[4])
    found = []
    while True:
        signal, more = _read_signal(cursor, cursor.take())
        found.append(signal)
        if not more:
            return SignalList(number, tuple(found)), cursor.more_after_block()


def _read_signal(cursor: Cursor, item: Item) -> tuple[Signal, bool]:
    _, name, relation, _, delimiter = item
    check_item_name(cursor, name, errors.SYNTAX_COMMAND)
    if relation:
        raise cursor.fail(errors.SYNTAX_COMMAND, f"{name} is a signal and has no value")
    if delimiter != "{":
        return Signal(name), cursor.more(delimiter)
    parts: dict[str, object] = {}
    parameters: list[Parameter] = []
    while _read_signal_part(cursor, cursor.take(), parts, parameters):
        pass
    signal = Signal(name, parameters=tuple(parameters), **parts)  # type: ignore[arg-type]
    return signal, cursor.more_after_block()


def _read_signal_part(
    cursor: Cursor, item: Item, parts: dict[str, object], parameters: list[Parameter]
) -> bool:
    """One element between the braces of a signal; is there more?"""
    _, name, relation, value, delimiter = item
    kind = _SIGNAL.get(name.lower())
    if kind is None:
        parameter, more = read_named_parameter(cursor, item)
        parameters.append(parameter)
        return more
    if kind in parts:
        raise cursor.fail(errors.PROPERTY_TWICE, f"{name} stands twice in one signal")
    if kind == "keep_active":
        if relation:
            raise cursor.fail(errors.SYNTAX_COMMAND, f"{name} has no value")
        parts[kind] = True
    elif kind == "notify_completion":
        parts[kind] = _read_completions(cursor, item)
        return cursor.more_after_block()
    elif kind in _NUMBERS:
        parts[kind] = read_number(cursor, value, _NUMBERS[kind])
    else:
        meaning = _ENUMERATIONS[kind].get(value.lower())
        if meaning is None:
            raise cursor.fail(errors.UNKNOWN_VALUE, f"{name} cannot be {value[:64] or 'empty'}")
        parts[kind] = meaning
    return cursor.more(delimiter)


def _read_completions(cursor: Cursor, item: Item) -> tuple[NotifyCompletion, ...]:
    """``NC={TO,IBE}``."""
    cursor.opened(item)
    found = []
    for word in cursor.words("}"):
        completion = COMPLETIONS.get(word.lower())
        if completion is None:
            raise cursor.fail(errors.UNKNOWN_VALUE, f"{word[:64]} is no NotifyCompletion")
        found.append(completion)
    return tuple(found)
