"""Acknowledgements in ranges."""

from hypothesis import given
from hypothesis import strategies as st

from imsedge.h248.transactions.composer import ranges


def test_neighbours_become_a_range() -> None:
    assert ranges([7, 3, 4, 5, 4]) == ((3, 5), (7, 7))


@given(st.lists(st.integers(0, 40)))
def test_ranges_name_exactly_the_ids(ids: list[int]) -> None:
    named = [number for low, high in ranges(ids) for number in range(low, high + 1)]
    assert named == sorted(set(ids))
