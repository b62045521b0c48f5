"""Transactions, step by step (H.248.1 clause 8).

A transaction is a list of steps: enter an action, run a command, run it for one termination, leave the
action.  A wildcard puts one step for each termination that it matches in its own place, ``*`` for the
context one action for each context.  A step that has to wait for the media plane parks the execution,
which goes on where it stood when the endpoints have answered or time is up.

* Inside a transaction all is sequential; the first command that fails and is not optional ends it, and
  what was done before stands (clause 8.2.1).
* Between transactions there is no order, except that one context is worked on by one of them at a time;
  others that want it wait in the order of their coming.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from imsedge.agw.actions import (
    audit_context,
    check_properties,
    close_all_contexts,
    for_context,
    merge_replies,
    store_properties,
)
from imsedge.agw.commands import COMMANDS, listing
from imsedge.agw.desk import Desk, Outcome, Scope, Timer, Waiting
from imsedge.agw.errors import fail
from imsedge.agw.messages import Answer, Execute, Handle
from imsedge.agw.state import Context, Phase
from imsedge.agw.targets import is_root
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    ALL_CONTEXTS,
    CHOOSE_CONTEXT,
    NULL_CONTEXT,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ContextProperties,
    ErrorDescriptor,
    Verb,
)


class _Enter(NamedTuple):
    """``lenient``: one of many contexts, where a wildcard that matches nothing is no error."""

    request: ActionRequest
    lenient: bool = False


class _Run(NamedTuple):
    command: CommandRequest


class _RunOne(NamedTuple):
    command: CommandRequest
    termination: str


class _Merge(NamedTuple):
    """``W-``: the replies from ``start`` on become one."""

    command: CommandRequest
    start: int


class _Leave(NamedTuple):
    pass


class _LeaveAll(NamedTuple):
    """All contexts were visited; their replies stand from ``start`` on."""

    request: ActionRequest
    start: int


_Step = _Enter | _Run | _RunOne | _Merge | _Leave | _LeaveAll


@dataclass(slots=True, eq=False)
class _Execution:
    """``done``: finished actions; the fields behind it belong to the action being executed."""

    number: int
    handle: Handle
    version: int
    steps: deque[_Step]
    done: list[ActionReply] = field(default_factory=list)
    request: ActionRequest | None = None
    lenient: bool = False
    context: Context | None = None
    replies: list[CommandReply] = field(default_factory=list)
    properties: ContextProperties | None = None
    waiting: Waiting | None = None
    awaited: set[int] = field(default_factory=set)
    current: _RunOne | None = None


class Executor:
    """Runs transactions on a ``Desk``; one ``Answer`` each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: dict[int, _Execution] = {}
        self._owners: dict[int, _Execution] = {}
        self._queues: dict[int, deque[_Execution]] = {}
        self._awaited: dict[int, list[_Execution]] = {}
        self._ready: deque[_Execution] = deque()
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
        steps: deque[_Step] = deque(_Enter(action) for action in request.actions)
        execution = _Execution(self._next, execute.handle, execute.version, steps)
        self._next += 1
        self._running[execution.number] = execution
        self._ready.append(execution)
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
            if found is not None and found[1].phase is Phase.OPENING:
                found[1].failure = found[1].failure or (500, "the media plane did not answer in time")
            self.answered(endpoint)

    def abandon(self, error: ErrorDescriptor) -> None:
        """Answer everything that is outstanding with this."""
        for execution in self._running.values():
            self._desk.outputs.append(Answer(execution.handle, error))
            self._desk.timers.cancel((Timer.PLANE, execution.number))
        for table in (self._running, self._owners, self._queues, self._awaited, self._ready):
            table.clear()

    # --- stepping

    def _drain(self) -> None:
        while self._ready:
            self._go_on(self._ready.popleft())

    def _go_on(self, execution: _Execution) -> None:
        if execution.waiting is not None and not self._resume(execution):
            return
        while execution.steps:
            if not self._step(execution, execution.steps.popleft()):
                return
        del self._running[execution.number]
        self._desk.outputs.append(Answer(execution.handle, tuple(execution.done)))

    def _step(self, execution: _Execution, step: _Step) -> bool:
        """False when the execution has to wait."""
        match step:
            case _Enter():
                return self._enter(execution, step)
            case _Run(command):
                self._run(execution, command)
            case _RunOne():
                return self._run_one(execution, step)
            case _Merge(command, start):
                merge_replies(execution.replies, start, command)
            case _Leave():
                self._leave(execution)
            case _LeaveAll(request, start):
                close_all_contexts(execution.done, start, request)
        return True

    # --- actions

    def _enter(self, execution: _Execution, step: _Enter) -> bool:
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
            if request.context == ALL_CONTEXTS and not _is_about_gateway(request):
                self._enter_all(execution, request)
                return True
            check_properties(request.properties, request.audit)
            execution.context = self._find_context(request)
        except H248Error as error:
            if not step.lenient:  # one of all contexts that is gone meanwhile is no error
                self._refuse_action(execution, request, error.descriptor())
            self._wake(request.context)
            return True
        execution.request, execution.lenient = request, step.lenient
        execution.replies = []
        if execution.context is not None:
            self._owners[execution.context.id] = execution
            store_properties(execution.context, request.properties)
        execution.properties = audit_context(self._desk.registry, execution.context, request.audit)
        execution.steps.extendleft([_Leave(), *map(_Run, reversed(request.commands))])
        return True

    def _refuse_action(self, execution: _Execution, request: ActionRequest, error: ErrorDescriptor) -> None:
        execution.done.append(ActionReply(request.context, error=error))
        execution.steps.clear()

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

    def _enter_all(self, execution: _Execution, request: ActionRequest) -> None:
        single = [_Enter(for_context(request, n), lenient=True) for n in self._desk.registry.contexts]
        execution.steps.extendleft([_LeaveAll(request, len(execution.done)), *reversed(single)])

    def _leave(self, execution: _Execution) -> None:
        request, context = execution.request, execution.context
        if request is None:
            return
        number = request.context if context is None else context.id
        if context is not None:
            self._desk.registry.drop_if_empty(context.id)
            del self._owners[context.id]
            self._wake(context.id)
            if request.context == CHOOSE_CONTEXT and all(r.error for r in execution.replies):
                number = CHOOSE_CONTEXT  # nothing came of it, so it has no number
        if execution.replies or execution.properties or not execution.lenient:
            execution.done.append(ActionReply(number, tuple(execution.replies), execution.properties))
        execution.request = execution.context = execution.properties = None
        execution.replies = []

    def _wake(self, context: int) -> None:
        """The context has no owner: the next that waits for it may try (and may find it gone)."""
        queue = self._queues.get(context)
        if queue:
            self._ready.append(queue.popleft())
        if not queue:
            self._queues.pop(context, None)

    # --- commands

    def _run(self, execution: _Execution, command: CommandRequest) -> None:
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
        steps: list[_Step] = [_RunOne(command, name) for name in names]
        if command.wildcard_reply:
            steps.append(_Merge(command, len(execution.replies)))
        execution.steps.extendleft(reversed(steps))

    def _run_one(self, execution: _Execution, step: _RunOne) -> bool:
        execution.current = step
        row = COMMANDS[step.command.verb]
        try:
            outcome = row.run(self._scope(execution), step.command, step.termination)
        except H248Error as error:
            self._failed(execution, step.command, (step.termination,), error.descriptor())
            return True
        return self._take(execution, outcome)

    def _scope(self, execution: _Execution) -> Scope:
        """Raises 411 when the context was dropped between two commands (the controller began anew)."""
        context = execution.context
        if context is not None and self._desk.registry.contexts.get(context.id) is not context:
            fail(411, f"context {context.id} is gone")
        return Scope(self._desk, context, execution.version)

    def _take(self, execution: _Execution, outcome: Outcome) -> bool:
        if isinstance(outcome, CommandReply):
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

    def _resume(self, execution: _Execution) -> bool:
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
        execution: _Execution,
        command: CommandRequest,
        terminations: tuple[str, ...],
        error: ErrorDescriptor,
    ) -> None:
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
