"""Audits in binary: bits for whole descriptors, structures for single items (H.248.1 Annex A.2)."""

from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import Bits, Type
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.contexts import AUDITED_PROPERTIES
from imsedge.h248.binary.descriptions import read_description_names, write_description_names
from imsedge.h248.binary.descriptors import (
    PACKAGE,
    SERVICE_STATE,
    STREAM_MODE,
    join_streams,
    numbered,
    split_streams,
)
from imsedge.h248.binary.events import DIGIT_MAP_NAME
from imsedge.h248.binary.leaves import ITEM, NULL, UINT16, UINT32, Remembered, read_item, write_item
from imsedge.h248.binary.tables import Choice, Record, Sequence, SequenceOf
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


def _named(name: str, asked: Any) -> list[Parameter]:
    return [Parameter(name, ())] if asked else []


def _asked(parameters: tuple[Parameter, ...], name: str) -> bool:
    """NULL when the token stands there without a value."""
    return Parameter(name, ()) in parameters


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


def _read_control(
    _: Context, mode: Any, value: Any, group: Any, properties: Any, selected: StreamMode | None
) -> LocalControl:
    found = [*_named("Mode", mode), *_named("ReservedValue", value), *_named("ReservedGroup", group)]
    if selected is not None:
        found.append(Parameter("Mode", (selected.value,)))
    return LocalControl(properties=(*found, *(properties or ())))


_CONTROL = Sequence(
    {
        "streamMode?": NULL,
        "reserveValue?": NULL,
        "reserveGroup?": NULL,
        "propertyParms?": AUDITED_PROPERTIES,
        "streamModeSel?": STREAM_MODE,
    },
    _read_control,
    lambda _, control: (
        _asked(control.properties, "Mode"),
        _asked(control.properties, "ReservedValue"),
        _asked(control.properties, "ReservedGroup"),
        _items(control.properties) or None,
        _selected(control.properties, "Mode", StreamMode),
    ),
)


def _read_state(
    _: Context, properties: Any, buffer: Any, state: Any, selected: ServiceState | None
) -> TerminationState:
    found = [*_named("Buffer", buffer), *_named("ServiceStates", state)]
    if selected is not None:
        found.append(Parameter("ServiceStates", (selected.value,)))
    return TerminationState(properties=(*found, *properties))


_STATE = Sequence(
    {
        "propertyParms": AUDITED_PROPERTIES,
        "eventBufferControl?": NULL,
        "serviceState?": NULL,
        "serviceStateSel?": SERVICE_STATE,
    },
    _read_state,
    lambda _, state: (
        _items(state.properties),
        _asked(state.properties, "Buffer"),
        _asked(state.properties, "ServiceStates"),
        _selected(state.properties, "ServiceStates", ServiceState),
    ),
)
_LOCAL_REMOTE = Sequence(
    {
        "propGroupID?": UINT16,
        "propGrps": SequenceOf(Sequence({"name": ITEM}, lambda _, name: name, lambda _, name: (name,))),
    },
    lambda _, group, names: read_description_names(names, group),
    lambda _, text: write_description_names(text),
)
_STATISTIC = Sequence(
    {"statName": ITEM},
    lambda context, name: (Statistic(read_item(context, Kind.STATISTIC, name)),),
    lambda context, items: (write_item(context, Kind.STATISTIC, _only(items).name),),
)


def _only(items: tuple[Any, ...]) -> Any:
    if len(items) != 1:
        raise LocalError("an individual audit names one item a descriptor in binary")
    return items[0]


_STREAM_PARMS = Record(
    Stream,
    {
        "localControlDescriptor?": ("control", _CONTROL),
        "localDescriptor?": ("local", _LOCAL_REMOTE),
        "remoteDescriptor?": ("remote", _LOCAL_REMOTE),
        "statisticsDescriptor?": ("statistics", _STATISTIC),
    },
)
_STREAM = Sequence(
    {"streamID": UINT16, "streamParms": _STREAM_PARMS},
    lambda _, number, stream: numbered(number, stream),
    lambda _, stream: (stream.id, stream),
)
_MEDIA = Sequence(
    {
        "termStateDescr?": _STATE,
        "streams?": Choice(
            {"oneStream": _STREAM_PARMS, "multiStream": SequenceOf(_STREAM)}, split_streams, join_streams
        ),
    },
    lambda _, state, streams: Media(streams or (), state),
    lambda _, media: (media.state, media.streams or None),
)


def _read_events(context: Context, request: int | None, name: bytes, stream: int | None) -> Events:
    return Events(request, (RequestedEvent(read_item(context, Kind.EVENT, name), stream),))


def _write_events(context: Context, events: Events) -> tuple[Any, ...]:
    event = _only(events.events)
    if event != RequestedEvent(event.name, event.stream):
        raise LocalError(
            f"an individual audit in binary names event {event.name} and its stream, nothing else"
        )
    return events.request_id, write_item(context, Kind.EVENT, event.name), event.stream


_EVENTS = Sequence({"requestID?": UINT32, "pkgdName": ITEM, "streamID?": UINT16}, _read_events, _write_events)


def _read_buffer(context: Context, name: bytes, stream: int | None) -> EventBuffer:
    return EventBuffer((BufferedEvent(read_item(context, Kind.EVENT, name), stream),))


def _write_buffer(context: Context, buffer: EventBuffer) -> tuple[Any, ...]:
    event = _only(buffer.events)
    if event.parameters:
        raise LocalError(f"a parameter of buffered event {event.name} cannot be audited in binary")
    return write_item(context, Kind.EVENT, event.name), event.stream


_EVENT_BUFFER = Sequence({"eventName": ITEM, "streamID?": UINT16}, _read_buffer, _write_buffer)


def _read_signal(context: Context, name: bytes, stream: int | None, request: int | None) -> Signal:
    return Signal(read_item(context, Kind.SIGNAL, name), stream, request_id=request)


def _write_signal(context: Context, signal: Signal) -> tuple[Any, ...]:
    if signal != Signal(signal.name, signal.stream, request_id=signal.request_id):
        raise LocalError(
            f"an individual audit in binary names signal {signal.name}, its stream and request, nothing else"
        )
    return write_item(context, Kind.SIGNAL, signal.name), signal.stream, signal.request_id


_SIGNAL = Sequence(
    {"signalName": ITEM, "streamID?": UINT16, "signalRequestID?": UINT32}, _read_signal, _write_signal
)
_SIGNAL_LIST = Sequence(
    {"id": UINT16, "signalList?": _SIGNAL},
    lambda _, number, signal: SignalList(number, () if signal is None else (signal,)),
    lambda _, signals: (signals.id, _only(signals.signals) if signals.signals else None),
)


def _write_signals(_: Context, signals: Signals) -> tuple[str, Any]:
    one = _only(signals.signals)
    return ("signal" if isinstance(one, Signal) else "seqSigList"), one


def _write_digit_map(_: Context, digit_map: DigitMap) -> tuple[Any, ...]:
    if digit_map.body is not None:
        raise LocalError("a digit map is audited by its name")
    return (digit_map.name,)


_DIGIT_MAP = Sequence({"digitMapName?": DIGIT_MAP_NAME}, lambda _, name: DigitMap(name), _write_digit_map)
_KINDS: dict[str, tuple[type, Type]] = {
    "indAudMediaDescriptor": (Media, _MEDIA),
    "indAudEventsDescriptor": (Events, _EVENTS),
    "indAudEventBufferDescriptor": (EventBuffer, _EVENT_BUFFER),
    "indAudSignalsDescriptor": (
        Signals,
        Choice(
            {"signal": _SIGNAL, "seqSigList": _SIGNAL_LIST},
            _write_signals,
            lambda _, __, one: Signals((one,)),
        ),
    ),
    "indAudDigitMapDescriptor": (DigitMap, _DIGIT_MAP),
    "indAudStatisticsDescriptor": (Statistics, _STATISTIC),
    "indAudPackagesDescriptor": (Packages, PACKAGE),
}
_NAMES = {kind: name for name, (kind, _) in _KINDS.items()}


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
                    {name: kind for name, (_, kind) in _KINDS.items()}, _write_individual, _read_individual
                )
            ),
        },
        lambda _, items, individual: Audit(_in_order(items or ()), individual or ()),
        lambda _, audit: (audit.items or None, audit.individual or None),
    )
)
