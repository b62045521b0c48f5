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
CONFIRMED      a 2xx was passed on; the session timer runs if it said so (``session_timer``)
ENDING         released; only outstanding transactions and the gateway's last answer are waited for
=============  =========================================================================================
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from functools import partial

from imsedge.alg.legs import Arrived, Leg, Legs, Relay
from imsedge.alg.media import Media, Then
from imsedge.alg.messages import M, refusal, with_text, without_body
from imsedge.alg.outputs import CallView, Output, Tag
from imsedge.alg.planner import Result
from imsedge.alg.router import Router
from imsedge.alg.rtp import ProxyTag
from imsedge.alg.session_timer import ends_at, has_lost_session
from imsedge.alg.settings import EdgeSettings
from imsedge.alg.verdicts import Forward, Refuse, Verdict
from imsedge.alg.view import view_call
from imsedge.core.ids import IdSource
from imsedge.core.machine import NEVER
from imsedge.ng.bencode import Value
from imsedge.sip.dialogs import Role
from imsedge.sip.errors import SipError
from imsedge.sip.events import ClientKey, SendCancel, SendResponse, ServerKey
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipMessage, SipRequest, SipResponse, make_response
from imsedge.sip.offer_answer import Carrier, Meaning, Negotiation, carrier_of
from imsedge.sip.routing import pop_via

MAX_QUEUED = 64
"""Messages that wait for the gateway; who sends more during one round trip to it is not in earnest."""


class State(Enum):
    """See the table above."""

    SETUP = "setup"
    CONFIRMED = "confirmed"
    ENDING = "ending"


class Call:
    """Each method takes one input and returns what to do, in order."""

    def __init__(
        self, legs: Legs, router: Router, media: Media, settings: EdgeSettings, ids: IdSource
    ) -> None:
        self.state = State.SETUP
        self.media = media
        self._until = NEVER
        self._parting = NEVER  # when the media has been gone for too long
        self._legs = legs
        self._router = router
        self._settings = settings
        self._ids = ids
        self._held: dict[ServerKey, SipRequest] = {}  # requests that wait for the gateway
        self._queue: deque[Callable[[], list[Output]]] = deque()
        self._started = 0.0

    @property
    def relays(self) -> dict[ClientKey, Relay]:
        """What was sent on: whose responses belong here."""
        return self._legs.relays

    @property
    def deadline(self) -> float:
        """When ``timed_out`` is due."""
        return min(self._until, self._parting)

    @property
    def is_ending(self) -> bool:
        """Released; another call may take its name."""
        return self.state is State.ENDING

    @property
    def is_over(self) -> bool:
        """Nothing is left to wait for."""
        return self.is_ending and not (self._legs.pending or self.media.busy)

    # --- inputs ----------------------------------------------------------------------------------------

    def start(self, key: ServerKey, flow: Flow, now: float) -> list[Output]:
        """The INVITE.  ``SipError`` when it cannot be routed: then there is no call."""
        request = self._legs.invite
        routed = self._router.initial(request, flow)
        meaning, self._legs.negotiation = self._legs.negotiation.read(request, Role.CALLER)
        self.media.meet(routed.binding, self._legs.side, request, flow)
        self._started, self._until = now, now + self._settings.answer_timeout
        return self._judge_request(Arrived(key, request, routed, Role.CALLER, None, now), meaning)

    def request(self, key: ServerKey, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        """A request inside the call, other than ACK and CANCEL."""
        full = partial(self._refuse, key, request, 500, "too many requests wait for the gateway")
        return self._enter(partial(self._request, key, request, flow, now), full)

    def ack(self, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        """The ACK for a 2xx."""
        return self._enter(partial(self._ack, request, flow, now))

    def response(self, key: ClientKey, response: SipResponse, flow: Flow, now: float) -> list[Output]:
        """A response to what was sent on, our Via still on top."""
        stripped = pop_via(response)
        if response.status == 100:
            return []
        return self._enter(partial(self._response, key, stripped or response, flow, now))

    def failed(self, key: ClientKey, status: int, now: float) -> list[Output]:
        """No final response will come: the sender hears ``status`` (clause 16.7 step 6)."""
        relay = self.relays.get(key)
        if relay is None:
            return []
        response = make_response(relay.received, status, to_tag=self._ids.token(6))
        return self._enter(partial(self._response, key, response, None, now))

    def cancel(self, key: ServerKey, now: float) -> list[Output]:
        """The sender of an INVITE gives up; the CANCEL itself has been answered.

        A re-INVITE whose offer the gateway is at work on goes on: a CANCEL may come too late (clause 9.1).
        """
        if self._legs.first is None and key in self._held:
            return self.terminate(487, "cancelled by the caller", now)
        return [SendCancel(k) for k in sorted(self._legs.pending) if self.relays[k].server == key]

    def performed(self, tag: Tag, result: Result) -> list[Output]:
        """The gateway answered: what waited for it goes on."""
        return self.media.performed(tag, result) + self._resume()

    def proxied(self, tag: ProxyTag, answer: dict[str, Value] | None) -> list[Output]:
        """The RTP proxy answered, or did not."""
        return self.media.proxied(tag, answer) + self._resume()

    def gateway_lost(self, reason: str, now: float) -> list[Output]:
        """The media is gone, and with it the call."""
        self.media.lost()
        return self.terminate(503, reason, now) + self._resume()

    def timed_out(self, now: float) -> list[Output]:
        """Timer C, the session timer, the end of the media, or the patience with an ended call."""
        if self._parting <= now and not self.is_ending:
            return self.terminate(500, "the media was closed", now)
        self._until = NEVER
        if self.state is State.SETUP:
            return self.terminate(408, "nobody answered", now)
        if self.state is State.CONFIRMED:
            return self.terminate(408, "session timer expired", now)
        self._legs.pending.clear()
        return []

    def media_closed(self, stream: int, now: float) -> list[Output]:
        """A connection was closed in order: the parties may say BYE or agree on another (RFC 4975, 8856)."""
        if not self.is_ending and self.media.session.closed(stream):
            self._parting = now + self._settings.policy.release_wait
        return []

    def terminate(self, status: int, reason: str, now: float) -> list[Output]:
        """End the call from the middle; harmless when it has ended."""
        if self.is_ending:
            return []
        outputs: list[Output] = [self.media.log(f"call released: {status} {reason}"), *self._end(now)]
        for server, request in self._held.items():
            outputs += self._refuse(server, request, status, reason)
        self._held.clear()
        for key in sorted(self._legs.pending):
            outputs += self._give_up(key, status, reason)
        for leg in self._legs.all():
            outputs += self._legs.hang_up(leg, status, reason)
        return outputs

    def view(self, now: float) -> CallView:
        """For people."""
        return view_call(self._legs, self.media, self.state.value, now - self._started)

    # --- the queue -------------------------------------------------------------------------------------

    @property
    def _is_waiting(self) -> bool:
        return self.media.busy and not self.is_ending

    def _enter(
        self, work: Callable[[], list[Output]], when_full: Callable[[], list[Output]] = list
    ) -> list[Output]:
        if not self._is_waiting:
            return work() + self._resume()
        if len(self._queue) >= MAX_QUEUED:
            return when_full()
        self._queue.append(work)
        return []

    def _resume(self) -> list[Output]:
        outputs: list[Output] = []
        while self._queue and not self._is_waiting:
            outputs += self._queue.popleft()()
        return outputs

    # --- requests --------------------------------------------------------------------------------------

    def _request(self, key: ServerKey, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        sender, leg = self._legs.find(request, flow)
        if leg is not None and self.is_ending and request.method == "BYE":
            return [SendResponse(key, make_response(request, 200))]  # it crossed ours
        if leg is None or self.is_ending:
            return self._refuse(key, request, 481, "the call has ended")
        try:
            dialog = self._legs.request_seen(leg, request, sender, flow)
            routed = self._legs.route(leg, request, sender)
            meaning, negotiation = leg.negotiation.read(request, sender)
        except SipError as error:
            return self._refuse(key, request, error.code, error.reason)
        leg.dialog = dialog
        arrived = Arrived(key, request, routed, sender, leg, now)
        if request.method == "BYE":
            return self._bye(arrived, leg)
        before, leg.negotiation = leg.negotiation, negotiation
        return self._judge_request(arrived, meaning, before)

    def _judge_request(
        self, arrived: Arrived, meaning: Meaning, before: Negotiation | None = None
    ) -> list[Output]:
        """Hold the request until its description is judged, then send it on or refuse it."""
        self._held[arrived.key] = arrived.request
        if meaning is Meaning.OFFER:
            self._parting = NEVER

        def then(verdict: Verdict) -> list[Output]:
            if isinstance(verdict, Refuse) and meaning is not Meaning.OFFER:
                return self.terminate(verdict.status, verdict.reason, arrived.now)  # an answer in PRACK
            self._held.pop(arrived.key, None)
            if isinstance(verdict, Refuse):
                return self._refuse_offer(arrived, verdict, before)
            edited = arrived.routed._replace(request=_edited(arrived.routed.request, verdict))
            return self._legs.send_on(arrived.relay, edited)

        return self._judge(arrived.request, meaning, arrived.sender, arrived.tag, then)

    def _refuse_offer(self, arrived: Arrived, verdict: Refuse, before: Negotiation | None) -> list[Output]:
        """The INVITE ends the call with it; a further offer leaves everything as it was."""
        if arrived.leg is not None and before is not None:
            arrived.leg.negotiation = before
        outputs: list[Output] = [self.media.log(f"offer refused: {verdict.status} {verdict.reason}")]
        outputs += self._refuse(arrived.key, arrived.request, verdict.status, verdict.reason)
        return outputs if arrived.leg is not None else outputs + self._end(arrived.now)

    def _bye(self, arrived: Arrived, leg: Leg) -> list[Output]:
        """The media goes with the last dialog; an early dialog ends without ending the call."""
        outputs = self._legs.send_on(arrived.relay, arrived.routed)
        if leg.passed:
            self._legs.remove(leg)
            if not self._legs.any_passed():
                outputs += [self.media.log("call ended"), *self._end(arrived.now)]
        return outputs

    def _ack(self, request: SipRequest, flow: Flow, now: float) -> list[Output]:
        sender, leg = self._legs.find(request, flow)
        if leg is None:
            return []
        try:
            leg.dialog = self._legs.request_seen(leg, request, sender, flow)
            routed = self._legs.route(leg, request, sender)
            meaning, leg.negotiation = leg.negotiation.read(request, sender)
        except SipError as error:
            return [self.media.log(f"ACK dropped: {error}")]
        if self.is_ending:
            return [self._router.send(routed._replace(request=without_body(routed.request)))]

        def then(verdict: Verdict) -> list[Output]:
            edited = routed._replace(request=_edited(routed.request, verdict))
            outputs: list[Output] = [self._router.send(edited)]
            if isinstance(verdict, Refuse):
                outputs += self.terminate(verdict.status, verdict.reason, now)
            return outputs

        return self._judge(request, meaning, sender, leg.tag, then)

    # --- responses -------------------------------------------------------------------------------------

    def _response(self, key: ClientKey, response: SipResponse, flow: Flow | None, now: float) -> list[Output]:
        relay, meaning = self.relays.get(key), Meaning.NOTHING
        if relay is None:
            return []
        try:
            leg = self._legs.response_seen(relay, response, flow)
            if relay.server is None or self.is_ending:
                return self._late_response(key, relay, response, leg)
            if leg is not None:
                meaning, leg.negotiation = leg.negotiation.read(response, relay.sender.other)
        except SipError as error:
            log: list[Output] = [self.media.log(f"unusable response: {error}")]
            return log + self.terminate(502, "unusable response", now) if response.status >= 200 else log
        carrier = carrier_of(response)
        if response.status >= 200:
            self._legs.answered.add(key)
        if leg is not None and carrier is Carrier.INVITE_2XX and self._is_second(leg):
            return self._legs.hang_up(leg, 486, "another branch of the call was answered")
        if response.status < 200 and self.state is State.SETUP:
            self._until = now + self._settings.answer_timeout
        tag = response.to.tag or ""
        withheld = self.media.session.withheld(tag) if carrier is Carrier.INVITE_2XX else None
        if withheld is not None:
            response, meaning = with_text(response, withheld), Meaning.ANSWER

        def then(verdict: Verdict) -> list[Output]:
            if isinstance(verdict, Refuse):
                return self.terminate(verdict.status, verdict.reason, now)
            return self._pass_on(key, relay, _edited(response, verdict), leg, now)

        return self._judge(response, meaning, relay.sender.other, tag, then)

    def _is_second(self, leg: Leg) -> bool:
        """Two branches answered: the gateway's streams belong to the first."""
        return not leg.passed and self._legs.any_passed() and bool(self.media.session.lines)

    def _pass_on(
        self, key: ClientKey, relay: Relay, response: SipResponse, leg: Leg | None, now: float
    ) -> list[Output]:
        outputs: list[Output] = [SendResponse(relay.server, response)] if relay.server else []
        if response.status < 200:
            return outputs
        self._legs.finished(key)
        if key == self._legs.first:
            if response.status >= 300:
                return outputs + self._end(now)
            if leg is not None:
                leg.passed = True
            if self.state is State.SETUP:
                outputs.append(self.media.log("call answered"))
            self.state = State.CONFIRMED
        elif leg is not None and leg.passed and has_lost_session(relay.received, response):
            return outputs + self.terminate(response.status, "a party has lost the session", now)
        until = ends_at(relay.received, response, now)
        if self.state is State.CONFIRMED and until is not None:
            self._until = until
        return outputs

    def _late_response(
        self, key: ClientKey, relay: Relay, response: SipResponse, leg: Leg | None
    ) -> list[Output]:
        """After the end: who still waits hears it without descriptions, a late 2xx is hung up."""
        if response.status >= 200:
            self._legs.finished(key)
        if relay.server is not None:
            return [SendResponse(relay.server, without_body(response))]
        if leg is not None and carrier_of(response) is Carrier.INVITE_2XX and not leg.passed:
            return self._legs.hang_up(leg, 487, "the call has ended")
        return []

    # --- common ----------------------------------------------------------------------------------------

    def _judge(
        self, message: SipMessage, meaning: Meaning, sender: Role, tag: str, then: Then
    ) -> list[Output]:
        return self.media.judge(message, meaning, self._legs.side_of(sender), tag, then)

    def _give_up(self, key: ClientKey, status: int, reason: str) -> list[Output]:
        """Answer the sender ourselves; an INVITE is cancelled at its other side."""
        relay = self.relays[key]
        if relay.server is None or relay.received.method == "BYE":
            return []
        self.relays[key] = relay._replace(server=None)
        outputs = self._refuse(relay.server, relay.received, status, reason)
        if relay.received.method == "INVITE" and key not in self._legs.answered:
            return [*outputs, SendCancel(key)]
        self._legs.finished(key)
        return outputs

    def _end(self, now: float) -> list[Output]:
        self.state, self._until, self._parting = State.ENDING, now + self._settings.linger, NEVER
        return self.media.release()

    def _refuse(self, key: ServerKey, request: SipRequest, status: int, reason: str) -> list[Output]:
        tag, later = self._ids.token(6), self._settings.retry_after
        return [SendResponse(key, refusal(request, status, reason, to_tag=tag, retry_after=later))]


def _edited(message: M, verdict: Verdict) -> M:
    return with_text(message, verdict.text) if isinstance(verdict, Forward) else without_body(message)
