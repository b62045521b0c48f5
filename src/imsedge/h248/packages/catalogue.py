"""Names to numbers and back, for every package, item and parameter (H.248.1 clause 12 and Annex A).

Built from ``ALL`` and the IANA registry, with overrides on top.  What has no name here still gets one: item 7
of package 0x8100 is ``id8100/id0007``, and that name finds its way back to the numbers, so nothing is lost
between the encodings.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.model import fold
from imsedge.h248.packages import ALL
from imsedge.h248.packages.model import Package, Param
from imsedge.h248.packages.registry import REGISTERED
from imsedge.h248.packages.types import ValueType

MAX_REMEMBERED = 4_096  # answers: the same few items are spoken of all day
WILDCARD = 0xFFFF
_EVERY_ITEM = "*/*"
_DIGIT_MAP = "digitmap"


class Kind(StrEnum):
    """Items are numbered per kind."""

    PROPERTY = "property"
    EVENT = "event"
    SIGNAL = "signal"
    STATISTIC = "statistic"

    __hash__ = str.__hash__  # that of ``Enum`` is written in Python, and every name looked up asks for it


_KINDS = frozenset(kind.value for kind in Kind)


class Catalogue:
    """``overrides``: keys as in ``packages.weak``, ``package NAME`` and ``digitmap NAME``, values numbers."""

    def __init__(
        self, packages: tuple[Package, ...] = ALL, overrides: Mapping[str, int] | None = None
    ) -> None:
        self.packages = packages
        self._numbers: dict[str, int] = {}
        self._names: dict[tuple[str, int], str] = {}
        self._types: dict[str, ValueType[Any]] = {}
        self._extends: dict[str, str] = {}
        for registered in REGISTERED:
            self._add("package", registered.name, registered.number)
            if registered.extends:
                self._extends[fold(registered.name)] = fold(registered.extends)
        for package in packages:
            self._add_package(package)
        for key, number in (overrides or {}).items():
            self._override(key, number)
        self.item_number = lru_cache(MAX_REMEMBERED)(self._item_number)
        self.item_name = lru_cache(MAX_REMEMBERED)(self._item_name)
        self.type_of = lru_cache(MAX_REMEMBERED)(self._type_of)

    # --- building

    def _add(self, scope: str, name: str, number: int) -> None:
        self._numbers[f"{scope} {fold(name)}"] = number
        self._names[scope, number] = name

    def _add_package(self, package: Package) -> None:
        self._add("package", package.name, package.id)
        if package.extends:
            self._extends[fold(package.name)] = fold(package.extends)
        for item in (*package.properties, *package.statistics):
            kind = Kind.PROPERTY if item in package.properties else Kind.STATISTIC
            self._add_item(kind, item.name, item.id, item.type)
        for event in package.events:
            self._add_item(Kind.EVENT, event.name, event.id)
            self._add_parameters(Kind.EVENT, event.name, (*event.requested, *event.observed))
        for signal in package.signals:
            self._add_item(Kind.SIGNAL, signal.name, signal.id)
            self._add_parameters(Kind.SIGNAL, signal.name, signal.parameters)

    def _add_item(self, kind: Kind, name: str, number: int, type_: ValueType[Any] | None = None) -> None:
        package, _, item = name.partition("/")
        self._add(f"{kind} {fold(package)}/", item, number)
        if type_ is not None:
            self._types[f"{kind} {fold(name)}"] = type_

    def _add_parameters(self, kind: Kind, name: str, parameters: tuple[Param[Any], ...]) -> None:
        for parameter in parameters:
            self._add(f"{kind} {fold(name)}", parameter.name, parameter.id)
            self._types[f"{kind} {fold(name)} {fold(parameter.name)}"] = parameter.type

    def _override(self, key: str, number: int) -> None:
        scope, _, name = key.strip().partition(" ")
        name, _, parameter = name.strip().partition(" ")
        if not 0 <= number < WILDCARD:
            raise LocalError(f"{number} is no package or item number")
        if scope in {"package", _DIGIT_MAP} and name and not parameter:
            self._add(scope, name, number)
        elif scope in _KINDS and "/" in name and parameter:
            self._add(f"{scope} {fold(name)}", parameter.strip(), number)
        elif scope in _KINDS and "/" in name:
            self._add_item(Kind(scope), name, number)
        else:
            raise LocalError(f"{key!r} names no package, item or parameter")

    def with_overrides(self, overrides: Mapping[str, int]) -> "Catalogue":
        """The same packages with other numbers; ``LocalError`` names a key that cannot be."""
        return Catalogue(self.packages, overrides)

    # --- looking up

    def package_number(self, name: str) -> int:
        """``gm`` -> 0x008C; ``LocalError`` when the name is unknown."""
        return self._number("package", name)

    def package_name(self, number: int) -> str:
        """0x008C -> ``gm``."""
        return self._names.get(("package", number)) or _made_up(number)

    def digit_map_number(self, name: str) -> int:
        """``plan`` -> the number that an override gives it; ``LocalError`` without one."""
        return self._number(_DIGIT_MAP, name)

    def digit_map_name(self, number: int) -> str:
        """The other way; ``id0007`` without an override."""
        return self._names.get((_DIGIT_MAP, number)) or _made_up(number)

    def _item_number(self, kind: Kind, name: str) -> int:
        """``gm/saf`` -> 0x008C0001, ``gm/*`` -> 0x008CFFFF; ``LocalError`` when the name is unknown."""
        if name == _EVERY_ITEM:
            return 0xFFFF_FFFF
        package, _, item = name.partition("/")
        number = self.package_number(package) << 16
        if item == "*":
            return number | WILDCARD
        for base in self._line(package):
            found = self._numbers.get(f"{kind} {base}/ {fold(item)}")
            if found is not None:
                return number | found
        return number | self._number(f"{kind} {fold(package)}/", item)

    def _item_name(self, kind: Kind, number: int) -> str:
        """0x008C0001 -> ``gm/saf``."""
        high, low = number >> 16, number & 0xFFFF
        if high == WILDCARD:
            return _EVERY_ITEM
        package = self.package_name(high)
        if low == WILDCARD:
            return f"{package}/*"
        for base in self._line(package):
            item = self._names.get((f"{kind} {base}/", low))
            if item is not None:
                return f"{package}/{item}"
        return f"{package}/{_made_up(low)}"

    def parameter_number(self, kind: Kind, item: str, name: str) -> int:
        """``hangterm/thb``, ``timerx`` -> 1; ``LocalError`` when the name is unknown."""
        return self._number(f"{kind} {fold(item)}", name)

    def parameter_name(self, kind: Kind, item: str, number: int) -> str:
        """``hangterm/thb``, 1 -> ``timerx``."""
        return self._names.get((f"{kind} {fold(item)}", number)) or _made_up(number)

    def _type_of(self, kind: Kind, item: str, parameter: str | None = None) -> ValueType[Any] | None:
        """The type of a property, statistic or parameter; ``None`` when nothing is known about it."""
        if parameter is not None:
            return self._types.get(f"{kind} {fold(item)} {fold(parameter)}")
        package, _, name = item.partition("/")
        for base in self._line(package):
            found = self._types.get(f"{kind} {base}/{fold(name)}")
            if found is not None:
                return found
        return None

    def _line(self, package: str) -> Iterator[str]:
        """A package and the packages it extends, nearest first."""
        name: str | None = fold(package)
        while name:
            yield name
            name = self._extends.get(name)

    def _number(self, scope: str, name: str) -> int:
        found = self._numbers.get(f"{scope} {fold(name)}")
        if found is None:
            found = _read_made_up(name)
        if found is None:
            raise LocalError(f"no number is known for {scope} {name}")
        return found


def _made_up(number: int) -> str:
    return f"id{number:04x}"


def _read_made_up(name: str) -> int | None:
    digits = name[2:]
    if name[:2].lower() != "id" or len(digits) != 4 or any(d not in "0123456789abcdefABCDEF" for d in digits):
        return None
    return int(digits, 16)


CATALOGUE = Catalogue()
