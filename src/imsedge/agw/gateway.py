"""The gateway as one machine: H.248 transactions and bearer events in, answers, orders and reports out.

    gateway = Gateway(settings, ids)
    for output in gateway.handle(Execute(handle, request, version), now): ...

The state is in ``state``, the rules in ``commands``, their order in ``executor``, what is told unasked in
``notifications``.  Here inputs find their way, and here is decided what becomes of contexts when the
controller goes away (nothing may leak when it never comes back).
"""

from math import inf

from imsedge.agw.bearers import apply_event, is_answer, log_text
from imsedge.agw.desk import Desk, Timer
from imsedge.agw.detection import arm_heartbeat, find_event, idle_seconds
from imsedge.agw.executor import Executor
from imsedge.agw.messages import (
    Answer,
    Bearer,
    Certified,
    ControllerBack,
    ControllerLost,
    Execute,
    Heard,
    Input,
    Output,
    RealmsAbsent,
    Report,
    Shutdown,
)
from imsedge.agw.notifications import notify_heartbeat, notify_inactivity, report_bearer
from imsedge.agw.realms import realms_changed
from imsedge.agw.service import go_out_of_service
from imsedge.agw.settings import GatewaySettings
from imsedge.agw.state import Registry
from imsedge.agw.view import ContextView, Load, view_context
from imsedge.bearer.messages import AnyEvent, Opened
from imsedge.core.ids import IdSource
from imsedge.core.machine import Tick
from imsedge.h248.model import ErrorDescriptor
from imsedge.h248.packages import hangterm

# Contexts begin at a random number, so that a request meant for a gateway's former life seldom hits a
# context of the new one.
_FIRST_CONTEXTS = (1, 0xFFFF)
_SHUT_DOWN = ErrorDescriptor(503, "the gateway is shutting down")


class Gateway:
    """See ``messages`` for inputs and outputs."""

    def __init__(self, settings: GatewaySettings, ids: IdSource) -> None:
        self._desk = Desk(settings, Registry(ids.number(*_FIRST_CONTEXTS)), ids)
        self._executor = Executor(self._desk)
        self._held: list[Report] = []
        self._controller_away = False
        self._shut_down = False
        self._heard = -inf

    @property
    def deadline(self) -> float:
        """When ``Tick`` is due."""
        return self._desk.timers.deadline

    def contexts(self) -> tuple[ContextView, ...]:
        """Everything that is there, for people and for JSON."""
        return tuple(view_context(context) for context in self._desk.registry.contexts.values())

    def load(self) -> Load:
        """How much is there."""
        contexts, terminations, endpoints = self._desk.registry.counts
        return Load(contexts, terminations, endpoints, len(self._executor))

    def presented(self) -> frozenset[str]:
        """Names of the certificates of which a termination may have told the fingerprint."""
        terminations = self._desk.registry.all_terminations()
        return frozenset(termination.realm.certificate for termination in terminations)

    def handle(self, event: Input, now: float) -> list[Output]:
        """Take one input at ``now`` (seconds, monotonic); see ``core.machine``."""
        desk = self._desk
        desk.now, desk.outputs = now, []
        match event:
            case Execute():
                self._execute(event)
            case Bearer(happened):
                self._bearer(happened)
            case Heard():
                self._heard = now
            case ControllerLost():
                self._lost()
            case ControllerBack(kept):
                self._back(kept=kept)
            case RealmsAbsent(names):
                realms_changed(desk, names)
            case Certified():
                desk.settings = desk.settings.certified(event.current, event.known)
            case Shutdown():
                self._shut()
            case Tick():
                self._tick()
        return self._hold_reports(desk.outputs)

    # --- inputs

    def _execute(self, execute: Execute) -> None:
        self._heard = self._desk.now
        if self._shut_down:
            self._desk.outputs.append(Answer(execute.handle, _SHUT_DOWN))
        else:
            self._executor.start(execute)

    def _bearer(self, event: AnyEvent) -> None:
        found = self._desk.registry.endpoint(event.endpoint)
        answers = is_answer(found[1] if found else None, event)
        if found is not None:
            termination, stream = found
            apply_event(stream, event)
            if isinstance(event, Opened):
                self._desk.configure(termination, stream, stream.terms)  # as far as that depends on the port
            if (text := log_text(event)) is not None:
                self._desk.log(f"stream {stream.id} {text}", termination)
            report_bearer(self._desk, termination, stream, event)
        if answers:
            self._executor.answered(event.endpoint)

    def _lost(self) -> None:
        self._controller_away = True
        hold = self._desk.settings.controller_loss_hold
        self._desk.timers.set((Timer.CONTROLLER, 0), self._desk.now + hold)

    def _back(self, *, kept: bool) -> None:
        self._controller_away = False
        self._heard = self._desk.now
        self._desk.timers.cancel((Timer.CONTROLLER, 0))
        held, self._held = self._held, []
        if kept:
            self._desk.outputs.extend(held)
        else:
            self._desk.registry.closing = False
            self._drop("the controller began anew")

    def _shut(self) -> None:
        self._shut_down = True
        self._executor.abandon(_SHUT_DOWN)
        self._drop("shut down")

    def _tick(self) -> None:
        for kind, key in self._desk.timers.due(self._desk.now):
            match kind, key:
                case Timer.PLANE, int(number):
                    self._executor.timed_out(number)
                case Timer.GO_ON, _:
                    self._executor.go_on()
                case Timer.SERVICE, str(name):
                    go_out_of_service(self._desk, name)
                case Timer.HEARTBEAT, str(name):
                    self._heartbeat(name)
                case Timer.INACTIVITY, _:
                    self._inactivity()
                case Timer.CONTROLLER, _:
                    self._drop("no controller for too long")

    # --- timers

    def _heartbeat(self, name: str) -> None:
        termination = self._desk.registry.termination(name)
        event = find_event(termination.events, hangterm.HEARTBEAT.name) if termination else None
        if termination is None or event is None:
            return
        due = termination.heard + (hangterm.TIMER_X.find(event.parameters) or 0)
        if due > self._desk.now:  # commands came since the timer was set
            self._desk.timers.set((Timer.HEARTBEAT, name), due)
            return
        if not self._controller_away:  # a question that is asked later is worth nothing
            notify_heartbeat(self._desk, termination)
        arm_heartbeat(self._desk, termination)

    def _inactivity(self) -> None:
        idle = idle_seconds(self._desk.registry.root_events)
        if not idle:
            return
        due = self._heard + idle
        if due <= self._desk.now:
            if not self._controller_away:
                notify_inactivity(self._desk)
            due = self._desk.now + idle
        self._desk.timers.set((Timer.INACTIVITY, 0), due)

    # --- helpers

    def _drop(self, why: str) -> None:
        contexts = self._desk.remove_all()
        self._held.clear()
        if contexts:
            self._desk.log(f"dropped {contexts} contexts: {why}")

    def _hold_reports(self, outputs: list[Output]) -> list[Output]:
        """While there is no controller, reports wait for it; the oldest give way."""
        if not self._controller_away:
            return outputs
        self._held += [output for output in outputs if isinstance(output, Report)]
        del self._held[: -self._desk.settings.limits.reports]
        return [output for output in outputs if not isinstance(output, Report)]
