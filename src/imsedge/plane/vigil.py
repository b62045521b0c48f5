"""Notice that nothing passes, without a word from the hot path: counters are compared now and then."""

from collections.abc import Callable
from functools import partial

from imsedge.bearer import messages as m
from imsedge.plane.loop import Loop, Timer

# A silence is noticed late by at most this part of the limit, and not looked for more often than this.
_PARTS, _SHORTEST = 8, 0.05


class Vigil:
    """Calls ``report`` when ``measure`` has had the same value for ``limit`` seconds, once a silence."""

    def __init__(
        self, loop: Loop, limit: float, measure: Callable[[], object], report: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._limit = limit
        self._measure = measure
        self._report = report
        self._last = measure()
        self._since = loop.now()
        self._reported = False
        self._timer: Timer = self._look_later(limit)

    def stop(self) -> None:
        self._timer.cancel()

    def _look_later(self, rest: float) -> Timer:
        return self._loop.after(min(max(self._limit / _PARTS, _SHORTEST), max(rest, 0.001)), self._look)

    def _look(self) -> None:
        now, value = self._loop.now(), self._measure()
        if value != self._last:
            self._last, self._since, self._reported = value, now, False
        rest = self._since + self._limit - now
        self._timer = self._look_later(self._limit if self._reported or rest <= 0 else rest)
        if rest <= 0 and not self._reported:
            self._reported = True
            self._report()


def over_payload(
    before: Vigil | None,
    loop: Loop,
    settings: m.EndpointSettings,
    octets: Callable[[m.Ways], tuple[int, ...]],
    report: Callable[[m.Ways], None],
) -> Vigil | None:
    """In place of ``before``, the vigil that the settings order, if any: anew from each order (H.248.40)."""
    if before is not None:
        before.stop()
    limit, ways = settings.quiet_limit, settings.quiet_ways
    return Vigil(loop, limit, partial(octets, ways), partial(report, ways)) if limit else None


def along(ways: m.Ways, received: int, sent: int) -> tuple[int, ...]:
    """The counts that tell of payload in these ways."""
    both = (received, sent)
    return {m.Ways.IN: both[:1], m.Ways.OUT: both[1:], m.Ways.BOTH: both}[ways]
