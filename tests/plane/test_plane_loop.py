"""Timers in order, handlers by descriptor, crashes contained."""

import os
import time
from math import inf

import pytest

from imsedge.plane.loop import NOTHING, READ, Loop


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def crash(_mask: int = 0) -> None:
    raise ZeroDivisionError


def test_timers_fire_in_order_and_once() -> None:
    clock, fired = Clock(), []
    loop = Loop(clock)
    loop.after(2.0, lambda: fired.append("late"))
    loop.after(1.0, lambda: fired.append("early"))
    never = loop.after(1.5, lambda: fired.append("never"))
    never.cancel()
    assert loop.deadline == 101.0
    loop.turn(0)
    assert fired == []
    clock.time = 101.0
    loop.turn(0)
    assert fired == ["early"]
    assert loop.deadline == 102.0
    clock.time = 200.0
    loop.turn(0)
    loop.turn(0)
    assert fired == ["early", "late"]
    assert loop.deadline == inf
    loop.close()


def test_a_cancelled_timer_does_not_keep_the_loop_waiting() -> None:
    loop = Loop()
    loop.after(0.0, lambda: None).cancel()
    assert loop.deadline == inf
    loop.close()


def test_a_turn_waits_no_longer_than_a_timer_and_no_shorter() -> None:
    loop, fired = Loop(), []
    loop.after(0.02, lambda: fired.append(1))
    began = time.monotonic()
    while not fired:
        loop.turn()
    assert 0.02 <= time.monotonic() - began < 1.0
    loop.close()


def test_a_timer_that_crashes_is_alone(caplog: pytest.LogCaptureFixture) -> None:
    loop, fired = Loop(), []
    loop.after(0.0, crash)
    loop.after(0.0, lambda: fired.append(1))
    loop.turn(0)
    loop.turn(0)
    assert fired == [1]
    assert "a timer of the media plane crashed" in caplog.text
    loop.close()


def test_a_handler_that_crashes_is_told_to_its_guard() -> None:
    readable, writable = os.pipe()
    loop = Loop()
    told: list[Exception] = []
    loop.watch(readable, crash, READ, told.append)
    os.write(writable, b"x")
    loop.turn(1.0)
    assert isinstance(told[0], ZeroDivisionError)
    loop.forget(readable)
    loop.forget(readable)
    assert len(loop) == 0
    loop.turn(0)
    assert len(told) == 1
    loop.close()
    assert loop.is_closed
    for descriptor in (readable, writable):
        os.close(descriptor)


def test_a_handler_may_change_what_it_waits_for() -> None:
    readable, writable = os.pipe()
    loop = Loop()
    heard: list[int] = []
    loop.watch(readable, heard.append, READ, print)
    os.write(writable, b"x")
    loop.change(readable, NOTHING)
    loop.turn(0)
    assert heard == []
    others: list[int] = []
    loop.hand_over(readable, others.append)
    loop.change(readable, READ)
    loop.turn(1.0)
    assert others == [READ]
    loop.close()
    for descriptor in (readable, writable):
        os.close(descriptor)
