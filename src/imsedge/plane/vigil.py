"""Notice that nothing passes, without a word from the hot path: counters are compared now and then."""

from collections.abc import Callable

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
