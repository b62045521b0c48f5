"""What belongs to an action as a whole: context attributes, their audit, and replies put together."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from imsedge.agw.errors import fail
from imsedge.agw.state import Context, Registry
from imsedge.agw.topology import check_topology, describe_topology, revise_topology
from imsedge.h248.model import (
    ALL,
    ALL_CONTEXTS,
    ActionReply,
    ActionRequest,
    AuditReturn,
    CommandReply,
    CommandRequest,
    ContextAudit,
    ContextProperties,
    ErrorDescriptor,
    Statistic,
    Statistics,
    TopologyTriple,
    Verb,
)


def check_properties(wanted: ContextProperties | None, audit: ContextAudit | None) -> None:
    """Raises ``H248Error`` 445, 473 or 522 for what this gateway cannot do to a context."""
    if wanted is not None:
        revise_topology({}, wanted.topology or (), ())
        if wanted.properties:
            fail(445, f"context property {wanted.properties[0].name} is not supported")
    if audit is not None:
        for name in (
            *audit.properties,
            *(p.name for p in audit.select_properties),
            *(audit.attributes or ()),
        ):
            fail(445, f"context property {name} is not supported")


def check_single(request: ActionRequest) -> None:
    """What chooses among contexts is for all contexts only; raises ``H248Error`` 473."""
    listed = request.properties is not None and request.properties.context_list is not None
    if listed or (request.audit is not None and (_selectors(request.audit) or request.audit.select_contexts)):
        fail(473, "contexts are selected with Context = * only")


def store_properties(context: Context, request: ActionRequest) -> None:
    """Keep what was mentioned.  Raises ``H248Error`` 430 or 522 and changes nothing then."""
    wanted, old = request.properties, context.properties
    if wanted is None:
        return
    if wanted.topology is not None:
        _store_topology(context, wanted.topology, request)
    context.properties = ContextProperties(
        priority=wanted.priority if wanted.priority is not None else old.priority,
        emergency=wanted.emergency if wanted.emergency is not None else old.emergency,
        ieps=wanted.ieps if wanted.ieps is not None else old.ieps,
    )


def _store_topology(context: Context, triples: tuple[TopologyTriple, ...], request: ActionRequest) -> None:
    """What names a termination that is not here is for one that the same action brings."""
    if not any(command.verb in (Verb.ADD, Verb.MOVE) for command in request.commands):
        for triple in triples:
            for name in (triple.from_termination, triple.to_termination):
                if ALL not in name and context.find(name) is None:
                    fail(430, f"termination {name} of the topology is not in the context")
    topology = revise_topology(context.topology, triples, context.terminations)
    check_topology(context, topology)
    context.topology, context.open_triples, context.unsettled = topology, triples, True


def audit_context(
    registry: Registry, context: Context | None, request: ActionRequest, version: int
) -> ContextProperties | None:
    """The attributes asked for, with the defaults of H.248.1 clause 6.1.1 where nothing was set."""
    audit = request.audit
    if audit is None:
        return None
    if context is None:
        return (
            ContextProperties(context_list=tuple(selected(registry, request))) if audit.context_list else None
        )
    held = context.properties
    return ContextProperties(
        topology=describe_topology(context, by_stream=version >= 3) if audit.topology else None,
        priority=(held.priority or 0) if audit.priority else None,
        emergency=bool(held.emergency) if audit.emergency else None,
        ieps=bool(held.ieps) if audit.ieps else None,
    )


def selected(registry: Registry, request: ActionRequest) -> list[int]:
    """The contexts that ``Context = *`` stands for: those listed, those with the attributes selected."""
    numbers = list(registry.contexts)
    audit = request.audit
    for wanted in (
        request.properties.context_list if request.properties else None,
        audit.select_contexts if audit else None,
    ):
        if wanted is not None:
            numbers = [number for number in dict.fromkeys(wanted) if number in registry.contexts]
    tests = _selectors(audit) if audit is not None else []
    if not tests:
        return numbers
    agree = any if audit is not None and audit.select_all is False else all
    return [n for n in numbers if agree(test(registry.contexts[n].properties) for test in tests)]


def _selectors(audit: ContextAudit) -> list[Callable[[ContextProperties], bool]]:
    """Version 3: each compares one attribute with the value asked for."""
    found: list[Callable[[ContextProperties], bool]] = []
    if audit.select_priority is not None:
        found.append(lambda held: (held.priority or 0) == audit.select_priority)
    if audit.select_emergency is not None:
        found.append(lambda held: bool(held.emergency) == audit.select_emergency)
    if audit.select_ieps is not None:
        found.append(lambda held: bool(held.ieps) == audit.select_ieps)
    return found


def merge_replies(replies: list[CommandReply], start: int, command: CommandRequest) -> None:
    """``W-`` (clause 8.2.1): one reply with the wildcard and the union of what was returned."""
    whole = replies[start:]
    if any(reply.error for reply in whole):
        return  # which termination failed must not be hidden
    union = _union(item for reply in whole for item in reply.result)
    replies[start:] = [CommandReply(command.verb, command.terminations, union)]


def close_all_contexts(done: list[ActionReply], start: int, request: ActionRequest) -> None:
    """After one action a context: nothing matched is an error, ``W-`` everywhere makes one reply."""
    replies = done[start:]
    if not replies:
        if request.commands:
            error = ErrorDescriptor(431, "no context has what was asked for")
            first = request.commands[0]
            failed = (CommandReply(first.verb, first.terminations, (error,)),)
            done.append(ActionReply(ALL_CONTEXTS, () if first.optional else failed))
        else:
            done.append(ActionReply(ALL_CONTEXTS))
        return
    clean = not any(reply.error or any(r.error for r in reply.replies) for reply in replies)
    if clean and request.commands and all(command.wildcard_reply for command in request.commands):
        merged = [_union_of(command, replies) for command in request.commands]
        done[start:] = [ActionReply(ALL_CONTEXTS, tuple(merged))]


def _union_of(command: CommandRequest, replies: list[ActionReply]) -> CommandReply:
    items = (
        item
        for action in replies
        for reply in action.replies
        if (reply.verb, reply.terminations) == (command.verb, command.terminations)
        for item in reply.result
    )
    return CommandReply(command.verb, command.terminations, _union(items))


def _union(items: Iterable[AuditReturn]) -> tuple[AuditReturn, ...]:
    """Each descriptor once; statistics in one descriptor, with each value that occurs."""
    found: dict[AuditReturn, None] = {}
    statistics: dict[Statistic, None] = {}
    for item in items:
        if isinstance(item, Statistics):
            statistics |= dict.fromkeys(item.items)
        else:
            found[item] = None
    return (*found, Statistics(tuple(statistics))) if statistics else tuple(found)


def for_context(request: ActionRequest, number: int) -> ActionRequest:
    """The same action for one context, which was selected already."""
    properties, audit = request.properties, request.audit
    if properties is not None:
        properties = replace(properties, context_list=None)
    if audit is not None:
        audit = replace(
            audit,
            select_priority=None,
            select_emergency=None,
            select_ieps=None,
            select_all=None,
            select_contexts=None,
        )
    return replace(request, context=number, properties=properties, audit=audit)
