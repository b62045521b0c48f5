"""What each command does: one row a verb (H.248.1 clause 7.2).

A command function checks everything first, then acts.  It returns its reply, or ``Waiting`` when the media
plane has to answer before there is one.  What it cannot do it ends with ``H248Error``.
"""

from collections.abc import Callable
from typing import NamedTuple

from imsedge.agw import items
from imsedge.agw.audits import (
    audit_capability,
    check_audit,
    check_statistics,
    describe,
    statistics_of,
    wants_statistics,
)
from imsedge.agw.control import asked_realm
from imsedge.agw.descriptors import Changes, check_state, read_changes
from imsedge.agw.desk import Outcome, Scope, Waiting, is_open
from imsedge.agw.detection import Place, arm, arm_root, check_events, check_signals, give
from imsedge.agw.errors import fail
from imsedge.agw.messages import Directed
from imsedge.agw.settings import Realm
from imsedge.agw.state import NO_EVENTS, Context, Termination
from imsedge.agw.streams import StreamTerms, begin, filled_local, is_removal, revise
from imsedge.agw.targets import is_root, matching, no_choice, single_choice
from imsedge.h248.model import (
    AuditReturn,
    CommandReply,
    CommandRequest,
    Media,
    ServiceChangeMethod,
    ServiceChangeResult,
    Statistics,
    Stream,
    Verb,
)


class Row(NamedTuple):
    """``targets`` turns the termination names of a command into those it is run for, one at a time."""

    run: Callable[[Scope, CommandRequest, str], Outcome]
    targets: Callable[[Scope, CommandRequest], tuple[str, ...]]


# --- Add --------------------------------------------------------------------------------------------


def _add(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    desk, context = scope.desk, _context(scope)
    changes = read_changes(command.descriptors)
    limits = desk.settings.limits
    if len(context.terminations) >= limits.terminations_per_context:
        fail(434, f"a context has at most {limits.terminations_per_context} terminations")
    realm = _realm(scope, changes, name)
    plan = _plan_new(scope, changes.streams, realm)
    if not plan:
        fail(441, "a termination needs a stream with a Local descriptor")
    _check(scope, changes, plan)
    termination = desk.registry.new_termination(context, realm, desk.now)
    opening = [desk.open_stream(context, termination, number, terms) for number, terms in plan.items()]

    def finish() -> Outcome:
        if not desk.registry.is_live(termination):
            fail(430, "the termination was released meanwhile")
        for stream in opening:
            if stream.failure is not None:
                desk.remove(termination)
                fail(*stream.failure)
        arm(desk, termination, changes.events)
        give(desk, termination, changes.signals)
        return _reply(scope, command, termination, changes, set(plan))

    return Waiting(frozenset(stream.endpoint for stream in opening), finish)


def _realm(scope: Scope, changes: Changes, name: str) -> Realm:
    """From ``ipdc/realm``, else from a name such as ``ip/access/$``, else the default (H.248.41)."""
    settings = scope.desk.settings
    asked = {realm for s in changes.streams.values() if (realm := asked_realm(s.control)) is not None}
    named = name.split("/")[1] if name.count("/") == 2 and "$" not in name.split("/")[1] else None
    if named is not None:
        asked.add(named)
    found = {realm: settings.realm(realm) for realm in asked or {settings.default_realm}}
    for text, known in found.items():
        if known is None:
            fail(449, f"realm {text} is unknown")
    chosen = {known.name: known for known in found.values() if known is not None}
    if len(chosen) > 1:
        fail(473, "one termination cannot be in several realms")
    return next(iter(chosen.values()))


def _plan_new(scope: Scope, streams: dict[int, Stream], realm: Realm) -> dict[int, StreamTerms]:
    settings = scope.desk.settings
    if len(streams) > settings.limits.streams_per_termination:
        fail(510, f"a termination has at most {settings.limits.streams_per_termination} streams")
    certificate = scope.desk.certificate(realm.name)
    return {n: begin(s, realm, certificate, settings.default_mode) for n, s in streams.items()}


# --- Modify -----------------------------------------------------------------------------------------


def _modify(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    if is_root(name):
        return _modify_root(scope, command, name)
    desk, context, termination = scope.desk, _context(scope), _termination(scope, name)
    changes = read_changes(command.descriptors)
    removed = {n for n, s in changes.streams.items() if n in termination.streams and is_removal(s)}
    revised = _plan_revised(scope, termination, changes, removed)
    wanted = {n: s for n, s in changes.streams.items() if n not in termination.streams}
    added = _plan_new(scope, wanted, termination.realm)
    kept = {n: stream.terms for n, stream in termination.streams.items() if n not in removed}
    after = {**kept, **revised, **added}
    if len(after) > desk.settings.limits.streams_per_termination:
        fail(510, f"a termination has at most {desk.settings.limits.streams_per_termination} streams")
    if not after:
        fail(441, "the last stream goes with Subtract")
    _check(scope, changes, after)
    opening = [desk.open_stream(context, termination, number, terms) for number, terms in added.items()]
    termination.heard = desk.now

    def finish() -> Outcome:
        if not desk.registry.is_live(termination):
            fail(430, "the termination was released meanwhile")
        failure = next((stream.failure for stream in opening if stream.failure), None)
        if failure is not None:
            for stream in opening:
                desk.close_stream(termination, stream)
            fail(*failure)
        for number in removed:
            desk.close_stream(termination, termination.streams[number])
        for number, terms in revised.items():
            desk.configure(termination, termination.streams[number], terms)
        arm(desk, termination, changes.events)
        give(desk, termination, changes.signals)
        return _reply(scope, command, termination, changes, set(added))

    return Waiting(frozenset(stream.endpoint for stream in opening), finish)


def _plan_revised(
    scope: Scope, termination: Termination, changes: Changes, removed: set[int]
) -> dict[int, StreamTerms]:
    certificate = scope.desk.certificate(termination.realm.name)
    return {
        number: revise(held.terms, stream, held.local, certificate)
        for number, stream in changes.streams.items()
        if (held := termination.streams.get(number)) is not None and number not in removed
    }


def _modify_root(scope: Scope, command: CommandRequest, name: str) -> CommandReply:
    changes = read_changes(command.descriptors)
    if changes.streams or changes.signals or changes.statistics:
        fail(447, "ROOT has no streams, signals and statistics")
    for parameter in changes.state.properties if changes.state else ():
        items.refuse_property(parameter.name)
    check_events(changes.events, Place.ROOT, (), scope.desk.settings.limits.events_per_termination)
    check_audit(changes.audit)
    arm_root(scope.desk, changes.events)
    result = describe(scope, None, changes.audit) if changes.audit else ()
    return CommandReply(command.verb, (name,), result)


# --- Subtract ---------------------------------------------------------------------------------------


def _subtract(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    """Without an audit descriptor the statistics come back, with an empty one nothing (clause 7.2.4)."""
    if is_root(name):
        fail(542, "ROOT cannot be subtracted")
    desk, termination = scope.desk, _termination(scope, name)
    check_audit(command.audit)
    if command.audit is not None and not wants_statistics(command.audit):
        result = describe(scope, termination, command.audit)
        desk.remove(termination)
        return CommandReply(command.verb, (termination.name,), result)
    termination.events = NO_EVENTS  # what happens from here on is of our own making
    streams = tuple(stream for stream in termination.streams.values() if not stream.dead)
    for stream in streams:
        desk.order_release(stream)

    def finish() -> Outcome:
        audited = describe(scope, termination, command.audit) if command.audit else None
        result = (statistics_of(termination),) if audited is None else audited
        desk.remove(termination)
        return CommandReply(command.verb, (termination.name,), result)

    return Waiting(frozenset(stream.endpoint for stream in streams), finish)


# --- AuditValue, AuditCapability ----------------------------------------------------------------------


def _audit_value(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    termination = None if is_root(name) else _termination(scope, name)
    if termination is not None:
        termination.heard = scope.desk.now
    check_audit(command.audit)

    def finish() -> Outcome:
        if termination is not None and not scope.desk.registry.is_live(termination):
            fail(430, "the termination was released meanwhile")
        shown = name if termination is None else termination.name
        return CommandReply(command.verb, (shown,), describe(scope, termination, command.audit))

    if termination is None or not wants_statistics(command.audit):
        return finish()
    streams = [stream for stream in termination.streams.values() if is_open(stream)]
    for stream in streams:
        scope.desk.query(stream)
    return Waiting(frozenset(stream.endpoint for stream in streams), finish)


def _audit_capability(scope: Scope, command: CommandRequest, name: str) -> CommandReply:
    termination = None if is_root(name) else _termination(scope, name)
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


# --- Move, ServiceChange ------------------------------------------------------------------------------


def _move(_scope: Scope, _command: CommandRequest, _name: str) -> CommandReply:
    fail(501, "Move is not implemented: endpoints stay linked as they were added")


def _service_change(scope: Scope, command: CommandRequest, name: str) -> CommandReply:
    """From the controller (clause 7.2.8): the gateway as a whole is the daemon's business."""
    change = command.service_change
    if change is None:
        fail(472, "ServiceChange needs Method and Reason")
    if not is_root(name):
        fail(501, "ServiceChange of single terminations is not implemented; use Subtract")
    if change.method in (ServiceChangeMethod.FORCED, ServiceChangeMethod.RESTART):
        scope.desk.remove_all()
    scope.desk.outputs.append(Directed(change))
    return CommandReply(command.verb, (name,), service_change=ServiceChangeResult())


COMMANDS: dict[Verb, Row] = {
    Verb.ADD: Row(_add, single_choice),
    Verb.MODIFY: Row(_modify, matching),
    Verb.MOVE: Row(_move, no_choice),
    Verb.SUBTRACT: Row(_subtract, matching),
    Verb.AUDIT_VALUE: Row(_audit_value, matching),
    Verb.AUDIT_CAPABILITY: Row(_audit_capability, matching),
    Verb.SERVICE_CHANGE: Row(_service_change, matching),
}


# --- shared -----------------------------------------------------------------------------------------


def _context(scope: Scope) -> Context:
    return scope.context or fail(421, "this needs a context")


def _termination(scope: Scope, name: str) -> Termination:
    found = scope.desk.registry.termination(name)
    return found or fail(430, f"termination {name} is unknown")


def _check(scope: Scope, changes: Changes, streams: dict[int, StreamTerms]) -> None:
    """All that can be wrong besides the streams themselves."""
    limit = scope.desk.settings.limits.events_per_termination
    check_state(changes.state)
    check_events(changes.events, Place.TERMINATION, streams, limit)
    check_signals(changes.signals, streams)
    check_statistics(changes.statistics)
    for stream in changes.streams.values():
        check_statistics(Statistics(stream.statistics or ()))
    check_audit(changes.audit)


def _reply(
    scope: Scope, command: CommandRequest, termination: Termination, changes: Changes, added: set[int]
) -> CommandReply:
    """What the gateway chose, and what was asked for with an audit (clause 7.2.1)."""
    certificate = scope.desk.certificate(termination.realm.name)
    streams = tuple(
        Stream(number, local=local)
        for number in changes.streams
        if (stream := termination.streams.get(number)) is not None
        and (stream.terms.local.open_items or number in added)
        and changes.streams[number].local is not None
        and (local := filled_local(stream.terms, stream.local, certificate)) is not None
    )
    result: tuple[AuditReturn, ...] = (Media(streams),) if streams else ()
    if changes.audit is not None:
        audited = describe(scope, termination, changes.audit)
        result = audited if any(isinstance(i, Media) for i in audited) else (*result, *audited)
    return CommandReply(command.verb, (termination.name,), result)
