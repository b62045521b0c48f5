"""The one loop that every control protocol shares: feed a machine, perform its outputs, re-arm one timer.

A driver owns no socket.  ``net.h248`` and ``net.sip`` hand received octets to ``feed`` and pass a
``perform`` that knows the outputs of their machine.

Two rules make it safe to call from anywhere in the event loop:

* ``feed`` may be called while an output is being performed (a request is often answered on the spot);
  such an input waits until the outputs before it are done, so the machine never sees itself re-entered
  and outputs keep their order;
* the timer is moved only when the machine's deadline became earlier.  A timer that fires too early hands
  in a harmless ``Tick`` and is set again, which is cheaper than moving it with every message.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from imsedge.core.errors import LocalError
from imsedge.core.machine import NEVER, Machine, Tick

In = TypeVar("In")
Out = TypeVar("Out")


class Driver(Generic[In, Out]):
    """Drives ``machine`` on the running event loop; its clock is ``loop.time()``.

    ``perform`` does what one output says, at once and without waiting.  What it raises reaches the caller
    of ``feed`` after the remaining outputs of that input were dropped; the driver stays usable.
    """

    def __init__(self, machine: Machine[In | Tick, Out], perform: Callable[[Out], None]) -> None:
        self._machine = machine
        self._perform = perform
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[In | Tick] = deque()
        self._busy = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The machine's clock, in seconds."""
        return self._loop.time()

    def feed(self, event: In | Tick) -> None:
        """Hand in one input and perform everything that follows from it.

        Raises ``LocalError`` after ``close``.
        """
        if self._closed:
            raise LocalError(f"{type(event).__name__} handed to a closed driver")
        self._waiting.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            self._run()
        finally:
            self._busy = False
            self._arm()

    def close(self) -> None:
        """Stop the timer and forget inputs not yet handed in; more than once is harmless."""
        self._closed = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        while self._waiting:
            for output in self._machine.handle(self._waiting.popleft(), self._loop.time()):
                self._perform(output)

    def _arm(self) -> None:
        deadline = self._machine.deadline
        if self._closed or deadline == NEVER:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.feed(Tick())
