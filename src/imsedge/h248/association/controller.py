"""The controller's side of its control associations: clause 11 of H.248.1, one row a gateway.

::

                 Restart | Disconnected | Failover | HandOff
    (unknown) ------------------------------------------------> CONFIRMING ----> UP   GatewayUp
                                                                    |            |
    UP --Graceful--> LEAVING --Restart 918--> UP                    |            |
    UP | LEAVING | CONFIRMING --Forced--> (unknown)   GatewayDown   |            |
    UP | LEAVING | CONFIRMING --silence, error 504/505, connection broken--> (unknown)   GatewayLost

Why CONFIRMING: a gateway answers 505 to everything until it has our reply to its registration, and over
UDP that reply may be lost or overtaken.  So we first send something of our own (the order to watch for our
silence, or an empty audit) and report the gateway up when it answers that.  Over TCP there is no doubt.

Each gateway is supervised by an empty audit of ROOT after some silence (clause 5.12.3 of TS 29.334); any
request that runs into T-MAX tells the same.  A gateway that we do not know gets 505 and registers anew,
which is how the associations come back after we restarted.
"""

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import IdSource
from imsedge.core.machine import Tick
from imsedge.core.timers import Timers
from imsedge.h248 import errors
from imsedge.h248.association.events import (
    ControllerEffect,
    ControllerInput,
    ControllerSettings,
    Disconnect,
    GatewayDown,
    GatewayLeaving,
    GatewayLost,
    GatewayUp,
    Redirect,
    RequestTo,
    TransportLost,
)
from imsedge.h248.association.rows import METHODS, Gateway, Purpose, State, Tag, key_of
from imsedge.h248.association.service_change import (
    address_of,
    agree_profile,
    first_error,
    read_change,
    read_mistake,
    write_change,
    write_result,
)
from imsedge.h248.association.supervision import (
    audit_root,
    is_inactivity_notify,
    reply_to_notify,
    watch_silence,
)
from imsedge.h248.errors import describe
from imsedge.h248.model import (
    ErrorDescriptor,
    Mid,
    ServiceChange,
    ServiceChangeMethod,
    ServiceChangeResult,
    fold,
)
from imsedge.h248.transactions import (
    Abandon,
    Failure,
    Forget,
    Noted,
    Received,
    ReplyArrived,
    RequestArrived,
    RequestFailed,
    Result,
    SendReply,
    SendRequest,
    Settle,
    TransactionOutput,
    Transactions,
    TransactionSettings,
)

_ASK_AGAIN = 0.2  # seconds until a gateway that answered 505 has our reply to its registration, or its repeat
_CANCEL_GRACEFUL = "918"
_DIRECTED = "903 MGC Directed Change"


class ControllerAssociation:
    """Serves the registrations of many gateways and carries requests both ways.

    ``transactions`` is there to be looked at.
    """

    def __init__(
        self, settings: ControllerSettings, transactions: TransactionSettings, ids: IdSource
    ) -> None:
        self._settings = settings
        self._reliable = transactions.reliable
        self.transactions = Transactions(transactions, ids)
        self._gateways: dict[str, Gateway] = {}
        self._timers = Timers[str]()
        self._serial = 0

    @property
    def deadline(self) -> float:
        """When ``Tick`` must come next."""
        return min(self._timers.deadline, self.transactions.deadline)

    @property
    def gateways(self) -> tuple[Mid, ...]:
        """Those to which requests may be sent."""
        return tuple(row.mid for row in self._gateways.values() if row.state is not State.CONFIRMING)

    def handle(self, event: ControllerInput, now: float) -> list[ControllerEffect]:
        """Take one input; return what to do, in order.  Raises ``LocalError`` for wrong use."""
        match event:
            case Received() | SendReply():
                return self._pass_on(self.transactions.handle(event, now), now)
            case RequestTo():
                return self._request(event, now)
            case Tick():
                outputs = self._pass_on(self.transactions.handle(event, now), now)
                for key in self._timers.due(now):
                    outputs += self._supervise(key, now)
                return outputs
            case TransportLost(peer):
                return self._transport_lost(peer, now)
            case Redirect():
                return self._redirect(event, now)
        raise LocalError(f"{event!r} is no input of a controller")

    # --- what the transaction machine says ------------------------------------------------------------

    def _pass_on(self, outputs: list[TransactionOutput], now: float) -> list[ControllerEffect]:
        passed: list[ControllerEffect] = []
        for output in outputs:
            match output:
                case RequestArrived():
                    passed += self._arrived(output, now)
                case ReplyArrived(tag=Tag() as tag):
                    passed += self._answered(tag, output, now)
                case RequestFailed(tag=Tag() as tag):
                    passed += self._unanswered(tag, output, now)
                case _:
                    passed.append(output)
        return passed

    def _arrived(self, request: RequestArrived, now: float) -> list[ControllerEffect]:
        actions = request.request.actions
        change = read_change(actions)
        if change is not None:
            return self._changed(request, change, now)
        row = self._gateways.get(key_of(request.mid))
        if row is None:
            mistake = read_mistake(actions)  # of a registration that 505 would only ask for again
            if mistake is not None:
                return self._change_reply(request, mistake, now)
            return self._reply(request, describe(errors.NOT_REGISTERED), now)
        outputs = self._heard(row, now)
        if is_inactivity_notify(actions):
            return [*outputs, *self._reply(request, reply_to_notify(), now)]
        return [*outputs, request]

    def _answered(self, tag: Tag, reply: ReplyArrived, now: float) -> list[ControllerEffect]:
        row = self._gateways.get(tag.gateway)
        current = row is not None and row.serial == tag.serial
        outputs: list[ControllerEffect] = []
        if tag.purpose is Purpose.USER:
            outputs.append(
                ReplyArrived(tag.inner, reply.id, reply.result, reply.peer, reply.version, reply.mid)
            )
        if row is None or not current:
            return outputs
        error = first_error(reply.result)
        if error is not None and error.code in (errors.NOT_REGISTERED, errors.UNAUTHORIZED_ENTITY):
            if row.state is State.CONFIRMING:
                self._timers.set(tag.gateway, now + _ASK_AGAIN)
                return outputs
            return [*outputs, *self._lost(row, f"it answered {error.code}", now)]
        outputs += self._heard(row, now)
        if tag.purpose is Purpose.REDIRECT and error is None:
            outputs += self._down(row, "handed off", now)
        elif error is not None and tag.purpose is not Purpose.USER:
            outputs.append(Noted(f"{tag.purpose.value} answered with {error.code} {error.text}", row.peer))
        return outputs

    def _unanswered(self, tag: Tag, failed: RequestFailed, now: float) -> list[ControllerEffect]:
        outputs: list[ControllerEffect] = []
        if tag.purpose is Purpose.USER:
            outputs.append(RequestFailed(tag.inner, failed.id, failed.reason, failed.peer))
        row = self._gateways.get(tag.gateway)
        if row is None or row.serial != tag.serial or failed.reason is not Failure.TIMED_OUT:
            return outputs
        return [*outputs, *self._lost(row, failed.reason.value, now)]

    # --- ServiceChange of ROOT --------------------------------------------------------------------------

    def _changed(self, request: RequestArrived, change: ServiceChange, now: float) -> list[ControllerEffect]:
        key = key_of(request.mid)
        if self._settings.gateways and key not in self._settings.gateways:
            return self._reply(request, describe(errors.UNAUTHORIZED), now)
        row, method = self._gateways.get(key), fold(change.method)
        if method == fold(ServiceChangeMethod.FORCED):
            outputs = self._change_reply(request, ServiceChangeResult(), now)
            return outputs + (self._down(row, change.reason, now) if row is not None else [])
        if method not in METHODS:
            return self._change_reply(request, describe(errors.UNKNOWN_VALUE, f"method {change.method}"), now)
        if method == fold(ServiceChangeMethod.GRACEFUL) or change.reason.startswith(_CANCEL_GRACEFUL):
            return self._lingers(request, row, change, now)
        return self._register(request, change, now)

    def _register(self, request: RequestArrived, change: ServiceChange, now: float) -> list[ControllerEffect]:
        refusal = self._refusal(request, change)
        if refusal is not None:
            return self._change_reply(request, refusal, now)
        key, kept = key_of(request.mid), METHODS[fold(change.method)]
        old = self._gateways.get(key)
        outputs = self._void(old, now) if old is not None and not kept else []
        self._serial += 1
        row = self._gateways[key] = Gateway(request.mid, self._serial)
        row.announced = old is not None and old.announced
        row.change, row.kept, row.heard = change, kept, now
        row.registration = request.request.id
        row.peer = request.peer
        if change.address is not None:
            row.peer = address_of(change.address, request.peer.host, {}) or request.peer
        row.version = min(change.version or request.version, self._settings.version)
        row.profile = agree_profile(change.profile, self._settings.profiles)
        result = ServiceChangeResult(
            profile=row.profile, version=row.version if change.version is not None else None
        )
        outputs += self._change_reply(request, result, now)
        return outputs + (self._up(row, now) if self._reliable else self._confirm(row, now))

    def _refusal(self, request: RequestArrived, change: ServiceChange) -> ErrorDescriptor | None:
        if len(self._gateways) >= self._settings.max_gateways and key_of(request.mid) not in self._gateways:
            return describe(errors.NO_RESOURCES, "too many gateways")
        try:
            agree_profile(change.profile, self._settings.profiles)
        except LookupError:
            return describe(errors.UNKNOWN_PROFILE, str(change.profile))
        return None

    def _lingers(
        self, request: RequestArrived, row: Gateway | None, change: ServiceChange, now: float
    ) -> list[ControllerEffect]:
        """Graceful, or Graceful cancelled (reason 918)."""
        if row is None:
            return self._reply(request, describe(errors.NOT_REGISTERED), now)
        outputs = [*self._change_reply(request, ServiceChangeResult(), now), *self._heard(row, now)]
        if fold(change.method) == fold(ServiceChangeMethod.GRACEFUL):
            row.state = State.LEAVING
            return [*outputs, GatewayLeaving(row.mid, change.delay or 0)]
        row.change, row.kept = change, True
        return [*outputs, *self._up(row, now)]

    def _change_reply(
        self, request: RequestArrived, result: ServiceChangeResult | ErrorDescriptor, now: float
    ) -> list[ControllerEffect]:
        return self._reply(request, write_result(result), now)

    def _reply(self, request: RequestArrived, result: Result, now: float) -> list[ControllerEffect]:
        return self._pass_on(self.transactions.handle(SendReply(request.handle, result), now), now)

    # --- up and down ------------------------------------------------------------------------------------

    def _confirm(self, row: Gateway, now: float) -> list[ControllerEffect]:
        row.state = State.CONFIRMING
        self._timers.cancel(key_of(row.mid))
        return self._probe(row, Purpose.CONFIRM, now)

    def _up(self, row: Gateway, now: float) -> list[ControllerEffect]:
        row.state, row.announced = State.UP, True
        self.transactions.handle(Settle(row.mid, row.registration), now)
        row.registration = 0
        self._supervise_later(row)
        method, reason = row.change.method, row.change.reason
        return [GatewayUp(row.mid, row.peer, row.version, row.profile, row.kept, method, reason)]

    def _heard(self, row: Gateway, now: float) -> list[ControllerEffect]:
        row.heard = now
        return self._up(row, now) if row.state is State.CONFIRMING else []

    def _lost(self, row: Gateway, reason: str, now: float) -> list[ControllerEffect]:
        outputs = [*self._void(row, now), Disconnect(row.peer)]
        return [*outputs, GatewayLost(row.mid, reason)] if row.announced else outputs

    def _down(self, row: Gateway, reason: str, now: float) -> list[ControllerEffect]:
        outputs = self._void(row, now)
        return [*outputs, GatewayDown(row.mid, reason)] if row.announced else outputs

    def _void(self, row: Gateway, now: float) -> list[ControllerEffect]:
        """The row is no more: neither are requests to it, nor the replies kept for it."""
        key = key_of(row.mid)
        self._gateways.pop(key, None)
        self._timers.cancel(key)
        self.transactions.handle(Forget(row.mid), now)
        return self._pass_on(self.transactions.handle(Abandon(row.peer), now), now)

    def _transport_lost(self, peer: TransportAddress, now: float) -> list[ControllerEffect]:
        rows = [row for row in self._gateways.values() if row.peer == peer]
        outputs = self._pass_on(self.transactions.handle(Abandon(peer), now), now)
        for row in rows:
            outputs += self._lost(row, "the connection broke", now)
        return outputs

    # --- requests ---------------------------------------------------------------------------------------

    def _request(self, event: RequestTo, now: float) -> list[ControllerEffect]:
        row = self._gateways.get(key_of(event.gateway))
        if row is None or row.state is State.CONFIRMING:
            return [RequestFailed(event.tag, 0, Failure.NOT_ASSOCIATED, None)]
        tag = Tag(Purpose.USER, key_of(row.mid), row.serial, event.tag)
        order = SendRequest(event.actions, row.peer, tag, row.version)
        return self._pass_on(self.transactions.handle(order, now), now)

    def _redirect(self, event: Redirect, now: float) -> list[ControllerEffect]:
        row = self._gateways.get(key_of(event.gateway))
        if row is None or row.state is State.CONFIRMING:
            return [Noted(f"cannot redirect {event.gateway}: not registered")]
        change = ServiceChange(ServiceChangeMethod.HANDOFF, _DIRECTED, mgc_id=event.mgc_id)
        tag = Tag(Purpose.REDIRECT, key_of(row.mid), row.serial)
        order = SendRequest(write_change(change), row.peer, tag, row.version)
        return self._pass_on(self.transactions.handle(order, now), now)

    def _probe(self, row: Gateway, purpose: Purpose, now: float) -> list[ControllerEffect]:
        """Something small that every gateway answers."""
        watch = self._settings.inactivity if purpose is Purpose.CONFIRM else None
        actions = audit_root() if watch is None else watch_silence(watch)
        tag = Tag(purpose, key_of(row.mid), row.serial)
        order = SendRequest(actions, row.peer, tag, row.version)
        return self._pass_on(self.transactions.handle(order, now), now)

    # --- supervision ------------------------------------------------------------------------------------

    def _supervise_later(self, row: Gateway) -> None:
        if self._settings.audit_interval is not None:
            self._timers.set(key_of(row.mid), row.heard + self._settings.audit_interval)

    def _supervise(self, key: str, now: float) -> list[ControllerEffect]:
        row, interval = self._gateways[key], self._settings.audit_interval
        if row.state is State.CONFIRMING:
            return self._probe(row, Purpose.CONFIRM, now)
        if interval is None or row.heard + interval > now:
            self._supervise_later(row)
            return []
        self._timers.set(key, now + interval)
        return self._probe(row, Purpose.AUDIT, now)
