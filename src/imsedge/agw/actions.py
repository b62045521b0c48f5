"""What belongs to an action as a whole: context attributes, their audit, and replies put together."""

from collections.abc import Iterable

from msgspec.structs import replace

from imsedge.agw.errors import fail
from imsedge.agw.state import Context, Registry
from imsedge.h248.model import (
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
    TopologyDirection,
    TopologyTriple,
)


def check_properties(wanted: ContextProperties | None, audit: ContextAudit | None) -> None:
    """Raises ``H248Error`` 445, 501 or 522 for what this gateway cannot do to a context."""
    if wanted is not None:
        if any(triple.direction is not TopologyDirection.BOTHWAY for triple in wanted.topology or ()):
            fail(522, "the only topology between two terminations is Bothway")
        if wanted.properties:
            fail(445, f"context property {wanted.properties[0].name} is not supported")
        if wanted.context_list is not None:
            fail(501, "lists of contexts are not supported")
    if audit is not None:
        selectors = (audit.select_priority, audit.select_emergency, audit.select_ieps, audit.select_all)
        if any(selector is not None for selector in selectors):
            fail(501, "selecting contexts by attribute is not supported")


def store_properties(context: Context, wanted: ContextProperties | None) -> None:
    """Keep what was mentioned."""
    if wanted is None:
        return
    old = context.properties
    context.properties = ContextProperties(
        topology=wanted.topology if wanted.topology is not None else old.topology,
        priority=wanted.priority if wanted.priority is not None else old.priority,
        emergency=wanted.emergency if wanted.emergency is not None else old.emergency,
        ieps=wanted.ieps if wanted.ieps is not None else old.ieps,
    )


def audit_context(
    registry: Registry, context: Context | None, audit: ContextAudit | None
) -> ContextProperties | None:
    """The attributes asked for, with the defaults of H.248.1 clause 6.1.1 where nothing was set."""
    if audit is None:
        return None
    if context is None:
        return ContextProperties(context_list=tuple(registry.contexts)) if audit.context_list else None
    held = context.properties
    return ContextProperties(
        topology=_topology(context) if audit.topology else None,
        priority=(held.priority or 0) if audit.priority else None,
        emergency=bool(held.emergency) if audit.emergency else None,
        ieps=bool(held.ieps) if audit.ieps else None,
    )


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
    found: list[AuditReturn] = []
    statistics: dict[Statistic, None] = {}
    for item in items:
        if isinstance(item, Statistics):
            statistics |= dict.fromkeys(item.items)
        elif item not in found:
            found.append(item)
    return (*found, Statistics(tuple(statistics))) if statistics else tuple(found)


def _topology(context: Context) -> tuple[TopologyTriple, ...]:
    names = [termination.name for termination in context.terminations.values()]
    return tuple(
        TopologyTriple(first, second, TopologyDirection.BOTHWAY)
        for number, first in enumerate(names)
        for second in names[number + 1 :]
    )


def for_context(request: ActionRequest, number: int) -> ActionRequest:
    """The same action for one context."""
    return replace(request, context=number)
