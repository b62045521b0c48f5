"""The media of one call: offers and answers in, stage-2 procedures and edited descriptions out.

One machine for both directions; what differs is only who offers (TR 29.828 clauses 5.2.1.2.2 and 5.2.1.2.3):

==============================  =====================================  ====================================
                                the UE offers (originating)            the core offers (terminating)
==============================  =====================================  ====================================
offer, 2-4                      Reserve core                           Reserve access, asks the fingerprint
offer, 5-7                      Reserve And Configure access           Reserve And Configure core
8, 9                            offer leaves without TLS               offer leaves with TLS, 3ge2ae:applied
answer, 13-15 (14-16)           Configure core: remote address         Configure access: remote address and
                                                                       fingerprint, TLS direction if active
answer, 16-18                   Configure access: TLS direction
19, 20 (17, 18)                 answer leaves with TLS                 answer leaves without TLS
==============================  =====================================  ====================================

TCP that is only anchored goes as figure y.2.1 draws it: first the offerer's side is reserved (2-4), then the
answerer's (5-7), both with the minimum; on the answer the answerer's side is configured (12-15), then the
offerer's (18-20).  The answer leaves after that (13), so that no SYN meets a termination that is not ready.

So: on an offer first the answerer's side is reserved, then the offerer's; on an answer first the answerer's
side is configured, then the offerer's, and only what changed is told.  Procedures run one after the other;
while one is unanswered the session is ``busy`` and takes nothing but ``performed`` and ``release``.

**Further offers.**  A line that both sides leave as it was costs no procedure, whatever ``a=setup`` says
(RFC 8122 clause 6.2: roles stay with the connection).  A line that is new, or whose offerer has moved, gets a
new stream on the offer; when the offer is refused that is taken back, when it is answered the old one goes.
So a refused offer has changed nothing, and a new connection never meets the state of an old one.  Lines that
end with port 0 are released on the answer.

**Forked answers** (RFC 3261 clause 13.2.2.4).  A gateway stream has one peer, so one dialog owns the media:
the first whose answer arrives.  Provisional answers of other dialogs are withheld (an answer may always come
as late as the 2xx); what such a dialog answered takes effect with its 2xx.  The gateway is then told the
new peer and to accept from there only - unless it has reported that the first peer's connection is up
(which it is asked to do when an answer comes early): then bytes of the wrong peer could pass, and the
session is refused instead.
"""

from collections import deque
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from imsedge.alg import nat
from imsedge.alg.answers import Answer, read_answer, write_answer
from imsedge.alg.lines import Line
from imsedge.alg.offers import TLS_ID_OCTETS, Offer, offers_tls_id, read_offer, write_offer
from imsedge.alg.policy import Policy
from imsedge.alg.procedures import (
    Ack,
    Configure,
    Procedure,
    Rejected,
    ReleaseTerminations,
    Reserve,
    Side,
    StreamRequest,
)
from imsedge.alg.profiles import request_on_answer, sides_reserved
from imsedge.alg.requests import Turn, reservation
from imsedge.alg.verdicts import Forward, Output, Perform, Refuse, Withhold
from imsedge.core.errors import LocalError, RemoteError
from imsedge.core.ids import IdSource
from imsedge.sdp.model import Description
from imsedge.sdp.transform import without_edge_security
from imsedge.sdp.writer import write_description

MAX_WITHHELD = 16
"""Answers of forked dialogs kept until their 2xx; a call that forks wider loses the oldest."""


# H.248.8 error code -> SIP status: what the gateway lacks (or 0: its silence) is not the caller's fault.
_STATUS = {0: 503, 412: 503, 432: 503, 434: 503, 510: 503, 526: 503, 445: 488, 449: 488, 501: 488, 515: 488}


class MediaSession:
    """Offer/answer and gateway state of one call.  ``place``: of its UE, as its signalling tells."""

    def __init__(self, policy: Policy, ids: IdSource) -> None:
        self.context: int | None = None
        self.terminations: dict[Side, str] = {}
        self.lines: dict[int, Line] = {}
        self.place = nat.UNKNOWN
        self._policy = policy
        self._ids = ids
        self._offer: Offer | None = None
        self._sent: Description | None = None
        self._sent_text = ""
        self._answered = True
        self._owner = ""
        self._last: tuple[str, str] = ("", "")
        self._withheld: dict[str, str] = {}
        self._connected: set[int] = set()  # streams
        self._closed: set[int] = set()  # streams
        self._replaced: dict[int, Line] = {}  # lines as they were before the open offer
        self._last_stream = 0
        self._steps: deque[Callable[[], Procedure | None]] = deque()
        self._running: Procedure | None = None
        self._finish: Callable[[], list[Output]] = list
        self._fail: Callable[[Rejected], list[Output]] = lambda _: []
        self._released = False

    @property
    def busy(self) -> bool:
        """A procedure is unanswered."""
        return self._running is not None

    @property
    def offering(self) -> bool:
        """An offer is unanswered."""
        return not self._answered

    # --- inputs ------------------------------------------------------------------------------------

    def offer(self, offerer: Side, text: str, announced: frozenset[str], *, dialog: str = "") -> list[Output]:
        """An offer arrived from ``offerer``, within ``dialog`` unless any dialog may answer it.

        ``announced``: mechanisms that UE and P-CSCF both announced at registration.
        """
        self._check_idle()
        if self.offering:
            return [Refuse(491, "another offer is not answered yet")]
        try:
            number = self._last_stream + 1
            lines = {i: replace(x, closed=x.stream in self._closed) for i, x in self.lines.items()}
            offer = read_offer(text, offerer, self._policy, announced, lines, number, self.place)
        except RemoteError as error:
            return [Refuse(488, error.reason)]
        if offer.refusal:
            return [Refuse(488, offer.refusal)]
        self._offer, self._answered, self._owner, self._last = offer, False, dialog, ("", "")
        self._withheld.clear()
        self._last_stream += len(offer.new)
        self._replaced = {index: self.lines[index] for index in offer.new if index in self.lines}
        self.lines |= {index: self._named(line, offer) for index, line in offer.new.items()}
        if offer.new:
            sides = sides_reserved(self._policy.profile, offer)
            self._steps.extend(partial(self._reserve, offer, side) for side in sides)
        self._finish = partial(self._offered, offer)
        self._fail = partial(self._offer_failed, offer)
        return self._proceed()

    def answer(self, text: str, *, dialog: str = "", final: bool = True) -> list[Output]:
        """An answer arrived in ``dialog``; ``final``: not in a provisional response."""
        self._check_idle()
        offer, sent = self._offer, self._sent
        if offer is None or sent is None:
            return [Refuse(500, "an answer without an offer")]
        foreign = self._owner not in ("", dialog)
        if foreign and not final:
            return self._withhold(dialog, text)
        if foreign and any(self.lines[index].stream in self._connected for index in offer.anchored):
            return self._answer_refused(500, "another branch of the call holds the media connection")
        if not foreign and self._answered and text == self._last[0]:
            return [Forward(self._last[1])]
        if not offer.is_ours:
            return self._answer_untouched(text, dialog)
        try:
            answer = read_answer(text, offer, sent, self._policy, self.lines, self.place)
        except RemoteError as error:
            return self._answer_refused(488, error.reason)
        self._answered, self._owner = True, dialog
        for side in (offer.offerer.other, offer.offerer):
            self._steps.append(partial(self._configure, offer, answer, side, Turn(foreign, not final)))
        self._finish = partial(self._answer_done, offer, answer)
        self._fail = self._answer_failed
        return self._proceed()

    def repeat(self, text: str) -> list[Output]:
        """A description that was given before arrives again: what became of it then leaves again.

        One that differs is dropped, as its receiver would have to ignore it (RFC 6337 clause 3.1.1).
        """
        self._check_idle()
        if text == self._last[0]:
            return [Forward(self._last[1])]
        if self._offer is not None and text == self._offer.text and self._sent is not None:
            return [Forward(self._sent_text)]
        return [Withhold()] if self.lines else [Forward(text)]

    def withheld(self, dialog: str) -> str | None:
        """The answer that ``dialog`` gave earlier and that was kept back."""
        return self._withheld.get(dialog)

    def refused(self) -> list[Output]:
        """The answerer refused the offer: what was reserved for it goes."""
        self._check_idle()
        if self._answered or self._offer is None:
            return []
        self._answered = True
        return self._undo(self._offer)

    def connected(self, stream: int) -> None:
        """The gateway reported that the connection of an H.248 stream is up."""
        self._connected.add(stream)
        self._closed.discard(stream)

    def closed(self, stream: int) -> bool:
        """The gateway reported that it was closed in order; whether the call has no media left."""
        self._closed.add(stream)
        media = self._offer.description.media if self._offer is not None else ()
        elsewhere = any(m.port != "0" and index not in self.lines for index, m in enumerate(media))
        return not elsewhere and {line.stream for line in self.lines.values()} <= self._closed

    def performed(self, result: Ack | Rejected) -> list[Output]:
        """The gateway answered the last awaited ``Perform``."""
        procedure, self._running = self._running, None
        if procedure is None:
            raise LocalError("no procedure was running")
        if isinstance(result, Rejected):
            self.context = result.context if self.context is None else self.context
            self._steps.clear()
            return self._release_all() if self._released else self._fail(result)
        self._learn(procedure, result)
        return self._release_all() if self._released else self._proceed()

    def release(self) -> list[Output]:
        """The call is over, whatever was going on; harmless when repeated."""
        self._released = True
        self._steps.clear()
        return [] if self.busy else self._release_all()

    def lost(self) -> None:
        """The gateway has forgotten everything; nothing is left to release."""
        self._released, self._running, self.context = True, None, None
        self._steps.clear()

    # --- one procedure after the other ---------------------------------------------------------------

    def _check_idle(self) -> None:
        if self.busy or self._released:
            raise LocalError("the session is busy or released")

    def _proceed(self) -> list[Output]:
        while self._steps:
            procedure = self._steps.popleft()()
            if procedure is not None:
                self._running = procedure
                return [Perform(procedure)]
        return self._finish()

    def _learn(self, procedure: Procedure, ack: Ack) -> None:
        self.context = ack.context
        if isinstance(procedure, Reserve) and ack.termination:
            self.terminations[procedure.side] = ack.termination
        if isinstance(procedure, ReleaseTerminations):
            return
        chosen = {stream.stream: stream for stream in ack.streams if stream.local is not None}
        for index, line in self.lines.items():
            stream = chosen.get(line.stream)
            if stream is not None and stream.local is not None:
                self.lines[index] = line.learn(procedure.side, stream)

    def _named(self, line: Line, offer: Offer) -> Line:
        """With a tls-id of ours, where the standards or the offerer want one: a new one each time."""
        wanted = offers_tls_id(line, offer)
        return replace(line, tls_id=self._ids.token(TLS_ID_OCTETS)) if wanted else line

    # --- offer ---------------------------------------------------------------------------------------

    def _reserve(self, offer: Offer, side: Side) -> Procedure:
        """Reserve on the answerer's side, Reserve And Configure on the offerer's."""
        return self._ask(
            side, tuple(reservation(self._policy, offer, line, side) for line in offer.new.values())
        )

    def _ask(self, side: Side, streams: tuple[StreamRequest, ...]) -> Procedure:
        """At the termination that there is on that side, or at a new one."""
        termination, heartbeat = self.terminations.get(side), self._policy.heartbeat
        if self.context is None or termination is None:
            return Reserve(side=side, context=self.context, streams=streams, heartbeat=heartbeat)
        return Configure(
            side=side, context=self.context, termination=termination, streams=streams, heartbeat=heartbeat
        )

    def _offered(self, offer: Offer) -> list[Output]:
        for index in offer.new:
            line = self.lines[index]
            told = {offer.offerer: offer.peers[index]} if line.is_secured else {}
            self.lines[index] = replace(line, told=told)
        self._sent = write_offer(offer, self.lines).description
        changed = self._sent != offer.description
        self._sent_text = write_description(self._sent) if changed else offer.text
        return [Forward(self._sent_text)]

    def _offer_failed(self, offer: Offer, rejected: Rejected) -> list[Output]:
        self._answered = True
        return [*self._undo(offer), _refusal(rejected)]

    # --- answer --------------------------------------------------------------------------------------

    def _configure(self, offer: Offer, answer: Answer, side: Side, turn: Turn) -> Procedure | None:
        """Tell ``side`` what is new; ``None`` when nothing is."""
        policy = self._policy
        wanted = (
            request_on_answer(policy, offer, answer, self.lines[index], side, turn) for index in answer.peers
        )
        streams = tuple(request for request in wanted if request is not None)
        return self._ask(side, streams) if streams and self.context is not None else None

    def _answer_done(self, offer: Offer, answer: Answer) -> list[Output]:
        for index, answered in answer.peers.items():
            line = self.lines[index]
            peers = {offer.offerer: offer.peers[index], offer.offerer.other: answered}
            told = {side: peer.since(line.told.get(side)) for side, peer in peers.items()}
            said = {offer.offerer: offer.text, offer.offerer.other: answer.text}
            self.lines[index] = replace(line, told=told, said=said)
        self._closed.difference_update(self.lines[index].stream for index in answer.renewed)
        text = write_answer(answer, offer, self.lines)
        self._last = (answer.text, text)
        ended = (offer.ended | offer.anchored) - answer.peers.keys()
        gone = [*self._replaced.values(), *(self.lines.pop(i) for i in sorted(ended) if i in self.lines)]
        self._replaced = {}
        return [*self._remove(gone), Forward(text)]

    def _answer_untouched(self, text: str, dialog: str) -> list[Output]:
        sent = without_edge_security(text)
        self._answered, self._owner, self._last = True, dialog, (text, sent)
        return [Forward(sent)]

    def _answer_failed(self, rejected: Rejected) -> list[Output]:
        return [*self.release(), _refusal(rejected)]

    def _answer_refused(self, status: int, reason: str) -> list[Output]:
        return [*self.release(), Refuse(status, reason)]

    def _withhold(self, dialog: str, text: str) -> list[Output]:
        self._withheld.pop(dialog, None)
        if len(self._withheld) >= MAX_WITHHELD:
            del self._withheld[next(iter(self._withheld))]
        self._withheld[dialog] = text
        return [Withhold()]

    # --- release -------------------------------------------------------------------------------------

    def _undo(self, offer: Offer) -> list[Output]:
        """The offer has failed: everything is as it was before."""
        gone = [self.lines.pop(index) for index in sorted(offer.new)]
        self.lines |= self._replaced
        self._replaced = {}
        return self._remove(gone)

    def _remove(self, gone: list[Line]) -> list[Output]:
        """These lines are over, and out of ``lines``; with the last one the context goes."""
        self._connected.difference_update(line.stream for line in gone)
        if not self.lines:
            return self._release_all()
        if not gone or self.context is None:
            return []
        released = {
            side: tuple(
                StreamRequest(stream=line.stream, release=True) for line in gone if side in line.local
            )
            for side in self.terminations
        }
        return [
            Perform(
                Configure(
                    side=side, context=self.context, termination=self.terminations[side], streams=streams
                ),
                awaited=False,
            )
            for side, streams in released.items()
            if streams
        ]

    def _release_all(self) -> list[Output]:
        context, self.context = self.context, None
        self.terminations.clear()
        self.lines.clear()
        if context is None:
            return []
        return [Perform(ReleaseTerminations(context=context), awaited=False)]


def _refusal(rejected: Rejected) -> Refuse:
    return Refuse(_STATUS.get(rejected.code, 500), f"gateway: {rejected.reason}")
