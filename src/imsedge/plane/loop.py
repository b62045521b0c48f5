"""One epoll, level-triggered, and timers: all that a worker waits for."""

import logging
import select
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
NOTHING = 0  # the kernel still reports errors and hang-ups
GONE = select.EPOLLERR | select.EPOLLHUP

Handler = Callable[[int], None]
Guard = Callable[[Exception], None]

_LOG = logging.getLogger("imsedge.plane")


class Timer:
    """One call in the future; ``cancel`` may be repeated."""

    __slots__ = ("_call", "when")

    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self._call: Callable[[], None] | None = call

    @property
    def pending(self) -> bool:
        return self._call is not None

    def cancel(self) -> None:
        self._call = None

    def fire(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class Loop:
    """Calls a handler with the event mask of its descriptor; level-triggered.

    A handler must bear a call without cause: within one turn a descriptor may be closed and its number given
    to a newcomer.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.now = clock
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._guards: dict[int, Guard] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = count()

    def fileno(self) -> int:
        """Readable when a turn has something to do, for use inside another loop."""
        return self._epoll.fileno()

    def __len__(self) -> int:
        """How many descriptors are watched."""
        return len(self._handlers)

    def watch(self, descriptor: int, handler: Handler, events: int, guard: Guard) -> None:
        """``guard`` is told when ``handler`` crashes: a bug may end one stream, never its neighbours."""
        self._epoll.register(descriptor, events)
        self._handlers[descriptor] = handler
        self._guards[descriptor] = guard

    def change(self, descriptor: int, events: int) -> None:
        self._epoll.modify(descriptor, events)

    def hand_over(self, descriptor: int, handler: Handler) -> None:
        """From now on ``handler`` hears of this descriptor."""
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Call before the descriptor is closed."""
        if self._handlers.pop(descriptor, None) is not None:
            del self._guards[descriptor]
            self._epoll.unregister(descriptor)

    def after(self, delay: float, call: Callable[[], None]) -> Timer:
        """``delay`` in seconds from now."""
        timer = Timer(self.now() + delay, call)
        heappush(self._timers, (timer.when, next(self._order), timer))
        return timer

    @property
    def deadline(self) -> float:
        """When the next timer is due; infinite without one."""
        while self._timers and not self._timers[0][2].pending:
            heappop(self._timers)
        return self._timers[0][0] if self._timers else inf

    def turn(self, limit: float | None = None) -> None:
        """Wait, at most ``limit`` seconds, and call what is due."""
        find = self._handlers.get
        for descriptor, mask in self._epoll.poll(self._patience(limit) if self._timers else limit):
            handler = find(descriptor)
            if handler is not None:
                try:
                    handler(mask)
                except Exception as error:  # noqa: BLE001 - see watch()
                    self._crashed(descriptor, error)
        if self._timers:
            self._fire()

    def _patience(self, limit: float | None) -> float | None:
        """Until the next timer; epoll rounds up, so a timer is never early.  ``None``: for ever."""
        deadline = self.deadline
        if deadline == inf:
            return limit
        wait = max(deadline - self.now(), 0.0)
        return wait if limit is None else min(wait, limit)

    def _fire(self) -> None:
        now = self.now()
        while self._timers and self._timers[0][0] <= now:
            timer = heappop(self._timers)[2]
            try:
                timer.fire()
            except Exception:  # noqa: BLE001 - a bug in one timer must not end the loop
                _LOG.exception("a timer of the media plane crashed")

    def _crashed(self, descriptor: int, error: Exception) -> None:
        _LOG.error("the media plane crashed on one connection", exc_info=error)
        guard = self._guards.get(descriptor)
        if guard is not None:
            guard(error)

    @property
    def is_closed(self) -> bool:
        return self._epoll.closed

    def close(self) -> None:
        self._handlers.clear()
        self._guards.clear()
        self._timers.clear()
        self._epoll.close()
