"""What every level of the binary encoding uses: names, properties, identifiers, addresses, errors."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.ber import Around, Boolean, Enumerated, Extensions, Integer, Null, Octets, Text, Type
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.tables import Choice, Record, Sequence, SequenceOf
from imsedge.h248.binary.terminations import BinaryName
from imsedge.h248.binary.values import read_value, write_value
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    DeviceMid,
    DomainMid,
    ErrorDescriptor,
    IpMid,
    Mid,
    MtpMid,
    Parameter,
    Relation,
    TimeStamp,
)
from imsedge.h248.packages.catalogue import Kind
from imsedge.h248.packages.types import ValueType
from imsedge.h248.text.scanner import read_mid

MAX_REMEMBERED = 4_096  # elements of each kind
MAX_CONTEXTS = 8  # a process has one or two
LONGEST_REMEMBERED = 128  # octets, a line with a fingerprint; both bound what a peer can make us keep
SHORT = 40  # octets of a command that names things and says nothing of them


class Remembered(Around):
    """An immutable value that comes again and again: a termination, a property.

    What was read or written once is looked up the next time, as long as the context is the same.
    """

    def __init__(self, inner: Type, longest: int = LONGEST_REMEMBERED) -> None:
        super().__init__(inner)
        self._longest = longest
        self._context: Context | None = None
        self._values: dict[bytes, Any] = {}
        self._octets: dict[Any, bytes] = {}
        self._others: dict[Context, tuple[dict[bytes, Any], dict[Any, bytes]]] = {}

    def _turn_to(self, context: Context) -> None:
        """Another context: what is remembered for it."""
        self._values, self._octets = self._others.setdefault(context, ({}, {}))
        self._context = context
        while len(self._others) > MAX_CONTEXTS:
            del self._others[next(iter(self._others))]

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        if stop - start > self._longest:
            return self.inner.read(context, data, start, stop)
        if context is not self._context:
            self._turn_to(context)
        key = data[start:stop]
        value = self._values.get(key)
        if value is None:
            value = self.inner.read(context, data, start, stop)
            if len(self._values) >= MAX_REMEMBERED:
                self._values.clear()
            if not context.extended:
                self._values[key] = value
        return value

    def write(self, context: Context, value: Any) -> bytes:
        if context is not self._context:
            self._turn_to(context)
        octets = self._octets.get(value)
        if octets is None:
            octets = self.inner.write(context, value)
            if len(octets) <= self._longest:
                if len(self._octets) >= MAX_REMEMBERED:
                    self._octets.clear()
                self._octets[value] = octets
        return octets


UINT16 = Integer(0xFFFF)
UINT32 = Integer(0xFFFF_FFFF)
VERSION = Integer(99)
BOOLEAN = Boolean()
NULL = Null()
TEXT = Text()
OCTETS = Octets()
VALUES = SequenceOf(OCTETS)
NAME = Octets(2, 2)
ITEM = Octets(4, 4)

Extra = tuple[str, Any] | None


def _read_extra(_: Context, name: str, meaning: Any) -> Extra:
    return name, meaning


_RELATIONS = Enumerated({0: Relation.GREATER, 1: Relation.SMALLER, 2: Relation.NOT_EQUAL})
EXTRA = Choice(
    {"relation": _RELATIONS, "range": BOOLEAN, "sublist": BOOLEAN}, lambda _, extra: extra, _read_extra
)


def read_item(context: Context, kind: Kind, octets: bytes) -> str:
    """PkgdName -> ``pkg/item``."""
    return context.catalogue.item_name(kind, int.from_bytes(octets, "big"))


def write_item(context: Context, kind: Kind, name: str) -> bytes:
    """``pkg/item`` -> PkgdName."""
    return context.catalogue.item_number(kind, name).to_bytes(4, "big")


def read_values(
    octets: tuple[bytes, ...], extra: Extra, type_: ValueType[Any] | None
) -> tuple[tuple[str, ...], Relation]:
    """No value is CHOOSE; several without more are a choice."""
    values = tuple([read_value(one, type_) for one in octets]) or ("$",)
    if extra is not None:
        name, meaning = extra
        if name == "relation":
            return values, meaning
        if name == "range" and meaning and len(values) == 2:
            return values, Relation.RANGE
        if name == "sublist":
            return values, Relation.ALL_OF if meaning else Relation.ONE_OF
    return values, Relation.EQUAL if len(values) == 1 else Relation.ONE_OF


_EXTRAS: dict[Relation, Extra] = {
    Relation.EQUAL: None,
    Relation.ONE_OF: ("sublist", False),
    Relation.ALL_OF: ("sublist", True),
    Relation.RANGE: ("range", True),
    Relation.GREATER: ("relation", Relation.GREATER),
    Relation.SMALLER: ("relation", Relation.SMALLER),
    Relation.NOT_EQUAL: ("relation", Relation.NOT_EQUAL),
}


def write_values(parameter: Parameter, type_: ValueType[Any] | None) -> tuple[tuple[bytes, ...], Extra]:
    """The components ``value`` and ``extraInfo``."""
    octets = () if parameter.values == ("$",) else tuple([write_value(v, type_) for v in parameter.values])
    return octets, _EXTRAS[parameter.relation]


def _read_property(context: Context, name: bytes, value: tuple[bytes, ...], extra: Extra) -> Parameter:
    item = read_item(context, Kind.PROPERTY, name)
    values, relation = read_values(value, extra, context.catalogue.type_of(Kind.PROPERTY, item))
    return Parameter(item, values, relation)


def _write_property(context: Context, parameter: Parameter) -> tuple[Any, ...]:
    type_ = context.catalogue.type_of(Kind.PROPERTY, parameter.name)
    value, extra = write_values(parameter, type_)
    return write_item(context, Kind.PROPERTY, parameter.name), value, extra


PROPERTY = Remembered(
    Sequence({"name": ITEM, "value": VALUES, "extraInfo?": EXTRA}, _read_property, _write_property)
)
PROPERTIES = SequenceOf(PROPERTY)

# Parameters are numbered inside their event or signal, so only the level above knows their names.
RawParameter = tuple[bytes, tuple[bytes, ...], Extra]
PARAMETERS = SequenceOf(
    Sequence(
        {"name": NAME, "value": VALUES, "extraInfo?": EXTRA},
        lambda _, name, value, extra: (name, value, extra),
        lambda _, raw: raw,
    )
)


def read_parameters(
    context: Context, kind: Kind, item: str, raw: tuple[RawParameter, ...]
) -> tuple[Parameter, ...]:
    """Raw parameters of ``item`` with their names and types."""
    found: list[Parameter] = []
    for octets, value, extra in raw:
        name = context.catalogue.parameter_name(kind, item, int.from_bytes(octets, "big"))
        values, relation = read_values(value, extra, context.catalogue.type_of(kind, item, name))
        found.append(Parameter(name, values, relation))
    return tuple(found)


def write_parameters(
    context: Context, kind: Kind, item: str, parameters: tuple[Parameter, ...]
) -> tuple[RawParameter, ...]:
    """The other way."""
    found: list[RawParameter] = []
    for parameter in parameters:
        number = context.catalogue.parameter_number(kind, item, parameter.name)
        type_ = context.catalogue.type_of(kind, item, parameter.name)
        value, extra = write_values(parameter, type_)
        found.append((number.to_bytes(2, "big"), value, extra))
    return tuple(found)


# --- terminations, addresses, errors -------------------------------------------------------------------


def _read_termination(context: Context, wildcard: tuple[bytes, ...], octets: bytes) -> str:
    return context.names.read(BinaryName(wildcard, octets))


def _write_termination(context: Context, name: str) -> tuple[Any, ...]:
    return context.names.write(name)


TERMINATION = Remembered(
    Sequence(
        {"wildcard": SequenceOf(Octets(1, 1)), "id": Octets(1, 8)}, _read_termination, _write_termination
    )
)
TERMINATIONS = SequenceOf(TERMINATION, least=1)


def _address(size: int) -> Sequence:
    return Sequence(
        {"address": Octets(size, size), "portNumber?": UINT16},
        lambda _, address, port: IpMid(_host(address), port),
        lambda _, mid: (_packed(mid.host), mid.port),
    )


@lru_cache(maxsize=256)
def _host(octets: bytes) -> str:
    return str(ip_address(octets))


@lru_cache(maxsize=256)
def _packed(host: str) -> bytes:
    try:
        return (IPv6Address(host) if ":" in host else IPv4Address(host)).packed
    except ValueError:
        raise LocalError(f"{host} is no IP address") from None


_MIDS: dict[str, Type] = {
    "ip4Address": _address(4),
    "ip6Address": _address(16),
    "domainName": Record(DomainMid, {"name": ("name", TEXT), "portNumber?": ("port", UINT16)}),
    "deviceName": TEXT,
    "mtpAddress": Octets(2, 4),
}


def _read_mid(_: Context, name: str, value: Any) -> Mid:
    if name == "mtpAddress":
        return MtpMid(value)
    mid: Mid = DeviceMid(value) if name == "deviceName" else value
    return mid if isinstance(mid, IpMid) else read_mid(str(mid))  # names are the same words as in text


def _write_mid(_: Context, mid: Mid) -> tuple[str, Any]:
    match mid:
        case IpMid():
            return ("ip6Address" if ":" in mid.host else "ip4Address"), mid
        case DomainMid():
            return "domainName", mid
        case DeviceMid():
            return "deviceName", mid.name
        case MtpMid():
            return "mtpAddress", mid.address


MID = Remembered(Choice(_MIDS, _write_mid, _read_mid))
ADDRESS = Choice(
    {"portNumber": UINT16, **_MIDS},
    lambda context, value: ("portNumber", value) if isinstance(value, int) else _write_mid(context, value),
    lambda context, name, value: value if name == "portNumber" else _read_mid(context, name, value),
)

ERROR = Sequence(
    {"errorCode": Integer(999), "errorText?": TEXT},
    lambda _, code, text: ErrorDescriptor(code, clean(text or "")),
    lambda _, error: (error.code, error.text or None),
)


def clean(text: str) -> str:
    """Without what could not be quoted in text."""
    return "".join("'" if c == '"' else c if c >= " " or c == "\t" else " " for c in text)


def _read_time(_: Context, date: str, time: str) -> TimeStamp:
    if not (date + time).isdecimal() or not (date + time).isascii() or (len(date), len(time)) != (8, 8):
        raise H248Error(errors.SYNTAX_COMMAND, "a time stamp of other than two times eight digits")
    return TimeStamp(date, time)


TIME_STAMP = Sequence({"date": TEXT, "time": TEXT}, _read_time, lambda _, stamp: (stamp.date, stamp.time))


class Wrapped(Around):
    """A type whose value the model wraps in a structure of its own: ``Signals(signals)``."""

    def __init__(self, inner: SequenceOf, make: Any, field: str) -> None:
        super().__init__(inner)
        self._make, self._field = make, field

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        return self._make(self.inner.read(context, data, start, stop))

    def write(self, context: Context, value: Any) -> bytes:
        return self.inner.write(context, getattr(value, self._field))

    def read_all(self, context: Context, known: Extensions, start: int, stop: int, path: str) -> Any:
        return self._make(self.inner.read_all(context, known, start, stop, path))

    def write_all(self, context: Context, known: Extensions, value: Any, path: str) -> bytes:
        return self.inner.write_all(context, known, getattr(value, self._field), path)
