"""Audit (whole descriptors and individual items), Packages, Mux and Modem, read from text.

An individual audit (v2) is a descriptor that names items instead of giving values.  It becomes the same
descriptor with ``Parameter(name, ())``; ``Mode``, ``ReservedValue``, ``ReservedGroup``, ``ServiceStates`` and
``Buffer`` named there are parameters under their long token, because they are asked for, not set.
"""

from collections.abc import Mapping
from enum import Enum

from imsedge.h248 import errors
from imsedge.h248.model import (
    Audit,
    AuditItem,
    DigitMap,
    EventBuffer,
    Events,
    LocalControl,
    Media,
    Modem,
    Multiplex,
    Packages,
    PackageVersion,
    Parameter,
    Signals,
    Statistics,
    Stream,
    TerminationState,
)
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.events import read_digit_map, read_event_buffer, read_events
from imsedge.h248.text.media import read_description, read_statistics
from imsedge.h248.text.scanner import Item
from imsedge.h248.text.signals import read_signals
from imsedge.h248.text.tokens import (
    AUDIT_ITEMS,
    MODEM_KINDS,
    MUX_KINDS,
    SERVICE_STATES,
    STREAM_MODES,
    reading,
)
from imsedge.h248.text.values import (
    MAX_UINT16,
    check_item_name,
    check_termination,
    is_extension,
    read_parameter,
)

Individual = Media | Signals | Events | EventBuffer | DigitMap | Statistics | Packages

_NAMED = reading(
    {name: name for name in ("Mode", "ReservedValue", "ReservedGroup", "ServiceStates", "Buffer")}
)
_SELECTABLE: dict[str, Mapping[str, Enum]] = {"Mode": STREAM_MODES, "ServiceStates": SERVICE_STATES}
_STREAM = reading(
    {"LocalControl": "control", "Local": "local", "Remote": "remote", "Statistics": "statistics"}
)
_MEDIA = _STREAM | reading({"Stream": "stream", "TerminationState": "state"})
_MAX_VERSION = 99


def read_audit(cursor: Cursor, opening: Item) -> tuple[Audit, bool]:
    """``AT{}``, ``AT{M,SG,..}``, ``AT{M{TS{p/x}},..}``; braces that peers forget mean an empty audit."""
    if opening[2]:
        raise cursor.fail(errors.SYNTAX_COMMAND, "Audit has no value")
    if opening[4] != "{":
        return Audit(), cursor.more(opening[4])
    items: list[AuditItem] = []
    individual: list[Individual] = []
    item = cursor.take()
    if item[1:] == ("", "", "", "}"):
        return Audit(), cursor.more_after_block()
    while read_audit_part(cursor, item, items, individual):
        item = cursor.take()
    return Audit(tuple(items), tuple(individual)), cursor.more_after_block()


def read_audit_part(cursor: Cursor, item: Item, items: list[AuditItem], individual: list[Individual]) -> bool:
    """One element of an audit into the list where it belongs; is there more?"""
    _, name, relation, _, delimiter = item
    token = AUDIT_ITEMS.get(name.lower())
    if token is None:
        raise cursor.fail(errors.UNKNOWN_DESCRIPTOR, f"{name[:64] or 'nothing'} cannot be audited")
    if not relation and delimiter != "{":
        items.append(token)
        return cursor.more(delimiter)
    found: Individual
    match token:
        case AuditItem.MEDIA if delimiter == "{":
            found, more = _read_media(cursor), cursor.more_after_block()
        case AuditItem.EVENTS:
            found, more = read_events(cursor, item)
        case AuditItem.SIGNALS:
            found, more = read_signals(cursor, item)
            if not found.signals:  # SG{} asks for all of it
                items.append(token)
                return more
        case AuditItem.EVENT_BUFFER:
            found, more = read_event_buffer(cursor, item)
        case AuditItem.DIGIT_MAP:
            found, more = read_digit_map(cursor, item), cursor.more(delimiter)
        case AuditItem.STATISTICS if delimiter == "{":
            found, more = Statistics(read_statistics(cursor)), cursor.more_after_block()
        case AuditItem.PACKAGES if delimiter == "{":
            found, more = read_packages(cursor), cursor.more_after_block()
        case _:
            raise cursor.fail(errors.SYNTAX_COMMAND, f"{name} has no individual items")
    individual.append(found)
    return more


def _read_media(cursor: Cursor) -> Media:
    """``M{TS{p/x}}``, ``M{O{MO,p/x}}``, ``M{ST=1{O{..},SA{..}},..}``."""
    streams: list[Stream] = []
    bare: dict[str, object] = {}
    state = None
    more = True
    while more:
        item = cursor.take()
        kind = _MEDIA.get(item[1].lower())
        if kind == "stream":
            number = read_number(cursor, item[3], MAX_UINT16)
            cursor.opened(item)
            parts: dict[str, object] = {}
            while _read_part(cursor, cursor.take(), parts):
                pass
            streams.append(Stream(number, **parts))  # type: ignore[arg-type]
            more = cursor.more_after_block()
        elif kind == "state" and state is None:
            cursor.opened(item)
            state = TerminationState(properties=_read_names(cursor))
            more = cursor.more_after_block()
        else:
            more = _read_part(cursor, item, bare)
    if bare:
        streams.append(Stream(None, **bare))  # type: ignore[arg-type]
    return Media(tuple(streams), state)


def _read_part(cursor: Cursor, item: Item, parts: dict[str, object]) -> bool:
    """LocalControl, Local, Remote or Statistics inside an audited stream; is there more?"""
    kind = _STREAM.get(item[1].lower())
    if kind is None or kind in parts:
        raise cursor.fail(errors.UNKNOWN_DESCRIPTOR, f"{item[1][:64] or 'nothing'} cannot be audited here")
    if item[2] == "{":
        parts[kind] = read_description(item[3])
        return cursor.more(item[4])
    cursor.opened(item)
    parts[kind] = (
        LocalControl(properties=_read_names(cursor)) if kind == "control" else read_statistics(cursor)
    )
    return cursor.more_after_block()


def _read_names(cursor: Cursor) -> tuple[Parameter, ...]:
    """``MO, p/x, p/x=3``: names, and (v3) values to select by."""
    found = []
    while True:
        item = cursor.take()
        name = _NAMED.get(item[1].lower())
        if name is None:
            check_item_name(cursor, item[1], errors.UNKNOWN_PROPERTY)
            name = item[1]
        if item[2]:
            value = _long(cursor, name, item[3]) if name in _SELECTABLE else item[3]
            parameter, more = read_parameter(cursor, (item[0], name, item[2], value, item[4]))
        else:
            parameter, more = Parameter(name, ()), cursor.more(item[4])
        found.append(parameter)
        if not more:
            return tuple(found)


def _long(cursor: Cursor, name: str, value: str) -> str:
    """``SR`` -> ``SendReceive``: to select by, the value must be one of the token's."""
    meaning = _SELECTABLE[name].get(value.lower())
    if meaning is None:
        raise cursor.fail(errors.UNKNOWN_VALUE, f"{name} cannot be {value[:64] or 'empty'}")
    return str(meaning.value)


def read_packages(cursor: Cursor) -> Packages:
    """``PG{name-version, ..}``."""
    found = []
    for word in cursor.words("}"):
        name, dash, version = word.rpartition("-")
        if not dash or not name:
            raise cursor.fail(errors.SYNTAX_COMMAND, f"{word[:64]} is no package with a version")
        found.append(PackageVersion(name, read_number(cursor, version, _MAX_VERSION)))
    return Packages(tuple(found))


def read_mux(cursor: Cursor, item: Item) -> tuple[Multiplex, bool]:
    """``MX=H221{tid,..}``."""
    word = item[3]
    kind = MUX_KINDS.get(word.lower(), word if is_extension(word) else None)
    if kind is None:
        raise cursor.fail(errors.UNKNOWN_VALUE, f"{item[3][:64] or 'nothing'} is no multiplex")
    cursor.opened(item)
    terminations = tuple([check_termination(cursor, name) for name in cursor.words("}")])
    return Multiplex(kind, terminations), cursor.more_after_block()


def read_modem(cursor: Cursor, item: Item) -> tuple[Modem, bool]:
    """``MD=V18{..}`` or ``MD[V18,V22]{..}``: deprecated since v2, kept as it is."""
    _, _, relation, value, delimiter = item
    words: tuple[str, ...] = (value,)
    if not relation and delimiter == "[":
        words = cursor.words("]")
        _, name, relation, _, delimiter = cursor.take()
        if name or relation:
            raise cursor.fail(errors.SYNTAX_COMMAND, "a brace or a comma is missing after Modem")
    kinds = []
    for word in words:
        kind = MODEM_KINDS.get(word.lower(), word if is_extension(word) else None)
        if kind is None:
            raise cursor.fail(errors.UNKNOWN_VALUE, f"{word[:64] or 'nothing'} is no modem type")
        kinds.append(kind)
    if delimiter != "{":
        return Modem(tuple(kinds)), cursor.more(delimiter)
    parameters: list[Parameter] = []
    more = True
    while more:
        parameter, more = read_parameter(cursor, cursor.take())
        parameters.append(parameter)
    return Modem(tuple(kinds), tuple(parameters)), cursor.more_after_block()
