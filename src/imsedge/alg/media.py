"""A call's media: its session, the gateway chosen for it, and the H.248 requests in between."""

from collections.abc import Callable

from imsedge.alg.bindings import Binding
from imsedge.alg.gateways import Gateways
from imsedge.alg.messages import body_text
from imsedge.alg.nat import Whereabouts
from imsedge.alg.outputs import Log, Output, Tag
from imsedge.alg.planner import Result, plan, read_result
from imsedge.alg.procedures import Rejected, Side
from imsedge.alg.rtp import ProxyTag, RtpMedia
from imsedge.alg.session import MediaSession
from imsedge.alg.settings import EdgeSettings
from imsedge.alg.verdicts import Forward, Perform, Refuse, Verdict, Withhold
from imsedge.alg.verdicts import Output as SessionOutput
from imsedge.core.errors import RemoteError
from imsedge.core.ids import IdSource
from imsedge.h248.association.events import RequestTo
from imsedge.h248.model import Mid
from imsedge.ng.bencode import Value
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipMessage, SipRequest
from imsedge.sip.offer_answer import Carrier, Meaning, carrier_of, has_description
from imsedge.sip.uri import SipUri, read_uri

_OFFERS = {Meaning.OFFER: True, Meaning.ANSWER: False, Meaning.PREVIEW: False}

Then = Callable[[Verdict], list[Output]]
"""What to do with the message once its description has been judged."""


class Media:
    """``number`` names the call to the gateway directory, ``call_id`` to people.

    ``announced``: mechanisms that the UE of this call and we have both announced at registration.
    """

    def __init__(
        self, number: int, call_id: str, settings: EdgeSettings, gateways: Gateways, ids: IdSource
    ) -> None:
        self.session = MediaSession(settings.policy, ids)
        self.announced: frozenset[str] = frozenset()
        self.gateway: Mid | None = None
        self._number = number
        self._call_id = call_id
        self._planner = settings.planner
        self._gateways = gateways
        self._context: int | None = None  # under which the directory knows us
        self._requests = 0
        self._then: Then | None = None
        self._speaker: tuple[Side, Meaning] | None = None  # of what is being judged
        self._rtp = RtpMedia(settings.policy, number, call_id)
        self._leaving: Then | None = None  # waits for the RTP proxy

    def meet(self, binding: Binding | None, caller: Side, invite: SipRequest, flow: Flow) -> None:
        """Learn about the UE of this call: what it registered, and where it is."""
        self.announced = binding.secured if binding else frozenset()
        if caller is Side.ACCESS:
            self.session.place = Whereabouts(flow.remote.host, invite.via.host)
        elif binding is not None:
            contact = read_uri(binding.contact)
            named = contact.host if isinstance(contact, SipUri) else ""
            self.session.place = Whereabouts(binding.flow.remote.host, named)

    @property
    def busy(self) -> bool:
        """Something waits for the gateway, or for the RTP proxy."""
        return self.session.busy or self._leaving is not None

    def judge(self, message: SipMessage, meaning: Meaning, side: Side, tag: str, then: Then) -> list[Output]:
        """Let the session judge what ``message`` from ``side`` carries.

        One that neither offers nor answers goes on, but not with a description: one that nobody may look at
        would tell the wrong addresses.
        """
        if meaning in {Meaning.NOTHING, Meaning.REFUSED, Meaning.MISSING}:
            refused = [] if meaning is Meaning.NOTHING else self.submit(self.session.refused())
            return refused + then(Withhold() if has_description(message) else Forward(""))
        text = body_text(message)
        match meaning:
            case Meaning.OFFER:
                outputs = self.session.offer(side, text, self.announced, dialog=tag)
            case Meaning.ANSWER | Meaning.PREVIEW:
                early = carrier_of(message) in {Carrier.EARLY_1XX, Carrier.RELIABLE_1XX}
                outputs = self.session.answer(text, dialog=tag, final=not early)
            case _:
                outputs = self.session.repeat(text)
        self._speaker = (side, meaning)
        return self.submit(outputs, then)

    def submit(self, outputs: list[SessionOutput], then: Then | None = None) -> list[Output]:
        """Perform what the session wants; ``then`` gets its verdict, now or when the gateway has answered."""
        self._then = then
        return self._carry_out(outputs)

    def performed(self, tag: Tag, result: Result) -> list[Output]:
        """The outcome of a request of this call."""
        if tag.procedure is None or not tag.awaited:
            return []
        read = read_result(tag.procedure, result)
        logged = [self.log(f"gateway: {read.code} {read.reason}")] if isinstance(read, Rejected) else []
        return logged + self._carry_out(self.session.performed(read) if self.session.busy else [])

    def proxied(self, tag: ProxyTag, answer: dict[str, Value] | None) -> list[Output]:
        """What the RTP proxy made of a description that was about to leave."""
        try:
            text = self._rtp.take(tag, answer)
        except RemoteError as error:
            verdict: Verdict = Refuse(error.code, error.reason)
        else:
            if text is None:
                return []
            verdict = Forward(text)
        then, self._leaving = self._leaving, None
        if then is None:
            return []
        undone = self.submit(self.session.refused()) if isinstance(verdict, Refuse) else []
        return undone + then(verdict)

    def release(self) -> list[Output]:
        """The call is over."""
        self._then = self._leaving = None
        return [*self._carry_out(self.session.release()), *self._rtp.end()]

    def lost(self) -> None:
        """The gateway and all on it are gone."""
        self._then = self._leaving = None
        self.session.lost()
        self._detach()

    def log(self, text: str, termination: str = "") -> Log:
        """A line about this call."""
        return Log(text, self._call_id, self.session.context, termination)

    def _carry_out(self, outputs: list[SessionOutput]) -> list[Output]:
        done: list[Output] = []
        for output in outputs:
            if isinstance(output, Perform):
                done += self._perform(output)
            elif self._then is not None:
                then, self._then = self._then, None
                done += self._leave(output, then)
        self._keep_directory()
        return done

    def _leave(self, verdict: Verdict, then: Then) -> list[Output]:
        """Let the message go on, after the RTP proxy has seen what is its own in the description."""
        if not isinstance(verdict, Forward) or self._speaker is None:
            return then(verdict)
        side, meaning = self._speaker
        try:
            asked = self._rtp.begin(verdict.text, side, offers=_OFFERS.get(meaning))
        except RemoteError:
            return then(verdict)  # nobody could read it, and so it passes as it is
        if asked is None:
            return then(Withhold())
        if isinstance(asked, str):
            return then(Forward(asked))
        self._leaving = then
        return [asked]

    def _perform(self, perform: Perform) -> list[Output]:
        if self.gateway is None:
            self.gateway = self._gateways.choose()
            if self.gateway is None:
                missing = Rejected(code=0, reason="no gateway is available")
                return self._carry_out(self.session.performed(missing)) if perform.awaited else []
            self._gateways.attach(self.gateway, self._number)
        self._requests += 1
        action = plan(perform.procedure, self._requests, self._planner)
        return [RequestTo(self.gateway, (action,), Tag(self._number, perform.procedure, perform.awaited))]

    def _keep_directory(self) -> None:
        context = self.session.context
        if self.gateway is None or context == self._context is not None:
            return
        if context is not None:
            self._context = context
            self._gateways.attach(self.gateway, self._number, context)
        elif not self.session.busy:
            self._detach()

    def _detach(self) -> None:
        if self.gateway is not None:
            self._gateways.detach(self.gateway, self._number, self._context)
            self.gateway = self._context = None
