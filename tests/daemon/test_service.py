"""Starting and stopping: order, signals, and an end that comes whatever a daemon does."""

import asyncio
import os
import signal
import time

import pytest

from imsedge.core.errors import SettingError
from imsedge.daemon import service
from imsedge.daemon.service import reloading, running, stop_requested
from kit.daemons import until


class Witness:
    """A daemon that writes down what happens to it."""

    def __init__(self, name: str, diary: list[str], *, fails: bool = False, hangs: bool = False) -> None:
        self.name, self.diary, self.fails, self.hangs = name, diary, fails, hangs

    async def start(self) -> None:
        self.diary.append(f"start {self.name}")
        if self.fails:
            raise SettingError(f"{self.name} cannot")

    def reload(self) -> None:
        self.diary.append(f"reload {self.name}")

    async def stop(self) -> None:
        self.diary.append(f"stop {self.name}")
        if self.hangs:
            await asyncio.Event().wait()


async def test_the_last_started_is_stopped_first() -> None:
    diary: list[str] = []
    async with running([Witness("alg", diary), Witness("agw", diary)]):
        diary.append("up")
    assert diary == ["start alg", "start agw", "up", "stop agw", "stop alg"]


async def test_what_was_started_before_a_failure_is_stopped() -> None:
    diary: list[str] = []
    daemons = [Witness("alg", diary), Witness("agw", diary, fails=True), Witness("third", diary)]
    with pytest.raises(SettingError, match="agw cannot"):
        async with running(daemons):
            diary.append("never")
    assert diary == ["start alg", "start agw", "stop agw", "stop alg"]


async def test_a_daemon_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STOP_SECONDS", 0.05)
    diary: list[str] = []
    started = time.monotonic()
    async with running([Witness("alg", diary), Witness("agw", diary, hangs=True)]):
        pass
    assert diary[-1] == "stop alg"
    assert time.monotonic() - started < 1


@pytest.mark.system
async def test_a_hangup_reloads_all_and_stops_nobody() -> None:
    diary: list[str] = []
    async with reloading([Witness("alg", diary), Witness("agw", diary)]):
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: len(diary) == 2)
    assert diary == ["reload alg", "reload agw"]
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


@pytest.mark.system
@pytest.mark.parametrize("number", service.STOP_SIGNALS)
async def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    async with stop_requested() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 5)
    assert signal.getsignal(number) in {before, signal.SIG_DFL, signal.default_int_handler}
