"""The two ends of one stream, joined by their ``link`` number.

Decides nothing by itself: ``link.py`` says who dials and what may flow, this carries it out.
"""

from collections.abc import Sequence

from imsedge.bearer.messages import Answering, FailureCause, Policing, SourceFilter, Transport
from imsedge.plane.conduit import Conduit
from imsedge.plane.endpoint import Endpoint
from imsedge.plane.faults import BearerError
from imsedge.plane.link import (
    Phase,
    can_call,
    follows,
    follows_knock,
    is_stateless,
    leads,
    may_flow,
    withholds,
)
from imsedge.plane.loop import READ, Timer
from imsedge.plane.msrp import MsrpFlow, PolicedMsrpFlow
from imsedge.plane.nft import Passage, Way
from imsedge.plane.nftables import RelayError
from imsedge.plane.policing import PolicedFlow
from imsedge.plane.pump import Flow
from imsedge.plane.services import Services


class Stream:
    """At most two endpoints, and the two flows between them while both are open."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ends: list[Endpoint] = []
        self._flows: list[Flow] = []
        self._kinds: list[tuple[Policing | None, bool]] = [(None, False)] * 2  # rates; paths are rewritten
        self._linger: Timer | None = None

    @property
    def is_full(self) -> bool:
        return len(self._ends) == 2

    @property
    def is_empty(self) -> bool:
        return not self._ends

    def join(self, endpoint: Endpoint) -> None:
        self._ends.append(endpoint)

    def leave(self, endpoint: Endpoint) -> None:
        """The endpoint is being released; what it had received has gone on as far as it could."""
        self._services.relays.end(*(end.number for end in self._ends))
        self._dissolve()
        self._ends.remove(endpoint)

    def review(self) -> None:
        """Something changed at one end: phase, settings or the end itself."""
        for own in self._ends:
            other = self._other(own)
            own.withhold(withheld=withholds(own.leg, other.leg if other else None))
        if not self.is_full:
            return
        first, second = self._ends
        stateless = is_stateless(first.leg.settings, second.leg.settings)
        for own, other in ((first, second), (second, first)):
            if stateless:
                self._lead(own, other)
            else:
                self._services.relays.end(own.number)
            if follows(own.leg, other.leg):
                own.dial()
        if first.conduit is None or second.conduit is None:
            return
        self._take_kinds()
        if not self._flows:
            self._flows = self._join(first.conduit, second.conduit)
        for flow, own, other in zip(self._flows, (first, second), (second, first), strict=True):
            if isinstance(flow, MsrpFlow):
                flow.route(own.leg.settings.msrp, other.leg.settings.msrp)
            flow.gate(is_open=may_flow(own.leg, other.leg))

    def _join(self, first: Conduit, second: Conduit) -> list[Flow]:
        there, back = self._flow(0, first, second), self._flow(1, second, first)
        first.join(inward=there, outward=back)
        second.join(inward=back, outward=there)
        if isinstance(there, MsrpFlow) and isinstance(back, MsrpFlow):
            there.pair(back)
            back.pair(there)
        return [there, back]

    def _flow(self, end: int, source: Conduit, sink: Conduit) -> Flow:
        (policing, aware), view = self._kinds[end], self._services.buffer.view
        if policing is None:
            return (MsrpFlow if aware else Flow)(source, sink, view, self)
        kind = PolicedMsrpFlow if aware else PolicedFlow
        return kind(source, sink, view, self, self._services.loop, policing)

    def _take_kinds(self) -> None:
        """Flows with other rates, or that rewrite, are other flows; what one still holds goes out first."""
        aware = any(end.leg.settings.msrp is not None for end in self._ends)
        wanted = [(end.leg.settings.policing, aware) for end in self._ends]
        if wanted == self._kinds or not all(flow.is_settled for flow in self._flows):
            return
        if self._flows:
            self._services.loop.after(0.0, self._look_again)
        self._dissolve()
        self._kinds = wanted

    def _look_again(self) -> None:
        """A policed flow may have left a part of a TLS record with OpenSSL, where the loop sees nothing."""
        for flow in self._flows.copy():
            flow.run(READ)

    def _lead(self, own: Endpoint, other: Endpoint) -> None:
        """Let the kernel pass on to the other peer whatever comes here from the own one."""
        settings, target = other.leg.settings, other.leg.settings.remote
        if own.local is None or other.local is None:
            return
        if own.leg.phase is not Phase.IDLE:
            return  # it has failed; the next word of the signalling is another chance
        passage = Passage.OPEN if leads(own.leg.settings, settings) else Passage.SHUT
        if target is None or not can_call(settings):
            # Shut already: of a SYN that came before its way the kernel would remember a connection without.
            target, passage = other.local, Passage.SHUT
        sources = own.leg.settings.source_filter or SourceFilter()
        way = Way(own.number, own.local, target, other.local, sources, passage)
        try:
            self._services.relays.lead(way)
        except RelayError as error:
            own.cut(BearerError(FailureCause.TCP_UNREACHABLE, str(error)))

    def knocked(self, endpoint: Endpoint) -> None:
        """A SYN waits here for its SYN-ACK."""
        other = self._other(endpoint)
        if other is not None and follows_knock(other.leg, endpoint.leg):
            other.dial()

    def part(self) -> None:
        """One end gets another connection; the other end keeps its own."""
        self._dissolve()

    def _other(self, endpoint: Endpoint) -> Endpoint | None:
        return next((other for other in self._ends if other is not endpoint), None)

    def lost(self, endpoint: Endpoint) -> None:
        """One bearer ended abnormally, so the other one must not look as if it had ended in order."""
        self._dissolve()
        for other in self._ends:
            if other is endpoint:
                continue
            if other.leg.phase in (Phase.CONNECTING, Phase.CONNECTED, Phase.OPEN):
                other.cut(BearerError(FailureCause.LINKED_LEG))
            elif other.leg.settings.answering is Answering.LINKED_LEG:
                other.turn_away(BearerError(FailureCause.LINKED_LEG))

    # --- what the flows report -----------------------------------------------------------------

    def conduit_lost(self, conduit: Conduit, error: BearerError) -> None:
        """A peer that had said its last word may go away with a RST: nothing of its own is lost."""
        if any(flow.source is conduit and flow.ended for flow in self._flows):
            self._close()
            return
        for endpoint in self._ends:
            if endpoint.conduit is conduit:
                endpoint.lost(error)
                return

    def messages_refused(self, conduit: Conduit, statuses: Sequence[int]) -> None:
        """What came through ``conduit`` was not for the other end."""
        for endpoint in self._ends:
            if endpoint.conduit is conduit:
                endpoint.messages_refused(statuses)

    def flow_finished(self) -> None:
        """One direction is over; with TLS the other one must follow soon (RFC 8446 clause 6.1)."""
        if all(other.finished for other in self._flows):
            self._close()
        elif self._linger is None and any(
            endpoint.leg.settings.transport is Transport.TLS for endpoint in self._ends
        ):
            self._linger = self._services.loop.after(self._services.settings.linger_limit, self._close)

    def _close(self) -> None:
        self._dissolve()
        for endpoint in self._ends:
            endpoint.close()

    def _dissolve(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        for endpoint in self._ends:
            if endpoint.conduit is not None:
                endpoint.conduit.separate()
        for flow in self._flows:
            flow.stop()
        self._flows = []
