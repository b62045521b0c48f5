"""Straight-line readers and writers of SEQUENCEs, made from the rows of their tables when they are loaded.

Walking the rows costs more than the octets: a table that says ``version, mId, messageBody`` becomes a
function that looks for the three tags in this order.  What is not in this order, not known or not there is
left to the walk, which starts anew and alone says what is wrong.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from imsedge.h248.binary.ber import Null
from imsedge.h248.binary.tlv import element, header, heads

Reader = Callable[[Any, bytes, int, int], Any]
Writer = Callable[[Any, Any], bytes]


class Field(NamedTuple):
    """One row of a SEQUENCE: component name, type, identifier octet."""

    name: str
    kind: Any
    identifier: int
    needed: bool = False


_READ_HEAD = """\
def read(context, data, start, stop):
    %(absent)s
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
        c%(row)d = %(value)s
"""
_READ_NEEDED = """\
    else:
        return walk(context, data, start, stop)
"""
_READ_TAIL = """\
    return build(%(arguments)s) if at == stop else walk(context, data, start, stop)
"""


def reader(
    fields: Sequence[Field],
    build: Callable[..., Any],
    walk: Reader,
    template: Sequence[Any] | None = None,
    places: Sequence[int] = (),
) -> Reader:
    """``build(context, component, ...)``, or with a ``template`` of its arguments ``build(argument, ...)``.

    There component ``n`` is the argument at ``places[n]``, if it stands in the message.
    """
    names: dict[str, Any] = {"header": header, "build": build, "walk": walk}
    absent = []
    for row, field in enumerate(fields):
        default = field.kind.absent if template is None else template[places[row]]
        names[f"absent{row}"] = default
        absent.append(f"c{row} = {default!r}" if default in (None, False) else f"c{row} = absent{row}")
    source = _READ_HEAD % {"absent": "; ".join(absent)}
    for row, field in enumerate(fields):
        names[f"read{row}"] = field.kind.read
        value = f"read{row}(context, data, begin, end)"
        if field.kind.plain is not None:
            value = f"{field.kind.plain} else {value}"
        source += _READ_FIELD % {"identifier": field.identifier, "row": row, "value": value}
        source += _READ_NEEDED if field.needed else ""
    arguments = ", ".join(["context", *[f"c{row}" for row in range(len(fields))]])
    if template is not None:
        names |= {f"fixed{place}": value for place, value in enumerate(template)}
        rows = {place: row for row, place in enumerate(places)}
        arguments = ", ".join(
            [f"c{rows[place]}" if place in rows else f"fixed{place}" for place in range(len(template))]
        )
    return _made(source + _READ_TAIL % {"arguments": arguments}, names, "read")  # type: ignore[no-any-return]


_WRITE_HEAD = """\
def write(context, value):
    octets = b""
"""
_WRITE_FIELD = """\
    c = %(part)s
    if %(there)s:
        c = write%(row)d(context, c)
        octets += heads%(row)d[len(c)] + c if len(c) < 128 else element(%(identifier)d, c)
"""
_WRITE_READY = """\
    c = %(part)s
    if c is not None:
        if 0 <= c < %(size)d:
            octets += ready%(row)d[c]
        else:
            octets += element(%(identifier)d, write%(row)d(context, c))
"""
_WRITE_TAIL = """\
    return octets
"""


def writer(
    fields: Sequence[Field],
    split: Callable[[Any, Any], tuple[Any, ...]] | None,
    attributes: Sequence[str] = (),
) -> Writer:
    """Components in the order of the rows, from ``split`` or from ``attributes``; small numbers are ready."""
    names: dict[str, Any] = {"element": element, "split": split}
    source = _WRITE_HEAD
    if split is not None:
        source += f"    {''.join([f'c{row}, ' for row in range(len(fields))])}= split(context, value)\n"
    for number, field in enumerate(fields):
        names[f"write{number}"] = field.kind.write
        names[f"heads{number}"] = heads(field.identifier)
        size = min(field.kind.highest + 1, 0x80)
        names[f"ready{number}"] = [element(field.identifier, bytes((value,))) for value in range(size)]
        row = {
            "identifier": field.identifier,
            "part": f"c{number}" if split is not None else f"value.{attributes[number]}",
            "row": number,
            "size": size,
            "there": "c" if isinstance(field.kind, Null) else "c is not None",
        }
        source += (_WRITE_READY if size else _WRITE_FIELD) % row
    return _made(source + _WRITE_TAIL, names, "write")  # type: ignore[no-any-return]


def _made(source: str, names: dict[str, Any], name: str) -> Any:
    exec(source, names)  # noqa: S102 - made of tag numbers and component names of our own tables
    return names[name]
