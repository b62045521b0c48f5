"""Context properties and context audits in binary (H.248.1 Annex A.2)."""

from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.ber import Integer, Type
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.leaves import (
    BOOLEAN,
    ITEM,
    NULL,
    PROPERTIES,
    PROPERTY,
    TERMINATION,
    UINT16,
    UINT32,
    read_item,
    write_item,
)
from imsedge.h248.binary.tables import Choice, Sequence, SequenceOf
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    ContextAudit,
    ContextProperties,
    Parameter,
    TopologyDirection,
    TopologyTriple,
)
from imsedge.h248.packages.catalogue import Kind

_DIRECTIONS = {0: TopologyDirection.BOTHWAY, 1: TopologyDirection.ISOLATE, 2: TopologyDirection.ONEWAY}
_EXTENDED = {0: TopologyDirection.ONEWAY_EXTERNAL, 1: TopologyDirection.ONEWAY_BOTH}
_NUMBERS = {direction: number for table in (_DIRECTIONS, _EXTENDED) for number, direction in table.items()}


class _Direction(Integer):
    """ENUMERATED, kept as its number: two components together make the direction."""

    def __init__(self) -> None:
        super().__init__(255)
        self.tag = 0x0A


def _read_triple(
    _: Context, source: str, target: str, number: int, stream: int | None, extended: int | None
) -> TopologyTriple:
    direction = _DIRECTIONS.get(number) if extended is None else _EXTENDED.get(extended)
    if direction is None:
        raise H248Error(errors.SYNTAX_ACTION, "an unknown topology direction")
    return TopologyTriple(source, target, direction, stream)


def _write_triple(_: Context, t: TopologyTriple) -> tuple[Any, ...]:
    number = _NUMBERS[t.direction]
    if t.direction in _EXTENDED.values():  # ONEWAY for those who do not know the extension
        return t.from_termination, t.to_termination, 2, t.stream, number
    return t.from_termination, t.to_termination, number, t.stream, None


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
CONTEXT_PROPERTIES = Sequence(
    {
        "priority?": Integer(15),
        "emergency?": BOOLEAN,
        "topologyReq?": SequenceOf(_TOPOLOGY),
        "iepscallind?": BOOLEAN,
        "contextProp?": PROPERTIES,
        "contextList?": SequenceOf(UINT32),
    },
    lambda _, priority, emergency, topology, ieps, properties, contexts: ContextProperties(
        topology, priority, emergency, ieps, properties or (), contexts
    ),
    lambda _, p: (p.priority, p.emergency, p.topology, p.ieps, p.properties or None, p.context_list),
)


def _read_audited(context: Context, name: bytes, selected: Parameter | None) -> Parameter:
    return selected or Parameter(read_item(context, Kind.PROPERTY, name), ())


def _write_audited(context: Context, p: Parameter) -> tuple[Any, ...]:
    return write_item(context, Kind.PROPERTY, p.name), p if p.values else None


AUDITED_PROPERTIES = SequenceOf(
    Sequence({"name": ITEM, "propertyParms?": PROPERTY}, _read_audited, _write_audited)
)
_LOGIC: dict[str, Type] = {"andAUDITSelect": NULL, "orAUDITSelect": NULL}


def _read_context_audit(_: Context, *components: Any) -> ContextAudit:
    topology, emergency, priority, ieps, properties, *selected, select_all = components
    select_priority, select_emergency, select_ieps = selected
    found = properties or ()
    return ContextAudit(
        topology,
        emergency,
        priority,
        ieps,
        tuple([one.name for one in found if not one.values]),
        select_priority,
        select_emergency,
        select_ieps,
        select_all,
        select_properties=tuple([one for one in found if one.values]),
    )


def _write_context_audit(_: Context, a: ContextAudit) -> tuple[Any, ...]:
    if a.context_list or a.select_contexts is not None:
        raise LocalError("a list of contexts (ContextList) cannot be audited or selected by in binary")
    names = (*a.properties, *(a.attributes or ()))
    audited = (*[Parameter(name, ()) for name in names], *a.select_properties)
    flags = (a.topology, a.emergency, a.priority, a.ieps)
    return *flags, audited or None, a.select_priority, a.select_emergency, a.select_ieps, a.select_all


CONTEXT_AUDIT = Sequence(
    {
        "topology?": NULL,
        "emergency?": NULL,
        "priority?": NULL,
        "iepscallind?": NULL,
        "contextPropAud?": AUDITED_PROPERTIES,
        "selectpriority?": Integer(15),
        "selectemergency?": BOOLEAN,
        "selectiepscallind?": BOOLEAN,
        "selectLogic?": Choice(
            _LOGIC,
            lambda _, every: ("andAUDITSelect" if every else "orAUDITSelect", True),
            lambda _, name, __: name == "andAUDITSelect",
        ),
    },
    _read_context_audit,
    _write_context_audit,
)
