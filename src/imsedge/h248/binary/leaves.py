"""What every level of the binary encoding uses: names, properties, identifiers, addresses, errors."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.ber import (
    Boolean,
    Choice,
    Enumerated,
    Integer,
    Octets,
    Sequence,
    SequenceOf,
    Text,
    Values,
)
from imsedge.h248.binary.terminations import BinaryName, TerminationNames
from imsedge.h248.binary.values import read_value, write_value
from imsedge.h248.dialect import PLAIN, Dialect
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
from imsedge.h248.packages.catalogue import Catalogue, Kind
from imsedge.h248.packages.types import ValueType
from imsedge.h248.text.scanner import read_mid

MAX_REMEMBERED = 4_096  # elements of each kind
LONGEST_REMEMBERED = 128  # octets, a line with a fingerprint; both bound what a peer can make us keep
SHORT = 40  # octets of a command that names things and says nothing of them


class Remembered:
    """An immutable value that comes again and again: a termination, a property.

    What was read or written once is looked up the next time.
    """

    def __init__(self, kind: Any, longest: int = LONGEST_REMEMBERED) -> None:
        self.tag = kind.tag
        self._kind = kind
        self._longest = longest
        self._values: dict[tuple[Context, bytes], Any] = {}
        self._octets: dict[tuple[Context, Any], bytes] = {}

    def read(self, context: "Context", data: bytes, start: int, stop: int) -> Any:
        """As ``kind`` does it."""
        if stop - start > self._longest:
            return self._kind.read(context, data, start, stop)
        key = context, data[start:stop]
        value = self._values.get(key)
        if value is None:
            value = self._kind.read(context, data, start, stop)
            if len(self._values) >= MAX_REMEMBERED:
                self._values.clear()
            self._values[key] = value
        return value

    def write(self, context: "Context", value: Any) -> bytes:
        """As ``kind`` does it."""
        key = context, value
        octets = self._octets.get(key)
        if octets is None:
            octets = self._kind.write(context, value)
            if len(octets) <= self._longest:
                if len(self._octets) >= MAX_REMEMBERED:
                    self._octets.clear()
                self._octets[key] = octets
        return octets


class Context(NamedTuple):
    """What the two sides must have agreed on.

    For binary ``catalogue``, the numbers of packages, and ``names``, the hierarchy of terminations; for text
    ``dialect``, the names of items.
    """

    catalogue: Catalogue
    names: TerminationNames
    dialect: Dialect = PLAIN


UINT16 = Integer(0xFFFF)
UINT32 = Integer(0xFFFF_FFFF)
VERSION = Integer(99)
BOOLEAN = Boolean()
TEXT = Text()
OCTETS = Octets()
VALUES = SequenceOf(OCTETS)
NAME = Octets(2, 2)
ITEM = Octets(4, 4)

_RELATIONS = Enumerated({0: Relation.GREATER, 1: Relation.SMALLER, 2: Relation.NOT_EQUAL})
EXTRA = Choice(("relation", _RELATIONS), ("range", BOOLEAN), ("sublist", BOOLEAN))

Extra = tuple[str, Any] | None


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
        if name == "sublist" and meaning:
            return values, Relation.ALL_OF
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


def write_values(parameter: Parameter, type_: ValueType[Any] | None) -> Values:
    """The components ``value`` and ``extraInfo``."""
    if parameter.values == ("$",) and parameter.relation is Relation.EQUAL:
        return {"value": (), "extraInfo": None}
    octets = tuple([write_value(text, type_) for text in parameter.values])
    return {"value": octets, "extraInfo": _EXTRAS[parameter.relation]}


def _read_property(context: Context, values: Values) -> Parameter:
    name = read_item(context, Kind.PROPERTY, values["name"])
    type_ = context.catalogue.type_of(Kind.PROPERTY, name)
    return Parameter(name, *read_values(values["value"], values.get("extraInfo"), type_))


def _write_property(context: Context, parameter: Parameter) -> Values:
    type_ = context.catalogue.type_of(Kind.PROPERTY, parameter.name)
    name = write_item(context, Kind.PROPERTY, parameter.name)
    return {"name": name, **write_values(parameter, type_)}


PROPERTY = Remembered(
    Sequence({"name": ITEM, "value": VALUES, "extraInfo?": EXTRA}, _read_property, _write_property)
)
PROPERTIES = SequenceOf(PROPERTY)

# Parameters are numbered inside their event or signal, so only the level above knows their names.
RawParameter = dict[str, Any]
PARAMETERS = SequenceOf(
    Sequence(
        {"name": NAME, "value": VALUES, "extraInfo?": EXTRA},
        lambda _, values: values,
        lambda _, values: values,
    )
)


def read_parameters(
    context: Context, kind: Kind, item: str, raw: tuple[RawParameter, ...]
) -> tuple[Parameter, ...]:
    """Raw parameters of ``item`` with their names and types."""
    found = []
    for values in raw:
        name = context.catalogue.parameter_name(kind, item, int.from_bytes(values["name"], "big"))
        type_ = context.catalogue.type_of(kind, item, name)
        found.append(Parameter(name, *read_values(values["value"], values.get("extraInfo"), type_)))
    return tuple(found)


def write_parameters(
    context: Context, kind: Kind, item: str, parameters: tuple[Parameter, ...]
) -> tuple[RawParameter, ...]:
    """The other way."""
    found = []
    for parameter in parameters:
        number = context.catalogue.parameter_number(kind, item, parameter.name)
        type_ = context.catalogue.type_of(kind, item, parameter.name)
        found.append({"name": number.to_bytes(2, "big"), **write_values(parameter, type_)})
    return tuple(found)


# --- terminations, addresses, errors -------------------------------------------------------------------

TERMINATION = Remembered(
    Sequence(
        {"wildcard": SequenceOf(Octets(1, 1)), "id": Octets(1, 8)},
        lambda context, values: context.names.read(BinaryName(values["wildcard"], values["id"])),
        lambda context, name: context.names.write(name)._asdict(),
    )
)
TERMINATIONS = SequenceOf(TERMINATION, least=1)


def _address(size: int) -> Sequence:
    return Sequence(
        {"address": Octets(size, size), "portNumber?": UINT16},
        lambda _, values: IpMid(_host(values["address"]), values.get("portNumber")),
        lambda _, mid: {"address": _packed(mid.host), "portNumber": mid.port},
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


_DOMAIN = Sequence(
    {"name": TEXT, "portNumber?": UINT16},
    lambda _, values: DomainMid(values["name"], values.get("portNumber")),
    lambda _, mid: {"name": mid.name, "portNumber": mid.port},
)
_MIDS = (
    ("ip4Address", _address(4)),
    ("ip6Address", _address(16)),
    ("domainName", _DOMAIN),
    ("deviceName", TEXT),
    ("mtpAddress", Octets(2, 4)),
)


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


MID = Remembered(Choice(*_MIDS, build=_read_mid, split=_write_mid))
ADDRESS = Choice(
    ("portNumber", UINT16),
    *_MIDS,
    build=lambda context, name, value: value if name == "portNumber" else _read_mid(context, name, value),
    split=lambda context, value: (
        ("portNumber", value) if isinstance(value, int) else _write_mid(context, value)
    ),
)

ERROR = Sequence(
    {"errorCode": Integer(999), "errorText?": TEXT},
    lambda _, values: ErrorDescriptor(values["errorCode"], clean(values.get("errorText", ""))),
    lambda _, error: {"errorCode": error.code, "errorText": error.text or None},
)


def clean(text: str) -> str:
    """Without what could not be quoted in text."""
    return "".join("'" if c == '"' else c if c >= " " or c == "\t" else " " for c in text)


def _read_time(_: Context, values: Values) -> TimeStamp:
    date, time = values["date"], values["time"]
    if not (date + time).isdecimal() or not (date + time).isascii() or (len(date), len(time)) != (8, 8):
        raise H248Error(errors.SYNTAX_COMMAND, "a time stamp of other than two times eight digits")
    return TimeStamp(date, time)


TIME_STAMP = Sequence(
    {"date": TEXT, "time": TEXT}, _read_time, lambda _, stamp: {"date": stamp.date, "time": stamp.time}
)


class Wrapped:
    """A type whose value the model wraps in a structure of its own: ``Signals(signals)``."""

    def __init__(self, inner: SequenceOf, make: type, field: str) -> None:
        self.tag = inner.tag
        self._inner, self._make, self._field = inner, make, field

    def read(self, context: Context, data: bytes, start: int, stop: int) -> object:
        """The structure around the list."""
        return self._make(self._inner.read(context, data, start, stop))

    def write(self, context: Context, value: object) -> bytes:
        """The list in the structure."""
        return self._inner.write(context, getattr(value, self._field))


def filled(values: Values, **names: str) -> Values:
    """Components renamed to the fields of the model, those that are there."""
    return {field: values[name] for field, name in names.items() if name in values}
