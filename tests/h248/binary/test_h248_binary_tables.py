"""SEQUENCE, SEQUENCE OF and CHOICE as tables, octet by octet; what is unknown is kept by its path."""

from typing import Any

import pytest
from msgspec import Struct

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import Extensions, Integer, Null, Octets, Text, Type
from imsedge.h248.binary.tables import Choice, Record, Sequence, SequenceOf, by_type
from imsedge.h248.codec import DEFAULT_BINARY as CONTEXT
from imsedge.h248.errors import H248Error


class Thing(Struct, frozen=True):
    """Fields in another order than the components, one of which the components never say."""

    colour: str
    there: bool = False
    number: int | None = None
    name: str | None = None


CHOSEN = Choice({"a": Integer(9), "b": Text()}, lambda _, value: value, lambda _, name, value: (name, value))
PAIR = Sequence(
    {"first": Integer(9), "second?": Null(), "third?": CHOSEN},
    lambda _, *values: values,
    lambda _, values: values,
)
THING = Record(
    Thing,
    {"name?": ("name", Text()), "number": ("number", Integer(300)), "there?": ("there", Null())},
    colour="red",
)
NUMBERS = SequenceOf(Integer(9))


def read(type_: Type, octets: str) -> Any:
    data = bytes.fromhex(octets)
    return type_.read(CONTEXT, data, 0, len(data))


def test_a_sequence_is_a_table_of_numbered_rows() -> None:
    values = (1, True, ("b", "x"))
    octets = PAIR.write(CONTEXT, values)
    assert octets.hex() == "800101" + "8100" + "a203" + "810178"
    assert read(PAIR, octets.hex()) == values


def test_what_is_left_out_is_none_or_false() -> None:
    assert read(PAIR, "800101") == (1, False, None)
    assert PAIR.write(CONTEXT, (1, False, None)).hex() == "800101"


@pytest.mark.parametrize("octets", ["8100 800101", "800101 8901ff 8100", "800101 aa80 0000 8100"])
def test_other_orders_and_later_components_say_the_same(octets: str) -> None:
    assert read(PAIR, octets) == (1, True, None)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "8100",
        "8001",
        "800101a200",
        "800101a203850101",
        "800101a206800101800101",
        "800101 9f00",
        "80010181",
    ],
)
def test_sequences_that_cannot_be_read(octets: str) -> None:
    with pytest.raises(H248Error):
        read(PAIR, octets)


@pytest.mark.parametrize(("type_", "octets"), [(PAIR, "800101 8100 800102"), (THING, "800178 810101 800179")])
def test_a_component_stands_once(type_: Type, octets: str) -> None:
    with pytest.raises(H248Error, match="stands twice"):
        read(type_, octets)


def test_nothing_beyond_the_end_is_read() -> None:
    with pytest.raises(H248Error):
        PAIR.read(CONTEXT, bytes.fromhex("800101 a203810178"), 0, 5)


@pytest.mark.parametrize(
    ("thing", "octets"),
    [
        (Thing("red", number=1), "810101"),
        (Thing("red", there=True, number=300, name="x" * 200), "8081c8" + "78" * 200 + "8102012c" + "8200"),
    ],
)
def test_a_record_is_a_structure_of_the_model(thing: Thing, octets: str) -> None:
    assert THING.write(CONTEXT, thing).hex() == octets
    assert read(THING, octets) == thing


def test_a_list_holds_one_type() -> None:
    assert NUMBERS.write(CONTEXT, (1, 2)).hex() == "020101020102"
    assert read(NUMBERS, "020101020102") == (1, 2)
    with pytest.raises(H248Error):
        read(NUMBERS, "040101")


def test_long_items_of_a_list() -> None:
    octets = SequenceOf(Octets()).write(CONTEXT, (bytes(200),))
    assert octets.hex() == "0481c8" + "00" * 200


def test_a_list_may_have_to_hold_something() -> None:
    for call in (
        lambda: read(SequenceOf(Integer(9), 1), ""),
        lambda: _read_all(SequenceOf(Integer(9), 1), ""),
    ):
        with pytest.raises(H248Error, match="an empty list"):
            call()


def test_a_choice_can_be_told_by_the_type_of_its_value() -> None:
    either = by_type({"number": (int, Integer(9)), "word": (str, Text())})
    assert either.write(CONTEXT, "x").hex() == "810178"
    assert read(either, "810178") == "x"
    with pytest.raises(LocalError, match="float has no place"):
        either.write(CONTEXT, 1.0)


# --- what later versions added ---------------------------------------------------------------------------

TREE = Sequence({"pairs": SequenceOf(PAIR), "choice?": Choice({"thing": THING}, lambda _, v: ("thing", v))},
                lambda _, *values: values, lambda _, values: values)  # fmt: skip
EXTENDED = "a00a 3008 800101 8903 070809".replace(" ", "") + "a108" + "a006" + "810101" + "8701aa" + "8901bb"


def _read_all(type_: Type, octets: str) -> tuple[Any, Extensions]:
    known = Extensions(bytes.fromhex(octets))
    return type_.read_all(CONTEXT, known, 0, len(known.data), ""), known


def test_what_is_unknown_is_told_and_kept_where_it_was() -> None:
    CONTEXT.extended = False
    assert read(TREE, EXTENDED) == (((1, False, None),), Thing("red", number=1))
    assert CONTEXT.extended
    value, known = _read_all(TREE, EXTENDED)
    assert known.found == {
        ".pairs.0": bytes.fromhex("8903070809"),
        ".choice.thing": bytes.fromhex("8701aa"),
        "": bytes.fromhex("8901bb"),
    }
    assert TREE.write_all(CONTEXT, known, value, "").hex() == EXTENDED
    assert known.found == {}


@pytest.mark.parametrize("octets", ["a000 a100", "a000 a104a0008000", "a002 0400", "a00230009f0000"])
def test_the_thorough_way_finds_the_same_faults(octets: str) -> None:
    with pytest.raises(H248Error) as quick:
        read(TREE, octets)
    with pytest.raises(H248Error) as thorough:
        _read_all(TREE, octets)
    assert str(quick.value) == str(thorough.value)
