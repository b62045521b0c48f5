"""Identifiers come from a source that tests can replace."""

from imsedge.core.ids import CountingIds, IdSource, RandomIds


def test_counting_ids_repeat_themselves() -> None:
    def draw(ids: IdSource) -> tuple[int, str, float]:
        return ids.number(100, 102), ids.token(2), ids.fraction()

    assert draw(CountingIds()) == draw(CountingIds()) == (100, "0002", 0.5)


def test_counting_ids_stay_in_the_range() -> None:
    ids = CountingIds()
    assert [ids.number(5, 7) for _ in range(5)] == [5, 6, 7, 5, 6]


def test_random_ids_keep_the_shape() -> None:
    ids = RandomIds()
    assert all(1 <= ids.number(1, 3) <= 3 for _ in range(50))
    assert len(ids.token(8)) == 16
    assert 0.0 <= ids.fraction() < 1.0
