"""Termination names with wildcards."""

import pytest

from imsedge.agw.names import is_root, matches

MATCHES = {
    ("*", "ip/core/1"): True,
    ("ip/*", "ip/core/1"): True,
    ("ip/core/*", "ip/core/1"): True,
    ("ip/access/*", "ip/core/1"): False,
    ("IP/Core/1", "ip/core/1"): True,
    ("ip/*/1", "ip/core/1"): True,
    ("ip/*/2", "ip/core/1"): False,
    ("*/1", "ip/core/1"): True,
    ("ip/core/1*1", "ip/core/1"): False,
    ("ip/core/1*", "ip/core/1"): True,
    ("*c*r*", "ip/core/1"): True,
    ("*r*c*", "ip/core/1"): False,
    ("ip/core/1", "ip/core/11"): False,
    ("*" * 30 + "x", "ip/core/1" * 7): False,
}


@pytest.mark.parametrize(("pair", "expected"), MATCHES.items(), ids=lambda value: str(value)[:40])
def test_patterns(pair: tuple[str, str], expected: bool) -> None:
    assert matches(*pair) is expected


def test_root_in_any_case() -> None:
    assert is_root("Root")
    assert not is_root("root1")
