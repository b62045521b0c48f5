"""Tag, length, value: the primitives and the table types, octet by octet."""

import pytest

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import (
    Bits,
    Boolean,
    Choice,
    Enumerated,
    Integer,
    Null,
    Octets,
    Sequence,
    SequenceOf,
    Text,
    integer_octets,
)
from imsedge.h248.binary.tlv import element, header
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
]


@pytest.mark.parametrize(("type_", "value", "octets"), LEAVES)
def test_leaves(type_: Integer, value: int, octets: str) -> None:
    contents = bytes.fromhex(octets)
    assert type_.write(None, value) == contents
    assert type_.read(None, contents, 0, len(contents)) == value


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
    ],
)
def test_contents_that_are_none_of_the_type(type_: Integer, octets: str) -> None:
    contents = bytes.fromhex(octets)
    with pytest.raises(H248Error):
        type_.read(None, contents, 0, len(contents))


@pytest.mark.parametrize(
    ("type_", "value"),
    [(Integer(255), 256), (Integer(255), -1), (Octets(2, 2), b""), (Enumerated({0: "x"}), "y")],
)
def test_our_own_values_must_fit(type_: Integer, value: int) -> None:
    with pytest.raises(LocalError):
        type_.write(None, value)


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


PAIR = Sequence(
    {"first": Integer(9), "second?": Null(), "third?": Choice(("a", Integer(9)), ("b", Text()))},
    lambda _, values: values,
    lambda _, values: values,
)


def test_a_sequence_is_a_table_of_numbered_rows() -> None:
    values = {"first": 1, "second": True, "third": ("b", "x")}
    octets = PAIR.write(None, values)
    assert octets.hex() == "800101" + "8100" + "a203" + "810178"
    assert PAIR.read(None, octets, 0, len(octets)) == values


def test_components_that_later_versions_add_are_passed_over() -> None:
    octets = bytes.fromhex("800101" + "8901ff" + "aa80 0000")
    assert PAIR.read(None, octets, 0, len(octets)) == {"first": 1}


@pytest.mark.parametrize(
    "octets", ["", "8100", "8001", "800101a200", "800101a203850101", "800101a206800101800101"]
)
def test_sequences_that_cannot_be_read(octets: str) -> None:
    data = bytes.fromhex(octets)
    with pytest.raises(H248Error):
        PAIR.read(None, data, 0, len(data))


def test_a_list_holds_one_type() -> None:
    numbers = SequenceOf(Integer(9))
    assert numbers.write(None, (1, 2)).hex() == "020101020102"
    assert numbers.read(None, bytes.fromhex("020101020102"), 0, 6) == (1, 2)
    with pytest.raises(H248Error):
        numbers.read(None, bytes.fromhex("040101"), 0, 3)


def test_a_list_may_have_to_hold_something() -> None:
    with pytest.raises(H248Error):
        SequenceOf(Integer(9), least=1).read(None, b"", 0, 0)


def test_a_component_stands_once() -> None:
    data = bytes.fromhex("800101" + "800102")
    with pytest.raises(H248Error):
        PAIR.read(None, data, 0, len(data))
