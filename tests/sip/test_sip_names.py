"""Tables of names."""

import pytest

from imsedge.sip.names import COMMA_LISTS, COMPACT, REASONS, SINGLE, canonical, reason_phrase


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("v", "Via"),
        ("V", "Via"),
        ("VIA", "Via"),
        ("call-id", "Call-ID"),
        ("X-Vendor", "x-vendor"),
        ("l", "Content-Length"),
    ],
)
def test_one_spelling_for_each_field(name: str, found: str) -> None:
    assert canonical(name) == found


def test_compact_names_are_unique() -> None:
    assert len(set(COMPACT.values())) == len(COMPACT)
    assert all(len(name) == 1 for name in COMPACT)


def test_no_field_is_a_list_and_single() -> None:
    assert not COMMA_LISTS & SINGLE
    assert all(canonical(name) == name for name in COMMA_LISTS | SINGLE)


def test_reasons() -> None:
    assert reason_phrase(488) == "Not Acceptable Here"
    assert reason_phrase(499) == REASONS[400]
    assert reason_phrase(999) == "Unknown"
