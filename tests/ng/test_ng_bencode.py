"""Bencode: known octets, everything there and back, and what is none."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import RemoteError
from imsedge.ng.bencode import MAX_DEPTH, MAX_OCTETS, Value, read, write

KNOWN: list[tuple[bytes, Value]] = [
    (b"d7:command4:pinge", {"command": "ping"}),
    (b"i-42e", -42),
    (b"0:", ""),
    (b"2:\xc3\xa9", "é"),
    (b"1:\xff", "\udcff"),
    (b"l4:spami7eli0eee", ["spam", 7, [0]]),
    (b"d3:flgl3:onee6:result2:oke", {"result": "ok", "flg": ["one"]}),
]


@pytest.mark.parametrize(("octets", "value"), KNOWN)
def test_known(octets: bytes, value: Value) -> None:
    assert read(octets) == value
    assert write(value) == octets


BAD = [
    b"",
    b"i",
    b"ie",
    b"i1",
    b"i--1e",
    b"i1234567890123456789e",
    b"3:ab",
    b"-1:a",
    b"a",
    b"l",
    b"d1:ae",
    b"di1ei2ee",
]
BAD += [b"d1:ai1", b"4:pingx", b":", b"l" * (MAX_DEPTH + 2), b"1" * (MAX_OCTETS + 1)]


@pytest.mark.parametrize("octets", BAD)
def test_what_is_none_is_said_to_be_none(octets: bytes) -> None:
    with pytest.raises(RemoteError):
        read(octets)


def test_as_deep_as_allowed() -> None:
    assert read(b"l" * (MAX_DEPTH + 1) + b"e" * (MAX_DEPTH + 1))


VALUES = st.recursive(
    st.integers(-(10**16), 10**16) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_there_and_back(value: Value) -> None:
    try:
        assert read(write(value)) == value
    except RemoteError as error:
        assert "nested" in error.reason  # noqa: PT017 - the only reason there may be


@given(st.binary(max_size=60))
def test_any_octets_are_a_value_or_a_remote_error(octets: bytes) -> None:
    with contextlib.suppress(RemoteError):
        read(octets)
