"""In service and out of it (H.248.1 clauses 7.1.5 and 7.2.8), as the controller orders.

=============  ==============================================  =========================================
method         a termination                                   ROOT
=============  ==============================================  =========================================
Forced         its gates close at once                         all contexts are dropped, nothing new
Graceful       no new connections; after Delay as Forced       no new terminations; after Delay as Forced
Restart        in service                                      all contexts are dropped, in service
HandOff        449                                             the daemon registers where MgcIdToTry says
others         449                                             449: only gateways say them
=============  ==============================================  =========================================

A Graceful without Delay waits for connections and calls to end by themselves.  A termination out of service
keeps its ports and can be subtracted as any other.
"""

from imsedge.agw.desk import Desk, Scope, Timer
from imsedge.agw.errors import fail
from imsedge.agw.messages import Directed
from imsedge.agw.names import is_root
from imsedge.agw.state import Termination
from imsedge.agw.targets import known_termination
from imsedge.h248.model import (
    CommandReply,
    CommandRequest,
    EventBufferControl,
    ServiceChange,
    ServiceChangeMethod,
    ServiceState,
    TerminationState,
)

_ROOT = ""


def service_change(scope: Scope, command: CommandRequest, name: str) -> CommandReply:
    """A ServiceChange from the controller.  Raises ``H248Error`` 430, 449 or 472."""
    change = command.service_change
    if change is None:
        fail(472, "ServiceChange needs Method and Reason")
    if is_root(name):
        _change_gateway(scope.desk, change)
        shown = name
    else:
        termination = known_termination(scope, name)
        _change_termination(scope.desk, termination, change)
        shown = termination.name
    return CommandReply(command.verb, (shown,))


def take_state(desk: Desk, termination: Termination, state: TerminationState | None) -> None:
    """What a TerminationState descriptor says; ``descriptors.check_state`` has agreed to it."""
    if state is None:
        return
    if state.service_state is not None:
        _enter(desk, termination, state.service_state, draining=False)
    if state.buffer is not None:
        termination.lock_step = state.buffer is EventBufferControl.LOCK_STEP
        if not termination.lock_step:
            termination.buffered.clear()


def go_out_of_service(desk: Desk, name: str) -> None:
    """The Delay of a Graceful is over."""
    if name == _ROOT:
        _close_gateway(desk)
    elif (termination := desk.registry.termination(name)) is not None:
        _enter(desk, termination, ServiceState.OUT_OF_SERVICE, draining=False)


# --- a termination ------------------------------------------------------------------------------------


def _change_termination(desk: Desk, termination: Termination, change: ServiceChange) -> None:
    match change.method:
        case ServiceChangeMethod.FORCED:
            _enter(desk, termination, ServiceState.OUT_OF_SERVICE, draining=False)
        case ServiceChangeMethod.GRACEFUL:
            _enter(desk, termination, termination.service, draining=True)
            _later(desk, termination.name, change.delay)
        case ServiceChangeMethod.RESTART:
            _enter(desk, termination, ServiceState.IN_SERVICE, draining=False)
        case _:
            fail(449, f"method {change.method} is not for a termination")


def _enter(desk: Desk, termination: Termination, state: ServiceState, *, draining: bool) -> None:
    desk.timers.cancel((Timer.SERVICE, termination.name))
    termination.service, termination.draining = state, draining
    for stream in termination.streams.values():
        desk.configure(termination, stream, stream.terms)


# --- the gateway ----------------------------------------------------------------------------------------


def _change_gateway(desk: Desk, change: ServiceChange) -> None:
    registry = desk.registry
    match change.method:
        case ServiceChangeMethod.FORCED:
            _close_gateway(desk)
        case ServiceChangeMethod.GRACEFUL:
            registry.closing = True
            _later(desk, _ROOT, change.delay)
        case ServiceChangeMethod.RESTART:
            desk.timers.cancel((Timer.SERVICE, _ROOT))
            registry.closing = False
            desk.remove_all()
        case ServiceChangeMethod.HANDOFF if change.mgc_id is None:
            fail(472, "HandOff needs MgcIdToTry: the controller to go to")
        case ServiceChangeMethod.HANDOFF:
            pass
        case _:
            fail(449, f"method {change.method} is not a controller's to say")
    desk.outputs.append(Directed(change))


def _close_gateway(desk: Desk) -> None:
    desk.registry.closing = True
    contexts = desk.remove_all()
    desk.log(f"dropped {contexts} contexts: out of service by order of the controller")


def _later(desk: Desk, name: str, delay: int | None) -> None:
    if delay:
        desk.timers.set((Timer.SERVICE, name), desk.now + delay)
