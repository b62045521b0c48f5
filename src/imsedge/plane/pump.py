"""The hot path: octets from one connection to another.

A ``Flow`` is one direction of a stream.  Per message it makes one read and one write, like a relay in C, and
keeps nothing: the read goes into a buffer that the whole worker shares, the write comes out of the same
buffer.  Only what the sink did not take is copied, into ``held``; then the source is not read until the sink
has drained it.  So a flow never holds more than one buffer, the kernel's window tells the peer to wait, and
the two directions do not know of each other.

It reads again at once only when the last read was *full* (a whole TLS record, a whole buffer): then more is
likely, and a system call that finds nothing is unlikely.  Records that came together are written together.
``BURST`` keeps one fast stream from starving the others of the worker.

The loop watches level-triggered and the interest of a connection changes only when a flow begins, is held,
drains or ends; a steady stream costs no ``epoll_ctl``.
"""

from collections.abc import Callable
from typing import Protocol

from imsedge.plane.buffer import BUFFER_OCTETS
from imsedge.plane.faults import BearerError
from imsedge.plane.loop import NOTHING, READ, WRITE
from imsedge.plane.watch import Watch

BURST = 4


class Channel(Protocol):
    """``tcp.TcpChannel`` or ``tls.TlsChannel``."""

    @property
    def full(self) -> int: ...

    def receive(self, at: int = 0) -> int: ...

    def forward(self, start: int, end: int) -> int: ...

    def send(self, data: memoryview) -> int: ...

    def finish(self) -> None: ...


class Conduit:
    """One end, open for payload: its channel, its watch, and the two flows that meet here.

    ``lost`` is told when the connection dies before there are flows.
    """

    __slots__ = ("_lost", "_received", "_sent", "channel", "inward", "outward", "watch")

    def __init__(self, channel: Channel, watch: Watch, lost: Callable[[BearerError], None]) -> None:
        self._lost = lost
        self.channel = channel
        self.watch = watch
        self.inward: Flow | None = None
        self.outward: Flow | None = None
        self._received = self._sent = 0  # by flows that are over

    def _wait(self, mask: int) -> None:
        """The other end is not there yet: what comes stays in the kernel."""
        try:
            self.watch.unwanted(mask)
        except BearerError as error:
            self._lost(error)

    @property
    def octets(self) -> tuple[int, int]:
        """Payload received and sent."""
        received, sent = self._received, self._sent
        if self.inward is not None:
            received += self.inward.octets
        if self.outward is not None:
            sent += self.outward.octets - len(self.outward.held)
        return received, sent

    def separate(self) -> None:
        """The other end is gone."""
        self._received, self._sent = self.octets
        self.inward = self.outward = None
        self.watch.want(NOTHING)

    def on_event(self, mask: int) -> None:
        """The loop's handler."""
        inward, outward = self.inward, self.outward
        if mask & WRITE and outward is not None:
            outward.flush()
        if inward is None:
            self._wait(mask)
        elif mask != WRITE:
            inward.run(mask)


class FlowReport(Protocol):
    """Who wants to know."""

    def conduit_lost(self, conduit: Conduit, error: BearerError) -> None: ...

    def flow_finished(self) -> None: ...


class Flow:
    """One direction.  ``octets`` were read from the source; ``len(held)`` of them wait for the sink."""

    __slots__ = (
        "_forward",
        "_full",
        "_open",
        "_receive",
        "_report",
        "_send",
        "_view",
        "ended",
        "held",
        "octets",
        "sink",
        "source",
    )

    def __init__(self, source: Conduit, sink: Conduit, view: memoryview, report: FlowReport) -> None:
        self.source = source
        self.sink = sink
        self.octets = 0
        self.held: memoryview = _NONE
        self.ended = False  # the source will send no more
        self._open = False
        self._view = view
        self._report = report
        self._receive = source.channel.receive
        self._send = sink.channel.send
        self._forward = sink.channel.forward
        self._full = source.channel.full
        source.inward = self
        sink.outward = self

    @property
    def finished(self) -> bool:
        """All that the source had to say was taken by the sink."""
        return self.ended and not self.held

    def gate(self, *, is_open: bool) -> None:
        """Whether the source may be read; what was read before still goes out."""
        if is_open == self._open:
            return
        self._open = is_open
        self._listen()

    def _listen(self) -> None:
        """Watch the source for octets exactly while they could go on."""
        if self._open and not self.held and not self.ended:
            self.source.watch.add(READ)
        else:
            self.source.watch.remove(READ)

    def stop(self) -> None:
        """Never touch the channels again; both conduits must be separated before."""
        self._open = False
        self.held = _NONE

    def run(self, mask: int = READ) -> None:
        """The source has something to say."""
        if not self._open or self.held or self.ended:
            self._wait(mask)
            return
        receive, forward, full = self._receive, self._forward, self._full
        for _ in range(BURST):
            try:
                got = end = receive()
                while got >= full and end < BUFFER_OCTETS and (got := receive(end)) > 0:
                    end += got  # records that came together go on together
            except BearerError as error:
                self._report.conduit_lost(self.source, error)
                return
            if end > 0:
                self.octets += end
                try:
                    sent = forward(0, end)
                    while sent < end and (more := forward(sent, end)):
                        sent += more  # OpenSSL takes one record at a time
                except BearerError as error:
                    self._report.conduit_lost(self.sink, error)
                    return
                if sent < end:
                    self._hold(sent, end)
            if got == 0:
                self._end()
            if got < full or self.held:
                return

    def flush(self) -> None:
        """The sink takes octets again."""
        if not self.held:
            return
        try:
            sent = self._send(self.held)
        except BearerError as error:
            self._report.conduit_lost(self.sink, error)
            return
        self.held = self.held[sent:]
        if self.held:
            return
        self.held = _NONE
        self.sink.watch.remove(WRITE)
        if self.ended:
            self._finish()
        else:
            self._listen()

    def _hold(self, start: int, end: int) -> None:
        self.held = memoryview(bytes(self._view[start:end]))
        self.source.watch.remove(READ)
        self.sink.watch.add(WRITE)

    def _end(self) -> None:
        self.ended = True
        self.source.watch.remove(READ)
        if not self.held:
            self._finish()

    def _finish(self) -> None:
        self.sink.channel.finish()
        self._report.flow_finished()

    def _wait(self, mask: int) -> None:
        try:
            self.source.watch.unwanted(mask)
        except BearerError as error:
            self._report.conduit_lost(self.source, error)


_NONE = memoryview(b"")
