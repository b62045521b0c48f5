"""What one connection waits for in the loop."""

import socket

from imsedge.plane.loop import GONE, NOTHING, READ, Guard, Handler, Loop
from imsedge.plane.tcp import check


class Watch:
    """The events of one descriptor.

    READ is given up lazily: the kernel is told only when octets come that nobody wants yet, because most
    often somebody wants them before that.  A socket is nearly always writable, so WRITE is given up at once.

    A hang-up is reported for ever, wanted or not.  When it comes while nobody may read (the other leg is not
    up, or does not drain), the descriptor is parked outside the loop until reading is wanted again.
    """

    __slots__ = ("_descriptor", "_guard", "_handler", "_loop", "_parked", "_registered", "_socket", "_wanted")

    def __init__(
        self, loop: Loop, sock: socket.socket, handler: Handler, guard: Guard, events: int = NOTHING
    ) -> None:
        self._loop = loop
        self._socket = sock
        self._descriptor = sock.fileno()
        self._handler: Handler | None = handler
        self._guard = guard
        self._wanted = self._registered = events
        self._parked = False
        loop.watch(self._descriptor, handler, events, guard)

    def hand_over(self, handler: Handler) -> None:
        """``handler`` is called from now on."""
        if self._handler is None:
            return
        self._handler = handler
        if not self._parked:
            self._loop.hand_over(self._descriptor, handler)

    def want(self, events: int) -> None:
        """Wait for these events; errors are always reported."""
        if self._handler is None:
            return
        self._wanted = events
        if self._parked:
            if events != NOTHING:
                self._parked = False
                self._registered = events
                self._loop.watch(self._descriptor, self._handler, events, self._guard)
            return
        missing, surplus = events & ~self._registered, self._registered & ~events
        if missing or surplus & ~READ:
            self._register()

    def add(self, event: int) -> None:
        self.want(self._wanted | event)

    def remove(self, event: int) -> None:
        self.want(self._wanted & ~event)

    def unwanted(self, mask: int) -> None:
        """Call for an event that nobody may take; ``BearerError`` when the connection is dead."""
        if self._handler is None or self._parked or self._wanted & READ:
            return
        if mask & GONE:
            check(self._socket)
            self._parked = True
            self._loop.forget(self._descriptor)
        elif self._registered != self._wanted:
            self._register()

    def _register(self) -> None:
        self._registered = self._wanted
        self._loop.change(self._descriptor, self._wanted)

    def stop(self) -> None:
        """Before the socket is closed; every wish after that is ignored."""
        if self._handler is not None and not self._parked:
            self._loop.forget(self._descriptor)
        self._handler, self._guard = None, _deaf  # no cycle keeps a closed connection alive


def _deaf(_error: Exception) -> None:
    """Nobody listens any more."""
