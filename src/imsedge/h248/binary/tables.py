"""SEQUENCE, SEQUENCE OF and CHOICE, put together from tables (ITU-T X.690 and H.248.1 Annex A).

The module uses AUTOMATIC TAGS: the components of a SEQUENCE and the alternatives of a CHOICE are numbered
from 0 and tagged implicitly, except that a CHOICE inside a tag keeps its own (the tag is explicit then).
All of the schema is finite and unknown contents are skipped with a counter instead of recursion, so depth
costs nothing.

Components that a later version of the module added are passed over, and not lost: when the way through a
message has met one (``Context.extended``), the message is read once more with ``read_all``, which knows the
path to where it is and keeps what it does not know; ``write_all`` puts it back.  Hardly any message needs it.

Compiled (``tools/compile.py``) the loops below are fast; in Python ``straight`` makes functions of the rows.
"""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import NO_TAG, Extensions, Null, Octets, Type
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.straight import Field, reader, writer
from imsedge.h248.binary.tlv import CONSTRUCTED, CONTEXT, HIGH_TAG, SEQUENCE, element, header, heads, wrong

Build = Callable[..., Any]
Split = Callable[[Any, Any], tuple[Any, ...]]
COMPILED = not isinstance(header, FunctionType)


def identifier_of(kind: Type, number: int) -> int:
    """The identifier octet of component or alternative ``number``."""
    return CONTEXT | (CONSTRUCTED if kind.tag in {NO_TAG, SEQUENCE} else 0) | number


class SequenceOf(Type):
    """SEQUENCE OF ``item``, as a tuple of at least ``least``."""

    def __init__(self, item: Type, least: int = 0) -> None:
        self.tag = SEQUENCE
        self.item = item
        self._item_tag = item.tag
        self._choice = item if isinstance(item, Choice) else None
        self._least = least
        self._heads = heads(item.tag) if item.tag != NO_TAG else []
        self.plain = None if least else "() if end == begin"
        if isinstance(item, Octets) and item.low == least == 0:  # values of parameters: mostly one
            self.plain = (
                f"(data[begin + 2 : end],) if end > begin + 1 and data[begin] == {item.tag} "
                f"and data[begin + 1] == end - begin - 2 <= {min(item.high, 0x7F)}"
            )

    def read(self, context: Context, data: bytes, start: int, stop: int) -> tuple[Any, ...]:
        item, choice, item_tag = self.item, self._choice, self._item_tag
        found: list[Any] = []
        at = start
        while at < stop:
            tag, begin, end, at = header(data, at, stop)
            if tag == item_tag:
                found.append(item.read(context, data, begin, end))
            elif choice is not None:
                found.append(choice.read_tagged(context, data, tag, begin, end))
            else:
                raise wrong(f"tag {tag:#x} in a list", begin)
        if len(found) < self._least:
            raise wrong("an empty list", start)
        return tuple(found)

    def write(self, context: Context, value: Any) -> bytes:
        item, short = self.item, self._heads
        parts: list[bytes] = []
        for one in value:
            octets = item.write(context, one)
            if not short:
                parts.append(octets)
            elif len(octets) < 0x80:
                parts.append(short[len(octets)])
                parts.append(octets)
            else:
                parts.append(element(self._item_tag, octets))
        return b"".join(parts)

    def read_all(self, context: Context, known: Extensions, start: int, stop: int, path: str) -> Any:
        found: list[Any] = []
        at = start
        while at < stop:
            tag, begin, end, at = header(known.data, at, stop)
            inner = f"{path}.{len(found)}"
            if self._choice is not None:
                found.append(self._choice.read_tagged_all(context, known, tag, begin, end, inner))
            elif tag == self._item_tag:
                found.append(self.item.read_all(context, known, begin, end, inner))
            else:
                raise wrong(f"tag {tag:#x} in a list", begin)
        if len(found) < self._least:
            raise wrong("an empty list", start)
        return tuple(found)

    def write_all(self, context: Context, known: Extensions, value: Any, path: str) -> bytes:
        parts = [
            self.item.write_all(context, known, one, f"{path}.{number}") for number, one in enumerate(value)
        ]
        return b"".join(
            parts if self._choice is not None else [element(self._item_tag, one) for one in parts]
        )


class Choice(Type):
    """CHOICE: rows ``name: type``, numbered in the order of the table.

    ``build(context, name, value)`` makes a value of the model; without it the value tells itself which
    alternative it is.  ``split(context, value)`` gives back name and value.
    """

    def __init__(
        self,
        rows: Mapping[str, Type],
        split: Callable[[Any, Any], tuple[str, Any]],
        build: Callable[[Any, str, Any], Any] | None = None,
    ) -> None:
        self.names = list(rows)
        self._kinds = list(rows.values())
        self._tags = [identifier_of(kind, number) for number, kind in enumerate(rows.values())]
        self._numbers = {name: number for number, name in enumerate(rows)}
        self._heads = [heads(tag) for tag in self._tags]
        self._split = split
        self._build = build

    def _row(self, tag: int, start: int) -> int:
        number = tag & HIGH_TAG
        if number >= len(self._tags) or self._tags[number] != tag:
            raise wrong(f"tag {tag:#x} is none of the alternatives", start)
        return number

    def read_tagged(self, context: Context, data: bytes, tag: int, start: int, stop: int) -> Any:
        """The alternative that ``tag`` says."""
        number = self._row(tag, start)
        value = self._kinds[number].read(context, data, start, stop)
        return value if self._build is None else self._build(context, self.names[number], value)

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        """Inside an explicit tag: exactly one element."""
        tag, begin, end, following = header(data, start, stop)
        if following != stop:
            raise wrong("more than one alternative", following)
        return self.read_tagged(context, data, tag, begin, end)

    def write(self, context: Context, value: Any) -> bytes:
        """The whole element with its tag."""
        name, inner = self._split(context, value)
        number = self._numbers[name]
        octets = self._kinds[number].write(context, inner)
        if len(octets) < 0x80:
            return self._heads[number][len(octets)] + octets
        return element(self._tags[number], octets)

    def read_tagged_all(
        self, context: Context, known: Extensions, tag: int, start: int, stop: int, path: str
    ) -> Any:
        """``read_tagged``, and keep what is unknown."""
        number = self._row(tag, start)
        name = self.names[number]
        value = self._kinds[number].read_all(context, known, start, stop, f"{path}.{name}")
        return value if self._build is None else self._build(context, name, value)

    def read_all(self, context: Context, known: Extensions, start: int, stop: int, path: str) -> Any:
        tag, begin, end, following = header(known.data, start, stop)
        if following != stop:
            raise wrong("more than one alternative", following)
        return self.read_tagged_all(context, known, tag, begin, end, path)

    def write_all(self, context: Context, known: Extensions, value: Any, path: str) -> bytes:
        name, inner = self._split(context, value)
        number = self._numbers[name]
        return element(
            self._tags[number], self._kinds[number].write_all(context, known, inner, f"{path}.{name}")
        )


def by_type(rows: Mapping[str, tuple[type, Type]]) -> Choice:
    """A CHOICE whose alternatives are told apart by the type of the value."""
    names = {kind: name for name, (kind, _) in rows.items()}

    def split(_: Any, value: Any) -> tuple[str, Any]:
        name = names.get(type(value))
        if name is None:
            raise LocalError(f"{type(value).__name__} has no place here in binary")
        return name, value

    return Choice({name: kind for name, (_, kind) in rows.items()}, split)


class Sequence(Type):
    """SEQUENCE: rows ``name: type``; a name that ends in ``?`` is OPTIONAL.

    ``build(context, component, component ...)`` makes a value of all components in the order of the rows;
    what was left out is ``None``, or ``False`` for a NULL.  ``split(context, value)`` gives them back.
    """

    def __init__(self, rows: Mapping[str, Type], build: Build, split: Split) -> None:
        self.tag = SEQUENCE
        self._names = [name.rstrip("?") for name in rows]
        self._kinds = list(rows.values())
        self._tags = [identifier_of(kind, number) for number, kind in enumerate(self._kinds)]
        self._needed = [not name.endswith("?") for name in rows]
        self._nulls = [isinstance(kind, Null) for kind in self._kinds]
        self._heads = [heads(tag) for tag in self._tags]
        self._absent = [kind.absent for kind in self._kinds]
        self._build = build
        self._split = split
        self._be_straight()

    def _be_straight(self) -> None:
        if not COMPILED:
            fields = list(map(Field, self._names, self._kinds, self._tags, self._needed))
            setattr(self, "read", reader(fields, self._build, self._walk))  # noqa: B010 - replaces a method
            setattr(self, "write", writer(fields, self._split))  # noqa: B010 - replaces a method

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        kinds, tags, needed = self._kinds, self._tags, self._needed
        values = self._absent.copy()
        count = len(tags)
        row = 0
        at = start
        while at < stop:
            tag, begin, end, at = header(data, at, stop)
            while row < count and tags[row] != tag and not needed[row]:
                row += 1
            if row == count or tags[row] != tag:
                return self._walk(context, data, start, stop)
            values[row] = kinds[row].read(context, data, begin, end)
            row += 1
        while row < count:
            if needed[row]:
                raise wrong(f"{self._names[row]} is missing", start)
            row += 1
        return self._made(context, values)

    def _made(self, context: Context, values: list[Any]) -> Any:
        build = self._build
        match len(values):
            case 1:
                return build(context, values[0])
            case 2:
                return build(context, values[0], values[1])
            case 3:
                return build(context, values[0], values[1], values[2])
            case 4:
                return build(context, values[0], values[1], values[2], values[3])
        return build(context, *values)

    def _parts(self, context: Context, value: Any) -> tuple[Any, ...]:
        return self._split(context, value)

    def write(self, context: Context, value: Any) -> bytes:
        kinds, every, nulls = self._kinds, self._heads, self._nulls
        parts: list[bytes] = []
        row = -1
        for one in self._parts(context, value):
            row += 1
            if one is None or (nulls[row] and not one):
                continue
            octets = kinds[row].write(context, one)
            if len(octets) < 0x80:
                parts.append(every[row][len(octets)])
                parts.append(octets)
            else:
                parts.append(element(self._tags[row], octets))
        return b"".join(parts)

    def _walk(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        """Components in any order, unknown ones, and what is wrong."""
        return self._all(context, Extensions(data), start, stop, None)

    def read_all(self, context: Context, known: Extensions, start: int, stop: int, path: str) -> Any:
        return self._all(context, known, start, stop, path)

    def _all(self, context: Context, known: Extensions, start: int, stop: int, path: str | None) -> Any:
        values = self._absent.copy()
        seen: set[int] = set()
        at = start
        while at < stop:
            element_at = at
            tag, begin, end, at = header(known.data, at, stop)
            if tag not in self._tags:
                if tag & HIGH_TAG == HIGH_TAG:
                    raise wrong("a tag of more than one octet", begin)
                context.extended = True
                if path is not None:
                    known.found[path] = known.found.get(path, b"") + known.data[element_at:at]
                continue
            row = self._tags.index(tag)
            if row in seen:
                raise wrong(f"{self._names[row]} stands twice", begin)
            seen.add(row)
            if path is None:
                values[row] = self._kinds[row].read(context, known.data, begin, end)
            else:
                inner = f"{path}.{self._names[row]}"
                values[row] = self._kinds[row].read_all(context, known, begin, end, inner)
        for row, needed in enumerate(self._needed):
            if needed and row not in seen:
                raise wrong(f"{self._names[row]} is missing", start)
        return self._made(context, values)

    def write_all(self, context: Context, known: Extensions, value: Any, path: str) -> bytes:
        parts: list[bytes] = []
        for row, one in enumerate(self._parts(context, value)):
            if one is not None and not (self._nulls[row] and not one):
                inner = self._kinds[row].write_all(context, known, one, f"{path}.{self._names[row]}")
                parts.append(element(self._tags[row], inner))
        parts.append(known.found.pop(path, b""))
        return b"".join(parts)


class Record(Sequence):
    """A SEQUENCE that is a structure of the model: rows ``component: (field, type)``.

    ``fixed``: values of fields that the components do not say.
    """

    def __init__(self, model: type, rows: Mapping[str, tuple[str, Type]], **fixed: Any) -> None:
        fields: list[str] = list(model.__struct_fields__)  # type: ignore[attr-defined]
        defaults = list(model.__struct_defaults__)  # type: ignore[attr-defined]
        template = [None] * (len(fields) - len(defaults)) + defaults
        for name, value in fixed.items():
            template[fields.index(name)] = value
        self._model = model
        self._template: list[Any] = template
        self._fields = [field for field, _ in rows.values()]
        self._places = [fields.index(field) for field in self._fields]
        super().__init__({name: kind for name, (_, kind) in rows.items()}, model, _no_split)

    def _be_straight(self) -> None:
        if not COMPILED:
            fields = list(map(Field, self._names, self._kinds, self._tags, self._needed))
            made = reader(fields, self._model, self._walk, self._template, self._places)
            setattr(self, "read", made)  # noqa: B010 - replaces a method
            setattr(self, "write", writer(fields, None, self._fields))  # noqa: B010 - replaces a method

    def _made(self, context: Context, values: list[Any]) -> Any:  # noqa: ARG002 - one shape
        arguments = self._template.copy()
        for row, place in enumerate(self._places):
            value = values[row]
            if value is not None:
                arguments[place] = value
        return self._model(*arguments)

    def _parts(self, context: Context, value: Any) -> tuple[Any, ...]:  # noqa: ARG002 - one shape
        return tuple([getattr(value, field) for field in self._fields])


def _no_split(_: Any, value: Any) -> tuple[Any, ...]:
    raise LocalError(f"{value!r} is written by its fields")
