"""Ports come oldest first, and rest."""

from itertools import islice

from imsedge.bearer.wire import PortShare
from imsedge.plane.ports import PortPool


def take(pool: PortPool, count: int, now: float) -> list[int]:
    return list(islice(pool.candidates(now), count))


def test_each_port_is_given_once() -> None:
    pool = PortPool((PortShare("a", 5, 6), PortShare("a", 6, 7)), rest=1.0)
    assert take(pool, 9, now=0.0) == [5, 6, 7]
    assert take(pool, 1, now=100.0) == []


def test_a_freed_port_rests() -> None:
    pool = PortPool((PortShare("a", 5, 6),), rest=2.0)
    assert take(pool, 2, now=0.0) == [5, 6]
    pool.free(6, now=1.0)
    pool.free(5, now=1.5)
    assert len(pool) == 2
    assert take(pool, 1, now=2.9) == []
    assert take(pool, 2, now=3.0) == [6]
    assert take(pool, 2, now=3.5) == [5]


def test_realms_on_one_address_keep_their_own_ranges() -> None:
    pool = PortPool((PortShare("a", 5, 6), PortShare("a", 8, 9)), rest=1.0)
    assert list(islice(pool.candidates(0.0, 7, 20), 9)) == [8, 9]
    assert list(islice(pool.candidates(0.0, 5, 8), 9)) == [5, 6]
    pool.free(9, now=0.0)
    pool.free(7, now=0.0)  # nobody's
    assert take(pool, 9, now=1.0) == [9]


def test_a_candidate_that_was_not_taken_stays() -> None:
    pool = PortPool((PortShare("a", 5, 7),), rest=0.0)
    assert take(pool, 1, now=0.0) == [5]
    assert len(pool) == 2


def test_the_port_unused_for_longest_comes_first() -> None:
    pool = PortPool((PortShare("a", 5, 7),), rest=0.0)
    (first,) = take(pool, 1, now=0.0)
    pool.free(first, now=0.0)
    assert take(pool, 3, now=0.0) == [6, 7, 5]
