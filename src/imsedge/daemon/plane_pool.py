"""The gateway's side of the media plane: workers as processes, or one plane inside this process.

A context lives in one worker, and workers own disjoint shares of the ports.  A worker that dies takes its
calls with it: each of its endpoints is reported ``Failed(PLANE)`` and ``Released``, and a new worker takes
its place, sooner the first time than the tenth.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import msgspec

from imsedge.bearer import messages as m
from imsedge.bearer.wire import Identities, PortShare, WireError, WorkerSettings, event_reader, write_frame
from imsedge.daemon.logs import Logger, make_logger
from imsedge.daemon.settings import LogSection
from imsedge.daemon.worker_log import MAX_LINE_OCTETS, Whereabouts, pass_on
from imsedge.plane.plane import Plane
from imsedge.security.certificates import Certificate

Deliver = Callable[[m.AnyEvent], None]

# A worker that closes its end stops at once; after this it is killed (the daemon has a second in all).
STOP_SECONDS = 0.5
# What it has still said comes through its pipe at once, unless a process of its own holds that open.
LAST_WORDS_SECONDS = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
# A worker that lived so long did not die of its start.
PROVEN_SECONDS = 10.0


class MediaPlane(Protocol):
    """What the gateway needs; events come through the callback given at the making, never inside ``send``."""

    async def start(self) -> None: ...

    def send(self, command: m.AnyCommand) -> None: ...

    async def stop(self) -> None: ...


def split_ports(ports: tuple[PortShare, ...], workers: int) -> tuple[tuple[PortShare, ...], ...]:
    """Disjoint shares, one tuple a worker, as equal as they can be; a share too small gives some nothing."""
    shares: list[list[PortShare]] = [[] for _ in range(workers)]
    for share in dict.fromkeys(ports):
        count = share.high - share.low + 1
        for index in range(workers):
            low = share.low + count * index // workers
            high = share.low + count * (index + 1) // workers - 1
            if low <= high:
                shares[index].append(PortShare(share.address, low, high))
    return tuple(tuple(owned) for owned in shares)


class PlanePool:
    """``workers`` processes; 0 means one for each processor core that we may use."""

    def __init__(
        self, settings: WorkerSettings, deliver: Deliver, *, workers: int = 0, log: Logger | None = None
    ) -> None:
        log = log or make_logger(LogSection(), "agw")
        count = workers or len(os.sched_getaffinity(0))
        self._workers = [
            _Worker(
                msgspec.structs.replace(settings, ports=share),
                self._on_event,
                self._on_death,
                log,
                self._whereabouts,
            )
            for share in split_ports(settings.ports, count)
        ]
        self._deliver = deliver
        self._homes: dict[int, tuple[_Worker, int]] = {}  # of an endpoint: its worker and context
        self._labels: dict[int, str] = {}  # of an endpoint: its context, termination and stream, for the log
        self._contexts: dict[int, _Worker] = {}
        self._population: Counter[int] = Counter()  # endpoints of a context

    async def start(self) -> None:
        """Start the processes; ``OSError`` when the system does not let us."""
        for worker in self._workers:
            await worker.start()

    def send(self, command: m.AnyCommand) -> None:
        """A command for an endpoint that is gone does nothing."""
        if isinstance(command, m.Open):
            self._open(command)
        elif command.endpoint in self._homes:
            if isinstance(command, m.Relink) and not self._move(command):
                return
            self._homes[command.endpoint][0].send(command)

    def present(self, certificates: tuple[Certificate, ...]) -> None:
        """These and no others may be named from now on, in workers to come, too."""
        for worker in self._workers:
            worker.present(certificates)

    async def stop(self) -> None:
        """Every process is gone afterwards; more than once is harmless."""
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        self._homes.clear()
        self._contexts.clear()
        self._labels.clear()
        self._population.clear()

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the workers that live."""
        return tuple(worker.pid for worker in self._workers if worker.pid is not None)

    def _open(self, command: m.Open) -> None:
        worker = self._contexts.get(command.context) or self._choose(command.context)
        if worker is None:
            reason = "no worker of the media plane is up"
            self._refuse(m.OpenFailed(command.endpoint, time.monotonic(), exhausted=False, reason=reason))
            return
        self._settle(command.endpoint, worker, command.context)
        self._labels[command.endpoint] = command.label
        worker.send(command)

    def _move(self, command: m.Relink) -> bool:
        """Into another context, unless another worker has that: sockets do not change processes."""
        worker, _ = self._homes[command.endpoint]
        if self._contexts.get(command.context, worker) is not worker:
            reason = "another media worker has that context; Subtract and Add, or set media.workers = 1"
            self._refuse(m.RelinkFailed(command.endpoint, time.monotonic(), command.link, reason))
            return False
        label = self._labels.get(command.endpoint, "")
        self._forget(command.endpoint)
        self._settle(command.endpoint, worker, command.context)
        self._labels[command.endpoint] = label
        return True

    def _settle(self, endpoint: int, worker: "_Worker", context: int) -> None:
        self._contexts[context] = worker
        self._homes[endpoint] = (worker, context)
        self._population[context] += 1

    def _refuse(self, event: m.AnyEvent) -> None:
        asyncio.get_running_loop().call_soon(self._deliver, event)

    def _choose(self, context: int) -> "_Worker | None":
        """Contexts are numbered in order, so this spreads them evenly."""
        alive = [worker for worker in self._workers if worker.is_up]
        return alive[context % len(alive)] if alive else None

    def _on_event(self, event: m.AnyEvent) -> None:
        if isinstance(event, m.Released | m.OpenFailed):
            self._forget(event.endpoint)
        self._deliver(event)

    def _on_death(self, dead: "_Worker") -> None:
        lost = [endpoint for endpoint, (worker, _) in self._homes.items() if worker is dead]
        for endpoint in lost:
            self._forget(endpoint)
        now = time.monotonic()
        for endpoint in lost:
            self._deliver(m.Failed(endpoint, now, m.FailureCause.PLANE))
            self._deliver(m.Released(endpoint, now, m.Counters()))

    def _whereabouts(self, endpoint: int) -> dict[str, object]:
        """For the log: the context, and the termination out of ``C12 ip/access/7/1``."""
        _worker, context = self._homes.get(endpoint, (None, None))
        termination = self._labels.get(endpoint, "").partition(" ")[2].rpartition("/")[0]
        known = {"context": context, "termination": termination or None}
        return {name: value for name, value in known.items() if value is not None}

    def _forget(self, endpoint: int) -> None:
        self._labels.pop(endpoint, None)
        _worker, context = self._homes.pop(endpoint, (None, None))
        if context is None:
            return
        self._population[context] -= 1
        if not self._population[context]:
            del self._population[context], self._contexts[context]


class _Worker(asyncio.Protocol):
    """One process after the other in the same place."""

    def __init__(
        self,
        settings: WorkerSettings,
        on_event: Deliver,
        on_death: Callable[["_Worker"], None],
        log: Logger,
        whereabouts: Whereabouts,
    ) -> None:
        self._settings = settings
        self._log = log
        self._whereabouts = whereabouts
        self._voice: asyncio.Task[None] | None = None
        self._on_event = on_event
        self._on_death = on_death
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._reader = event_reader()
        self._keeper: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        self._stopping = False

    @property
    def is_up(self) -> bool:
        return self._transport is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.is_up else None

    async def start(self) -> None:
        await self._launch()
        self._keeper = asyncio.create_task(self._keep())

    def send(self, command: m.AnyCommand) -> None:
        if self._transport is not None:
            self._transport.write(write_frame(command))

    def present(self, certificates: tuple[Certificate, ...]) -> None:
        self._settings = msgspec.structs.replace(self._settings, certificates=certificates)
        if self._transport is not None:
            self._transport.write(write_frame(Identities(certificates)))

    async def stop(self) -> None:
        self._stopping = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        await self._bury()

    async def _launch(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "imsedge.plane.worker",
                    str(theirs.fileno()),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    limit=MAX_LINE_OCTETS,
                )
            except BaseException:
                ours.close()
                raise
        if self._process.stderr is not None:
            self._voice = asyncio.create_task(pass_on(self._process.stderr, self._log, self._whereabouts))
        self._gone.clear()
        self._reader = event_reader()
        await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)

    async def _keep(self) -> None:
        """Replace the process whenever it dies."""
        pause = FIRST_PAUSE
        while True:
            born = time.monotonic()
            await self._gone.wait()
            await self._bury()
            pause = FIRST_PAUSE if time.monotonic() - born > PROVEN_SECONDS else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)
            try:
                await self._launch()
            except OSError as error:
                self._log.error("a worker of the media plane cannot be started", reason=str(error))

    async def _bury(self) -> None:
        process, self._process = self._process, None
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        if process is None:
            return
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):  # it ended at this very moment
                process.kill()
            await process.wait()
        if self._voice is not None:
            await asyncio.wait({self._voice}, timeout=LAST_WORDS_SECONDS)
            self._voice.cancel()
            self._voice = None
        if not self._stopping:
            self._log.error("a worker of the media plane died", pid=process.pid, exit=process.returncode)

    # --- asyncio.Protocol ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - of a stream socket it is one
        self._transport = transport
        transport.write(write_frame(self._settings))

    def data_received(self, data: bytes) -> None:
        try:
            events = self._reader.feed(data)
        except WireError as error:
            self._log.error("a worker of the media plane talks nonsense", reason=str(error))
            if self._transport is not None:
                self._transport.abort()
            return
        for event in events:
            self._on_event(event)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = None
        self._gone.set()
        if not self._stopping:
            self._on_death(self)


class LocalPlane:
    """The same interface without a process: one plane, driven by this event loop.  For tests."""

    def __init__(self, settings: WorkerSettings, deliver: Deliver) -> None:
        self._plane = Plane(settings)
        self._deliver = deliver
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._plane.fileno(), self._turn)

    def send(self, command: m.AnyCommand) -> None:
        self._plane.handle(command)
        asyncio.get_running_loop().call_soon(self._turn)

    async def stop(self) -> None:
        if self._plane.is_closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        asyncio.get_running_loop().remove_reader(self._plane.fileno())
        self._plane.close()

    def _turn(self) -> None:
        if self._plane.is_closed:
            return
        for event in self._plane.run_once(0):
            self._deliver(event)
        if self._timer is not None:
            self._timer.cancel()
        wait = self._plane.loop.deadline - self._plane.loop.now()
        # Never for ever: asyncio wants a finite time.
        self._timer = asyncio.get_running_loop().call_later(min(max(wait, 0.0), 3600.0), self._turn)
