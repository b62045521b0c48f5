"""Tag, length, value: the simple types, octet by octet."""

from typing import Any

import pytest

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import (
    Bits,
    Boolean,
    Enumerated,
    Integer,
    Null,
    Octets,
    Raw,
    Text,
    Type,
    integer_octets,
)
from imsedge.h248.binary.tlv import element, header
from imsedge.h248.codec import DEFAULT_BINARY as CONTEXT
from imsedge.h248.errors import H248Error

BITS = Bits("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")

# Type, value, contents octets.
LEAVES = [
    (Integer(255), 0, "00"),
    (Integer(255), 127, "7f"),
    (Integer(255), 128, "0080"),
    (Integer(2**32 - 1), 2**32 - 1, "00ffffffff"),
    (Boolean(), True, "ff"),
    (Boolean(), False, "00"),
    (Null(), True, ""),
    (Enumerated({0: "x", 200: "y"}), "y", "00c8"),
    (Octets(2, 2), b"\x01\x02", "0102"),
    (Text(), "gw", "6777"),
    (BITS, (), "00"),
    (BITS, ("a",), "0780"),
    (BITS, ("b", "h"), "0041"),
    (BITS, ("j",), "060040"),
    (Raw(), b"\x80\x01\x07", "800107"),
]


@pytest.mark.parametrize(("type_", "value", "octets"), LEAVES)
def test_leaves(type_: Type, value: Any, octets: str) -> None:
    contents = bytes.fromhex(octets)
    assert type_.write(CONTEXT, value) == contents
    assert type_.read(CONTEXT, contents, 0, len(contents)) == value


@pytest.mark.parametrize(
    ("type_", "octets"),
    [
        (Integer(255), ""),
        (Integer(255), "0100"),
        (Integer(255), "ff"),
        (Boolean(), ""),
        (Boolean(), "0000"),
        (Null(), "00"),
        (Enumerated({0: "x"}), "01"),
        (Enumerated({0: "x"}), "7f" * 40),
        (Octets(2, 2), "01"),
        (Octets(2, 2), "010203"),
        (BITS, ""),
        (BITS, "08ff"),
        (Integer(255), "00" * 17),
    ],
)
def test_contents_that_are_none_of_the_type(type_: Type, octets: str) -> None:
    contents = bytes.fromhex(octets)
    with pytest.raises(H248Error):
        type_.read(CONTEXT, contents, 0, len(contents))


@pytest.mark.parametrize(
    ("type_", "value"),
    [(Integer(255), 256), (Integer(255), -1), (Octets(2, 2), b""), (Enumerated({0: "x"}), "y")],
)
def test_our_own_values_must_fit(type_: Type, value: Any) -> None:
    with pytest.raises(LocalError):
        type_.write(CONTEXT, value)


@pytest.mark.parametrize("number", [0, 1, -1, 127, 128, -128, -129, 255, 256, 2**63 - 1, -(2**63)])
def test_integers_are_as_short_as_they_can_be(number: int) -> None:
    octets = integer_octets(number)
    assert int.from_bytes(octets, "big", signed=True) == number
    assert len(octets) == 1 or int.from_bytes(octets[1:], "big", signed=True) != number


@pytest.mark.parametrize(
    ("size", "length"),
    [(0, "00"), (127, "7f"), (128, "8180"), (255, "81ff"), (256, "820100"), (65_536, "83010000")],
)
def test_lengths(size: int, length: str) -> None:
    octets = element(0x30, bytes(size))
    assert octets[: 1 + len(length) // 2].hex() == "30" + length
    assert header(octets, 0, len(octets)) == (0x30, 1 + len(length) // 2, len(octets), len(octets))


def test_a_long_length_that_could_be_short_is_read() -> None:
    assert header(bytes.fromhex("3084000000020500"), 0, 8) == (0x30, 6, 8, 8)


def test_indefinite_lengths_nest() -> None:
    octets = bytes.fromhex("3080 3080 020101 0000 020102 0000 ff")
    assert header(octets, 0, len(octets)) == (0x30, 2, 12, 14)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "30",
        "3001",
        "3081",
        "308500000000010a",
        "0480",
        "3080",
        "308002",
        "30800201",
        "3080020101",
        "3080020101 00",
        "1f8100",
        "bf2000",
    ],
)
def test_headers_that_lie(octets: str) -> None:
    data = bytes.fromhex(octets)
    with pytest.raises(H248Error):
        header(data, 0, len(data))


def test_ten_thousand_open_elements_cost_no_recursion() -> None:
    data = b"\x30\x80" * 10_000
    with pytest.raises(H248Error):
        header(data, 0, len(data))
    closed = data + b"\x00\x00" * 10_000
    assert header(closed, 0, len(closed))[3] == len(closed)
