"""The size gate: at the limit and one beyond."""

import pytest
import sizes


def function(lines: int) -> str:
    """A function of so many lines, its ``def`` included."""
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\n" * sizes.FILE_LINES, []),
        ("x = 1\n" * (sizes.FILE_LINES + 1), ["a.py: 401 lines, at most 400"]),
        (function(sizes.FUNCTION_LINES), []),
        (function(sizes.FUNCTION_LINES + 1), ["a.py:1: long has 61 lines, at most 60"]),
        ("async " + function(61), ["a.py:1: long has 61 lines, at most 60"]),
    ],
    ids=["file", "file + 1", "function", "function + 1", "coroutine + 1"],
)
def test_sizes(source: str, found: list[str]) -> None:
    assert list(sizes.complaints("a.py", source)) == found
