"""The waits between repeats: clause D.1.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.h248.transactions.round_trip import BackOff, RoundTrip
from kit.h248 import MGC, settings


def test_the_first_wait_is_average_plus_deviations() -> None:
    trip = RoundTrip(0.2)
    trip.measured(0.6)
    assert trip.average == pytest.approx(0.25)
    assert trip.deviation == pytest.approx(0.1)
    assert BackOff(trip, settings(MGC, deviations=2.0)).first() == pytest.approx(0.45)


def test_waits_double_within_a_random_half_and_meet_the_limit() -> None:
    back_off = BackOff(RoundTrip(0.2), settings(MGC))
    assert [back_off.next(0.0), back_off.next(0.999)] == [pytest.approx(0.2), pytest.approx(0.8, rel=0.01)]
    assert max(back_off.next(0.999) for _ in range(20)) == pytest.approx(4.0, rel=0.01)


def test_a_fast_network_does_not_make_us_nervous() -> None:
    trip = RoundTrip(0.2)
    for _ in range(200):
        trip.measured(0.0001)
    assert BackOff(trip, settings(MGC)).first() == pytest.approx(0.1, rel=0.01)


@given(st.lists(st.floats(0, 100), max_size=30), st.lists(st.floats(0, 1, exclude_max=True), max_size=12))
def test_no_wait_exceeds_the_limit_or_vanishes(samples: list[float], fractions: list[float]) -> None:
    trip = RoundTrip(0.2)
    for sample in samples:
        trip.measured(sample)
    back_off = BackOff(trip, settings(MGC))
    assert all(0.1 <= wait <= 4.0 for wait in [back_off.first(), *map(back_off.next, fractions)])
