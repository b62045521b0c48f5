"""Straight-line readers and writers: the walk takes over where the octets leave the line."""

from typing import Any

import pytest

from imsedge.h248.binary.ber import Boolean, Integer, Null, Octets
from imsedge.h248.binary.straight import Field, reader, writer
from imsedge.h248.binary.tables import identifier_of
from imsedge.h248.codec import DEFAULT_BINARY as CONTEXT

KINDS = {"number": Integer(300), "name": Octets(1, 200), "there": Null(), "truth": Boolean()}
FIELDS = [
    Field(name, kind, identifier_of(kind, row), needed=name == "number")
    for row, (name, kind) in enumerate(KINDS.items())
]
WALKED = object()


def read(octets: bytes, stop: int | None = None) -> Any:
    straight = reader(FIELDS, lambda _, *values: values, lambda *_: WALKED)
    return straight(CONTEXT, octets, 0, len(octets) if stop is None else stop)


def write(*values: Any) -> bytes:
    return writer(FIELDS, lambda _, given: given)(CONTEXT, values)


def test_components_in_their_order_need_no_walk() -> None:
    octets = write(7, b"n", True, False)
    assert octets.hex() == "800107" + "81016e" + "8200" + "830100"
    assert read(octets) == (7, b"n", True, False)
    assert read(write(7, None, False, None)) == (7, None, False, None)


@pytest.mark.parametrize("number", [0, 127, 128, 300])
@pytest.mark.parametrize("size", [1, 127, 128, 200])
def test_long_lengths_and_numbers_of_two_octets(number: int, size: int) -> None:
    values = (number, bytes(size), False, None)
    assert read(write(*values)) == values


@pytest.mark.parametrize(
    "octets", ["", "8200 800107", "800107 8200 81016e", "800107 9f00 8200", "800107 8901ff", "800107 82"]
)
def test_the_walk_is_taken_where_the_line_ends(octets: str) -> None:
    assert read(bytes.fromhex(octets)) is WALKED


def test_nothing_beyond_the_end_is_read() -> None:
    assert read(bytes.fromhex("800107 8200"), stop=4) is WALKED


def test_a_template_has_the_arguments_that_no_component_says() -> None:
    straight = reader(
        FIELDS, lambda *values: values, lambda *_: WALKED, ["x", None, 0, False, b"", True], [2, 4, 3, 5]
    )
    assert straight(CONTEXT, bytes.fromhex("800107 81016e"), 0, 6) == ("x", None, 7, False, b"n", True)
    assert straight(CONTEXT, bytes.fromhex("800107 8200 830100"), 0, 8) == ("x", None, 7, True, b"", False)


def test_components_are_attributes_where_no_split_is_given() -> None:
    class Thing:
        a, b, c, d = 7, b"n", True, None

    assert writer(FIELDS, None, ("a", "b", "c", "d"))(CONTEXT, Thing()).hex() == "800107" + "81016e" + "8200"
