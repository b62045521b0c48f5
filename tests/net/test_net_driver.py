"""The driver: order of outputs, re-entrance, one timer."""

import asyncio
from math import inf

import pytest

from imsedge.core.errors import LocalError
from imsedge.core.machine import Tick
from imsedge.net.driver import Driver


class Echo:
    """Answers ``text`` with ``text!`` and ``text?``; ``wake:S`` sets the deadline S seconds ahead."""

    def __init__(self) -> None:
        self.deadline = inf
        self.ticks: list[float] = []

    def handle(self, event: str | Tick, now: float) -> list[str]:
        if isinstance(event, Tick):
            self.ticks.append(now)
            if now < self.deadline:
                return []
            self.deadline = inf
            return ["woken"]
        if event.startswith("wake:"):
            self.deadline = now + float(event[5:])
            return []
        return [f"{event}!", f"{event}?"]


async def test_outputs_are_performed_in_order() -> None:
    seen: list[str] = []
    driver = Driver(Echo(), seen.append)
    driver.feed("a")
    driver.feed("b")
    assert seen == ["a!", "a?", "b!", "b?"]


async def test_an_input_given_while_performing_waits_its_turn() -> None:
    seen: list[str] = []

    def perform(output: str) -> None:
        seen.append(output)
        if output == "a!":
            driver.feed("b")

    driver = Driver(Echo(), perform)
    driver.feed("a")
    assert seen == ["a!", "a?", "b!", "b?"]


async def test_the_timer_hands_in_a_tick_at_the_deadline() -> None:
    machine, seen = Echo(), list[str]()
    driver = Driver(machine, seen.append)
    driver.feed("wake:0.01")
    await asyncio.sleep(0.05)
    assert seen == ["woken"]
    assert len(machine.ticks) == 1


async def test_a_deadline_that_moves_back_needs_no_new_timer_and_still_comes() -> None:
    machine, seen = Echo(), list[str]()
    driver = Driver(machine, seen.append)
    driver.feed("wake:0.01")
    driver.feed("wake:0.03")
    await asyncio.sleep(0.08)
    assert seen == ["woken"]
    assert len(machine.ticks) == 2


async def test_a_deadline_that_moves_forward_comes_early() -> None:
    machine, seen = Echo(), list[str]()
    driver = Driver(machine, seen.append)
    driver.feed("wake:30")
    driver.feed("wake:0.01")
    await asyncio.sleep(0.05)
    assert seen == ["woken"]


async def test_an_output_that_fails_leaves_the_driver_usable() -> None:
    seen: list[str] = []

    def perform(output: str) -> None:
        if output == "bad!":
            raise LocalError("no")
        seen.append(output)

    driver = Driver(Echo(), perform)
    with pytest.raises(LocalError):
        driver.feed("bad")
    driver.feed("good")
    assert seen == ["good!", "good?"]


async def test_after_close_nothing_is_fed_and_no_timer_fires() -> None:
    machine, seen = Echo(), list[str]()
    driver = Driver(machine, seen.append)
    driver.feed("wake:0.01")
    driver.close()
    driver.close()
    await asyncio.sleep(0.03)
    assert not machine.ticks
    with pytest.raises(LocalError):
        driver.feed("late")
