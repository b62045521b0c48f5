"""Named deadlines."""

from imsedge.core.machine import NEVER
from imsedge.core.timers import Timers


def test_without_keys_there_is_no_deadline() -> None:
    assert Timers[str]().deadline == NEVER


def test_the_earliest_is_the_deadline_and_due_keys_come_in_order() -> None:
    timers = Timers[str]()
    timers.set("b", 2.0)
    timers.set("a", 1.0)
    timers.set("c", 3.0)
    assert timers.deadline == 1.0
    assert timers.due(2.0) == ["a", "b"]
    assert timers.deadline == 3.0
    assert "a" not in timers


def test_moved_and_cancelled_deadlines_do_not_fire_at_the_old_time() -> None:
    timers = Timers[str]()
    timers.set("a", 1.0)
    timers.set("a", 5.0)
    timers.set("b", 2.0)
    timers.cancel("b")
    timers.cancel("never set")
    assert timers.due(4.0) == []
    assert timers.deadline == 5.0
    timers.set("a", NEVER)
    assert timers.deadline == NEVER


def test_the_same_time_set_again_fires_once() -> None:
    timers = Timers[str]()
    timers.set("a", 1.0)
    timers.set("a", 1.0)
    assert timers.due(1.0) == ["a"]
    assert timers.due(1.0) == []


def test_keys_that_do_not_compare_may_share_a_time() -> None:
    timers = Timers[object]()
    timers.set(1j, 1.0)
    timers.set("a", 1.0)
    assert timers.due(1.0) == [1j, "a"]


def test_memory_stays_in_proportion_to_the_live_keys() -> None:
    timers = Timers[int]()
    timers.set(-1, 9e9)
    for n in range(10_000):
        timers.set(n % 10, float(n + 10))
    assert len(timers) == 11
    assert len(timers._heap) < 100
