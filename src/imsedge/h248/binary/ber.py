"""The types of BER (ITU-T X.690), as much of it as H.248.1 Annex A needs, in both directions.

A ``Type`` reads the contents between two offsets of the message (nothing is copied before a leaf) and writes
contents octets.  Types are put together from tables: ``Sequence``, ``SequenceOf``, ``Choice``.
The module uses AUTOMATIC TAGS: the components of a SEQUENCE and the alternatives of a CHOICE are numbered
from 0 and tagged implicitly, except that a CHOICE inside a tag keeps its own (the tag is explicit then).

A SEQUENCE is a ``dict`` from component name to value on its way in and out; ``build`` makes a value of the
model of it and ``split`` takes one apart.  Unknown components are extensions of later versions: passed over.
``straight`` makes functions of the rows for octets in the usual order; ``_walk`` reads all other orders.

Definite and indefinite lengths are read, definite ones written.  All of the schema is finite and unknown
contents are skipped with a counter instead of recursion, so depth costs nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.straight import field_of, reader, writer
from imsedge.h248.binary.tlv import HIGH_TAG, SEQUENCE, element, header, heads, wrong
from imsedge.h248.errors import H248Error

Values = dict[str, Any]


class Type(Protocol):
    """``tag``: the universal identifier octet, where no context tag replaces it."""

    tag: int

    def read(self, context: Any, data: bytes, start: int, stop: int) -> Any:
        """The value of the contents; ``H248Error`` when they are none."""

    def write(self, context: Any, value: Any) -> bytes:
        """Contents octets; ``LocalError`` when the value does not fit."""


class Integer:
    """INTEGER(0..highest)."""

    tag = 0x02

    def __init__(self, highest: int) -> None:
        self.highest = highest
        self.plain = f"data[begin] if end == begin + 1 and data[begin] <= {min(highest, 0x7F)}"

    def read(self, context: Any, data: bytes, start: int, stop: int) -> int:  # noqa: ARG002 - one shape
        value = int.from_bytes(data[start:stop], "big", signed=True)
        if start == stop or not 0 <= value <= self.highest:
            raise wrong(f"an INTEGER is not in 0..{self.highest}", start)
        return value

    def write(self, context: Any, value: int) -> bytes:  # noqa: ARG002 - one shape
        if not 0 <= value <= self.highest:
            raise LocalError(f"{value} is not in 0..{self.highest}")
        return integer_octets(value)


def integer_octets(value: int) -> bytes:
    """The shortest two's complement."""
    size = (value.bit_length() if value >= 0 else (value + 1).bit_length()) // 8 + 1
    return value.to_bytes(size, "big", signed=True)


class Boolean:
    """BOOLEAN."""

    tag = 0x01
    plain = "data[begin] != 0 if end == begin + 1"

    def read(self, context: Any, data: bytes, start: int, stop: int) -> bool:  # noqa: ARG002 - one shape
        if stop - start != 1:
            raise wrong("a BOOLEAN has one octet", start)
        return data[start] != 0

    def write(self, context: Any, value: bool) -> bytes:  # noqa: ARG002, FBT001 - one shape
        return b"\xff" if value else b"\x00"


class Null:
    """NULL: there or not; ``True`` is there, ``False`` is left out by ``split``."""

    tag = 0x05
    plain = "True if end == begin"

    def read(self, context: Any, data: bytes, start: int, stop: int) -> bool:  # noqa: ARG002 - one shape
        if start != stop:
            raise wrong("a NULL has no contents", start)
        return True

    def write(self, context: Any, value: bool) -> bytes:  # noqa: ARG002, FBT001 - one shape
        return b""


class Enumerated:
    """ENUMERATED, as members of the model."""

    tag = 0x0A

    def __init__(self, members: Mapping[int, Any]) -> None:
        self._members = dict(members)
        self._octets = {member: integer_octets(number) for number, member in members.items()}

    def read(self, context: Any, data: bytes, start: int, stop: int) -> Any:  # noqa: ARG002 - one shape
        member = self._members.get(int.from_bytes(data[start:stop], "big", signed=True))
        if member is None:
            raise H248Error(errors.UNKNOWN_VALUE, f"an unknown enumeration (octet {start})", offset=start)
        return member

    def write(self, context: Any, value: Any) -> bytes:  # noqa: ARG002 - one shape
        octets = self._octets.get(value)
        if octets is None:
            raise LocalError(f"{value} has no number in binary")
        return octets


class Octets:
    """OCTET STRING of ``low`` to ``high`` octets."""

    tag = 0x04

    def __init__(self, low: int = 0, high: int = 0xFFFF_FFFF) -> None:
        self.low, self.high = low, high
        self.plain = f"data[begin:end] if {low} <= end - begin <= {high}"

    def read(self, context: Any, data: bytes, start: int, stop: int) -> bytes:  # noqa: ARG002 - one shape
        if not self.low <= stop - start <= self.high:
            raise wrong(f"an OCTET STRING of {stop - start} octets", start)
        return data[start:stop]

    def write(self, context: Any, value: bytes) -> bytes:  # noqa: ARG002 - one shape
        if not self.low <= len(value) <= self.high:
            raise LocalError(f"{len(value)} octets, {self.low} to {self.high} are allowed")
        return value


class Text:
    """IA5String; octets above 127 survive as they do in text."""

    tag = 0x16

    def read(self, context: Any, data: bytes, start: int, stop: int) -> str:  # noqa: ARG002 - one shape
        return data[start:stop].decode("utf-8", "surrogateescape")

    def write(self, context: Any, value: str) -> bytes:  # noqa: ARG002 - one shape
        return value.encode("utf-8", "surrogateescape")


class Bits:
    """BIT STRING with named bits, as a tuple of members in the order of their bits."""

    tag = 0x03

    def __init__(self, *members: Any) -> None:
        self.members = members

    def read(self, context: Any, data: bytes, start: int, stop: int) -> tuple[Any, ...]:  # noqa: ARG002 - one shape
        if stop == start or data[start] > 7:
            raise wrong("a BIT STRING without its count of unused bits", start)
        octets = data[start + 1 : stop]
        return tuple(
            member
            for bit, member in enumerate(self.members)
            if bit // 8 < len(octets) and octets[bit // 8] >> (7 - bit % 8) & 1
        )

    def write(self, context: Any, value: tuple[Any, ...]) -> bytes:  # noqa: ARG002 - one shape
        bits = [self.members.index(member) for member in value]
        if not bits:
            return b"\x00"
        size = max(bits) + 1
        number = sum(1 << (size - 1 - bit) for bit in set(bits))
        unused = -size % 8
        return bytes((unused,)) + (number << unused).to_bytes((size + unused) // 8, "big")


class SequenceOf:
    """SEQUENCE OF ``item``, as a tuple of at least ``least``."""

    tag = SEQUENCE

    def __init__(self, item: "Type | Choice", least: int = 0) -> None:
        self.item = item
        self._least = least
        self._read = item.read
        self._read_tagged = item.read_tagged if isinstance(item, Choice) else None
        self._heads = None if isinstance(item, Choice) else heads(item.tag)
        self.plain = None if least else "() if end == begin"
        if isinstance(item, Octets) and item.low == least == 0:  # values of parameters: mostly one
            self.plain = (
                f"(data[begin + 2 : end],) if end > begin + 1 and data[begin] == {item.tag} "
                f"and data[begin + 1] == end - begin - 2 <= {min(item.high, 0x7F)}"
            )

    def read(self, context: Any, data: bytes, start: int, stop: int) -> tuple[Any, ...]:
        read, read_tagged, item_tag = self._read, self._read_tagged, self.item.tag
        found = []
        at = start
        while at < stop:
            begin = at + 2
            if begin <= stop and (length := data[at + 1]) < 0x80 and (end := begin + length) <= stop:
                tag, at = data[at], end
            else:
                tag, begin, end, at = header(data, at, stop)
            if tag == item_tag:
                found.append(read(context, data, begin, end))
            elif read_tagged is not None:
                found.append(read_tagged(context, data, tag, begin, end))
            else:
                raise wrong(f"tag {tag:#x} in a list", begin)
        if len(found) < self._least:
            raise wrong("an empty list", start)
        return tuple(found)

    def write(self, context: Any, value: tuple[Any, ...]) -> bytes:
        write, short = self.item.write, self._heads
        if short is None:
            return b"".join([write(context, one) for one in value])
        parts: list[bytes] = []
        for one in value:
            octets = write(context, one)
            size = len(octets)
            parts += (short[size], octets) if size < 0x80 else (element(self.item.tag, octets),)
        return b"".join(parts)


def alone(_context: Any, _name: str, value: Any) -> Any:
    """``build`` of a CHOICE whose values tell themselves which alternative they are."""
    return value


class Choice:
    """CHOICE: ``(name, value)``; alternatives are numbered in the order of the table.

    ``build`` and ``split`` are as for ``Sequence``, with the pair instead of a ``dict``.
    """

    tag = -1  # has none of its own

    def __init__(
        self,
        *alternatives: tuple[str, Any],
        build: Callable[[Any, str, Any], Any] | None = None,
        split: Callable[[Any, Any], tuple[str, Any]] | None = None,
    ) -> None:
        fields = [field_of(name, kind, number) for number, (name, kind) in enumerate(alternatives)]
        self._by_tag = {field.identifier: (field.name, field.kind.read) for field in fields}
        self._by_name = {
            field.name: (field.identifier, heads(field.identifier), field.kind.write) for field in fields
        }
        self._build = build
        self._split = split

    def read_tagged(self, context: Any, data: bytes, tag: int, start: int, stop: int) -> Any:
        row = self._by_tag.get(tag)
        if row is None:
            raise wrong(f"tag {tag:#x} is none of the alternatives", start)
        name, read = row
        value = read(context, data, start, stop)
        if self._build is alone:
            return value
        return self._build(context, name, value) if self._build is not None else (name, value)

    def read(self, context: Any, data: bytes, start: int, stop: int) -> Any:
        """Inside an explicit tag: exactly one element."""
        begin = start + 2
        if begin > stop:
            raise wrong("an element is cut off", start)
        size = data[start + 1]
        if size == 0x82 and begin + 2 <= stop:
            begin += 2
            size = data[begin - 2] << 8 | data[begin - 1]
        elif size == 0x81 and begin < stop:
            begin += 1
            size = data[begin - 1]
        elif size > 0x7F:
            size = -1
        if begin + size == stop:
            row = self._by_tag.get(data[start])
            if row is not None and self._build is alone:
                return row[1](context, data, begin, stop)
            return self.read_tagged(context, data, data[start], begin, stop)
        tag, begin, end, following = header(data, start, stop)
        if following != stop:
            raise wrong("more than one alternative", following)
        return self.read_tagged(context, data, tag, begin, end)

    def write(self, context: Any, value: Any) -> bytes:
        """The whole element with its tag."""
        name, inner = self._split(context, value) if self._split is not None else value
        identifier, short, write = self._by_name[name]
        octets = write(context, inner)
        return short[len(octets)] + octets if len(octets) < 0x80 else element(identifier, octets)


class Sequence:
    """SEQUENCE: rows ``name: type``; a name that ends in ``?`` is OPTIONAL.

    ``build(context, values)`` makes a value of the components, ``split(context, value)`` gives the components
    back; ``None`` and ``False`` of a NULL are left out.
    """

    tag = SEQUENCE

    def __init__(
        self,
        rows: Mapping[str, Any],
        build: Callable[[Any, Values], Any],
        split: Callable[[Any, Any], Mapping[str, Any]],
    ) -> None:
        fields = [field_of(name, kind, number) for number, (name, kind) in enumerate(rows.items())]
        self._by_tag = {field.identifier: (field.name, field.kind.read) for field in fields}
        self._needed = [field.name for field in fields if field.needed]
        self._build = build
        self.read = reader(fields, build, self._walk)
        self.write = writer(fields, split)

    def _walk(self, context: Any, data: bytes, start: int, at: int, stop: int, values: Values) -> Any:
        """Element by element: components in any order, unknown ones, and what is wrong."""
        while at < stop:
            tag, begin, end, at = header(data, at, stop)
            row = self._by_tag.get(tag)
            if row is not None:
                name, read = row
                if name in values:
                    raise wrong(f"{name} stands twice", begin)
                values[name] = read(context, data, begin, end)
            elif tag & HIGH_TAG == HIGH_TAG:
                raise wrong("a tag of more than one octet", begin)
        for name in self._needed:
            if name not in values:
                raise wrong(f"{name} is missing", start)
        return self._build(context, values)
