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

from collections.abc import Sequence
from typing import Protocol

from imsedge.plane.conduit import Conduit
from imsedge.plane.faults import BearerError, as_fault
from imsedge.plane.loop import READ

BURST = 4
_NONE = memoryview(b"")


class FlowReport(Protocol):
    """Who wants to know."""

    def conduit_lost(self, conduit: Conduit, error: BearerError) -> None: ...

    def flow_finished(self) -> None: ...

    def messages_refused(self, conduit: Conduit, statuses: Sequence[int]) -> None: ...


class Flow:
    """One direction.  ``octets`` were read from the source; ``len(held)`` of them wait for the sink."""

    __slots__ = (
        "_full",
        "_open",
        "_read",
        "_report",
        "_view",
        "_write",
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
        self._read = source.channel.read
        self._write = sink.channel.write
        self._full = source.channel.full

    @property
    def sent(self) -> int:
        """Octets that the sink took."""
        return self.octets - len(self.held)

    @property
    def messages(self) -> int:
        """How many went on, where it is known what a message is."""
        return 0

    @property
    def is_settled(self) -> bool:
        """Another flow could take its place, and nothing would be lost."""
        return not self.held and not self.ended

    @property
    def finished(self) -> bool:
        """All that the source had to say was taken by the sink."""
        return self.ended and not self.held

    def gate(self, *, is_open: bool) -> None:
        """Whether the source may be read; what was read before still goes out."""
        if is_open != self._open:
            self._open = is_open
            self._listen()

    def stop(self) -> None:
        """Never touch the channels again; both conduits must be separated before."""
        self._open = False
        if self.held:
            self.sink.channel.forsake(self.held)
        self.held = _NONE

    def run(self, mask: int) -> None:
        """The source has something to say."""
        if not self._open or self.held or self.ended:
            self._wait(mask)
            return
        for _ in range(BURST):
            try:
                last = end = self._read()
                if end <= 0:
                    last = end = self.source.channel.explain(end)
                elif end >= self._full:
                    end, last = self.source.channel.fill(end)
            except BlockingIOError:
                return
            except (BearerError, OSError) as error:
                self._report.conduit_lost(self.source, as_fault(error))
                return
            if end > 0:
                self.octets += end
                try:
                    sent = self._write(end)
                    if sent < end:
                        self._hold(self._insist(sent, end), end)
                except BearerError as error:
                    self._blame(error)
                    return
            if last == 0:
                self._end()
            if last < self._full or self.held:
                return

    def flush(self) -> None:
        """The sink takes octets again."""
        if not self.held:
            return
        try:
            sent = self.sink.channel.send(self.held)
        except BearerError as error:
            self._report.conduit_lost(self.sink, error)
            return
        self.held = self.held[sent:]
        if self.held:
            return
        self.held = _NONE
        self.sink.drained()
        if self.ended:
            self._finish()
        else:
            self._listen()

    def _insist(self, sent: int, end: int) -> int:
        """OpenSSL takes one record at a time; how many octets went out until it takes no more."""
        channel = self.sink.channel
        taken = max(sent if sent > 0 else channel.explain(sent), 0)
        while 0 < taken < end and (more := channel.send(self._view[taken:end])):
            taken += more
        return taken

    def _hold(self, start: int, end: int) -> None:
        if start == end:
            return
        self.held = memoryview(bytes(self._view[start:end]))
        self.source.watch.remove(READ)
        self.sink.drain()

    def _blame(self, error: BearerError) -> None:
        """Octets could not go out."""
        self._report.conduit_lost(self.sink, error)

    def _listen(self) -> None:
        """Watch the source for octets exactly while they could go on."""
        if self._open and not self.held and not self.ended:
            self.source.watch.add(READ)
        else:
            self.source.watch.remove(READ)

    def _end(self) -> None:
        self.ended = True
        self.source.watch.remove(READ)
        if not self.held:
            self._finish()

    def _finish(self) -> None:
        self.sink.channel.finish()
        self._report.flow_finished()

    def _wait(self, mask: int) -> None:
        """Octets that may not go on stay in the kernel; a dead connection is dead all the same."""
        try:
            self.source.watch.unwanted(mask)
        except BearerError as error:
            self._report.conduit_lost(self.source, error)
