"""The controller's logic as one machine: P-CSCF towards SIP, media gateway controller towards H.248.

::

    edge = Edge(settings, ids)                 # EdgeSettings: addresses, next hop, policy, limits
    outputs = edge.handle(event, now)          # ... and edge.handle(Tick(), now) at edge.deadline

**In** goes what the two protocol machines below give their user, as it is:

* of ``sip.transactions.TransactionLayer`` (one for both sides, ``Flow.local`` tells which): RequestArrived,
  ResponseArrived, AckArrived, CancelArrived, TransactionFailed;
* of ``h248.association.ControllerAssociation``: GatewayUp, GatewayLeaving, GatewayDown, GatewayLost,
  ReplyArrived, RequestFailed, RequestArrived (Notify, and ServiceChange of terminations);
* of ``ng.client.Client``, where audio and video go through an RTP proxy: Answered;
* of the daemon: Shutdown.

**Out** comes, in order, what is to be fed back into them, and lines for the log:

* SendRequest, SendResponse, SendCancel -> the transaction layer;
* RequestTo, SendReply -> the controller association;
* Ask -> the client of the RTP proxy;
* Log.

A context must never outlive its call.  A gateway that may hold contexts of which we know nothing (we have
restarted, or it was lost and is back) is told to subtract all; a report from a context that is nobody's is
answered with error 411 and the context subtracted.  A call must not outlive its context either: when its
gateway is lost or has restarted, both its ends get a BYE.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from imsedge.alg.call import Call
from imsedge.alg.desk import RequestDesk
from imsedge.alg.gateways import Gateways, GatewayView
from imsedge.alg.legs import Legs
from imsedge.alg.media import Media
from imsedge.alg.messages import refusal
from imsedge.alg.notifications import Finding, Kind, accept, read_reports, reject
from imsedge.alg.outputs import CallView, Log, Output, Tag
from imsedge.alg.planner import Result, subtract_all
from imsedge.alg.policy import OnBearerFailure
from imsedge.alg.procedures import Side
from imsedge.alg.registration import Registrations
from imsedge.alg.router import Router
from imsedge.alg.rtp import ProxyTag
from imsedge.alg.settings import EdgeSettings
from imsedge.core.ids import IdSource
from imsedge.core.machine import Tick
from imsedge.core.timers import Timers
from imsedge.h248.association.events import (
    GatewayDown,
    GatewayLeaving,
    GatewayLost,
    GatewayUp,
    RequestTo,
)
from imsedge.h248.model import ALL_CONTEXTS, NULL_CONTEXT, ActionReply, ActionRequest, Mid
from imsedge.h248.transactions import ReplyArrived, RequestFailed, SendReply
from imsedge.h248.transactions import RequestArrived as ReportArrived
from imsedge.ng.client import Answered
from imsedge.sip.errors import SipError
from imsedge.sip.events import (
    AckArrived,
    CancelArrived,
    ClientKey,
    RequestArrived,
    ResponseArrived,
    SendResponse,
    ServerKey,
    TransactionFailed,
)
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest


class Shutdown(NamedTuple):
    """We are about to go: end every call, so that nobody waits for us."""


GatewayInput = (
    GatewayUp | GatewayLeaving | GatewayDown | GatewayLost | ReplyArrived | RequestFailed | ReportArrived
)
SipInput = RequestArrived | ResponseArrived | AckArrived | CancelArrived | TransactionFailed
EdgeInput = SipInput | GatewayInput | Answered | Shutdown | Tick
EdgeOutput = Output

CallName = tuple[str, str, Side]
"""Call-ID, the caller's tag and its side: a call between two UEs of ours passes here twice."""

_CALL_METHODS = frozenset({"INVITE", "BYE", "UPDATE", "PRACK", "INFO"})
"""Those that make no sense in a dialog that is no call of ours (RFC 3261 clause 12.2.2)."""


class Edge:
    """See above; everything a peer can make it hold is limited by ``EdgeSettings``."""

    def __init__(
        self,
        settings: EdgeSettings,
        ids: IdSource,
        *,
        make_router: Callable[[EdgeSettings, Registrations, IdSource], Router] = Router,
        on_forgotten: Callable[[CallName], None] = lambda _: None,
    ) -> None:
        """``make_router``: another for another place in the network.  ``on_forgotten``: a call is over."""
        self._settings = settings
        self._ids = ids
        self._registrations = Registrations(
            settings.announced, settings.max_registrations, ids, protected_only=settings.protected_only
        )
        self._router = make_router(settings, self._registrations, ids)
        self._on_forgotten = on_forgotten
        self._desk = RequestDesk(self._router, self._registrations, ids)
        self._gateways = Gateways()
        self._calls: dict[int, Call] = {}
        self._names: dict[int, CallName] = {}
        self._numbers: dict[CallName, int] = {}
        self._keys: dict[int, set[ClientKey]] = {}
        self._relays: dict[ClientKey, int] = {}
        self._timers: Timers[int] = Timers()
        self._last_number = 0
        self._now = 0.0

    @property
    def deadline(self) -> float:
        """When ``Tick`` must come next."""
        return min(self._timers.deadline, self._registrations.deadline)

    @property
    def registrations(self) -> int:
        """Registered contacts."""
        return len(self._registrations)

    def calls(self) -> list[CallView]:
        """Every call that is not quite over."""
        return [call.view(self._now) for call in self._calls.values()]

    def gateways(self) -> list[GatewayView]:
        """Every gateway that is there."""
        return self._gateways.view()

    def handle(self, event: EdgeInput, now: float) -> list[Output]:
        """Take one input; return what to do, in order."""
        self._now = now
        try:
            return self._handle(event)
        except SipError as error:  # of a response, an ACK or a CANCEL: there is nobody to tell
            return [Log(f"dropped: {error}")]

    def _handle(self, event: EdgeInput) -> list[Output]:
        match event:
            case RequestArrived(key, request, flow):
                return self._request(key, request, flow)
            case ResponseArrived():
                return self._response(event)
            case TransactionFailed():
                return self._failed(event)
            case AckArrived(request, flow):
                return self._with(self._find(request, flow), lambda call: call.ack(request, flow, self._now))
            case CancelArrived():
                return self._cancel(event)
            case Tick():
                return self._tick()
            case Shutdown():
                return self._shut_down()
            case Answered():
                return self._proxied(event)
            case _:
                return self._gateway_event(event)

    # --- SIP -------------------------------------------------------------------------------------------

    def _request(self, key: ServerKey, request: SipRequest, flow: Flow) -> list[Output]:
        try:
            return self._dispatch(key, request, flow)
        except SipError as error:
            later = self._settings.retry_after
            tag = self._ids.token(6)
            return [
                SendResponse(key, refusal(request, error.code, error.reason, to_tag=tag, retry_after=later))
            ]

    def _dispatch(self, key: ServerKey, request: SipRequest, flow: Flow) -> list[Output]:
        """``SipError`` is the answer."""
        if request.method == "REGISTER":
            return self._desk.register(key, request, flow)
        inside = request.to.tag is not None
        number = self._find(request, flow)
        if inside and number is not None:
            return self._with(number, lambda call: call.request(key, request, flow, self._now))
        if inside and request.method in _CALL_METHODS:
            raise SipError(481, "no such call")
        if not inside and (refused := self._desk.refuse_echo(request, flow)) is not None:
            return [SendResponse(key, refused)]
        if request.method == "INVITE":
            return self._invite(key, request, flow, number)
        return self._desk.relay(key, request, flow, inside=inside)

    def _response(self, event: ResponseArrived) -> list[Output]:
        key, response, flow = event
        self._router.learn(response, flow)
        number = self._relays.get(key)
        if number is None:
            return self._desk.response(key, response, self._now)
        return self._with(number, lambda call: call.response(key, response, flow, self._now))

    def _failed(self, event: TransactionFailed) -> list[Output]:
        key, status = event
        number = self._relays.get(key)
        if number is None:
            return self._desk.failed(key, status, self._now)
        return self._with(number, lambda call: call.failed(key, status, self._now))

    def _cancel(self, event: CancelArrived) -> list[Output]:
        key, request, flow = event
        return self._with(self._find(request, flow), lambda call: call.cancel(key, self._now))

    def _invite(self, key: ServerKey, request: SipRequest, flow: Flow, number: int | None) -> list[Output]:
        if number is not None and not self._calls[number].is_ending:
            raise SipError(482, "the same INVITE came by another way")
        if len(self._calls) >= self._settings.max_calls:
            raise SipError(503, "too many calls")
        self._last_number += 1
        number, side = self._last_number, self._router.side_of(flow)
        media = Media(number, request.call_id, self._settings, self._gateways, self._ids)
        legs = Legs(side, self._router, request, flow)
        call = Call(legs, self._router, media, self._settings, self._ids)
        outputs = call.start(key, flow, self._now)
        self._calls[number] = call
        self._keys[number] = set()
        self._names[number] = (request.call_id, request.from_.tag or "", side)
        self._numbers[self._names[number]] = number
        return self._settle(number, call, outputs)

    def _find(self, request: SipRequest, flow: Flow) -> int | None:
        """The call of a request: its sender is the caller on the caller's side, the callee on the other."""
        side, call_id = self._router.side_of(flow), request.call_id
        as_caller = (call_id, request.from_.tag or "", side)
        as_callee = (call_id, request.to.tag or "", side.other)
        return self._numbers.get(as_caller) or self._numbers.get(as_callee)

    # --- calls -----------------------------------------------------------------------------------------

    def _with(self, number: int | None, work: Callable[[Call], list[Output]]) -> list[Output]:
        call = self._calls.get(number) if number is not None else None
        if call is None or number is None:
            return []
        return self._settle(number, call, work(call))

    def _settle(self, number: int, call: Call, outputs: list[Output]) -> list[Output]:
        """Keep the indexes of a call that has just done something; forget it when it is over."""
        known, current = self._keys[number], set() if call.is_over else set(call.relays)
        for key in current - known:
            self._relays[key] = number
        for key in known - current:
            del self._relays[key]
        self._keys[number] = current
        if not call.is_over:
            self._timers.set(number, call.deadline)
            return outputs
        self._timers.cancel(number)
        del self._keys[number]
        name = self._names.pop(number)
        if self._numbers.get(name) == number:
            del self._numbers[name]
            self._on_forgotten(name)
        del self._calls[number]
        return outputs

    def _tick(self) -> list[Output]:
        outputs: list[Output] = [
            Log(f"registration of {binding.address_of_record} expired")
            for binding in self._registrations.expire(self._now)
        ]
        for number in self._timers.due(self._now):
            outputs += self._with(number, lambda call: call.timed_out(self._now))
        return outputs

    def _shut_down(self) -> list[Output]:
        outputs: list[Output] = []
        for number in sorted(self._calls):
            outputs += self._with(number, lambda call: call.terminate(503, "shutting down", self._now))
        return outputs

    # --- gateways --------------------------------------------------------------------------------------

    def _gateway_event(self, event: GatewayInput) -> list[Output]:
        match event:
            case GatewayUp():
                return self._gateway_up(event)
            case GatewayLeaving(gateway):
                self._gateways.leaving(gateway)
            case GatewayDown(gateway, reason) | GatewayLost(gateway, reason):
                return self._gateway_gone(gateway, f"gateway lost: {reason}")
            case ReplyArrived(tag=Tag() as tag):
                return self._performed(tag, event.result)
            case RequestFailed(tag=Tag() as tag):
                return self._performed(tag, None)
            case ReportArrived():
                return self._report(event)
        return []

    def _gateway_up(self, event: GatewayUp) -> list[Output]:
        """``kept``: its contexts of before may be there.  Ours are, if we never lost it; others must go."""
        gateway = event.gateway
        if event.kept and gateway in self._gateways:
            self._gateways.up(gateway)
            return []
        outputs = self._gateway_gone(gateway, "gateway restarted")
        self._gateways.up(gateway)
        return outputs + (self._subtract(gateway, ALL_CONTEXTS) if event.kept else [])

    def _gateway_gone(self, gateway: Mid, reason: str) -> list[Output]:
        outputs: list[Output] = []
        for number in sorted(self._gateways.lost(gateway)):
            outputs += self._with(number, lambda call: call.gateway_lost(reason, self._now))
        return outputs

    def _performed(self, tag: Tag, result: Result) -> list[Output]:
        if tag.call in self._calls:
            return self._with(tag.call, lambda call: call.performed(tag, result))
        if isinstance(result, tuple):
            return []
        return [Log("a gateway did not acknowledge a release: its heartbeat will show what is left")]

    def _proxied(self, event: Answered) -> list[Output]:
        tag = event.tag
        if not isinstance(tag, ProxyTag):
            return []
        return self._with(tag.call, lambda call: call.proxied(tag, event.answer))

    def _report(self, event: ReportArrived) -> list[Output]:
        if event.request.error is not None:
            return [SendReply(event.handle, event.request.error)]
        replies: list[ActionReply] = []
        after: list[Output] = []
        for action in event.request.actions:
            number = self._gateways.call_in(event.mid, action.context)
            if number is None and self._is_late(event.mid, action):
                replies.append(accept(action))
                continue
            if number is None and action.context != NULL_CONTEXT:
                replies.append(reject(action))
                after += self._subtract(event.mid, action.context)
                continue
            replies.append(accept(action))
            for finding in read_reports(action):
                after += self._with(number, partial(self._found, finding))
        return [SendReply(event.handle, tuple(replies)), *after]

    def _is_late(self, gateway: Mid, action: ActionRequest) -> bool:
        """The report crossed our release; a heartbeat says that the release has not arrived."""
        alive = any(finding.kind is Kind.ALIVE for finding in read_reports(action))
        return self._gateways.was_released(gateway, action.context) and not alive

    def _found(self, finding: Finding, call: Call) -> list[Output]:
        log = call.media.log(finding.text, finding.termination)
        if finding.kind is Kind.CONNECTED:
            call.media.session.connected(finding.stream)
        if finding.kind not in {Kind.FAILED, Kind.RELEASED}:
            return [log] if finding.kind is Kind.OTHER else []
        if self._settings.policy.on_bearer_failure is OnBearerFailure.LOG:
            return [log]
        if finding.kind is Kind.RELEASED:
            return [log, *call.media_closed(finding.stream, self._now)]
        return [log, *call.terminate(500, f"media lost: {finding.text}", self._now)]

    def _subtract(self, gateway: Mid, context: int) -> list[Output]:
        return [RequestTo(gateway, (subtract_all(context),), Tag(None, None, awaited=False))]
