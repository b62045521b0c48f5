"""Transactions, step by step (H.248.1 clause 8).

A transaction is a list of steps: enter an action, run a command, run it for one termination, leave the
action.  A wildcard puts one step for each termination that it matches in its own place, ``*`` for the
context one action for each context.  A step that has to wait for the media plane parks the execution,
which goes on where it stood when the endpoints have answered or time is up.  After ``Limits.steps`` of them
others have their turn, and it goes on with a ``Tick`` that is due at once.

* Inside a transaction all is sequential; the first command that fails and is not optional ends it, and
  what was done before stands (clause 8.2.1).
* Between transactions there is no order, except that one context is worked on by one of them at a time;
  others that want it wait in the order of their coming.  A Move works on two; it waits for the second
  as well, unless that would never end (two that wait for each other): then it fails with 511.
"""

from collections import deque

from imsedge.agw.actions import (
    audit_context,
    check_properties,
    check_single,
    close_all_contexts,
    for_context,
    merge_replies,
    selected,
    store_properties,
)
from imsedge.agw.commands import COMMANDS, listing
from imsedge.agw.desk import Desk, Outcome, Scope, Timer
from imsedge.agw.errors import fail
from imsedge.agw.execution import Enter, Execution, Leave, LeaveAll, Merge, Run, RunOne, Step, Visit
from imsedge.agw.messages import Answer, Execute
from imsedge.agw.names import is_root
from imsedge.agw.notifications import happened
from imsedge.agw.overload import notice_level
from imsedge.agw.state import Context, Phase
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    ALL_CONTEXTS,
    CHOOSE_CONTEXT,
    NULL_CONTEXT,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    Verb,
)


class Executor:
    """Runs transactions on a ``Desk``; one ``Answer`` each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: dict[int, Execution] = {}
        self._owners: dict[int, Execution] = {}
        self._queues: dict[int, deque[Execution]] = {}
        self._awaited: dict[int, list[Execution]] = {}
        self._ready: deque[Execution] = deque()
        self._paused: deque[Execution] = deque()
        self._next = 1

    def __len__(self) -> int:
        return len(self._running)

    # --- inputs

    def start(self, execute: Execute) -> None:
        """Begin a transaction; answers at once when there is nothing to wait for."""
        request = execute.request
        if request.error is not None:
            self._desk.outputs.append(Answer(execute.handle, request.error))
            return
        if len(self._running) >= self._desk.settings.limits.executions:
            busy = ErrorDescriptor(511, "too many transactions are being executed")
            self._desk.outputs.append(Answer(execute.handle, busy))
            return
        steps: deque[Step] = deque(Enter(action) for action in request.actions)
        execution = Execution(self._next, execute.handle, execute.version, steps)
        self._next += 1
        self._running[execution.number] = execution
        self._desk.executing = len(self._running)
        self._ready.append(execution)
        self._drain()

    def go_on(self) -> None:
        """Those that had to let others pass have their turn again."""
        self._ready.extend(self._paused)
        self._paused.clear()
        self._drain()

    def answered(self, endpoint: int) -> None:
        """The media plane has said the last word on what was asked about this endpoint."""
        for execution in self._awaited.pop(endpoint, ()):
            execution.awaited.discard(endpoint)
            if not execution.awaited:
                self._ready.append(execution)
        self._drain()

    def timed_out(self, number: int) -> None:
        """The media plane took too long; what it did not do counts as failed."""
        execution = self._running.get(number)
        if execution is None:
            return
        for endpoint in tuple(execution.awaited):
            found = self._desk.registry.endpoint(endpoint)
            if found is not None and (found[1].phase is Phase.OPENING or found[1].moving):
                found[1].failure = found[1].failure or (500, "the media plane did not answer in time")
            self.answered(endpoint)

    def abandon(self, error: ErrorDescriptor) -> None:
        """Answer everything that is outstanding with this."""
        for execution in self._running.values():
            self._desk.outputs.append(Answer(execution.handle, error))
            self._desk.timers.cancel((Timer.PLANE, execution.number))
        self._desk.timers.cancel((Timer.GO_ON, 0))
        self._desk.executing = 0
        for table in (self._running, self._owners, self._queues, self._awaited, self._ready, self._paused):
            table.clear()

    # --- stepping

    def _drain(self) -> None:
        while self._ready:
            self._go_on(self._ready.popleft())

    def _go_on(self, execution: Execution) -> None:
        if execution.waiting is not None and not self._resume(execution):
            return
        for _ in range(self._desk.settings.limits.steps):
            if not execution.steps:
                self._finish(execution)
                return
            if not self._step(execution, execution.steps.popleft()):
                return
        self._paused.append(execution)
        self._desk.timers.set((Timer.GO_ON, 0), self._desk.now)

    def _finish(self, execution: Execution) -> None:
        del self._running[execution.number]
        self._desk.executing = len(self._running)
        self._desk.outputs.append(Answer(execution.handle, tuple(execution.done)))
        for termination, completion in execution.completed:
            if self._desk.registry.is_live(termination):
                happened(self._desk, termination, completion)

    def _step(self, execution: Execution, step: Step) -> bool:
        """False when the execution has to wait."""
        match step:
            case Enter():
                return self._enter(execution, step)
            case Visit(request, remaining):
                if remaining:
                    single = Enter(for_context(request, remaining.popleft()), lenient=True)
                    execution.steps.extendleft((step, single))
            case Run(command):
                self._run(execution, command)
            case RunOne():
                return self._run_one(execution, step)
            case Merge(command, start):
                merge_replies(execution.replies, start, command)
            case Leave():
                self._leave(execution)
            case LeaveAll(request, start):
                close_all_contexts(execution.done, start, request)
        return True

    # --- actions

    def _enter(self, execution: Execution, step: Enter) -> bool:
        request = step.request
        if request.context in self._owners:
            execution.steps.appendleft(step)
            self._queues.setdefault(request.context, deque()).append(execution)
            return False
        if request.error is not None:
            self._refuse_action(execution, request, request.error)
            self._wake(request.context)
            return True
        try:
            check_properties(request.properties, request.audit)
            if request.context == ALL_CONTEXTS and not _is_about_gateway(request):
                remaining = deque(selected(self._desk.registry, request))
                leave = LeaveAll(request, len(execution.done))
                execution.steps.extendleft((leave, Visit(request, remaining)))
                return True
            context = self._context_of(request)
        except H248Error as error:
            if not step.lenient:  # one of all contexts that is gone meanwhile is no error
                self._refuse_action(execution, request, error.descriptor())
            self._wake(request.context)
            return True
        execution.request, execution.context, execution.lenient = request, context, step.lenient
        execution.replies = []
        if context is not None:
            self._owners[context.id] = execution
        registry = self._desk.registry
        execution.properties = audit_context(registry, context, request, execution.version)
        execution.steps.extendleft([Leave(), *map(Run, reversed(request.commands))])
        return True

    def _refuse_action(self, execution: Execution, request: ActionRequest, error: ErrorDescriptor) -> None:
        execution.done.append(ActionReply(request.context, error=error))
        execution.steps.clear()

    def _context_of(self, request: ActionRequest) -> Context | None:
        """With the attributes that the action gives it."""
        if request.context != ALL_CONTEXTS:
            check_single(request)
        context = self._find_context(request)
        if context is not None:
            try:
                store_properties(context, request)
            except H248Error:
                self._desk.registry.drop_if_empty(context.id)
                raise
        return context

    def _find_context(self, request: ActionRequest) -> Context | None:
        if request.context in (NULL_CONTEXT, ALL_CONTEXTS):
            return None
        registry = self._desk.registry
        if request.context != CHOOSE_CONTEXT:
            found = registry.contexts.get(request.context)
            return found or fail(411, f"context {request.context} is unknown")
        if not request.commands or request.commands[0].verb not in (Verb.ADD, Verb.MOVE):
            fail(421, "a new context begins with Add")
        if len(registry.contexts) >= self._desk.settings.limits.contexts:
            fail(412, "the gateway has as many contexts as it may have")
        return registry.new_context()

    def _leave(self, execution: Execution) -> None:
        request, context = execution.request, execution.context
        if request is None:
            return
        number = request.context if context is None else context.id
        if context is not None:
            context.open_triples = ()
            self._let_go(context.id)
            if request.context == CHOOSE_CONTEXT and all(r.error for r in execution.replies):
                number = CHOOSE_CONTEXT  # nothing came of it, so it has no number
        if execution.replies or execution.properties or not execution.lenient:
            execution.done.append(ActionReply(number, tuple(execution.replies), execution.properties))
        execution.request = execution.context = execution.properties = None
        execution.replies = []

    def _let_go(self, number: int) -> None:
        """Who is left hears each other as it should be now; the next transaction may have the context."""
        registry = self._desk.registry
        registry.drop_if_empty(number)
        context = registry.contexts.get(number)
        if context is not None and context.unsettled:
            self._desk.settle(context)
        del self._owners[number]
        self._wake(number)
        notice_level(self._desk)

    def _wake(self, context: int) -> None:
        """The context has no owner: the next that waits for it may try (and may find it gone)."""
        queue = self._queues.get(context)
        if queue:
            self._ready.append(queue.popleft())
        if not queue:
            self._queues.pop(context, None)

    # --- commands

    def _run(self, execution: Execution, command: CommandRequest) -> None:
        if command.error is not None:
            self._failed(execution, command, command.terminations, command.error)
            return
        try:
            row = COMMANDS.get(command.verb) or fail(443, f"{command.verb.value} is not for a gateway")
            scope = self._scope(execution)
            names = row.targets(scope, command)
            if not names:
                if execution.lenient:
                    return
                fail(431, "nothing matches " + ", ".join(command.terminations))
        except H248Error as error:
            self._failed(execution, command, command.terminations, error.descriptor())
            return
        if (reply := listing(command, names)) is not None:
            execution.replies.append(reply)
            return
        steps: list[Step] = [RunOne(command, name) for name in names]
        if command.wildcard_reply:
            steps.append(Merge(command, len(execution.replies)))
        execution.steps.extendleft(reversed(steps))

    def _run_one(self, execution: Execution, step: RunOne) -> bool:
        execution.current = step
        row = COMMANDS[step.command.verb]
        try:
            scope = self._scope(execution)
            if not self._borrow(execution, step):
                return False
            outcome = row.run(scope, step.command, step.termination)
        except H248Error as error:
            self._failed(execution, step.command, (step.termination,), error.descriptor())
            return True
        return self._take(execution, outcome)

    def _borrow(self, execution: Execution, step: RunOne) -> bool:
        """The context that a Move takes from; false: it waits for that one; 511: it would wait for ever."""
        moved = self._desk.registry.termination(step.termination) if step.command.verb is Verb.MOVE else None
        execution.wants = None
        if moved is None or execution.context is None or moved.context == execution.context.id:
            return True
        owner = self._owners.get(moved.context)
        if owner is None:
            self._owners[moved.context] = execution
            execution.borrowed = moved.context
            return True
        if self._waits_for(owner, execution):
            fail(511, f"who works on context {moved.context} waits for context {execution.context.id}")
        execution.wants = moved.context
        execution.steps.appendleft(step)
        self._queues.setdefault(moved.context, deque()).append(execution)
        return False

    def _waits_for(self, owner: Execution | None, other: Execution) -> bool:
        """Whether one waits, directly or through others, for a context that the other works on."""
        while owner is not None and owner is not other:
            owner = self._owners.get(owner.wants) if owner.wants is not None else None
        return owner is other

    def _give_back(self, execution: Execution) -> None:
        if execution.borrowed is not None:
            number, execution.borrowed = execution.borrowed, None
            self._let_go(number)

    def _scope(self, execution: Execution) -> Scope:
        """Raises 411 when the context was dropped between two commands (the controller began anew)."""
        context = execution.context
        if context is not None and self._desk.registry.contexts.get(context.id) is not context:
            fail(411, f"context {context.id} is gone")
        return Scope(self._desk, context, execution.version, execution.completed)

    def _take(self, execution: Execution, outcome: Outcome) -> bool:
        if isinstance(outcome, CommandReply):
            self._give_back(execution)
            execution.replies.append(outcome)
            return True
        if not outcome.endpoints:
            execution.waiting = outcome
            return self._resume(execution)
        execution.waiting = outcome
        execution.awaited = set(outcome.endpoints)
        for endpoint in outcome.endpoints:
            self._awaited.setdefault(endpoint, []).append(execution)
        late = self._desk.now + self._desk.settings.plane_timeout
        self._desk.timers.set((Timer.PLANE, execution.number), late)
        return False

    def _resume(self, execution: Execution) -> bool:
        """Finish the command that waited; false when it has to wait again."""
        waiting, step = execution.waiting, execution.current
        execution.waiting = None
        self._desk.timers.cancel((Timer.PLANE, execution.number))
        if waiting is None or step is None:
            return True
        try:
            outcome = waiting.finish()
        except H248Error as error:
            self._failed(execution, step.command, (step.termination,), error.descriptor())
            return True
        return self._take(execution, outcome)

    def _failed(
        self,
        execution: Execution,
        command: CommandRequest,
        terminations: tuple[str, ...],
        error: ErrorDescriptor,
    ) -> None:
        self._give_back(execution)
        execution.replies.append(CommandReply(command.verb, terminations, (error,)))
        if not command.optional:
            execution.steps.clear()
            self._leave(execution)


def _is_about_gateway(request: ActionRequest) -> bool:
    """All contexts stand for the gateway itself when ROOT is meant, or the list of contexts (version 3)."""
    names = [name for command in request.commands for name in command.terminations]
    if not names:
        return request.audit is not None and request.audit.context_list
    return all(is_root(name) for name in names)
