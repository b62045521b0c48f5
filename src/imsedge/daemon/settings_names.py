"""Tables of settings with the words and numbers that a peer has for items of H.248 packages."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import PlainValidator

from imsedge.core.errors import LocalError
from imsedge.h248.dialect import Dialect
from imsedge.h248.model import fold
from imsedge.h248.packages.catalogue import CATALOGUE

_OURS = frozenset(
    fold(item.name)
    for package in CATALOGUE.packages
    for items in (package.properties, package.events, package.signals, package.statistics)
    for item in items
)
"""The names of all items that have one here."""


def read_numbers(value: object) -> dict[str, int]:
    """A table of the file, or ``property gm/saf=1, package gm=0x8c`` from the environment."""
    table = _table(value, '{ "property gm/saf" = 1 }')
    try:
        numbers = {key: int(number, 0) for key, number in table.items()}
    except ValueError:
        raise ValueError('must give each name a number, such as "property gm/saf" = 1') from None
    try:
        CATALOGUE.with_overrides(numbers)
    except LocalError as error:
        raise ValueError(str(error)) from None
    return numbers


def read_names(value: object) -> dict[str, str]:
    """A table of the file, or ``tcpbcc/EstBNC=xtcp/start, nt/os=xnt/sent`` from the environment."""
    names = _table(value, '{ "tcpbcc/EstBNC" = "xtcp/start" }')
    try:
        dialect = Dialect(names)
    except LocalError as error:
        raise ValueError(str(error)) from None
    for name, theirs in names.items():
        if fold(name) not in _OURS:
            raise ValueError(f"there is no item {name} here; `imsedge h248 packages` lists them")
        if fold(theirs) in _OURS - dialect.written.keys():
            raise ValueError(f"{theirs} is our name of another item, which then needs another one, too")
    return names


def _table(value: object, example: str) -> dict[str, str]:
    if isinstance(value, str):
        value = {
            key: word for key, _, word in (part.rpartition("=") for part in value.split(",") if part.strip())
        }
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a table, such as {example}")
    return {str(key).strip(): str(word).strip() for key, word in value.items()}


Numbers = Annotated[dict[str, int], PlainValidator(read_numbers)]
Names = Annotated[dict[str, str], PlainValidator(read_names)]
