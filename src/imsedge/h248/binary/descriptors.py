"""Media, Stream, Statistics, Packages, Mux and Modem in binary (H.248.1 Annex A.2).

Each row is a type of the ASN.1 module under its name there; next to it stand the two functions between its
components and the model.
"""

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import Choice, Enumerated, Sequence, SequenceOf, Values
from imsedge.h248.binary.descriptions import read_description, read_line, write_description, write_line
from imsedge.h248.binary.leaves import (
    BOOLEAN,
    ITEM,
    NAME,
    PROPERTIES,
    TERMINATIONS,
    UINT16,
    VALUES,
    VERSION,
    Context,
    Remembered,
    Wrapped,
    read_item,
    write_item,
)
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

LOCAL_CONTROL = Remembered(
    Sequence(
        {
            "streamMode?": STREAM_MODE,
            "reserveValue?": BOOLEAN,
            "reserveGroup?": BOOLEAN,
            "propertyParms": PROPERTIES,
        },
        lambda _, v: LocalControl(
            v.get("streamMode"), v.get("reserveValue"), v.get("reserveGroup"), v["propertyParms"]
        ),
        lambda _, c: {
            "streamMode": c.mode,
            "reserveValue": c.reserve_value,
            "reserveGroup": c.reserve_group,
            "propertyParms": c.properties,
        },
    )
)


def _write_line(_: Context, line: str) -> Values:
    number, values = write_line(line)
    return {"name": number.to_bytes(4, "big"), "value": values}


_LINE = Remembered(
    Sequence(
        {"name": ITEM, "value": VALUES},
        lambda _, v: read_line(int.from_bytes(v["name"], "big"), v["value"]),
        _write_line,
    )
)
LOCAL_REMOTE = Sequence(
    {"propGrps": SequenceOf(SequenceOf(_LINE))},
    lambda _, v: read_description(v["propGrps"]),
    lambda _, text: {"propGrps": write_description(text)},
)


def _read_statistic(context: Context, v: Values) -> Statistic:
    name = read_item(context, Kind.STATISTIC, v["statName"])
    type_ = context.catalogue.type_of(Kind.STATISTIC, name)
    values = tuple([read_value(octets, type_) for octets in v.get("statValue", ())])
    return Statistic(name, values, is_list=len(values) > 1)


def _write_statistic(context: Context, statistic: Statistic) -> Values:
    type_ = context.catalogue.type_of(Kind.STATISTIC, statistic.name)
    values = tuple([write_value(text, type_) for text in statistic.values])
    return {"statName": write_item(context, Kind.STATISTIC, statistic.name), "statValue": values or None}


STATISTIC_LIST = SequenceOf(
    Sequence({"statName": ITEM, "statValue?": VALUES}, _read_statistic, _write_statistic)
)

STREAM_PARMS = Sequence(
    {
        "localControlDescriptor?": LOCAL_CONTROL,
        "localDescriptor?": LOCAL_REMOTE,
        "remoteDescriptor?": LOCAL_REMOTE,
        "statisticsDescriptor?": STATISTIC_LIST,
    },
    lambda _, v: Stream(
        None,
        v.get("localControlDescriptor"),
        v.get("localDescriptor"),
        v.get("remoteDescriptor"),
        v.get("statisticsDescriptor"),
    ),
    lambda _, s: {
        "localControlDescriptor": s.control,
        "localDescriptor": s.local,
        "remoteDescriptor": s.remote,
        "statisticsDescriptor": s.statistics,
    },
)


def numbered(number: int, stream: Stream) -> Stream:
    """The stream with its number."""
    return Stream(number, stream.control, stream.local, stream.remote, stream.statistics)


STREAM = Sequence(
    {"streamID": UINT16, "streamParms": STREAM_PARMS},
    lambda _, v: numbered(v["streamID"], v["streamParms"]),
    lambda _, s: {"streamID": s.id, "streamParms": s},
)
TERMINATION_STATE = Sequence(
    {
        "propertyParms": PROPERTIES,
        "eventBufferControl?": Enumerated({0: EventBufferControl.OFF, 1: EventBufferControl.LOCK_STEP}),
        "serviceState?": SERVICE_STATE,
    },
    lambda _, v: TerminationState(v.get("serviceState"), v.get("eventBufferControl"), v["propertyParms"]),
    lambda _, s: {
        "propertyParms": s.properties,
        "eventBufferControl": s.buffer,
        "serviceState": s.service_state,
    },
)


def split_streams(streams: tuple[Stream, ...]) -> tuple[str, object] | None:
    """``oneStream`` without a number, ``multiStream`` with numbers."""
    if not streams:
        return None
    if len(streams) == 1 and streams[0].id is None:
        return "oneStream", streams[0]
    if any(stream.id is None for stream in streams):
        raise LocalError("several streams need numbers")
    return "multiStream", streams


def joined_streams(choice: tuple[str, object] | None) -> tuple[Stream, ...]:
    """The other way."""
    if choice is None:
        return ()
    name, value = choice
    return (value,) if name == "oneStream" else value  # type: ignore[return-value]


MEDIA = Sequence(
    {
        "termStateDescr?": TERMINATION_STATE,
        "streams?": Choice(("oneStream", STREAM_PARMS), ("multiStream", SequenceOf(STREAM))),
    },
    lambda _, v: Media(joined_streams(v.get("streams")), v.get("termStateDescr")),
    lambda _, m: {"termStateDescr": m.state, "streams": split_streams(m.streams)},
)

STATISTICS = Wrapped(STATISTIC_LIST, Statistics, "items")

# --- the rest ------------------------------------------------------------------------------------------

PACKAGE = Sequence(
    {"packageName": NAME, "packageVersion": VERSION},
    lambda context, v: PackageVersion(
        context.catalogue.package_name(int.from_bytes(v["packageName"], "big")), v["packageVersion"]
    ),
    lambda context, p: {
        "packageName": context.catalogue.package_number(p.name).to_bytes(2, "big"),
        "packageVersion": p.version,
    },
)
PACKAGES = Wrapped(SequenceOf(PACKAGE), Packages, "items")
MUX = Sequence(
    {
        "muxType": Enumerated({0: "H221", 1: "H223", 2: "H226", 3: "V76", 4: "Nx64Kservice"}),
        "termList": TERMINATIONS,
    },
    lambda _, v: Multiplex(v["muxType"], v["termList"]),
    lambda _, m: {"muxType": m.kind, "termList": m.terminations},
)
_MODEMS = ("V18", "V22", "V22b", "V32", "V32b", "V34", "V90", "V91", "SynchISDN")
MODEM = Sequence(
    {"mtl": SequenceOf(Enumerated(dict(enumerate(_MODEMS)))), "mpl": PROPERTIES},
    lambda _, v: Modem(v["mtl"], v["mpl"]),
    lambda _, m: {"mtl": m.kinds, "mpl": m.parameters},
)
