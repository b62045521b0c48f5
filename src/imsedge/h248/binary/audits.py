"""Audits in binary: bits for whole descriptors, structures for single items (H.248.1 Annex A.2)."""

from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import Bits, Choice, Sequence, SequenceOf, Values
from imsedge.h248.binary.descriptions import read_description_names, write_description_names
from imsedge.h248.binary.descriptors import (
    PACKAGE,
    SERVICE_STATE,
    STREAM_MODE,
    joined_streams,
    numbered,
    split_streams,
)
from imsedge.h248.binary.events import NULL
from imsedge.h248.binary.leaves import (
    ITEM,
    NAME,
    PROPERTY,
    UINT16,
    UINT32,
    Context,
    Remembered,
    read_item,
    write_item,
)
from imsedge.h248.model import (
    Audit,
    AuditItem,
    BufferedEvent,
    DigitMap,
    EventBuffer,
    Events,
    LocalControl,
    Media,
    Packages,
    Parameter,
    RequestedEvent,
    ServiceState,
    Signal,
    SignalList,
    Signals,
    Statistic,
    Statistics,
    Stream,
    StreamMode,
    TerminationState,
)
from imsedge.h248.packages.catalogue import Kind

AUDIT_BITS = Bits(
    AuditItem.MUX,
    AuditItem.MODEM,
    AuditItem.MEDIA,
    AuditItem.EVENTS,
    AuditItem.SIGNALS,
    AuditItem.DIGIT_MAP,
    AuditItem.STATISTICS,
    AuditItem.OBSERVED_EVENTS,
    AuditItem.PACKAGES,
    AuditItem.EVENT_BUFFER,
)


def _read_property(context: Context, v: Values) -> Parameter:
    selected = v.get("propertyParms")
    return selected if selected is not None else Parameter(read_item(context, Kind.PROPERTY, v["name"]), ())


def _write_property(context: Context, parameter: Parameter) -> Values:
    selected = parameter if parameter.values else None
    return {"name": write_item(context, Kind.PROPERTY, parameter.name), "propertyParms": selected}


_PROPERTIES = SequenceOf(
    Sequence({"name": ITEM, "propertyParms?": PROPERTY}, _read_property, _write_property)
)


def _named(v: Values, name: str, component: str) -> list[Parameter]:
    return [Parameter(name, ())] if component in v else []


def _asked(parameters: tuple[Parameter, ...], name: str) -> bool | None:
    """NULL when the token stands there without a value."""
    return True if Parameter(name, ()) in parameters else None


def _selected(parameters: tuple[Parameter, ...], name: str, kind: type) -> Any:
    for parameter in parameters:
        if parameter.name == name and parameter.values:
            try:
                return kind(parameter.value)
            except ValueError:
                raise LocalError(f"{name} cannot be {parameter.value}") from None
    return None


def _items(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    return tuple([parameter for parameter in parameters if "/" in parameter.name])


def _read_control(_: Context, v: Values) -> LocalControl:
    found = [
        *_named(v, "Mode", "streamMode"),
        *_named(v, "ReservedValue", "reserveValue"),
        *_named(v, "ReservedGroup", "reserveGroup"),
    ]
    if "streamModeSel" in v:
        found.append(Parameter("Mode", (v["streamModeSel"].value,)))
    return LocalControl(properties=(*found, *v.get("propertyParms", ())))


_CONTROL = Sequence(
    {
        "streamMode?": NULL,
        "reserveValue?": NULL,
        "reserveGroup?": NULL,
        "propertyParms?": _PROPERTIES,
        "streamModeSel?": STREAM_MODE,
    },
    _read_control,
    lambda _, c: {
        "streamMode": _asked(c.properties, "Mode"),
        "reserveValue": _asked(c.properties, "ReservedValue"),
        "reserveGroup": _asked(c.properties, "ReservedGroup"),
        "propertyParms": _items(c.properties) or None,
        "streamModeSel": _selected(c.properties, "Mode", StreamMode),
    },
)


def _read_state(_: Context, v: Values) -> TerminationState:
    found = [*_named(v, "Buffer", "eventBufferControl"), *_named(v, "ServiceStates", "serviceState")]
    if "serviceStateSel" in v:
        found.append(Parameter("ServiceStates", (v["serviceStateSel"].value,)))
    return TerminationState(properties=(*found, *v["propertyParms"]))


_STATE = Sequence(
    {
        "propertyParms": _PROPERTIES,
        "eventBufferControl?": NULL,
        "serviceState?": NULL,
        "serviceStateSel?": SERVICE_STATE,
    },
    _read_state,
    lambda _, s: {
        "propertyParms": _items(s.properties),
        "eventBufferControl": _asked(s.properties, "Buffer"),
        "serviceState": _asked(s.properties, "ServiceStates"),
        "serviceStateSel": _selected(s.properties, "ServiceStates", ServiceState),
    },
)
_LOCAL_REMOTE = Sequence(
    {
        "propGroupID?": UINT16,
        "propGrps": SequenceOf(Sequence({"name": ITEM}, lambda _, v: v["name"], lambda _, n: {"name": n})),
    },
    lambda _, v: read_description_names(v["propGrps"]),
    lambda _, text: {"propGrps": write_description_names(text)},
)
_STATISTIC = Sequence(
    {"statName": ITEM},
    lambda context, v: (Statistic(read_item(context, Kind.STATISTIC, v["statName"])),),
    lambda context, items: {"statName": write_item(context, Kind.STATISTIC, _only(items).name)},
)


def _only(items: tuple[Any, ...]) -> Any:
    if len(items) != 1:
        raise LocalError("an individual audit names one item a descriptor in binary")
    return items[0]


_STREAM_PARMS = Sequence(
    {
        "localControlDescriptor?": _CONTROL,
        "localDescriptor?": _LOCAL_REMOTE,
        "remoteDescriptor?": _LOCAL_REMOTE,
        "statisticsDescriptor?": _STATISTIC,
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
_STREAM = Sequence(
    {"streamID": UINT16, "streamParms": _STREAM_PARMS},
    lambda _, v: numbered(v["streamID"], v["streamParms"]),
    lambda _, s: {"streamID": s.id, "streamParms": s},
)
_MEDIA = Sequence(
    {
        "termStateDescr?": _STATE,
        "streams?": Choice(("oneStream", _STREAM_PARMS), ("multiStream", SequenceOf(_STREAM))),
    },
    lambda _, v: Media(joined_streams(v.get("streams")), v.get("termStateDescr")),
    lambda _, m: {"termStateDescr": m.state, "streams": split_streams(m.streams)},
)


def _read_events(context: Context, v: Values) -> Events:
    event = RequestedEvent(read_item(context, Kind.EVENT, v["pkgdName"]), v.get("streamID"))
    return Events(v.get("requestID"), (event,))


def _write_events(context: Context, events: Events) -> Values:
    event = _only(events.events)
    name = write_item(context, Kind.EVENT, event.name)
    return {"requestID": events.request_id, "pkgdName": name, "streamID": event.stream}


_EVENTS = Sequence({"requestID?": UINT32, "pkgdName": ITEM, "streamID?": UINT16}, _read_events, _write_events)


def _write_buffer(context: Context, buffer: EventBuffer) -> Values:
    event = _only(buffer.events)
    if event.parameters:
        raise LocalError("a parameter of a buffered event cannot be audited in binary")
    return {"eventName": write_item(context, Kind.EVENT, event.name), "streamID": event.stream}


_EVENT_BUFFER = Sequence(
    {"eventName": ITEM, "streamID?": UINT16},
    lambda context, v: EventBuffer(
        (BufferedEvent(read_item(context, Kind.EVENT, v["eventName"]), v.get("streamID")),)
    ),
    _write_buffer,
)
_SIGNAL = Sequence(
    {"signalName": ITEM, "streamID?": UINT16, "signalRequestID?": UINT32},
    lambda context, v: Signal(
        read_item(context, Kind.SIGNAL, v["signalName"]),
        v.get("streamID"),
        request_id=v.get("signalRequestID"),
    ),
    lambda context, s: {
        "signalName": write_item(context, Kind.SIGNAL, s.name),
        "streamID": s.stream,
        "signalRequestID": s.request_id,
    },
)
_SIGNAL_LIST = Sequence(
    {"id": UINT16, "signalList?": _SIGNAL},
    lambda _, v: SignalList(v["id"], (v["signalList"],) if "signalList" in v else ()),
    lambda _, s: {"id": s.id, "signalList": _only(s.signals) if s.signals else None},
)


def _write_signals(_: Context, signals: Signals) -> tuple[str, Any]:
    one = _only(signals.signals)
    return ("signal" if isinstance(one, Signal) else "seqSigList"), one


_SIGNALS = Choice(
    ("signal", _SIGNAL),
    ("seqSigList", _SIGNAL_LIST),
    build=lambda _, __, value: Signals((value,)),
    split=_write_signals,
)


def _write_digit_map(_: Context, digit_map: DigitMap) -> Values:
    if digit_map.name is None:
        return {}
    if len(digit_map.name) != 6 or digit_map.name[:2].lower() != "id":
        raise LocalError(f"the name of digit map {digit_map.name} has no binary form; idXXXX has")
    return {"digitMapName": bytes.fromhex(digit_map.name[2:])}


_DIGIT_MAP = Sequence(
    {"digitMapName?": NAME},
    lambda _, v: DigitMap(f"id{v['digitMapName'].hex()}" if "digitMapName" in v else None),
    _write_digit_map,
)
_KINDS: tuple[tuple[type, str, Any], ...] = (
    (Media, "indAudMediaDescriptor", _MEDIA),
    (Events, "indAudEventsDescriptor", _EVENTS),
    (EventBuffer, "indAudEventBufferDescriptor", _EVENT_BUFFER),
    (Signals, "indAudSignalsDescriptor", _SIGNALS),
    (DigitMap, "indAudDigitMapDescriptor", _DIGIT_MAP),
    (Statistics, "indAudStatisticsDescriptor", _STATISTIC),
    (Packages, "indAudPackagesDescriptor", PACKAGE),
)
_NAMES = {kind: name for kind, name, _ in _KINDS}


def _read_individual(_: Context, name: str, value: Any) -> Any:
    if name == "indAudPackagesDescriptor":
        return Packages((value,))
    return Statistics(value) if name == "indAudStatisticsDescriptor" else value


def _write_individual(_: Context, item: Any) -> tuple[str, Any]:
    name = _NAMES[type(item)]
    if isinstance(item, Packages):
        return name, _only(item.items)
    return name, item.items if isinstance(item, Statistics) else item


def _in_order(items: tuple[AuditItem, ...]) -> tuple[AuditItem, ...]:
    """In the order of the model, not of the bits."""
    return tuple([item for item in AuditItem if item in items])


AUDIT = Remembered(
    Sequence(
        {
            "auditToken?": AUDIT_BITS,
            "auditPropertyToken?": SequenceOf(
                Choice(
                    *((name, kind) for _, name, kind in _KINDS),
                    build=_read_individual,
                    split=_write_individual,
                )
            ),
        },
        lambda _, v: Audit(
            tuple([item for item in AuditItem if item in v.get("auditToken", ())]),
            v.get("auditPropertyToken", ()),
        ),
        lambda _, a: {"auditToken": a.items or None, "auditPropertyToken": a.individual or None},
    )
)
