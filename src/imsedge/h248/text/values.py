"""Parameters, names and numbers: the leaves of every descriptor (H.248.1 Annex B.2)."""

import re

from imsedge.h248 import errors
from imsedge.h248.model import ALL_CONTEXTS, CHOOSE_CONTEXT, NULL_CONTEXT, Parameter, Relation, TimeStamp
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.scanner import Item, is_address

MAX_UINT16 = 0xFFFF
MAX_UINT32 = 0xFFFF_FFFF

_RELATIONS = {"=": Relation.EQUAL, "#": Relation.NOT_EQUAL, "<": Relation.SMALLER, ">": Relation.GREATER}
_ITEM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*/(?:[A-Za-z0-9_]+|\*)|\*/\*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_+\-]{1,64}", re.ASCII)
_TERMINATION = re.compile(r"[A-Za-z0-9_*$@./\-]{1,64}")
_TIME_STAMP = re.compile(r"(\d{8})[Tt](\d{8})")
_EXTENSIONS = frozenset({"x-", "x+", "X-", "X+"})
_CONTEXTS = {"-": NULL_CONTEXT, "$": CHOOSE_CONTEXT, "*": ALL_CONTEXTS}


def read_parameter(cursor: Cursor, item: Item) -> tuple[Parameter, bool]:
    """``name = v``, ``= {a,b}``, ``= [a,b]``, ``= [a:b]``, ``# v``, ``< v``, ``> v``; and: is there more?"""
    _, name, relation, value, delimiter = item
    if relation[-1:] == "{":
        raise cursor.fail(errors.SYNTAX_COMMAND, f"{name[:64]} stands where a parameter does")
    if value and (value[0] not in "<[" or is_address(value)):
        if delimiter == "," or delimiter == "}":  # noqa: PLR1714 - the fast way, taken for every property
            return Parameter(name, (value,), _RELATIONS[relation]), delimiter == ","
    elif relation == "=" and not value:
        if delimiter == "{":
            return Parameter(name, cursor.words("}"), Relation.ONE_OF), cursor.more_after_block()
        if delimiter == "[":
            values, kind = _read_brackets(cursor)
            return Parameter(name, values, kind), cursor.more_after_block()
    raise cursor.fail(errors.SYNTAX_COMMAND, f"{name[:64]} has no value")


def read_named_parameter(cursor: Cursor, item: Item) -> tuple[Parameter, bool]:
    """The same for the parameter of an event or signal, whose name nobody has looked at yet."""
    if not _NAME.fullmatch(item[1]):
        raise cursor.fail(errors.SYNTAX_COMMAND, f"{item[1][:64] or 'nothing'} is no parameter name")
    return read_parameter(cursor, item)


def _read_brackets(cursor: Cursor) -> tuple[tuple[str, ...], Relation]:
    """What follows ``[``: only after the first value it is known whether this is a range or a list."""
    _, low, relation, _, delimiter = cursor.take()
    if delimiter == ":" and low and not relation:
        _, high, relation, _, delimiter = cursor.take()
        if delimiter == "]" and high and not relation:
            return (low, high), Relation.RANGE
        raise cursor.fail(errors.SYNTAX_COMMAND, "a range is not closed")
    cursor.at -= 1
    return cursor.words("]"), Relation.ALL_OF


def check_item_name(cursor: Cursor, name: str, code: int) -> None:
    """``pkg/item``, ``pkg/*`` or ``*/*``; otherwise ``H248Error(code)``."""
    if not _ITEM_NAME.fullmatch(name):
        raise cursor.fail(code, f"{name[:64] or 'nothing'} is no package/item name")


def read_context(cursor: Cursor, text: str) -> int:
    """``-`` NULL, ``$`` CHOOSE, ``*`` ALL, or a number between them."""
    known = _CONTEXTS.get(text)
    if known is not None:
        return known
    number = read_number(cursor, text, CHOOSE_CONTEXT - 1, errors.SYNTAX_ACTION)
    if number == NULL_CONTEXT:
        raise cursor.fail(errors.SYNTAX_ACTION, "context 0 is written as -")
    return number


def check_termination(cursor: Cursor, text: str) -> str:
    """A termination identifier, 1 to 64 characters; ``ROOT`` in any case becomes ``ROOT``."""
    if _TERMINATION.fullmatch(text):
        return "ROOT" if text in {"root", "Root"} or text.upper() == "ROOT" else text
    raise cursor.fail(errors.SYNTAX_COMMAND, f"{text[:70] or 'nothing'} is no termination identifier")


def is_extension(name: str) -> bool:
    """``X-...`` or ``X+...``."""
    return name[:2] in _EXTENSIONS


def read_terminations(cursor: Cursor, item: Item) -> tuple[tuple[str, ...], str]:
    """``= id`` or, v3, ``= [id, id]``; and the delimiter that follows."""
    _, _, relation, value, delimiter = item
    if relation != "=":
        raise cursor.fail(errors.SYNTAX_COMMAND, "a command needs a termination identifier")
    if value:
        return (check_termination(cursor, value),), delimiter
    if delimiter != "[":
        raise cursor.fail(errors.SYNTAX_COMMAND, "a command needs a termination identifier")
    names = tuple([check_termination(cursor, name) for name in cursor.words("]")])
    _, name, relation, _, delimiter = cursor.take()
    if name or relation:
        raise cursor.fail(errors.SYNTAX_COMMAND, "a brace or a comma is missing")
    return names, delimiter


def read_time_stamp(text: str) -> TimeStamp | None:
    """``yyyymmddThhmmssss``, or ``None`` when it is something else."""
    match = _TIME_STAMP.fullmatch(text)
    return TimeStamp(match[1], match[2]) if match else None


def unquoted(text: str) -> str:
    """Without the quotes, if there are any."""
    return text[1:-1] if text[:1] == '"' else text
