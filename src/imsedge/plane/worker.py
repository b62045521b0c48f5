"""``python -m imsedge.plane.worker DESCRIPTOR``: a plane in a process of its own.

``DESCRIPTOR`` is one end of a socket pair, see ``bearer/wire.py``.  The end of the stream, or an order that
cannot be read, is the end of the worker: whoever started it is gone, and so are the calls.
"""

import logging
import resource
import signal
import socket
import sys

from imsedge.bearer.messages import (
    Opened,
    OpenFailed,
    Released,
    Relinked,
    RelinkFailed,
    Statistics,
)
from imsedge.bearer.wire import (
    AnyOrder,
    Identities,
    Reader,
    WireError,
    WorkerSettings,
    order_reader,
    write_frame,
)
from imsedge.plane.log_lines import log_to
from imsedge.plane.loop import READ, WRITE, Timer
from imsedge.plane.plane import Plane

# A gateway that lets so much pile up has stopped reading.
MAX_UNREAD_OCTETS = 64 << 20
_READ_OCTETS = 1 << 16
# Seconds.  Waking the gateway for each step of a handshake would cost a tenth of the worker's time.
REPORT_DELAY = 0.001
_ANSWERS = (Opened, OpenFailed, Relinked, RelinkFailed, Statistics, Released)

_LOG = logging.getLogger("imsedge.plane")


class Worker:
    """Carries commands from the socket to the plane and events back."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._reader: Reader[AnyOrder] = order_reader()
        self._plane: Plane | None = None
        self._unread = bytearray()
        self._running = True
        self._is_blocked = False
        self._later: Timer | None = None

    def run(self) -> None:
        """Until the gateway closes its end."""
        while self._running and self._plane is None:
            self._take(self._socket.recv(_READ_OCTETS))
        plane = self._plane
        if plane is None:
            return
        self._socket.setblocking(False)
        plane.loop.watch(self._socket.fileno(), self._on_event, READ, self._on_crash)
        self._report(plane)
        while self._running:
            plane.loop.turn()
            self._report(plane)
        plane.close()

    def _on_event(self, mask: int) -> None:
        if mask & WRITE:
            self._flush()
        if mask != WRITE:
            try:
                self._take(self._socket.recv(_READ_OCTETS))
            except BlockingIOError:
                return
            except ConnectionError:  # the gateway died with our events unread
                self._running = False

    def _on_crash(self, _error: Exception) -> None:
        self._running = False

    def _take(self, data: bytes) -> None:
        if not data:
            self._running = False
            return
        try:
            orders = self._reader.feed(data)
        except WireError as error:
            _LOG.error("an order cannot be read: %s", error)
            self._running = False
            return
        for order in orders:
            if isinstance(order, WorkerSettings):
                if self._plane is None:
                    self._plane = Plane(order)
                    self._plane.take_over()
            elif self._plane is None:
                continue
            elif isinstance(order, Identities):
                self._plane.present(order.certificates)
            else:
                self._plane.handle(order)

    def _report(self, plane: Plane) -> None:
        """Answers go at once, what happens by itself waits a moment for company."""
        events = plane.take()
        if not events:
            return
        for event in events:
            self._unread += write_frame(event)
        if any(isinstance(event, _ANSWERS) for event in events):
            self._flush()
        elif self._later is None or not self._later.pending:
            self._later = plane.loop.after(REPORT_DELAY, self._flush)

    def _flush(self) -> None:
        """Send; what the socket does not take waits, up to a limit."""
        if self._plane is None:
            return
        try:
            del self._unread[: self._socket.send(self._unread)]
        except BlockingIOError:
            pass
        except OSError:
            self._running = False
        if len(self._unread) > MAX_UNREAD_OCTETS:
            _LOG.error("the gateway does not read its events")
            self._running = False
        if bool(self._unread) is not self._is_blocked:
            self._is_blocked = bool(self._unread)
            self._plane.loop.change(self._socket.fileno(), READ | WRITE if self._is_blocked else READ)


def raise_descriptor_limit() -> int:
    """As many descriptors as the system allows; a secured stream needs four."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def main() -> None:
    """Signals of the terminal are the gateway's business: it tells us to stop by closing its end."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log_to(sys.stderr)
    raise_descriptor_limit()
    Worker(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
