"""When to repeat a request: clause D.1.3, the algorithm of TCP and MGCP.

``AAD`` is the average delay of acknowledgements, ``ADEV`` its average deviation, both smoothed
exponentially from requests that were sent once (a reply to a repeated request does not tell which copy it
answers).  The first wait is ``AAD + N * ADEV``.  After each repeat AAD is doubled, up to a limit, and the
wait is a random value between half of it and all of it, plus ``N * ADEV``: the random part keeps a
thousand gateways from repeating in step.
"""

from imsedge.h248.transactions.settings import TransactionSettings

_AVERAGE_GAIN = 1 / 8
_DEVIATION_GAIN = 1 / 4


class RoundTrip:
    """What has been measured towards one peer, in seconds."""

    __slots__ = ("average", "deviation")

    def __init__(self, average: float) -> None:
        self.average = average
        self.deviation = 0.0

    def measured(self, delay: float) -> None:
        """A request sent once was answered after ``delay``."""
        error = delay - self.average
        self.average += error * _AVERAGE_GAIN
        self.deviation += (abs(error) - self.deviation) * _DEVIATION_GAIN


class BackOff:
    """The waits of one request or of one reply that must be acknowledged."""

    __slots__ = ("_average", "_limit", "_margin")

    def __init__(self, trip: RoundTrip, settings: TransactionSettings) -> None:
        self._limit = settings.longest_delay
        self._average = min(max(trip.average, settings.least_delay), self._limit)
        self._margin = settings.deviations * trip.deviation

    def first(self) -> float:
        """How long to wait before the first repeat."""
        return min(self._average + self._margin, self._limit)

    def next(self, fraction: float) -> float:
        """How long to wait after a repeat; ``fraction`` is random in ``0.0 <= x < 1.0``."""
        self._average = min(2 * self._average, self._limit)
        return min(self._average * (1 + fraction) / 2 + self._margin, self._limit)
