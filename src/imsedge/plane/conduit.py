"""One end of a stream that is open for payload."""

from collections.abc import Callable
from typing import Protocol

from imsedge.plane.faults import BearerError
from imsedge.plane.loop import NOTHING, WRITE, Handler
from imsedge.plane.watch import Watch


class Channel(Protocol):
    """``tcp.TcpChannel`` or ``tls.TlsChannel``; octets pass through the worker's one buffer.

    ``read`` and ``write`` are called for every message and lead straight into C where they can: no Python
    frame in between.  ``read()`` fills the buffer, ``write(octets)`` sends that many from its start; a result
    of 0 or less goes to ``explain``.  A read of ``full`` octets or more calls for ``fill``.
    """

    @property
    def read(self) -> Callable[[], int]: ...

    @property
    def write(self) -> Callable[[int], int]: ...

    @property
    def full(self) -> int: ...

    def take(self, octets: int) -> int:
        """As ``read``, but at most so many octets and at least one."""

    def explain(self, result: int) -> int:
        """0: the end of the stream; ``AGAIN``: nothing now; or ``BearerError``."""

    def fill(self, end: int) -> tuple[int, int]:
        """Read what else has come behind ``end``; the new end, and what the last read said."""

    def send(self, data: memoryview | bytes) -> int:
        """Send other octets; how many were taken, perhaps none: then the same ones must come first again."""

    def forsake(self, held: memoryview) -> None:
        """Nobody will come again with ``held``, which ``send`` did not take; others may come."""

    def finish(self) -> None:
        """No more octets from us; only the first call counts."""


class Inward(Protocol):
    """The flow that begins here."""

    octets: int

    @property
    def messages(self) -> int: ...

    def run(self, mask: int) -> None: ...


class Outward(Protocol):
    """The flow that ends here."""

    @property
    def sent(self) -> int: ...

    def flush(self) -> None: ...


class Conduit:
    """A channel, its watch, and the two flows that meet here.

    The loop calls the inward flow directly while nothing waits to go out.  ``lost`` is told when the
    connection dies before there are flows.
    """

    __slots__ = ("_inward", "_lost", "_messages", "_outward", "_received", "_sent", "channel", "watch")

    def __init__(self, channel: Channel, watch: Watch, lost: Callable[[BearerError], None]) -> None:
        self.channel = channel
        self.watch = watch
        self._lost = lost
        self._inward: Inward | None = None
        self._outward: Outward | None = None
        self._received = self._sent = self._messages = 0  # by flows that are over

    @property
    def octets(self) -> tuple[int, int]:
        """Payload received and sent."""
        received, sent = self._received, self._sent
        if self._inward is not None:
            received += self._inward.octets
        if self._outward is not None:
            sent += self._outward.sent
        return received, sent

    @property
    def messages(self) -> int:
        """Received, as far as they are known."""
        return self._messages + (self._inward.messages if self._inward is not None else 0)

    def join(self, inward: Inward, outward: Outward) -> None:
        """Another end is there."""
        self._inward, self._outward = inward, outward
        self.watch.hand_over(inward.run)

    def separate(self) -> None:
        """The other end is gone."""
        self._messages = self.messages
        self._received, self._sent = self.octets
        self._inward = self._outward = None
        self.watch.hand_over(self.on_event)
        self.watch.want(NOTHING)

    def drain(self) -> None:
        """Something waits to go out."""
        self.watch.hand_over(self.on_event)
        self.watch.add(WRITE)

    def drained(self) -> None:
        """It has gone."""
        handler: Handler = self._inward.run if self._inward is not None else self.on_event
        self.watch.hand_over(handler)
        self.watch.remove(WRITE)

    def on_event(self, mask: int) -> None:
        """The loop's handler, unless it is the inward flow itself."""
        if mask & WRITE and self._outward is not None:
            self._outward.flush()
        if self._inward is None:
            self._wait(mask)
        elif mask != WRITE:
            self._inward.run(mask)

    def _wait(self, mask: int) -> None:
        """The other end is not there yet: what comes stays in the kernel."""
        try:
            self.watch.unwanted(mask)
        except BearerError as error:
            self._lost(error)
