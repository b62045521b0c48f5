"""Context properties and context audits in binary (H.248.1 Annex A.2)."""

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.ber import (
    Choice,
    Integer,
    Sequence,
    SequenceOf,
    Values,
)
from imsedge.h248.binary.events import NULL
from imsedge.h248.binary.leaves import (
    BOOLEAN,
    ITEM,
    PROPERTIES,
    PROPERTY,
    TERMINATION,
    UINT16,
    UINT32,
    Context,
    filled,
    read_item,
    write_item,
)
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    ContextAudit,
    ContextProperties,
    TopologyDirection,
    TopologyTriple,
)
from imsedge.h248.packages.catalogue import Kind

_DIRECTIONS = {0: TopologyDirection.BOTHWAY, 1: TopologyDirection.ISOLATE, 2: TopologyDirection.ONEWAY}
_EXTENDED = {0: TopologyDirection.ONEWAY_EXTERNAL, 1: TopologyDirection.ONEWAY_BOTH}
_NUMBERS = {direction: number for table in (_DIRECTIONS, _EXTENDED) for number, direction in table.items()}
_SMALL = Integer(255)


class _Direction:
    """ENUMERATED, kept as its number: two components together make the direction."""

    tag = 0x0A
    read = _SMALL.read
    write = _SMALL.write


def _read_triple(_: Context, v: Values) -> TopologyTriple:
    extended = v.get("topologyDirectionExtension")
    direction = _DIRECTIONS.get(v["topologyDirection"]) if extended is None else _EXTENDED.get(extended)
    if direction is None:
        raise H248Error(errors.SYNTAX_ACTION, "an unknown topology direction")
    return TopologyTriple(v["terminationFrom"], v["terminationTo"], direction, v.get("streamID"))


def _write_triple(_: Context, t: TopologyTriple) -> Values:
    extended = t.direction in _EXTENDED.values()
    return {
        "terminationFrom": t.from_termination,
        "terminationTo": t.to_termination,
        "topologyDirection": 2 if extended else _NUMBERS[t.direction],
        "streamID": t.stream,
        "topologyDirectionExtension": _NUMBERS[t.direction] if extended else None,
    }


_TOPOLOGY = Sequence(
    {
        "terminationFrom": TERMINATION,
        "terminationTo": TERMINATION,
        "topologyDirection": _Direction(),
        "streamID?": UINT16,
        "topologyDirectionExtension?": _Direction(),
    },
    _read_triple,
    _write_triple,
)
_PROPERTY_NAMES = {
    "priority": "priority",
    "emergency": "emergency",
    "topology": "topologyReq",
    "ieps": "iepscallind",
    "properties": "contextProp",
    "context_list": "contextList",
}
CONTEXT_PROPERTIES = Sequence(
    {
        "priority?": Integer(15),
        "emergency?": BOOLEAN,
        "topologyReq?": SequenceOf(_TOPOLOGY),
        "iepscallind?": BOOLEAN,
        "contextProp?": PROPERTIES,
        "contextList?": SequenceOf(UINT32),
    },
    lambda _, v: ContextProperties(**filled(v, **_PROPERTY_NAMES)),
    lambda _, p: {
        name: getattr(p, field) or _kept(getattr(p, field)) for field, name in _PROPERTY_NAMES.items()
    },
)


def _kept(value: object) -> object:
    """``False`` and 0 are values; an empty list is none."""
    return None if value == () else value


_AUDITED_PROPERTY = Sequence(
    {"name": ITEM, "propertyParms?": PROPERTY},
    lambda context, v: v.get("propertyParms") or read_item(context, Kind.PROPERTY, v["name"]),
    lambda context, p: (
        {"name": write_item(context, Kind.PROPERTY, p)}
        if isinstance(p, str)
        else {"name": write_item(context, Kind.PROPERTY, p.name), "propertyParms": p}
    ),
)


def _read_context_audit(_: Context, v: Values) -> ContextAudit:
    properties = v.get("contextPropAud", ())
    select = v.get("selectLogic")
    return ContextAudit(
        topology="topology" in v,
        emergency="emergency" in v,
        priority="priority" in v,
        ieps="iepscallind" in v,
        properties=tuple(name for name in properties if isinstance(name, str)),
        select_priority=v.get("selectpriority"),
        select_emergency=v.get("selectemergency"),
        select_ieps=v.get("selectiepscallind"),
        select_all=None if select is None else select[0] == "andAUDITSelect",
        select_properties=tuple(one for one in properties if not isinstance(one, str)),
    )


def _write_context_audit(_: Context, a: ContextAudit) -> Values:
    if a.context_list or a.select_contexts is not None:
        raise LocalError("a list of contexts cannot be audited in binary")
    logic = None if a.select_all is None else ("andAUDITSelect" if a.select_all else "orAUDITSelect", True)
    return {
        "topology": a.topology or None,
        "emergency": a.emergency or None,
        "priority": a.priority or None,
        "iepscallind": a.ieps or None,
        "contextPropAud": (*a.properties, *(a.attributes or ()), *a.select_properties) or None,
        "selectpriority": a.select_priority,
        "selectemergency": a.select_emergency,
        "selectiepscallind": a.select_ieps,
        "selectLogic": logic,
    }


CONTEXT_AUDIT = Sequence(
    {
        "topology?": NULL,
        "emergency?": NULL,
        "priority?": NULL,
        "iepscallind?": NULL,
        "contextPropAud?": SequenceOf(_AUDITED_PROPERTY),
        "selectpriority?": Integer(15),
        "selectemergency?": BOOLEAN,
        "selectiepscallind?": BOOLEAN,
        "selectLogic?": Choice(("andAUDITSelect", NULL), ("orAUDITSelect", NULL)),
    },
    _read_context_audit,
    _write_context_audit,
)
