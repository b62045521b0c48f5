"""Keep a peer to its rates by reading it no faster: its TCP window closes, and no octet is lost.

H.248.53 asks a gateway to police with token buckets; for packets that means to drop them, for a byte stream
to wait.  Never more octets are read than there are tokens, so what passes in t seconds is at most the burst
and t times the rate.  A flow without policing never comes here: it costs nothing.
"""

from imsedge.bearer.messages import Policing
from imsedge.plane.buffer import BUFFER_OCTETS
from imsedge.plane.conduit import Conduit
from imsedge.plane.loop import READ, Loop, Timer
from imsedge.plane.pump import Flow, FlowReport

# The peak rate bounds what passes in so many seconds; shorter ones would cost more wake-ups than they tell.
PEAK_WINDOW = 0.01


class Bucket:
    """Tokens are octets.  Datagrams may overdraw it; then nothing is due until that is paid back."""

    def __init__(self, rate: int, depth: float, now: float) -> None:
        self._rate = rate
        self._depth = depth
        self._tokens = depth
        self._filled = now

    def take(self, octets: int, now: float) -> None:
        self._fill(now)
        self._tokens -= octets

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        self._fill(now)
        return 0.0 if self._tokens > 0 else (1.0 - self._tokens) / self._rate

    def due(self, now: float) -> int:
        """Octets that may pass now."""
        self._fill(now)
        return max(int(self._tokens), 0)

    def pause(self, now: float) -> float:
        """Seconds until it is worth while to read again; 0 while octets are due."""
        self._fill(now)
        worth = max(min(self._depth, self._rate * PEAK_WINDOW), 1.0)
        return 0.0 if self._tokens >= 1 else (worth - self._tokens) / self._rate

    def _fill(self, now: float) -> None:
        self._tokens = min(self._depth, self._tokens + (now - self._filled) * self._rate)
        self._filled = now


def buckets(policing: Policing | None, now: float) -> tuple[Bucket, ...]:
    """One for the peak rate, one for the sustained rate with its burst, as far as they are given."""
    if policing is None:
        return ()
    peak = (Bucket(policing.peak, max(policing.peak * PEAK_WINDOW, 1.0), now),) if policing.peak else ()
    burst = max(float(policing.burst), policing.sustained * PEAK_WINDOW, 1.0)
    return (*peak, Bucket(policing.sustained, burst, now)) if policing.sustained else peak


class PolicedFlow(Flow):
    """Reads of its source what every bucket has tokens for."""

    __slots__ = ("_asked", "_buckets", "_loop", "_take", "_timer")

    def __init__(
        self,
        source: Conduit,
        sink: Conduit,
        view: memoryview,
        report: FlowReport,
        loop: Loop,
        policing: Policing,
    ) -> None:
        super().__init__(source, sink, view, report)
        self._loop = loop
        self._buckets = buckets(policing, loop.now())
        self._timer: Timer | None = None
        self._asked = 0  # octets, of the last read
        self._take = source.channel.take
        self._read = self._read_due
        self._full = BUFFER_OCTETS + 1  # one read at a time

    def run(self, mask: int) -> None:
        """The source has something to say: let it, then reckon."""
        if self._timer is not None and self._timer.pending:
            self._wait(mask)
            return
        before = self.octets
        super().run(mask)
        read, now = self.octets - before, self._loop.now()
        for bucket in self._buckets:
            bucket.take(read, now)
        pause = max((bucket.pause(now) for bucket in self._buckets), default=0.0)
        # What was cut short may go on in OpenSSL, of which the loop knows nothing: look again.
        if (pause or 0 < self._asked <= read) and self._open and not self.ended:
            self._timer = self._loop.after(pause, self._resume)
            self.source.watch.remove(READ)

    def _read_due(self) -> int:
        now = self._loop.now()
        due = min((bucket.due(now) for bucket in self._buckets), default=BUFFER_OCTETS)
        self._asked = max(due, 1)
        return self._take(self._asked)

    def stop(self) -> None:
        super().stop()
        if self._timer is not None:
            self._timer.cancel()

    def _listen(self) -> None:
        """Not while the peer has to wait, whoever asks.

        A record of TLS may have been read in part: of its rest the loop knows nothing, so look at once.
        """
        if self._timer is None or not self._timer.pending:
            super()._listen()
            if self._open and not self.held and not self.ended:
                self._timer = self._loop.after(0.0, self._resume)

    def _resume(self) -> None:
        super()._listen()
        self.run(READ)
