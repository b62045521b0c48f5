"""Somebody calls an MSRP session that is bound to another connection already (RFC 4975 clause 7.3).

A peer that has lost its connection without our knowing it, or has two, is told why it cannot come in: what it
asks gets 506, what is for another session 481.  Whoever calls a secured leg has to prove first who it is, as
the peer itself.  Nothing of what it sends goes on.  It has a moment for that, and few can be there at a time.
"""

import socket
from collections.abc import Callable

from imsedge.bearer.messages import AnyEvent, EndpointSettings
from imsedge.core.msrp_uri import MsrpPath
from imsedge.msrp.rewriter import Rewriter, Route
from imsedge.plane.connection import Connection
from imsedge.plane.faults import BearerError
from imsedge.plane.link import Phase
from imsedge.plane.loop import READ
from imsedge.plane.services import Services

LATECOMERS = 4
# Seconds for handshake and requests.
PATIENCE = 10.0


class Latecomer:
    """Lives until it has been answered and goes, or its time is over; ``gone`` is told once."""

    octets = sent = messages = 0  # nothing of it is payload

    def __init__(
        self,
        services: Services,
        sock: socket.socket,
        settings: EndpointSettings,
        path: MsrpPath,
        gone: Callable[["Latecomer"], None],
    ) -> None:
        self.number = 0
        self._gone: Callable[[Latecomer], None] | None = gone
        self._view = services.buffer.view
        self._rewriter = Rewriter(Route(path, MsrpPath(path.own)), taken=True)
        self._timer = services.loop.after(PATIENCE, self.dismiss)
        self._connection = Connection(
            services._replace(emit=_unheard), sock, settings, self, accepted=True, be_client=False
        )

    def welcome(self) -> None:
        """Begin."""
        self._connection.welcome()

    def progressed(self) -> None:
        """From the connection: once it is open its requests are read."""
        conduit = self._connection.conduit
        if self._connection.phase is Phase.OPEN and conduit is not None:
            conduit.join(inward=self, outward=self)
            conduit.watch.want(READ)

    def lost(self, _error: BearerError) -> None:
        """From the connection."""
        self.dismiss()

    def run(self, _mask: int) -> None:
        """It says something."""
        conduit = self._connection.conduit
        if conduit is None or self._gone is None:
            return
        try:
            got = conduit.channel.read()
            if got <= 0:
                got = conduit.channel.explain(got)
        except BlockingIOError:
            return
        except (BearerError, OSError):
            got = 0
        if got == 0:
            self.dismiss()
        elif got > 0:
            self._answer(self._view[:got].tobytes())

    def _answer(self, data: bytes) -> None:
        rewriter, conduit = self._rewriter, self._connection.conduit
        rewriter.feed(data)
        rewriter.refusals.clear()
        answers, rewriter.answers = b"".join(rewriter.answers), []
        try:
            if conduit is not None and answers and conduit.channel.send(memoryview(answers)) < len(answers):
                self.dismiss()  # it does not read
        except BearerError:
            self.dismiss()
        if rewriter.fault is not None:
            self.dismiss()

    def flush(self) -> None:
        """Nothing ever waits to go out."""

    def dismiss(self) -> None:
        """In order, so that the answer arrives."""
        gone, self._gone = self._gone, None
        if gone is None:
            return
        self._timer.cancel()
        self._connection.close()
        gone(self)


def _unheard(_event: AnyEvent) -> None:
    """The gateway hears of the connection of the session only."""
