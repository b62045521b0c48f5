"""Straight-line readers and writers of SEQUENCEs, made from the rows of their tables when they are loaded.

Walking the rows costs more than the octets: a table that says ``version, mId, messageBody`` becomes a
function that looks for the three tags in this order.  What is not in this order, not known or not there is
left to the walk, which goes on where the function stopped and alone says what is wrong.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from imsedge.h248.binary.tlv import CONSTRUCTED, CONTEXT, SEQUENCE, element, header, heads

Reader = Callable[[Any, bytes, int, int], Any]
Writer = Callable[[Any, Any], bytes]


class Field(NamedTuple):
    """One row of a SEQUENCE or CHOICE: component name, type, identifier octet."""

    name: str
    kind: Any
    identifier: int
    needed: bool = False


def field_of(name: str, kind: Any, number: int) -> Field:
    """The row; a name that ends in ``?`` is OPTIONAL, a CHOICE (no tag of its own) stands inside its tag."""
    constructed = CONSTRUCTED if kind.tag in {-1, SEQUENCE} else 0
    return Field(name.rstrip("?"), kind, CONTEXT | constructed | number, not name.endswith("?"))


_READ_HEAD = """\
def read(context, data, start, stop):
    v = {}
    at = start
"""
_READ_FIELD = """\
    if at + 1 < stop and data[at] == %(identifier)d:
        begin = at + 2
        size = data[at + 1]
        if size < 0x80:
            end = begin + size
        elif size == 0x81 and begin < stop:
            begin += 1
            end = begin + data[begin - 1]
        elif size == 0x82 and begin + 1 < stop:
            begin += 2
            end = begin + (data[begin - 2] << 8 | data[begin - 1])
        else:
            end = stop + 1
        if end <= stop:
            at = end
        else:
            _, begin, end, at = header(data, at, stop)
        v[%(name)r] = %(value)s
"""
_READ_NEEDED = """\
    else:
        return walk(context, data, start, at, stop, v)
"""
_READ_TAIL = """\
    return build(context, v) if at == stop else walk(context, data, start, at, stop, v)
"""


def reader(
    fields: list[Field],
    build: Callable[[Any, dict[str, Any]], Any],
    walk: Callable[[Any, bytes, int, int, int, dict[str, Any]], Any],
) -> Reader:
    """``walk(context, data, start, at, stop, values)`` goes on at ``at`` with the values read so far."""
    names: dict[str, Any] = {"header": header, "build": build, "walk": walk}
    source = _READ_HEAD
    for number, field in enumerate(fields):
        names[f"read{number}"] = field.kind.read
        value = f"read{number}(context, data, begin, end)"
        plain = getattr(field.kind, "plain", None)
        if plain is not None:
            value = f"{plain} else {value}"
        source += _READ_FIELD % {"identifier": field.identifier, "name": field.name, "value": value}
        source += _READ_NEEDED if field.needed else ""
    made: Reader = _made(source + _READ_TAIL, names, "read")
    return made


_WRITE_HEAD = """\
def write(context, value):
    v = split(context, value)
    octets = b""
"""
_WRITE_FIELD = """\
    c = v.get(%(name)r)
    if c is not None:
        c = write%(number)d(context, c)
        octets += heads%(number)d[len(c)] + c if len(c) < 128 else element(%(identifier)d, c)
"""
_WRITE_READY = """\
    c = v.get(%(name)r)
    if c is not None:
        if 0 <= c < %(size)d:
            octets += ready%(number)d[c]
        else:
            octets += element(%(identifier)d, write%(number)d(context, c))
"""
_WRITE_TAIL = """\
    return octets
"""


def writer(fields: list[Field], split: Callable[[Any, Any], Mapping[str, Any]]) -> Writer:
    """Components in the order of the rows; small numbers are ready elements."""
    names: dict[str, Any] = {"element": element, "split": split}
    source = _WRITE_HEAD
    for number, field in enumerate(fields):
        names[f"write{number}"] = field.kind.write
        names[f"heads{number}"] = heads(field.identifier)
        size = min(getattr(field.kind, "highest", -1) + 1, 0x80)
        names[f"ready{number}"] = [element(field.identifier, bytes((value,))) for value in range(size)]
        row = {"identifier": field.identifier, "name": field.name, "number": number, "size": size}
        source += (_WRITE_READY if size else _WRITE_FIELD) % row
    made: Writer = _made(source + _WRITE_TAIL, names, "write")
    return made


def _made(source: str, names: dict[str, Any], name: str) -> Any:
    exec(source, names)  # noqa: S102 - made of tag numbers and component names of our own tables
    return names[name]
