"""What each command does: one row a verb (H.248.1 clause 7.2).

A command function checks everything first, then acts.  It returns its reply, or ``Waiting`` when the media
plane has to answer before there is one.  What it cannot do it ends with ``H248Error``.
"""

from collections.abc import Callable
from typing import NamedTuple

from imsedge.agw.amm import add, modify, move
from imsedge.agw.audits import check_audit, describe, statistics_of, stream_statistics, wants_statistics
from imsedge.agw.capabilities import audit_capability
from imsedge.agw.desk import Outcome, Scope, Waiting, is_open
from imsedge.agw.errors import fail
from imsedge.agw.names import is_root
from imsedge.agw.service import service_change
from imsedge.agw.state import NO_EVENTS, Termination
from imsedge.agw.targets import elsewhere, known_termination, matching, single_choice
from imsedge.h248.model import AuditReturn, CommandReply, CommandRequest, Verb


class Row(NamedTuple):
    """``targets`` turns the termination names of a command into those it is run for, one at a time."""

    run: Callable[[Scope, CommandRequest, str], Outcome]
    targets: Callable[[Scope, CommandRequest], tuple[str, ...]]


def _subtract(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    """Without an audit descriptor the statistics come back, with an empty one nothing (clause 7.2.4)."""
    if is_root(name):
        fail(542, "ROOT cannot be subtracted")
    desk, termination = scope.desk, known_termination(scope, name)
    check_audit(command.audit)
    if command.audit is not None and not wants_statistics(command.audit, termination):
        result = describe(scope, termination, command.audit)
        desk.remove(termination)
        return CommandReply(command.verb, (termination.name,), result)
    termination.events = NO_EVENTS  # what happens from here on is of our own making
    termination.lock_step = False
    streams = tuple(stream for stream in termination.streams.values() if not stream.dead)
    for stream in streams:
        desk.order_release(stream)

    def finish() -> Outcome:
        audited = describe(scope, termination, command.audit) if command.audit else None
        result = _last_statistics(termination) if audited is None else audited
        desk.remove(termination)
        return CommandReply(command.verb, (termination.name,), result)

    return Waiting(frozenset(stream.endpoint for stream in streams), finish)


def _last_statistics(termination: Termination) -> tuple[AuditReturn, ...]:
    whole, by_stream = statistics_of(termination), stream_statistics(termination)
    return (whole,) if by_stream is None else (by_stream, whole)


def _audit_value(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    termination = None if is_root(name) else known_termination(scope, name)
    if termination is not None:
        termination.heard = scope.desk.now
    check_audit(command.audit)

    def finish() -> Outcome:
        if termination is not None and not scope.desk.registry.is_live(termination):
            fail(430, "the termination was released meanwhile")
        shown = name if termination is None else termination.name
        return CommandReply(command.verb, (shown,), describe(scope, termination, command.audit))

    if termination is None or not wants_statistics(command.audit, termination):
        return finish()
    streams = [stream for stream in termination.streams.values() if is_open(stream)]
    for stream in streams:
        scope.desk.query(stream)
    return Waiting(frozenset(stream.endpoint for stream in streams), finish)


def _audit_capability(scope: Scope, command: CommandRequest, name: str) -> CommandReply:
    termination = None if is_root(name) else known_termination(scope, name)
    check_audit(command.audit)
    return CommandReply(command.verb, (name,), audit_capability(scope, termination, command.audit))


def listing(command: CommandRequest, names: tuple[str, ...]) -> CommandReply | None:
    """A wildcarded audit for nothing lists what there is: ``AuditValue = Context{a, b}``."""
    audit = command.audit
    wild = any("*" in name for name in command.terminations)
    empty = audit is not None and not audit.items and not audit.individual
    if command.verb is Verb.AUDIT_VALUE and wild and empty and not command.wildcard_reply:
        return CommandReply(command.verb, names, listed=True)
    return None


COMMANDS: dict[Verb, Row] = {
    Verb.ADD: Row(add, single_choice),
    Verb.MODIFY: Row(modify, matching),
    Verb.MOVE: Row(move, elsewhere),
    Verb.SUBTRACT: Row(_subtract, matching),
    Verb.AUDIT_VALUE: Row(_audit_value, matching),
    Verb.AUDIT_CAPABILITY: Row(_audit_capability, matching),
    Verb.SERVICE_CHANGE: Row(service_change, matching),
}
