"""What a package is made of (H.248.1 clause 12): rows that every encoding, check and page reads.

Each row is a *typed key*: ``gm.SAF.write(True)`` is the parameter ``gm/saf = ON``, ``gm.SAF.read(parameter)``
a ``bool``, ``ipdc.REALM.find(control.properties)`` a ``str`` or ``None``.  A misspelt name does not import.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from imsedge.h248 import errors
from imsedge.h248.errors import H248Error
from imsedge.h248.model import Parameter, Relation, Statistic, fold
from imsedge.h248.packages.types import ValueType

T = TypeVar("T")


class Access(Enum):
    """Who may write a property."""

    READ_ONLY = "read only"
    READ_WRITE = "read and write"


class Place(Enum):
    """The descriptor in which a property stands."""

    LOCAL_CONTROL = "LocalControl"
    TERMINATION_STATE = "TerminationState"
    CONTEXT = "context attributes"


@dataclass(frozen=True, eq=False)
class _Typed(Generic[T]):
    """``name`` as on the wire: ``pkg/item``, or the bare name of a parameter."""

    name: str
    id: int
    type: ValueType[T]
    is_list: bool = field(default=False, kw_only=True)

    def read(self, parameter: Parameter) -> T:
        """The one value; ``H248Error`` 449 when there are several or it is none of the type."""
        if len(parameter.values) != 1 or parameter.relation not in {Relation.EQUAL, Relation.ALL_OF}:
            raise H248Error(errors.UNKNOWN_VALUE, f"{self.name} must have one value")
        return self._read(parameter.values[0])

    def read_all(self, parameter: Parameter) -> tuple[T, ...]:
        """The values of a sub-list, or of a choice; ``H248Error`` 449."""
        return tuple(self._read(value) for value in parameter.values)

    def _read(self, text: str) -> T:
        try:
            return self.type.read(text)
        except ValueError as wrong:
            raise H248Error(errors.UNKNOWN_VALUE, f"{self.name}: {wrong}") from None

    def write(self, value: T) -> Parameter:
        """``name = value``; ``LocalError`` when ``value`` is none of the type."""
        return Parameter(self.name, (self.type.write(value),))

    def write_all(self, values: Iterable[T]) -> Parameter:
        """``name = [a, b]``."""
        return Parameter(self.name, tuple(self.type.write(value) for value in values), Relation.ALL_OF)

    def choose(self) -> Parameter:
        """``name = $``: the other side picks."""
        return Parameter(self.name, ("$",))

    def named(self, name: str) -> bool:
        """Is ``name`` this row's, in any case?"""
        return fold(name) == fold(self.name)

    def find(self, parameters: Iterable[Parameter]) -> T | None:
        """The value of this row among ``parameters``, ``None`` when it is not there."""
        for parameter in parameters:
            if parameter.name == self.name or self.named(parameter.name):
                return self.read(parameter)
        return None


@dataclass(frozen=True, eq=False)
class Property(_Typed[T]):
    """``default``: what holds when the property was never set; ``None`` = provisioned."""

    default: T | None = field(default=None, kw_only=True)
    access: Access = field(default=Access.READ_WRITE, kw_only=True)
    place: Place = field(default=Place.LOCAL_CONTROL, kw_only=True)


@dataclass(frozen=True, eq=False)
class Param(_Typed[T]):
    """A parameter of an event or a signal."""


@dataclass(frozen=True, eq=False)
class StatisticKey(_Typed[T]):
    """A statistic."""

    def count(self, value: T) -> Statistic:
        """``pkg/stat = value``."""
        return Statistic(self.name, (self.type.write(value),))


@dataclass(frozen=True, eq=False)
class _Happening:
    name: str
    id: int

    def named(self, name: str) -> bool:
        """Is ``name`` this row's, in any case?"""
        return fold(name) == fold(self.name)


@dataclass(frozen=True, eq=False)
class Event(_Happening):
    """``requested``: parameters of the Events descriptor; ``observed``: those of ObservedEvents."""

    requested: tuple[Param[Any], ...] = field(default=(), kw_only=True)
    observed: tuple[Param[Any], ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, eq=False)
class SignalKey(_Happening):
    """``kind`` is the default signal type: ``BR`` brief, ``OO`` on/off, ``TO`` time-out."""

    kind: str = field(default="BR", kw_only=True)
    parameters: tuple[Param[Any], ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, eq=False)
class Package:
    """One package: ``name``, number and version, the base it ``extends``, and its rows."""

    name: str
    id: int
    version: int
    title: str
    source: str
    extends: str | None = None
    properties: tuple[Property[Any], ...] = ()
    events: tuple[Event, ...] = ()
    signals: tuple[SignalKey, ...] = ()
    statistics: tuple[StatisticKey[Any], ...] = ()
