"""Descriptors to text, each the mirror of its reader (H.248.1 Annex B.2)."""

from imsedge.core.errors import LocalError
from imsedge.h248.model import (
    ALL_REQUESTS,
    Audit,
    BufferedEvent,
    DigitMap,
    Embedded,
    EventBuffer,
    Events,
    LocalControl,
    Media,
    Modem,
    Multiplex,
    ObservedEvent,
    ObservedEvents,
    Packages,
    Parameter,
    Relation,
    RequestedEvent,
    Signal,
    SignalList,
    Signals,
    Statistic,
    Statistics,
    Stream,
    TerminationState,
)
from imsedge.h248.text.style import Style, checked_value, checked_word
from imsedge.h248.text.values import is_extension


def write_parameter(style: Style, parameter: Parameter) -> str:
    """``name = value`` and its relatives; without values the bare name (individual audits)."""
    name = style.item(parameter.name)
    values = [checked_value(value) for value in parameter.values]
    if not values:
        return name
    match parameter.relation:
        case Relation.EQUAL:
            return f"{name}{style.equal}{values[0]}"
        case Relation.ONE_OF:
            return f"{name}{style.equal}{{{','.join(values)}}}"
        case Relation.ALL_OF:
            return f"{name}{style.equal}[{','.join(values)}]"
        case Relation.RANGE:
            return f"{name}{style.equal}[{values[0]}:{values[1]}]"
        case relation:
            return (
                f"{name} {relation.value} {values[0]}"
                if style.pretty
                else f"{name}{relation.value}{values[0]}"
            )


def _write_parameters(style: Style, parameters: tuple[Parameter, ...]) -> list[str]:
    """Parameters; those of individual audits that are tokens are spelled as tokens."""
    return [
        write_parameter(style, parameter) if "/" in parameter.name else _write_named(style, parameter)
        for parameter in parameters
    ]


def _write_named(style: Style, parameter: Parameter) -> str:
    spelled = Parameter(
        style.spell.get(parameter.name, parameter.name),
        tuple([style.spell.get(value, value) for value in parameter.values]),
        parameter.relation,
    )
    return write_parameter(style, spelled)


def write_media(style: Style, media: Media, pad: str) -> str:
    """``M{ST=1{..},TS{..}}``; parts without contents are left out, and nothing is written of nothing."""
    inner = pad + "  "
    parts: list[str] = []
    for stream in media.streams:
        if stream.id is None:
            parts += _write_stream_parts(style, stream, inner)
        else:
            head = style.assign("Stream", str(stream.id))
            if of_stream := _write_stream_parts(style, stream, inner + "  "):
                parts.append(style.block(head, of_stream, inner))
    if media.state is not None and (of_state := _write_state(style, media.state)):
        parts.append(style.block(style.spell["TerminationState"], of_state, inner))
    return style.block(style.spell["Media"], parts, pad) if parts else ""


def _write_stream_parts(style: Style, stream: Stream, pad: str) -> list[str]:
    parts = []
    if stream.control is not None and (of_control := _write_control(style, stream.control)):
        parts.append(style.block(style.spell["LocalControl"], of_control, pad))
    if stream.local is not None:
        parts.append(_write_description(style, "Local", stream.local))
    if stream.remote is not None:
        parts.append(_write_description(style, "Remote", stream.remote))
    if stream.statistics is not None:
        parts.append(_write_statistics(style, stream.statistics, pad))
    return parts


def _write_description(style: Style, token: str, text: str) -> str:
    """SDP between braces, a closing brace inside escaped; it must not end in a backslash."""
    if "}" in text:
        text = text.replace("}", "\\}")
    if text[-1:] == "\\" or "\x00" in text:
        raise LocalError("SDP that ends in a backslash or holds NUL cannot be written in H.248 text")
    return f"{style.spell[token]} {{\n{text}}}" if style.pretty else f"{style.spell[token]}{{{text}}}"


def _write_control(style: Style, control: LocalControl) -> list[str]:
    parts = []
    if control.mode is not None:
        parts.append(style.assign("Mode", style.spell[control.mode.value]))
    if control.reserve_value is not None:
        parts.append(style.assign("ReservedValue", "ON" if control.reserve_value else "OFF"))
    if control.reserve_group is not None:
        parts.append(style.assign("ReservedGroup", "ON" if control.reserve_group else "OFF"))
    if control.properties:
        parts += _write_parameters(style, control.properties)
    return parts


def _write_state(style: Style, state: TerminationState) -> list[str]:
    parts = []
    if state.service_state is not None:
        parts.append(style.assign("ServiceStates", style.spell[state.service_state.value]))
    if state.buffer is not None:
        parts.append(style.assign("Buffer", style.spell[state.buffer.value]))
    return parts + _write_parameters(style, state.properties)


def _write_statistics(style: Style, items: tuple[Statistic, ...], pad: str) -> str:
    token = style.spell["Statistics"]
    return style.block(token, [_write_statistic(style, item) for item in items], pad) if items else token


def _write_statistic(style: Style, item: Statistic) -> str:
    name = style.item(item.name)
    values = [checked_value(value) for value in item.values]
    if item.is_list:
        return f"{name}{style.equal}[{','.join(values)}]"
    return f"{name}{style.equal}{values[0]}" if values else name


# --- events ------------------------------------------------------------------------------------------


def _request_id(number: int) -> str:
    return "*" if number == ALL_REQUESTS else str(number)


def write_events(style: Style, events: Events, pad: str) -> str:
    """``E`` or ``E=rid{..}``."""
    head = style.spell["Events"]
    if events.request_id is not None:
        head = f"{head}{style.equal}{_request_id(events.request_id)}"
    if not events.events:
        return head
    return style.block(head, [_write_event(style, event, pad + "  ") for event in events.events], pad)


def _write_event(style: Style, event: RequestedEvent, pad: str) -> str:
    spell = style.spell
    inner = pad + "  "
    parts = []
    if event.stream is not None:
        parts.append(style.assign("Stream", str(event.stream)))
    if event.keep_active:
        parts.append(spell["KeepActive"])
    if event.digit_map is not None:
        parts.append(write_digit_map(style, event.digit_map))
    if event.embedded is not None:
        parts.append(_write_embedded(style, event.embedded, inner))
    if event.notify is not None:
        token = spell[event.notify.value]
        if event.regulated is not None:
            parts.append(style.block(token, [_write_embedded(style, event.regulated, inner + "  ")], inner))
        else:
            parts.append(token)
    if event.reset_events:
        parts.append(spell["ResetEventsDescriptor"])
    parts += [write_parameter(style, parameter) for parameter in event.parameters]
    name = style.item(event.name)
    return style.block(name, parts, pad) if parts else name


def _write_embedded(style: Style, embedded: Embedded, pad: str) -> str:
    parts = []
    if embedded.signals is not None:
        parts.append(write_signals(style, embedded.signals, pad + "  "))
    if embedded.events is not None:
        parts.append(write_events(style, embedded.events, pad + "  "))
    return style.filled(style.spell["Embed"], parts, pad)


def write_digit_map(style: Style, digit_map: DigitMap, pad: str = "") -> str:  # noqa: ARG001 - one row of a table
    """``DM=name``, ``DM=name{body}`` or ``DM={body}``."""
    head = f"{style.spell['DigitMap']}{style.equal}{checked_word(digit_map.name) if digit_map.name else ''}"
    if digit_map.body is None:
        if not digit_map.name:
            raise LocalError("a digit map needs a name or a body")
        return head
    if "}" in digit_map.body or "\x00" in digit_map.body:
        raise LocalError("a digit map holds no braces")
    return f"{head}{{{digit_map.body}}}"


def _write_seen(style: Style, event: ObservedEvent | BufferedEvent, pad: str) -> str:
    parts = []
    if event.stream is not None:
        parts.append(style.assign("Stream", str(event.stream)))
    parts += [write_parameter(style, parameter) for parameter in event.parameters]
    name = style.item(event.name)
    return style.block(name, parts, pad) if parts else name


def write_event_buffer(style: Style, buffer: EventBuffer, pad: str) -> str:
    """``EB`` or ``EB{..}``."""
    token = style.spell["EventBuffer"]
    parts = [_write_seen(style, event, pad + "  ") for event in buffer.events]
    return style.block(token, parts, pad) if parts else token


def write_observed(style: Style, observed: ObservedEvents, pad: str) -> str:
    """``OE=rid{time:ev,..}``."""
    parts = []
    for event in observed.events:
        text = _write_seen(style, event, pad + "  ")
        if event.time is not None:
            text = f"{event.time.date}T{event.time.time}:{text}"
        parts.append(text)
    return style.filled(style.assign("ObservedEvents", _request_id(observed.request_id)), parts, pad)


# --- signals -----------------------------------------------------------------------------------------


def write_signals(style: Style, signals: Signals, pad: str) -> str:
    """``SG`` (the bare form: some peers cannot read ``SG{}``) or ``SG{..}``."""
    token = style.spell["Signals"]
    inner = pad + "  "
    parts = [
        _write_signal(style, item, inner)
        if isinstance(item, Signal)
        else _write_signal_list(style, item, inner)
        for item in signals.signals
    ]
    return style.block(token, parts, pad) if parts else token


def _write_signal_list(style: Style, signal_list: SignalList, pad: str) -> str:
    head = style.assign("SignalList", str(signal_list.id))
    parts = [_write_signal(style, signal, pad + "  ") for signal in signal_list.signals]
    return style.block(head, parts, pad) if parts else head


def _write_signal(style: Style, signal: Signal, pad: str) -> str:
    spell = style.spell
    parts = []
    if signal.stream is not None:
        parts.append(style.assign("Stream", str(signal.stream)))
    if signal.kind is not None:
        parts.append(style.assign("SignalType", spell[signal.kind.value]))
    if signal.duration is not None:
        parts.append(style.assign("Duration", str(signal.duration)))
    if signal.notify_completion:
        reasons = ",".join([spell[reason.value] for reason in signal.notify_completion])
        parts.append(style.assign("NotifyCompletion", f"{{{reasons}}}"))
    if signal.keep_active:
        parts.append(spell["KeepActive"])
    if signal.direction is not None:
        parts.append(style.assign("SPADirection", spell[signal.direction.value]))
    if signal.request_id is not None:
        parts.append(style.assign("SPARequestID", str(signal.request_id)))
    if signal.intersignal_delay is not None:
        parts.append(style.assign("Intersignal", str(signal.intersignal_delay)))
    parts += [write_parameter(style, parameter) for parameter in signal.parameters]
    name = style.item(signal.name)
    return style.block(name, parts, pad) if parts else name


# --- the rest ----------------------------------------------------------------------------------------


def write_statistics(style: Style, statistics: Statistics, pad: str) -> str:
    """``SA`` or ``SA{..}``."""
    return _write_statistics(style, statistics.items, pad)


def write_packages(style: Style, packages: Packages, pad: str) -> str:
    """``PG{name-version,..}``, or the bare token for none."""
    parts = [checked_word(f"{item.name}-{item.version}") for item in packages.items]
    return style.block(style.spell["Packages"], parts, pad) if parts else style.spell["Packages"]


def write_mux(style: Style, mux: Multiplex, pad: str) -> str:
    """``MX=H221{tid,..}``."""
    no_octets("Mux", mux.non_standard)
    names = [checked_word(name) for name in mux.terminations]
    return style.filled(style.assign("Mux", write_kind(style, mux.kind)), names, pad)


def write_modem(style: Style, modem: Modem, pad: str) -> str:
    """``MD=V18{..}`` or ``MD[V18,V22]{..}``."""
    no_octets("Modem", modem.non_standard)
    kinds = [write_kind(style, kind) for kind in modem.kinds]
    head = (
        style.assign("Modem", kinds[0]) if len(kinds) == 1 else f"{style.spell['Modem']}[{','.join(kinds)}]"
    )
    parts = [write_parameter(style, parameter) for parameter in modem.parameters]
    return style.block(head, parts, pad) if parts else head


def write_kind(style: Style, kind: str) -> str:
    """A token of the table, or an extension ``X-...`` as it is."""
    return checked_word(kind) if is_extension(kind) else style.spell[kind]


def no_octets(token: str, octets: bytes | None) -> None:
    """``LocalError`` for non-standard data: text has no place for octets."""
    if octets is not None:
        raise LocalError(f"non-standard data of {token} can be written in binary only")


def write_audit_items(style: Style, audit: Audit, pad: str) -> list[str]:
    """The elements of an audit, as they stand between its braces or among ServiceChange parameters."""
    parts = [style.spell[item.value] for item in audit.items]
    for item in audit.individual:
        if item == DigitMap():
            parts.append(style.spell["DigitMap"])
        else:
            parts.append(_INDIVIDUAL[type(item)](style, item, pad))  # type: ignore[operator]
    return [part for part in parts if part]


def write_audit(style: Style, audit: Audit, pad: str) -> str:
    """``AT{..}``; an empty one asks for nothing."""
    parts = write_audit_items(style, audit, pad + "  ")
    token = style.spell["Audit"]
    return style.block(token, parts, pad) if parts else f"{token}{{}}"


_INDIVIDUAL = {
    Media: write_media,
    Events: write_events,
    Signals: write_signals,
    EventBuffer: write_event_buffer,
    DigitMap: write_digit_map,
    Statistics: write_statistics,
    Packages: write_packages,
}
DESCRIPTORS = _INDIVIDUAL | {
    Modem: write_modem,
    Multiplex: write_mux,
    Audit: write_audit,
    ObservedEvents: write_observed,
}
