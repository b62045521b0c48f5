"""What one connection waits for in the loop."""

import socket

from imsedge.plane.loop import GONE, NOTHING, READ, Guard, Handler, Loop
from imsedge.plane.tcp import check


class Watch:
    """The events of one descriptor.

    A hang-up is reported for ever, wanted or not.  When it comes while nobody may read (the other leg is not
    up, or does not drain), the descriptor is parked outside the loop until reading is wanted again.
    """

    __slots__ = ("_descriptor", "_events", "_guard", "_handler", "_loop", "_parked", "_socket", "_stopped")

    def __init__(self, loop: Loop, sock: socket.socket, handler: Handler, guard: Guard) -> None:
        self._loop = loop
        self._socket = sock
        self._descriptor = sock.fileno()
        self._handler = handler
        self._guard = guard
        self._events = NOTHING
        self._parked = self._stopped = False
        loop.watch(self._descriptor, handler, NOTHING, guard)

    def hand_over(self, handler: Handler, events: int) -> None:
        """``handler`` is called from now on."""
        self._handler = handler
        if not self._parked:
            self._loop.hand_over(self._descriptor, handler)
        self.want(events)

    def want(self, events: int) -> None:
        """Wait for these events; errors are always reported."""
        if self._stopped:
            return
        if self._parked and events != NOTHING:
            self._parked = False
            self._loop.watch(self._descriptor, self._handler, events, self._guard)
        elif not self._parked and events != self._events:
            self._loop.change(self._descriptor, events)
        self._events = events

    def add(self, event: int) -> None:
        self.want(self._events | event)

    def remove(self, event: int) -> None:
        self.want(self._events & ~event)

    def hung_up(self, mask: int) -> None:
        """Call for an event that nobody can read away; ``BearerError`` when the connection is dead."""
        if mask & GONE and not self._events & READ and not self._parked:
            check(self._socket)
            self._parked = True
            self._loop.forget(self._descriptor)

    def stop(self) -> None:
        """Before the socket is closed; every wish after that is ignored."""
        if not self._parked:
            self._loop.forget(self._descriptor)
        self._parked = self._stopped = True
        self._handler, self._guard = _deaf, _deaf  # no cycle keeps a closed connection alive


def _deaf(_event: object) -> None:
    """Nobody listens any more."""
