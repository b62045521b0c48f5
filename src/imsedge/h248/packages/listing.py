"""The catalogue as rows: what ``imsedge h248 packages`` prints and ``docs/packages.md`` is written from."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from imsedge.h248.packages import ALL
from imsedge.h248.packages.model import Event, Package, Param, Property, SignalKey, StatisticKey
from imsedge.h248.packages.weak import trust


class Item(Struct, frozen=True):
    """One row.  ``what``: property, event, signal or statistic, ``parameter`` below an event or signal.

    ``key``: what overrides call it when the number is to be another.
    """

    what: str
    name: str
    number: int
    type: str
    notes: str
    trust: str
    key: str


class Listed(Struct, frozen=True):
    """One package; ``source``: the Recommendation."""

    name: str
    number: int
    version: int
    title: str
    source: str
    extends: str | None
    items: tuple[Item, ...]


def listing(packages: tuple[Package, ...] = ALL) -> tuple[Listed, ...]:
    """Every package that has rows here, by number."""
    return tuple(map(_listed, sorted(packages, key=lambda package: package.id)))


def _listed(package: Package) -> Listed:
    items = tuple(_items(package))
    return Listed(
        package.name, package.id, package.version, package.title, package.source, package.extends, items
    )


def _items(package: Package) -> Iterator[Item]:
    for row in package.properties:
        yield _typed("property", row, f"property {row.name}", _property_notes(row))
    for event in package.events:
        yield from _happening("event", event, (*event.requested, *event.observed))
    for signal in package.signals:
        yield from _happening("signal", signal, signal.parameters)
    for statistic in package.statistics:
        yield _typed("statistic", statistic, f"statistic {statistic.name}", "")


def _happening(kind: str, row: Event | SignalKey, parameters: tuple[Param[Any], ...]) -> Iterator[Item]:
    notes = f"default type {row.kind}" if isinstance(row, SignalKey) else ""
    yield _item(kind, row.name, row.id, "", notes, f"{kind} {row.name}")
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name not in seen:
            seen.add(parameter.name)
            yield _typed("parameter", parameter, f"{kind} {row.name} {parameter.name}", _use(row, parameter))


def _use(row: Event | SignalKey, parameter: Param[Any]) -> str:
    if isinstance(row, SignalKey):
        return ""
    uses = (("requested", row.requested), ("observed", row.observed))
    return " and ".join(name for name, rows in uses if any(p.name == parameter.name for p in rows))


def _property_notes(row: Property[Any]) -> str:
    default = "" if row.default is None else f", default {row.type.write(row.default)}"
    return f"{row.place.value}, {row.access.value}{default}"


def _typed(what: str, row: Property[Any] | Param[Any] | StatisticKey[Any], key: str, notes: str) -> Item:
    type_ = f"list of {row.type.name}" if row.is_list else row.type.name
    return _item(what, row.name, row.id, type_, notes, key)


def _item(what: str, name: str, number: int, type_: str, notes: str, key: str) -> Item:
    return Item(what, name, number, type_, notes, trust(key).value, key)
