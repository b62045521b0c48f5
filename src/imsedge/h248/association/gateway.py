"""The gateway's side of a control association: clause 11 of H.248.1.

::

    IDLE --Start--> WAITING --random 0..MWD--> REGISTERING --accepted--> UP
                       ^                          |   ^                   |
                       |      list exhausted      |   | next controller   | lost: no reply until T-MAX,
                       +--- random, doubling -----+---+                   | error 504/505, connection broken
                                                      |                   |
                                                      +-------------------+
    UP --Stop(delay)--> LEAVING (Graceful) --delay--> PARTING (Forced) --answer or silence--> STOPPED
     ^----Start (918)------+

Which method a registration uses follows from what the two sides still share:

=====================================  ==============================  ================================
the gateway                            registers with                  method and reason
=====================================  ==============================  ================================
was never registered                   any controller of the list      Restart "901 Cold Boot"
lost its controller                    the next one of the list        Failover "909 MGC Impending Failure"
lost its controller                    the same one again              Disconnected "900 Service Restored"
was handed off by its controller       the one named                   HandOff "903 MGC Directed Change"
=====================================  ==============================  ================================

A controller that answers 504 or 505 is alive but does not know us (it restarted): it is tried first.
A controller that is silent is tried last.
"""

from enum import Enum

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import IdSource
from imsedge.core.machine import NEVER, Tick
from imsedge.h248 import errors
from imsedge.h248.association.events import (
    ControllerLost,
    Disconnect,
    GatewayEffect,
    GatewayInput,
    GatewaySettings,
    HandOff,
    Registered,
    Request,
    Start,
    Stop,
    Stopped,
    TransportLost,
)
from imsedge.h248.association.service_change import (
    address_of,
    first_error,
    read_result,
    write_change,
)
from imsedge.h248.errors import describe
from imsedge.h248.model import ErrorDescriptor, Mid, ServiceChange, ServiceChangeMethod, ServiceChangeResult
from imsedge.h248.transactions import (
    Abandon,
    Failure,
    Forget,
    MessageErrorArrived,
    Noted,
    Received,
    ReplyArrived,
    RequestArrived,
    RequestFailed,
    SendReply,
    SendRequest,
    TransactionOutput,
    Transactions,
    TransactionSettings,
    Tune,
)


class State(Enum):
    """Where the gateway stands; the drawing above shows the moves."""

    IDLE = "not started"
    WAITING = "waiting to try the controllers"
    REGISTERING = "asking a controller"
    UP = "associated"
    LEAVING = "associated, but leaving"
    PARTING = "taking leave"
    STOPPED = "left"


_ASSOCIATED = frozenset({State.UP, State.LEAVING})
_DISCONNECTED = (ServiceChangeMethod.DISCONNECTED, "900 Service Restored")
_FAILOVER = (ServiceChangeMethod.FAILOVER, "909 MGC Impending Failure")
_HANDOFF = (ServiceChangeMethod.HANDOFF, "903 MGC Directed Change")
_CANCEL = (ServiceChangeMethod.RESTART, "918 Cancel Graceful")
_OUT_OF_SERVICE = "905 Termination taken out of service"


class _Own(Struct, frozen=True):
    """Tag of a request that is ours; ``attempt`` tells a late answer from the one awaited."""

    attempt: int


class GatewayAssociation:
    """Registers, keeps the association, and carries requests both ways while it lasts.

    ``state`` and ``transactions`` are there to be looked at.
    """

    def __init__(self, settings: GatewaySettings, transactions: TransactionSettings, ids: IdSource) -> None:
        if not settings.controllers:
            raise LocalError("a gateway needs at least one controller")
        self.state = State.IDLE
        self._settings = settings
        self._ids = ids
        self.transactions = Transactions(transactions, ids)
        self._wake = NEVER
        self._attempt = 0
        self._retry = settings.first_retry
        self._redirects = 0
        self._queue: list[TransportAddress] = []  # controllers still to be tried in this round
        self._target = settings.controllers[0]
        self._offer = settings.version
        self._handed_to: TransportAddress | None = None
        self._last: TransportAddress | None = None  # the controller registered with last, while contexts live
        self._peer = self._target  # where requests go while associated
        self._mid: Mid | None = None
        self._version = settings.header_version

    @property
    def deadline(self) -> float:
        """When ``Tick`` must come next."""
        return min(self._wake, self.transactions.deadline)

    @property
    def controller(self) -> TransportAddress | None:
        """Who controls us, if anybody."""
        return self._peer if self.state in _ASSOCIATED else None

    @property
    def version(self) -> int:
        """As negotiated."""
        return self._version

    def handle(self, event: GatewayInput, now: float) -> list[GatewayEffect]:
        """Take one input; return what to do, in order.  Raises ``LocalError`` for wrong use."""
        match event:
            case Received() | SendReply() | Tune():
                return self._pass_on(self.transactions.handle(event, now), now)
            case Request():
                return self._request(event, now)
            case Tick():
                return self._tick(event, now)
            case TransportLost(peer):
                return self._transport_lost(peer, now)
            case Start() if self.state in (State.IDLE, State.STOPPED):
                return self._start(now)
            case Start() if self.state is State.LEAVING:
                return self._stay(now)
            case Stop():
                return self._stop(event, now)
            case HandOff():
                return self._hand_off(event, now)
        raise LocalError(f"{event!r} cannot come while {self.state.name}")

    # --- what the transaction machine says ------------------------------------------------------------

    def _pass_on(self, outputs: list[TransactionOutput], now: float) -> list[GatewayEffect]:
        passed: list[GatewayEffect] = []
        for output in outputs:
            match output:
                case RequestArrived():
                    passed += self._arrived(output, now)
                case ReplyArrived(tag=_Own() as tag):
                    passed += self._answered(tag, output, now)
                case RequestFailed(tag=_Own() as tag):
                    passed += self._unanswered(tag, output.reason.value, now)
                case ReplyArrived(mid=mid) if mid == self._mid:
                    passed += [output, *self._suspect(first_error(output.result), now)]
                case RequestFailed(reason=Failure.TIMED_OUT, peer=peer) if peer == self._peer:
                    passed += [output, *self._lost(output.reason.value, now)]
                case MessageErrorArrived(error) if self.state is State.REGISTERING:
                    passed += [output, *self._refused(error, now)]
                case _:
                    passed.append(output)
        return passed

    def _arrived(self, request: RequestArrived, now: float) -> list[GatewayEffect]:
        if self.state not in _ASSOCIATED:
            code = errors.NOT_REGISTERED
        elif request.mid != self._mid and request.peer.host != self._peer.host:
            code = errors.UNAUTHORIZED_ENTITY
        else:
            return [request]
        refusal = SendReply(request.handle, describe(code))
        return [*self.transactions.handle(refusal, now), Noted(f"request refused with {code}", request.peer)]

    def _suspect(self, error: ErrorDescriptor | None, now: float) -> list[GatewayEffect]:
        """The controller answers, but does not know us: it restarted."""
        if error is None or error.code not in (errors.NOT_REGISTERED, errors.UNAUTHORIZED_ENTITY):
            return []
        if self._mid is not None:  # what it asked in its former life it may ask again in the same words
            self.transactions.handle(Forget(self._mid), now)
        return self._lost(f"the controller answered {error.code}", now, answers=True)

    # --- registering ----------------------------------------------------------------------------------

    def _start(self, now: float) -> list[GatewayEffect]:
        self._last = None
        self._retry = self._settings.first_retry
        self._queue = list(self._settings.controllers)
        return self._wait(self._settings.max_waiting_delay * self._ids.fraction(), now)

    def _wait(self, delay: float, now: float) -> list[GatewayEffect]:
        self.state, self._wake = State.WAITING, now + delay
        return []

    def _next_controller(self, now: float) -> list[GatewayEffect]:
        """Ask the next one of the list; at its end wait and start over (clause 11.5)."""
        self._offer, self._redirects = self._settings.version, 0
        if self._queue:
            return self._ask(self._queue.pop(0), now)
        delay = self._retry * (1 + self._ids.fraction()) / 2
        self._retry = min(2 * self._retry, self._settings.longest_retry)
        self._queue = list(self._settings.controllers)
        return [Noted(f"no controller took us; again in {delay:.1f} s"), *self._wait(delay, now)]

    def _ask(self, target: TransportAddress, now: float) -> list[GatewayEffect]:
        self.state, self._wake, self._target = State.REGISTERING, NEVER, target
        method, reason = self._choose_method(target)
        change = ServiceChange(method, reason, version=self._offer, profile=self._settings.profile)
        header = min(self._settings.header_version, self._offer)
        return self._send(change, target, header, self._settings.patience, now)

    def _choose_method(self, target: TransportAddress) -> tuple[str, str]:
        if self._last is None:
            return ServiceChangeMethod.RESTART, self._settings.start_reason
        if target == self._handed_to:
            return _HANDOFF
        return _DISCONNECTED if target == self._last else _FAILOVER

    def _send(
        self, change: ServiceChange, peer: TransportAddress, version: int, patience: float | None, now: float
    ) -> list[GatewayEffect]:
        self._attempt += 1
        order = SendRequest(write_change(change), peer, _Own(self._attempt), version, patience)
        return self._pass_on(self.transactions.handle(order, now), now)

    def _answered(self, tag: _Own, reply: ReplyArrived, now: float) -> list[GatewayEffect]:
        if tag.attempt != self._attempt:
            return []
        if self.state is State.PARTING:
            return self._stopped(now)
        result = read_result(reply.result)
        if self.state in _ASSOCIATED:
            return self._suspect(result if isinstance(result, ErrorDescriptor) else None, now)
        if isinstance(result, ErrorDescriptor):
            return self._refused(result, now)
        if result.mgc_id is not None:
            return self._redirected(result.mgc_id, now)
        return self._accepted(result, reply, now)

    def _unanswered(self, tag: _Own, reason: str, now: float) -> list[GatewayEffect]:
        if tag.attempt != self._attempt:
            return []
        if self.state is State.PARTING:
            return self._stopped(now)
        if self.state in _ASSOCIATED:
            return self._lost(reason, now)
        note = Noted(f"controller did not answer: {reason}", self._target)
        return [note, Disconnect(self._target), *self._next_controller(now)]

    def _refused(self, error: ErrorDescriptor, now: float) -> list[GatewayEffect]:
        """406: one version less, as far as there is one; anything else: the next controller."""
        self._attempt += 1  # the answer to this attempt may still come as well
        note = Noted(f"registration refused: {error.code} {error.text}", self._target)
        if error.code == errors.VERSION and self._offer > 1:
            self._offer -= 1
            return [note, *self._ask(self._target, now)]
        return [note, *self._next_controller(now)]

    def _redirected(self, mgc_id: Mid, now: float) -> list[GatewayEffect]:
        target = address_of(mgc_id, self._target.host, self._settings.names)
        self._redirects += 1
        if target is None or self._redirects > self._settings.max_redirects:
            note = Noted(f"cannot follow the redirection to {mgc_id}", self._target)
            return [note, *self._next_controller(now)]
        return [Noted(f"redirected to {target}", self._target), *self._ask(target, now)]

    def _accepted(self, result: ServiceChangeResult, reply: ReplyArrived, now: float) -> list[GatewayEffect]:
        kept = self._last is not None
        self.state, self._mid = State.UP, reply.mid
        self._retry = self._settings.first_retry
        self._version = min(result.version or reply.version, self._settings.version)
        self._peer = self._target
        if result.address is not None:
            self._peer = address_of(result.address, self._target.host, self._settings.names) or self._target
        if not kept:
            self.transactions.handle(Forget(reply.mid), now)
        self._last, self._handed_to = self._target, None
        profile = result.profile or self._settings.profile
        return [Registered(self._peer, reply.mid, self._version, profile, kept)]

    # --- while associated -------------------------------------------------------------------------------

    def _request(self, event: Request, now: float) -> list[GatewayEffect]:
        if self.state not in _ASSOCIATED:
            return [RequestFailed(event.tag, 0, Failure.NOT_ASSOCIATED, None)]
        order = SendRequest(event.actions, self._peer, event.tag, self._version)
        return self._pass_on(self.transactions.handle(order, now), now)

    def _transport_lost(self, peer: TransportAddress, now: float) -> list[GatewayEffect]:
        if peer not in (self._peer, self._target):
            return []
        outputs = self._pass_on(self.transactions.handle(Abandon(peer), now), now)
        if peer == self._peer:
            outputs += self._lost("the connection broke", now, answers=True)
        return outputs

    def _lost(self, reason: str, now: float, *, answers: bool = False) -> list[GatewayEffect]:
        """Seek a controller.  The one we had comes first when it ``answers``, last when it is silent."""
        if self.state not in _ASSOCIATED:
            return []
        if self.state is State.LEAVING:  # there is nobody left to take leave of
            return [ControllerLost(self._peer, reason), *self._stopped(now)]
        peer, last = self._peer, self._last or self._target
        others = [controller for controller in self._settings.controllers if controller != last]
        self._queue = [last, *others] if answers else [*others, last]
        self.state = State.REGISTERING
        self._attempt += 1
        abandoned = self._pass_on(self.transactions.handle(Abandon(peer), now), now)
        gone = () if answers else (Disconnect(peer),)
        return [*abandoned, *gone, ControllerLost(peer, reason), *self._next_controller(now)]

    def _hand_off(self, event: HandOff, now: float) -> list[GatewayEffect]:
        """The controller wants another to take over; replies to its requests still go to it (clause 11.4)."""
        if self.state not in _ASSOCIATED:
            raise LocalError(f"HandOff cannot come while {self.state.name}")
        target = address_of(event.mgc_id, self._peer.host, self._settings.names)
        if target is None:
            return [Noted(f"cannot be handed off to {event.mgc_id}: no address", self._peer)]
        old, self._handed_to = self._peer, target
        self._queue = [controller for controller in self._settings.controllers if controller != target]
        self._offer, self._redirects = self._settings.version, 0
        return [ControllerLost(old, f"handed off to {target}"), *self._ask(target, now)]

    # --- leaving ------------------------------------------------------------------------------------------

    def _stop(self, event: Stop, now: float) -> list[GatewayEffect]:
        if self.state in (State.PARTING, State.STOPPED):
            return []
        if self.state not in _ASSOCIATED:
            return self._stopped(now)
        if event.delay > 0 and self.state is State.UP:
            self.state, self._wake = State.LEAVING, now + event.delay
            change = ServiceChange(ServiceChangeMethod.GRACEFUL, _OUT_OF_SERVICE, delay=event.delay)
            return self._send(change, self._peer, self._version, None, now)
        self.state, self._wake = State.PARTING, NEVER
        change = ServiceChange(ServiceChangeMethod.FORCED, _OUT_OF_SERVICE)
        return self._send(change, self._peer, self._version, self._settings.leave_patience, now)

    def _stay(self, now: float) -> list[GatewayEffect]:
        """Not leaving after all."""
        self.state, self._wake = State.UP, NEVER
        return self._send(ServiceChange(*_CANCEL), self._peer, self._version, None, now)

    def _stopped(self, now: float) -> list[GatewayEffect]:
        self.state, self._wake, self._last = State.STOPPED, NEVER, None
        self._attempt += 1
        abandoned = self._pass_on(self.transactions.handle(Abandon(self._peer), now), now)
        return [*abandoned, Stopped()]

    def _tick(self, event: Tick, now: float) -> list[GatewayEffect]:
        outputs = self._pass_on(self.transactions.handle(event, now), now)
        if now >= self._wake:
            self._wake = NEVER
            outputs += self._stop(Stop(), now) if self.state is State.LEAVING else self._next_controller(now)
        return outputs
