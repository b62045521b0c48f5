"""One call: an INVITE, the dialogs it makes, every request in them, and the media session beside.

The call relays SIP between its two sides as a record-routing proxy (RFC 3261 clause 16) and holds each
message back until the gateway has done what its offer or answer needs.  While a procedure is unanswered, what
arrives waits in a queue, so that nothing overtakes; only CANCEL is heard at once.

As soon as the media cannot be what was agreed, the call is ended from the middle (``terminate``): requests
that wait for a final response get one, an INVITE is cancelled at its other side, dialogs get a BYE both ways.

=============  =========================================================================================
state          means
=============  =========================================================================================
SETUP          the INVITE has had no final response; timer C runs (clause 16.6 step 11)
CONFIRMED      a 2xx was passed on
ENDING         released; only outstanding transactions and the gateway's last answer are waited for
=============  =========================================================================================
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import NamedTuple

from imsedge.alg.media import Media
from imsedge.alg.messages import M, body_text, refusal, with_reason, with_text, without_body
from imsedge.alg.outputs import CallView, Output, Tag
from imsedge.alg.planner import Result
from imsedge.alg.procedures import Side
from imsedge.alg.router import Routed, Router
from imsedge.alg.session import Forward, Refuse, Verdict, Withhold
from imsedge.alg.settings import EdgeSettings
from imsedge.core.ids import IdSource
from imsedge.core.machine import NEVER
from imsedge.sip.dialogs import Dialog, Role, open_dialog
from imsedge.sip.errors import SipError
from imsedge.sip.events import ClientKey, SendCancel, SendResponse, ServerKey
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import SipMessage, SipRequest, SipResponse, make_response
from imsedge.sip.offer_answer import Carrier, Meaning, Negotiation, carrier_of, has_description
from imsedge.sip.routing import pop_via

MAX_QUEUED = 64
"""Messages that wait for the gateway; who sends more during one round trip to it is not in earnest."""

MAX_FORKS = 16
"""Early dialogs of one INVITE; proxies fork to the contacts of one user."""


class State(Enum):
    """See the table above."""

    SETUP = "setup"
    CONFIRMED = "confirmed"
    ENDING = "ending"


class Relay(NamedTuple):
    """A request on its way.

    ``server``: ``None`` when nobody waits for its response, because it is ours or we have answered it.
    ``tag``: the callee's tag of its dialog, empty for the INVITE that makes the call.
    """

    server: ServerKey | None
    received: SipRequest
    sender: Role
    tag: str


class Leg:
    """One dialog of the call.

    ``passed``: the 2xx that confirms it went on to the caller.  ``closed``: we have sent BYE.
    """

    __slots__ = ("closed", "dialog", "negotiation", "passed")

    def __init__(self, dialog: Dialog, negotiation: Negotiation) -> None:
        self.dialog = dialog
        self.negotiation = negotiation
        self.passed = False
        self.closed = False


class Call:
    """``side`` is where the caller is; ``relays`` what was sent on, by its client transaction."""

    def __init__(
        self, side: Side, router: Router, media: Media, settings: EdgeSettings, ids: IdSource
    ) -> None:
        self.side = side
        self.state = State.SETUP
        self.deadline = NEVER
        self.media = media
        self.relays: dict[ClientKey, Relay] = {}
        self._router = router
        self._settings = settings
        self._ids = ids
        self._legs: dict[str, Leg] = {}
        self._negotiation = Negotiation()
        self._held: dict[ServerKey, SipRequest] = {}  # requests that wait for the gateway
        self._pending: set[ClientKey] = set()  # relays without a final response
        self._queue: deque[Callable[[], list[Output]]] = deque()
        self._first: ClientKey | None = None  # the INVITE, once it was sent on
        self._invite: SipRequest
        self._flow: Flow
        self._started = 0.0

    @property
    def is_ending(self) -> bool:
        """Released; another call may take its name."""
        return self.state is State.ENDING

    @property
    def is_over(self) -> bool:
        """Nothing is left to wait for."""
        return self.state is State.ENDING and not (self._pending or self.media.busy)

    # --- inputs ----------------------------------------------------------------------------------------

    def start(self, key: ServerKey, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        """The INVITE.  ``SipError`` when it cannot be routed: then there is no call."""
        routed = self._router.initial(request, flow)
        meaning, self._negotiation = self._negotiation.read(request, Role.CALLER)
        self._invite, self._flow, self._started = request, flow, now
        self.media.announced = routed.binding.secured if routed.binding else frozenset()
        self.deadline = now + self._settings.answer_timeout
        return self._judge_request(key, request, routed, meaning, Role.CALLER, None, now)

    def request(self, key: ServerKey, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        """A request inside the call, other than ACK and CANCEL."""
        full = self._refuse(key, request, 500, "too many requests wait for the gateway")
        return self._enter(partial(self._request, key, request, flow, now), full)

    def ack(self, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        """The ACK for a 2xx."""
        return self._enter(partial(self._ack, request, flow, now), [])

    def response(self, key: ClientKey, response: SipResponse, flow: Flow, now: float) -> list[Output]:
        """A response to what was sent on, our Via still on top."""
        stripped = pop_via(response)
        if response.status == 100:
            return []
        return self._enter(partial(self._response, key, stripped or response, flow, now), [])

    def failed(self, key: ClientKey, status: int, now: float) -> list[Output]:
        """No final response will come: the sender hears ``status`` (clause 16.7 step 6)."""
        relay = self.relays.get(key)
        if relay is None:
            return []
        response = make_response(relay.received, status, to_tag=self._ids.token(6))
        return self._enter(partial(self._response, key, response, None, now), [])

    def cancel(self, key: ServerKey, now: float) -> list[Output]:
        """The sender of an INVITE gives up; the CANCEL itself has been answered.

        A re-INVITE whose offer the gateway is at work on goes on: a CANCEL may come too late (clause 9.1).
        """
        if self._first is None and key in self._held:
            return self.terminate(487, "cancelled by the caller", now)
        return [SendCancel(client) for client in sorted(self._pending) if self.relays[client].server == key]

    def performed(self, tag: Tag, result: Result) -> list[Output]:
        """The gateway answered: what waited for it goes on."""
        return self.media.performed(tag, result) + self._resume()

    def gateway_lost(self, reason: str, now: float) -> list[Output]:
        """The media is gone, and with it the call."""
        self.media.lost()
        return self.terminate(503, reason, now) + self._resume()

    def _resume(self) -> list[Output]:
        outputs: list[Output] = []
        while self._queue and not self._is_waiting:
            outputs += self._queue.popleft()()
        return outputs

    def timed_out(self, now: float) -> list[Output]:
        """Timer C, or the patience with an ended call."""
        self.deadline = NEVER
        if self.state is State.SETUP:
            return self.terminate(408, "nobody answered", now)
        self._pending.clear()
        return []

    def terminate(self, status: int, reason: str, now: float) -> list[Output]:
        """End the call from the middle; harmless when it has ended."""
        if self.state is State.ENDING:
            return []
        outputs: list[Output] = [self.media.log(f"call released: {status} {reason}")]
        for server, request in self._held.items():
            outputs += self._refuse(server, request, status, reason)
        self._held.clear()
        for key in sorted(self._pending):
            outputs += self._give_up(key, status, reason)
        for leg in self._legs.values():
            outputs += self._hang_up(leg, status, reason)
        return outputs + self._end(now)

    def view(self, now: float) -> CallView:
        """For people."""
        session = self.media.session
        return CallView(
            call_id=self._invite.call_id,
            caller=self._invite.from_.uri,
            callee=self._invite.to.uri,
            direction="originating" if self.side is Side.ACCESS else "terminating",
            state=self.state.value,
            age=now - self._started,
            gateway=str(self.media.gateway or ""),
            context=session.context,
            access_termination=session.terminations.get(Side.ACCESS, ""),
            core_termination=session.terminations.get(Side.CORE, ""),
            streams=self.media.view(),
        )

    # --- the queue -------------------------------------------------------------------------------------

    @property
    def _is_waiting(self) -> bool:
        return self.media.busy and self.state is not State.ENDING

    def _enter(self, work: Callable[[], list[Output]], when_full: list[Output]) -> list[Output]:
        if not self._is_waiting:
            return work() + self._resume()
        if len(self._queue) >= MAX_QUEUED:
            return when_full
        self._queue.append(work)
        return []

    # --- requests --------------------------------------------------------------------------------------

    def _request(self, key: ServerKey, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        sender, leg = self._find_leg(request, flow)
        if leg is None or self.state is State.ENDING:
            return self._refuse(key, request, 481, "the call has ended")
        try:
            dialog = leg.dialog.after_request(request, self._kept(flow, sender))
            routed = self._route(request, leg, sender)
            meaning, negotiation = leg.negotiation.read(request, sender)
        except SipError as error:
            return self._refuse(key, request, error.code, error.reason)
        leg.dialog = dialog
        if request.method == "BYE":
            return self._bye(key, request, routed, leg, now)
        leg.negotiation = negotiation
        return self._judge_request(key, request, routed, meaning, sender, leg, now)

    def _judge_request(
        self,
        key: ServerKey,
        request: SipRequest,
        routed: Routed,
        meaning: Meaning,
        sender: Role,
        leg: Leg | None,
        now: float,
    ) -> list[Output]:
        """Hold the request until its description is judged, then send it on or refuse it."""
        self._held[key] = request
        before = leg.negotiation if leg is not None else None

        def then(verdict: Verdict) -> list[Output]:
            self._held.pop(key, None)
            if not isinstance(verdict, Refuse):
                edited = routed._replace(request=_edited(routed.request, verdict))
                return self._send_on(Relay(key, request, sender, _tag(leg)), edited)
            if meaning is not Meaning.OFFER:  # an answer in PRACK: too late to refuse only this request
                self._held[key] = request
                return self.terminate(verdict.status, verdict.reason, now)
            if leg is not None and before is not None:
                leg.negotiation = Negotiation(settled=before.settled)
            answer = self._refuse(key, request, verdict.status, verdict.reason)
            return answer + (self._end(now) if leg is None else [])

        return self._judge(request, meaning, sender, _tag(leg), then)

    def _bye(self, key: ServerKey, request: SipRequest, routed: Routed, leg: Leg, now: float) -> list[Output]:
        """The media goes with the last dialog; an early dialog ends without ending the call."""
        relay = Relay(key, request, leg.dialog.sender_of(request), leg.dialog.id.callee_tag)
        outputs = self._send_on(relay, routed)
        if leg.passed:
            del self._legs[leg.dialog.id.callee_tag]
            if not any(other.passed for other in self._legs.values()):
                outputs += self._end(now)
        return outputs

    def _ack(self, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        sender, leg = self._find_leg(request, flow)
        if leg is None:
            return []
        try:
            leg.dialog = leg.dialog.after_request(request, self._kept(flow, sender))
            routed = self._route(request, leg, sender)
            meaning, leg.negotiation = leg.negotiation.read(request, sender)
        except SipError as error:
            return [self.media.log(f"ACK dropped: {error}")]
        if self.state is State.ENDING:
            meaning = Meaning.NOTHING
            routed = routed._replace(request=without_body(routed.request))

        def then(verdict: Verdict) -> list[Output]:
            sent: list[Output] = [
                self._router.send(routed._replace(request=_edited(routed.request, verdict)))
            ]
            if isinstance(verdict, Refuse):
                sent += self.terminate(verdict.status, verdict.reason, now)
            return sent

        return self._judge(request, meaning, sender, _tag(leg), then)

    # --- responses -------------------------------------------------------------------------------------

    def _response(self, key: ClientKey, response: SipResponse, flow: Flow | None, now: float) -> list[Output]:
        relay = self.relays.get(key)
        if relay is None:
            return []
        try:
            leg = self._leg_of(relay, response, flow)
            if leg is not None:
                leg.dialog = leg.dialog.after_response(
                    response, relay.sender.other, self._kept(flow, relay.sender.other)
                )
            if relay.server is None or self.state is State.ENDING:
                return self._late_response(key, relay, response, leg)
            meaning, negotiation = Meaning.NOTHING, Negotiation()
            if leg is not None:
                meaning, negotiation = leg.negotiation.read(response, relay.sender.other)
                leg.negotiation = negotiation
        except SipError as error:
            unusable = [self.media.log(f"unusable response: {error}")]
            return unusable + (
                self.terminate(502, "unusable response", now) if response.status >= 200 else []
            )
        if response.status < 200 and self.state is State.SETUP:
            self.deadline = now + self._settings.answer_timeout

        def then(verdict: Verdict) -> list[Output]:
            if isinstance(verdict, Refuse):
                return self.terminate(verdict.status, verdict.reason, now)
            return self._pass_on(key, relay, _edited(response, verdict), leg, now)

        tag = response.to.tag or ""
        withheld = self.media.session.withheld(tag)
        if withheld is not None and carrier_of(response) is Carrier.INVITE_2XX:
            response = with_text(response, withheld)
            meaning = Meaning.ANSWER
        return self._judge(response, meaning, relay.sender.other, tag, then)

    def _pass_on(
        self, key: ClientKey, relay: Relay, response: SipResponse, leg: Leg | None, now: float
    ) -> list[Output]:
        outputs: list[Output] = [SendResponse(relay.server, response)] if relay.server else []
        if response.status < 200:
            return outputs
        self._pending.discard(key)
        if relay.received.method != "INVITE":
            del self.relays[key]  # a 2xx to INVITE may come again, nothing else does
        if key != self._first:
            return outputs
        if response.status >= 300:
            return outputs + self._end(now)
        self.state, self.deadline = State.CONFIRMED, NEVER
        if leg is not None:
            leg.passed = True
        return outputs

    def _late_response(
        self, key: ClientKey, relay: Relay, response: SipResponse, leg: Leg | None
    ) -> list[Output]:
        """After the end: who still waits hears it without descriptions, a late 2xx is hung up."""
        outputs: list[Output] = []
        if response.status >= 200:
            self._pending.discard(key)
        if relay.server is not None:
            outputs.append(SendResponse(relay.server, without_body(response)))
        elif leg is not None and carrier_of(response) is Carrier.INVITE_2XX and not leg.passed:
            outputs += self._hang_up(leg, 487, "the call has ended")
        return outputs

    def _leg_of(self, relay: Relay, response: SipResponse, flow: Flow | None) -> Leg | None:
        """The dialog of a response; a new To tag to the INVITE makes a new one."""
        if relay.tag:
            return self._legs.get(relay.tag)
        tag = response.to.tag
        if tag is None or response.status >= 300 or flow is None:
            return None
        if tag not in self._legs and (len(self._legs) < MAX_FORKS or response.status >= 200):
            dialog = open_dialog(
                self._invite,
                response,
                self._router.is_ours,
                self._kept(self._flow, Role.CALLER),
                self._kept(flow, Role.CALLEE),
            )
            self._legs[tag] = Leg(dialog, self._negotiation)
        return self._legs.get(tag)

    # --- common ----------------------------------------------------------------------------------------

    def _judge(
        self,
        message: SipMessage,
        meaning: Meaning,
        sender: Role,
        tag: str,
        then: Callable[[Verdict], list[Output]],
    ) -> list[Output]:
        """Let the session judge what ``message`` carries; a message without a part in it goes on as it is."""
        session, text = self.media.session, body_text(message)
        match meaning:
            case Meaning.OFFER:
                outputs = session.offer(self._side(sender), text, self.media.announced, dialog=tag)
            case Meaning.ANSWER | Meaning.PREVIEW:
                early = carrier_of(message) in {Carrier.EARLY_1XX, Carrier.RELIABLE_1XX}
                outputs = session.answer(text, dialog=tag, final=not early)
            case Meaning.REPEAT:
                outputs = session.repeat(text)
            case Meaning.REFUSED | Meaning.MISSING:
                return self.media.submit(session.refused()) + then(Forward(text))
            case Meaning.NOTHING:  # a description that nobody may look at would tell the wrong addresses
                return then(Withhold() if has_description(message) else Forward(text))
        return self.media.submit(outputs, then)

    def _send_on(self, relay: Relay, routed: Routed) -> list[Output]:
        sent = self._router.send(routed)
        key = client_key(sent.request)
        self.relays[key] = relay
        self._pending.add(key)
        if self._first is None:
            self._first = key
        return [sent]

    def _give_up(self, key: ClientKey, status: int, reason: str) -> list[Output]:
        """Answer the sender ourselves; an INVITE is cancelled at its other side."""
        relay = self.relays[key]
        if relay.server is None or relay.received.method == "BYE":
            return []
        self.relays[key] = relay._replace(server=None)
        outputs = self._refuse(relay.server, relay.received, status, reason)
        if relay.received.method == "INVITE":
            return [*outputs, SendCancel(key)]
        self._pending.discard(key)
        return outputs

    def _hang_up(self, leg: Leg, status: int, reason: str) -> list[Output]:
        """BYE both ways; to the callee alone, after an ACK, when the caller never heard of its 2xx."""
        if not leg.dialog.confirmed:
            return []
        outputs: list[Output] = []
        if not leg.passed:
            outputs += self._originate(leg, Role.CALLEE, "ACK", status, reason)
        if leg.closed:
            return outputs
        leg.closed = True
        for role in (Role.CALLER, Role.CALLEE) if leg.passed else (Role.CALLEE,):
            outputs += self._originate(leg, role, "BYE", status, reason)
        return outputs

    def _originate(self, leg: Leg, receiver: Role, method: str, status: int, reason: str) -> list[Output]:
        number = self._invite.cseq.number if method == "ACK" else None
        leg.dialog, request = leg.dialog.request_to(receiver, method, number=number)
        if method != "ACK":
            request = with_reason(request, status, reason)
        try:
            routed = self._router.along(request, leg.dialog.parties[receiver], self._side(receiver))
        except SipError as error:
            return [self.media.log(f"no {method} to the {receiver.value}: {error}")]
        if method == "ACK":
            return [self._router.send(routed)]
        return self._send_on(Relay(None, request, receiver.other, _tag(leg)), routed)

    def _end(self, now: float) -> list[Output]:
        self.state, self.deadline = State.ENDING, now + self._settings.linger
        return self.media.release()

    def _refuse(self, key: ServerKey, request: SipRequest, status: int, reason: str) -> list[Output]:
        later = self._settings.retry_after
        return [
            SendResponse(key, refusal(request, status, reason, to_tag=self._ids.token(6), retry_after=later))
        ]

    def _find_leg(self, request: SipRequest, flow: Flow) -> tuple[Role, Leg | None]:
        sender = Role.CALLER if self._router.side_of(flow) is self.side else Role.CALLEE
        tag = request.to.tag if sender is Role.CALLER else request.from_.tag
        return sender, self._legs.get(tag or "")

    def _route(self, request: SipRequest, leg: Leg, sender: Role) -> Routed:
        receiver = sender.other
        return self._router.inside(request, leg.dialog.parties[receiver], self._side(receiver))

    def _side(self, role: Role) -> Side:
        return self.side if role is Role.CALLER else self.side.other

    def _kept(self, flow: Flow | None, role: Role) -> Flow | None:
        """User equipment is reached over its flow only; the core by its addresses."""
        return flow if self._side(role) is Side.ACCESS else None


def _tag(leg: Leg | None) -> str:
    return leg.dialog.id.callee_tag if leg is not None else ""


def _edited(message: M, verdict: Verdict) -> M:
    return with_text(message, verdict.text) if isinstance(verdict, Forward) else without_body(message)
