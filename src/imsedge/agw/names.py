"""Names of terminations and their wildcards (H.248.1 clause 6.2.2)."""

from imsedge.h248.model import ALL, ROOT, fold


def is_root(name: str) -> bool:
    """Whether the gateway as a whole is meant."""
    return fold(name) == fold(ROOT)


def matches(pattern: str, name: str) -> bool:
    """``*`` stands for anything, also across levels; time is linear in both lengths for each part."""
    first, *parts = fold(pattern).split(ALL)
    text = fold(name)
    if not parts:
        return text == first
    *middle, last = parts
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
