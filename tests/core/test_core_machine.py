"""A tick is a value: two of them are the same."""

from imsedge.core.machine import NEVER, Tick


def test_ticks_are_equal_and_hash_alike() -> None:
    assert Tick() == Tick()
    assert {Tick(), Tick()} == {Tick()}
    assert Tick() != "Tick()"
    assert repr(Tick()) == "Tick()"


def test_never_is_later_than_any_time() -> None:
    assert NEVER > 1e308
