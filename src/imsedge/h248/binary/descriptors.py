"""Media, Stream, Statistics, Packages, Mux and Modem in binary (H.248.1 Annex A.2).

Each row is a type of the ASN.1 module under its name there; next to it stand the two functions between its
components and the model.
"""

from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import Enumerated, Raw
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.descriptions import read_description, read_line, write_description, write_line
from imsedge.h248.binary.leaves import (
    BOOLEAN,
    ITEM,
    NAME,
    PROPERTIES,
    TERMINATION,
    UINT16,
    VALUES,
    VERSION,
    Remembered,
    Wrapped,
    read_item,
    write_item,
)
from imsedge.h248.binary.tables import Choice, Record, Sequence, SequenceOf
from imsedge.h248.binary.values import read_value, write_value
from imsedge.h248.model import (
    EventBufferControl,
    LocalControl,
    Media,
    Modem,
    Multiplex,
    Packages,
    PackageVersion,
    ServiceState,
    Statistic,
    Statistics,
    Stream,
    StreamMode,
    TerminationState,
)
from imsedge.h248.packages.catalogue import Kind

# --- Media ---------------------------------------------------------------------------------------------

STREAM_MODE = Enumerated(
    {
        0: StreamMode.SEND_ONLY,
        1: StreamMode.RECEIVE_ONLY,
        2: StreamMode.SEND_RECEIVE,
        3: StreamMode.INACTIVE,
        4: StreamMode.LOOPBACK,
    }
)
SERVICE_STATE = Enumerated({0: ServiceState.TEST, 1: ServiceState.OUT_OF_SERVICE, 2: ServiceState.IN_SERVICE})

NON_STANDARD = Raw()

LOCAL_CONTROL = Remembered(
    Record(
        LocalControl,
        {
            "streamMode?": ("mode", STREAM_MODE),
            "reserveValue?": ("reserve_value", BOOLEAN),
            "reserveGroup?": ("reserve_group", BOOLEAN),
            "propertyParms": ("properties", PROPERTIES),
        },
    )
)


def _read_line(_: Context, name: bytes, values: tuple[bytes, ...]) -> str:
    return read_line(int.from_bytes(name, "big"), values)


def _write_line(_: Context, line: str) -> tuple[Any, ...]:
    number, values = write_line(line)
    return number.to_bytes(4, "big"), values


_LINE = Remembered(Sequence({"name": ITEM, "value": VALUES}, _read_line, _write_line))
LOCAL_REMOTE = Sequence(
    {"propGrps": SequenceOf(SequenceOf(_LINE))},
    lambda _, groups: read_description(groups),
    lambda _, text: (write_description(text),),
)


def _read_statistic(context: Context, name: bytes, value: tuple[bytes, ...] | None) -> Statistic:
    item = read_item(context, Kind.STATISTIC, name)
    type_ = context.catalogue.type_of(Kind.STATISTIC, item)
    values = tuple([read_value(octets, type_) for octets in value or ()])
    return Statistic(item, values, len(values) > 1)


def _write_statistic(context: Context, statistic: Statistic) -> tuple[Any, ...]:
    type_ = context.catalogue.type_of(Kind.STATISTIC, statistic.name)
    values = tuple([write_value(text, type_) for text in statistic.values])
    return write_item(context, Kind.STATISTIC, statistic.name), values or None


STATISTIC_LIST = SequenceOf(
    Sequence({"statName": ITEM, "statValue?": VALUES}, _read_statistic, _write_statistic)
)

STREAM_PARMS = Record(
    Stream,
    {
        "localControlDescriptor?": ("control", LOCAL_CONTROL),
        "localDescriptor?": ("local", LOCAL_REMOTE),
        "remoteDescriptor?": ("remote", LOCAL_REMOTE),
        "statisticsDescriptor?": ("statistics", STATISTIC_LIST),
    },
)


def numbered(number: int, stream: Stream) -> Stream:
    """The stream with its number."""
    return Stream(number, stream.control, stream.local, stream.remote, stream.statistics)


STREAM = Sequence(
    {"streamID": UINT16, "streamParms": STREAM_PARMS},
    lambda _, number, stream: numbered(number, stream),
    lambda _, stream: (stream.id, stream),
)
TERMINATION_STATE = Record(
    TerminationState,
    {
        "propertyParms": ("properties", PROPERTIES),
        "eventBufferControl?": (
            "buffer",
            Enumerated({0: EventBufferControl.OFF, 1: EventBufferControl.LOCK_STEP}),
        ),
        "serviceState?": ("service_state", SERVICE_STATE),
    },
)


def split_streams(_: Context, streams: tuple[Stream, ...]) -> tuple[str, Any]:
    """``oneStream`` without a number, ``multiStream`` with numbers."""
    if len(streams) == 1 and streams[0].id is None:
        return "oneStream", streams[0]
    if None in [stream.id for stream in streams]:
        raise LocalError("several streams need numbers")
    return "multiStream", streams


def join_streams(_: Context, name: str, value: Any) -> tuple[Stream, ...]:
    """The other way."""
    return (value,) if name == "oneStream" else value


MEDIA = Sequence(
    {
        "termStateDescr?": TERMINATION_STATE,
        "streams?": Choice(
            {"oneStream": STREAM_PARMS, "multiStream": SequenceOf(STREAM)}, split_streams, join_streams
        ),
    },
    lambda _, state, streams: Media(streams or (), state),
    lambda _, media: (media.state, media.streams or None),
)

STATISTICS = Wrapped(STATISTIC_LIST, Statistics, "items")

# --- the rest ------------------------------------------------------------------------------------------


def _read_package(context: Context, name: bytes, version: int) -> PackageVersion:
    return PackageVersion(context.catalogue.package_name(int.from_bytes(name, "big")), version)


def _write_package(context: Context, package: PackageVersion) -> tuple[Any, ...]:
    return context.catalogue.package_number(package.name).to_bytes(2, "big"), package.version


PACKAGE = Sequence({"packageName": NAME, "packageVersion": VERSION}, _read_package, _write_package)
PACKAGES = Wrapped(SequenceOf(PACKAGE), Packages, "items")
MUX = Record(
    Multiplex,
    {
        "muxType": ("kind", Enumerated({0: "H221", 1: "H223", 2: "H226", 3: "V76", 4: "Nx64Kservice"})),
        "termList": ("terminations", SequenceOf(TERMINATION)),
        "nonStandardData?": ("non_standard", NON_STANDARD),
    },
)
_MODEMS = ("V18", "V22", "V22b", "V32", "V32b", "V34", "V90", "V91", "SynchISDN")
MODEM = Record(
    Modem,
    {
        "mtl": ("kinds", SequenceOf(Enumerated(dict(enumerate(_MODEMS))))),
        "mpl": ("parameters", PROPERTIES),
        "nonStandardData?": ("non_standard", NON_STANDARD),
    },
)
