"""Add, Move and Modify (H.248.1 clauses 7.2.1 to 7.2.3).

Each first makes a plan, in which everything can be refused and nothing is done, and then carries it out.
"""

from collections.abc import Callable
from typing import NamedTuple

from imsedge.agw.audits import check_audit, check_statistics, describe
from imsedge.agw.control import asked_realm
from imsedge.agw.descriptors import Changes, check_state, read_changes
from imsedge.agw.desk import Outcome, Scope, Waiting
from imsedge.agw.detection import BEGINNING, ENDING, Place, check_buffer, check_events, check_signals, give
from imsedge.agw.errors import fail
from imsedge.agw.names import is_root
from imsedge.agw.notifications import arm_events
from imsedge.agw.overload import notice_add
from imsedge.agw.root import modify_root
from imsedge.agw.service import take_state
from imsedge.agw.settings import Realm
from imsedge.agw.state import Context, StreamState, Termination
from imsedge.agw.streams import (
    StreamTerms,
    admission,
    begin,
    check_abilities,
    filled_local,
    is_removal,
    revise,
)
from imsedge.agw.targets import known_termination, needed_context
from imsedge.agw.topology import check_topology, revise_topology
from imsedge.h248.errors import H248Error
from imsedge.h248.model import AuditReturn, CommandReply, CommandRequest, Media, Statistics, Stream


def add(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    """A new termination with its streams; the gateway chooses name, addresses and ports."""
    desk, context = scope.desk, needed_context(scope)
    notice_add(desk)
    if desk.registry.closing:
        fail(503, "the gateway is going out of service")
    changes = read_changes(command.descriptors)
    _check_room(scope, context)
    realm = _realm(scope, changes, name)
    plan = _plan_new(scope, changes.streams, realm)
    if not plan:
        fail(441, "a termination needs a stream with a Local descriptor")
    _check(scope, changes, plan)
    termination = desk.registry.new_termination(context, realm, desk.now)
    try:
        _take_place(context, termination, plan)
    except Exception:
        desk.remove(termination)
        raise
    opening = [desk.open_stream(context, termination, number, terms) for number, terms in plan.items()]

    def finish() -> Outcome:
        _check_live(scope, termination)
        for stream in opening:
            if stream.failure is not None:
                desk.remove(termination)
                fail(*stream.failure)
        _apply(scope, termination, changes)
        return _reply(scope, command, termination, changes, set(plan))

    return Waiting(frozenset(stream.endpoint for stream in opening), finish)


def modify(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    """What the descriptors do not mention stays as it is."""
    if is_root(name):
        return modify_root(scope, command, name)
    context, termination = needed_context(scope), known_termination(scope, name)
    return _carry_out(scope, command, context, termination, _plan(scope, command, termination))


def move(scope: Scope, command: CommandRequest, name: str) -> Outcome:
    """Into this context, with ports and connections; the executor has made the other context ours, too."""
    desk, target, termination = scope.desk, needed_context(scope), known_termination(scope, name)
    source = desk.registry.contexts[termination.context]
    if source is target:
        fail(433, f"termination {termination.name} is in context {target.id}")
    _check_room(scope, target)
    plan = _plan(scope, command, termination)
    after = {n: s.terms for n, s in termination.streams.items()} | plan.added
    topology = target.topology
    _take_place(target, termination, after)
    moving = desk.transfer(termination, target)

    def finish() -> Outcome:
        _check_live(scope, termination)
        failure = next((stream.failure for stream in moving if stream.failure), None)
        if failure is not None:
            move_back()
            fail(*failure)
        return _carry_out(scope, command, target, termination, plan, move_back)

    def move_back() -> None:
        desk.transfer(termination, source)
        target.topology = topology

    return Waiting(frozenset(stream.endpoint for stream in moving), finish)


# --- plans ------------------------------------------------------------------------------------------


class _Plan(NamedTuple):
    """Streams to take away, to change and to open."""

    changes: Changes
    removed: frozenset[int]
    revised: dict[int, StreamTerms]
    added: dict[int, StreamTerms]


def _plan(scope: Scope, command: CommandRequest, termination: Termination) -> _Plan:
    changes, held, limit = read_changes(command.descriptors), termination.streams, _stream_limit(scope)
    removed = frozenset(n for n, s in changes.streams.items() if n in held and is_removal(s))
    certificate = scope.desk.certificate(termination.realm)
    revised = {
        number: revise(held[number].terms, stream, held[number].local, certificate)
        for number, stream in changes.streams.items()
        if number in held and number not in removed
    }
    wanted = {n: s for n, s in changes.streams.items() if n not in held}
    added = _plan_new(scope, wanted, termination.realm)
    kept = {n: stream.terms for n, stream in held.items() if n not in removed}
    after = {**kept, **revised, **added}
    if len(after) > limit:
        fail(510, f"a termination has at most {limit} streams")
    if not after:
        fail(441, "the last stream goes with Subtract")
    _check(scope, changes, after)
    return _Plan(changes, removed, revised, added)


def _plan_new(scope: Scope, streams: dict[int, Stream], realm: Realm) -> dict[int, StreamTerms]:
    settings, limit = scope.desk.settings, _stream_limit(scope)
    if len(streams) > limit:
        fail(510, f"a termination has at most {limit} streams")
    certificate = scope.desk.certificate(realm)
    return {n: begin(s, realm, certificate, settings.default_mode) for n, s in streams.items()}


def _stream_limit(scope: Scope) -> int:
    return scope.desk.settings.limits.streams_per_termination


def _check_room(scope: Scope, context: Context) -> None:
    most = scope.desk.settings.limits.terminations_per_context
    if len(context.terminations) >= most:
        fail(434, f"a context has at most {most} terminations")


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


def _check(scope: Scope, changes: Changes, streams: dict[int, StreamTerms]) -> None:
    """All that can be wrong besides the streams themselves."""
    limit = scope.desk.settings.limits.events_per_termination
    check_state(changes.state)
    check_events(changes.events, Place.TERMINATION, streams, limit)
    check_buffer(changes.event_buffer, streams, limit)
    check_signals(changes.signals, streams)
    check_statistics(changes.statistics)
    for terms in streams.values():
        check_abilities(terms, scope.desk.settings.abilities)
    for stream in changes.streams.values():
        check_statistics(Statistics(stream.statistics or ()))
    check_audit(changes.audit)


def _check_live(scope: Scope, termination: Termination) -> None:
    if not scope.desk.registry.is_live(termination):
        fail(430, "the termination was released meanwhile")


# --- carrying out -----------------------------------------------------------------------------------


def _take_place(context: Context, termination: Termination, streams: dict[int, StreamTerms]) -> None:
    """What the action's topology says about a newcomer; raises 522 and changes nothing then."""
    if not context.open_triples:
        return
    names = [*context.terminations, termination.name]
    topology = revise_topology(context.topology, context.open_triples, names, termination.name)
    check_topology(context, topology, termination.name, streams)
    context.topology = topology


def _carry_out(
    scope: Scope,
    command: CommandRequest,
    context: Context,
    termination: Termination,
    plan: _Plan,
    undo: Callable[[], None] = lambda: None,
) -> Outcome:
    """``undo``: what has been done before, when a stream cannot be opened."""
    desk = scope.desk
    opening = [desk.open_stream(context, termination, n, terms) for n, terms in plan.added.items()]
    termination.heard = desk.now

    def finish() -> Outcome:
        _check_live(scope, termination)
        try:
            _check_opened(scope, termination, opening)
        except H248Error:
            undo()
            raise
        ended = give(desk, termination, plan.changes.signals, ENDING)
        scope.completed.extend((termination, completion) for completion in ended)
        for number in plan.removed:
            desk.close_stream(termination, termination.streams[number])
        streams = [termination.streams[number] for number in plan.revised]
        before = [admission(stream.ordered) for stream in streams]
        for stream in streams:
            desk.configure(termination, stream, plan.revised[stream.id])
        # Whoever calls as soon as our reply is there shall find what it says.
        changed = [s for s, old in zip(streams, before, strict=True) if admission(s.ordered) != old]
        for stream in changed:
            desk.query(stream)
        return Waiting(frozenset(stream.endpoint for stream in changed), told)

    def told() -> Outcome:
        _check_live(scope, termination)
        _apply(scope, termination, plan.changes)
        return _reply(scope, command, termination, plan.changes, set(plan.added))

    return Waiting(frozenset(stream.endpoint for stream in opening), finish)


def _check_opened(scope: Scope, termination: Termination, opening: list[StreamState]) -> None:
    """All or nothing."""
    failure = next((stream.failure for stream in opening if stream.failure), None)
    if failure is not None:
        for stream in opening:
            scope.desk.close_stream(termination, stream)
        fail(*failure)


def _apply(scope: Scope, termination: Termination, changes: Changes) -> None:
    """Everything but the terms of the streams.  Signals come last: they want all else in place."""
    for number, stream in changes.streams.items():
        if stream.statistics is not None and number in termination.streams:
            termination.streams[number].counted = tuple(item.name for item in stream.statistics)
    take_state(scope.desk, termination, changes.state)
    if changes.event_buffer is not None:
        termination.event_buffer = changes.event_buffer
    arm_events(scope.desk, termination, changes.events)
    given = give(scope.desk, termination, changes.signals, BEGINNING)
    scope.completed.extend((termination, completion) for completion in given)


def _reply(
    scope: Scope, command: CommandRequest, termination: Termination, changes: Changes, added: set[int]
) -> CommandReply:
    """What the gateway chose, and what was asked for with an audit (clause 7.2.1)."""
    certificate = scope.desk.certificate(termination.realm)
    streams = tuple(
        Stream(number, local=local)
        for number in changes.streams
        if (stream := termination.streams.get(number)) is not None
        and (stream.terms.local.open_items or number in added)
        and changes.streams[number].local is not None
        and (local := filled_local(stream.terms, stream.local, certificate, stream.session)) is not None
    )
    result: tuple[AuditReturn, ...] = (Media(streams),) if streams else ()
    if changes.audit is not None:
        audited = describe(scope, termination, changes.audit)
        result = audited if any(isinstance(i, Media) for i in audited) else (*result, *audited)
    return CommandReply(command.verb, (termination.name,), result)
