"""MSRP with another path on each leg: the flows that rewrite it, and who calls a session that is taken.

The octets of a flow go through ``msrp.rewriter`` on their way.  Everything else is as in ``pump``: what the
sink does not take is held, then the source is not read.  What is held is at most what one read became.

Responses of our own go to the peer that asked, in between the messages that the other flow brings there.
Who asks and does not read is cut off: few responses are held.
"""

from imsedge.bearer.messages import FailureCause
from imsedge.core.msrp_uri import MsrpPath
from imsedge.msrp.errors import MsrpError
from imsedge.msrp.rewriter import DEFAULT_LIMITS, Rewriter, Route
from imsedge.plane.conduit import Conduit
from imsedge.plane.faults import BearerError
from imsedge.plane.loop import READ
from imsedge.plane.policing import PolicedFlow
from imsedge.plane.pump import Flow, FlowReport


class MsrpFlow(Flow):
    """One direction; does nothing before ``route`` and ``pair``."""

    def __init__(self, source: Conduit, sink: Conduit, view: memoryview, report: FlowReport) -> None:
        super().__init__(source, sink, view, report)
        self._passed = 0  # octets that went to the sink or are held for it
        self._unread = 0  # responses of ours that came when something was held already
        self._write = self._rewrite
        self._route: Route | None = None
        self._rewriter: Rewriter | None = None
        self._back: MsrpFlow | None = None

    def pair(self, back: "MsrpFlow") -> None:
        """The other direction."""
        self._back = back

    @property
    def messages(self) -> int:
        return 0 if self._rewriter is None else self._rewriter.messages

    @property
    def is_settled(self) -> bool:
        return super().is_settled and (self._rewriter is None or self._rewriter.is_between)

    def route(self, source: MsrpPath | None, sink: MsrpPath | None) -> None:
        """Whose paths; when they change, from the next message on."""
        if source is None or sink is None:
            return
        route = Route(source, sink)
        if route == self._route:
            return
        self._route = route
        if self._rewriter is None:
            self._rewriter = Rewriter(route)
        else:
            self._rewriter.reroute(route)

    @property
    def sent(self) -> int:
        return self._passed - len(self.held)

    def answer(self, response: bytes) -> None:
        """Ours, to the peer at the sink.  ``MsrpError`` when it asks for too many."""
        if self._rewriter is None or self.ended:
            return
        self._unread = self._unread + 1 if self.held else 0
        if self._unread > DEFAULT_LIMITS.answers:
            raise MsrpError(413, f"more than {DEFAULT_LIMITS.answers} answers are not read")
        try:
            self._pass(self._rewriter.interpose(response))
        except BearerError as error:
            self._report.conduit_lost(self.sink, error)

    def stop(self) -> None:
        super().stop()
        self._back = None

    def _rewrite(self, end: int) -> int:
        """In the place of the sink's ``write``: all is taken, or held here."""
        rewriter = self._rewriter
        if rewriter is None:
            raise BearerError(FailureCause.MSRP, "its paths are not known")
        self._pass(rewriter.feed(bytes(self._view[:end])))
        if rewriter.refusals:
            self._refuse(rewriter)
        if rewriter.fault is not None:
            raise BearerError(FailureCause.MSRP, rewriter.fault.reason)
        return end

    def _refuse(self, rewriter: Rewriter) -> None:
        refusals, rewriter.refusals = rewriter.refusals, []
        answers, rewriter.answers = rewriter.answers, []
        self._report.messages_refused(self.source, refusals)
        try:
            for response in answers:
                if self._back is not None:
                    self._back.answer(response)
        except MsrpError as error:
            raise BearerError(FailureCause.MSRP, error.reason) from error

    def _pass(self, data: bytes) -> None:
        self._passed += len(data)
        if self.held:
            self.held = memoryview(self.held.tobytes() + data)
            return
        send, octets = self.sink.channel.send, len(data)
        taken = send(data) if octets else 0
        if taken == octets:
            return
        view = memoryview(data)
        while taken < octets and (more := send(view[taken:])):
            taken += more
        if taken < octets:
            self.held = view[taken:]
            self.source.watch.remove(READ)
            self.sink.drain()

    def _blame(self, error: BearerError) -> None:
        lost = self.source if error.cause is FailureCause.MSRP else self.sink
        self._report.conduit_lost(lost, error)

    def _end(self) -> None:
        if self._rewriter is not None:
            try:
                self._pass(self._rewriter.finish())
            except BearerError as error:
                self._blame(error)
                return
        super()._end()


class PolicedMsrpFlow(PolicedFlow, MsrpFlow):
    """Kept to its rates, too."""
