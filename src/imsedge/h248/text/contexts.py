"""Context properties and context audits, read from text (H.248.1 clauses 6.1 and 7.1.18)."""

from imsedge.h248 import errors
from imsedge.h248.model import ContextAudit, Parameter, TopologyTriple
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.scanner import Item
from imsedge.h248.text.tokens import BOOLEANS, EMERGENCY_VALUES, TOPOLOGY_DIRECTIONS, reading
from imsedge.h248.text.values import (
    MAX_UINT16,
    check_item_name,
    check_termination,
    read_context,
    read_parameter,
)

MAX_PRIORITY = 15

PROPERTIES = reading(
    {
        "Topology": "topology",
        "Priority": "priority",
        "Emergency": "emergency",
        "EmergencyOff": "emergency_off",
        "IEPSCall": "ieps",
        "ContextAttr": "attributes",
    }
)
AUDIT = frozenset(reading({"ContextAudit": ""}))
_AUDITED = PROPERTIES | reading(
    {"EmergencyValue": "emergency_value", "ANDLgc": "and", "ORLgc": "or", "ContextList": "list"}
)
_SELECTORS = frozenset({"select_properties", "select_contexts"})
_LIST = frozenset(reading({"ContextList": ""}))
_STREAM = frozenset(reading({"Stream": ""}))


def read_context_property(cursor: Cursor, item: Item, parts: dict[str, object]) -> bool:
    """One context property into ``parts`` (fields of ``ContextProperties``); is there more?"""
    kind = PROPERTIES[item[1].lower()]
    field = "emergency" if kind == "emergency_off" else kind
    if field in parts:
        raise cursor.fail(errors.PROPERTY_TWICE, f"{item[1]} stands twice")
    if kind == "topology":
        cursor.opened(item)
        parts[kind] = _read_topology(cursor)
        return cursor.more_after_block()
    if kind == "attributes":
        cursor.opened(item)
        properties, contexts = _read_attributes(cursor)
        if properties:
            parts["properties"] = parts.get("properties", ()) + properties  # type: ignore[operator]
        if contexts is not None:
            parts["context_list"] = contexts
        return cursor.more_after_block()
    if kind == "priority":
        parts[kind] = read_number(cursor, item[3], MAX_PRIORITY, errors.SYNTAX_ACTION)
    elif kind == "ieps":
        parts[kind] = _read_switch(cursor, item)
    else:
        parts[field] = kind == "emergency"
    return cursor.more(item[4])


def _read_switch(cursor: Cursor, item: Item) -> bool:
    state = BOOLEANS.get(item[3].lower())
    if state is None:
        raise cursor.fail(errors.SYNTAX_ACTION, f"{item[1]} is ON or OFF")
    return state


def _read_topology(cursor: Cursor) -> tuple[TopologyTriple, ...]:
    """``t1,t2,BW[,ST=n],t3,...``: a flat list in which a triple ends where the next termination stands."""
    triples: list[TopologyTriple] = []
    more = True
    item = cursor.take()
    while more:
        ends = []
        for _ in range(2):
            if item[2] or item[4] != ",":
                raise cursor.fail(errors.SYNTAX_ACTION, "a topology triple needs two terminations")
            ends.append(check_termination(cursor, item[1]))
            item = cursor.take()
        direction = TOPOLOGY_DIRECTIONS.get(item[1].lower())
        if direction is None or item[2]:
            raise cursor.fail(errors.SYNTAX_ACTION, f"{item[1][:64] or 'nothing'} is no topology direction")
        more = cursor.more(item[4])
        stream = None
        if more:
            item = cursor.take()
            if item[2] and item[1].lower() in _STREAM:
                stream = read_number(cursor, item[3], MAX_UINT16)
                more = cursor.more(item[4])
                item = cursor.take() if more else item
        triples.append(TopologyTriple(ends[0], ends[1], direction, stream))
    return tuple(triples)


def _read_attributes(cursor: Cursor) -> tuple[tuple[Parameter, ...], tuple[int, ...] | None]:
    """``CT{pkg/prop=v, ..}`` or ``CT{CLT={id, id}}``, behind the opening brace."""
    properties: list[Parameter] = []
    contexts: tuple[int, ...] | None = None
    more = True
    while more:
        item = cursor.take()
        if item[1].lower() in _LIST:
            cursor.opened(item)
            contexts = tuple([read_context(cursor, word) for word in cursor.words("}")])
            more = cursor.more_after_block()
        else:
            check_item_name(cursor, item[1], errors.SYNTAX_ACTION)
            parameter, more = read_parameter(cursor, item)
            properties.append(parameter)
    return tuple(properties), contexts


def read_context_audit(cursor: Cursor, item: Item) -> tuple[ContextAudit, bool]:
    """``CA{TP,EG,PR,pkg/prop, PR=n,EGV=EG,CT{pkg/prop=v},ORLgc}`` or, v3, the same list in ``CA{CT{..}}``."""
    cursor.opened(item)
    parts: dict[str, object] = {}
    names: list[str] = []
    more = True
    while more:
        more = _read_audited(cursor, cursor.take(), parts, names)
    if names:
        parts.setdefault("properties", tuple(names))
    return ContextAudit(**parts), cursor.more_after_block()  # type: ignore[arg-type]


def _read_audited(cursor: Cursor, item: Item, parts: dict[str, object], names: list[str]) -> bool:
    """One element of a context audit; is there more?"""
    _, name, relation, value, delimiter = item
    kind = _AUDITED.get(name.lower())
    if kind is None:
        check_item_name(cursor, name, errors.SYNTAX_ACTION)
        if relation:
            parameter, more = read_parameter(cursor, item)
            parts["select_properties"] = (*parts.get("select_properties", ()), parameter)  # type: ignore[misc]
            return more
        names.append(name)
    elif kind == "attributes":
        cursor.opened(item)
        inner: list[str] = []
        before = len(parts.keys() - _SELECTORS)
        while _read_audited(cursor, cursor.take(), parts, inner):
            pass
        if inner or len(parts.keys() - _SELECTORS) > before:  # asked for; or else only selected by
            parts["attributes"] = tuple(inner)
        return cursor.more_after_block()
    elif kind == "list" and delimiter == "{":
        parts["select_contexts"] = tuple([read_context(cursor, word) for word in cursor.words("}")])
        return cursor.more_after_block()
    elif kind == "priority" and relation:
        parts["select_priority"] = read_number(cursor, value, MAX_PRIORITY, errors.SYNTAX_ACTION)
    elif kind == "ieps" and relation:
        parts["select_ieps"] = _read_switch(cursor, item)
    elif kind == "emergency_value":
        emergency = EMERGENCY_VALUES.get(value.lower())
        if emergency is None:
            raise cursor.fail(errors.SYNTAX_ACTION, f"EmergencyValue cannot be {value[:64] or 'empty'}")
        parts["select_emergency"] = emergency
    elif kind in {"and", "or"}:
        parts["select_all"] = kind == "and"
    else:
        parts[{"list": "context_list", "emergency_off": "emergency"}.get(kind, kind)] = True
    return cursor.more(delimiter)
