"""Starting and stopping daemons: one event loop, signals, an end within a second.

Several daemons in one process (``imsedge run``) share nothing but the loop: gateway and controller talk
H.248 over a real socket there as anywhere.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from imsedge.core.trace import Tap
from imsedge.daemon.settings import AgwSettings, AlgSettings, DaemonSettings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# After this a daemon that hangs in its stop is left behind: the process must end.
STOP_SECONDS = 0.8


class Daemon(Protocol):
    """Something that runs until it is stopped."""

    async def start(self) -> None:
        """Bind and begin; ``SettingError`` when a setting cannot be honoured."""

    async def stop(self) -> None:
        """Give back every socket and process; more than once is harmless."""

    def reload(self) -> None:
        """Read certificates again; what cannot be used is logged and changes nothing."""


def make_daemon(settings: DaemonSettings, tap: Tap | None = None) -> Daemon:
    """The daemon that these settings are for."""
    if isinstance(settings, AgwSettings):
        from imsedge.daemon.agw import AgwDaemon  # noqa: PLC0415 - each process loads only its half

        return AgwDaemon(settings, tap=tap)
    from imsedge.daemon.alg import AlgDaemon  # noqa: PLC0415

    assert isinstance(settings, AlgSettings)  # noqa: S101 - there are two kinds
    return AlgDaemon(settings, tap=tap)


def serve(settings: DaemonSettings) -> None:
    """Run one daemon until SIGINT or SIGTERM; SIGHUP makes it read its certificates again."""
    asyncio.run(_serve([make_daemon(settings)]))


async def _serve(daemons: Sequence[Daemon]) -> None:
    async with stop_requested() as stop, running(daemons), reloading(daemons):
        await stop.wait()


@asynccontextmanager
async def reloading(daemons: Sequence[Daemon]) -> AsyncIterator[None]:
    """SIGHUP reloads."""

    def reload() -> None:
        for daemon in daemons:
            daemon.reload()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


@asynccontextmanager
async def running(daemons: Sequence[Daemon]) -> AsyncIterator[None]:
    """Starts them in order and stops them in the opposite order, whatever happens."""
    started: list[Daemon] = []
    try:
        for daemon in daemons:
            started.append(daemon)
            await daemon.start()
        yield
    finally:
        for daemon in reversed(started):
            await _stop(daemon)


@asynccontextmanager
async def stop_requested() -> AsyncIterator[asyncio.Event]:
    """An event that a signal sets; a second signal ends the process the hard way."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def request() -> None:
        event.set()
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, request)
    try:
        yield event
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _stop(daemon: Daemon) -> None:
    try:
        await asyncio.wait_for(daemon.stop(), STOP_SECONDS)
    except TimeoutError:
        return
