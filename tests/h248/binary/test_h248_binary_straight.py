"""Straight-line readers and writers: the walk takes over where the octets leave the line."""

from typing import Any

import pytest

from imsedge.h248.binary.ber import Boolean, Integer, Null, Octets, Sequence
from imsedge.h248.binary.straight import field_of, reader, writer
from imsedge.h248.errors import H248Error

ROWS = {"number": Integer(300), "name?": Octets(1, 200), "there?": Null(), "truth?": Boolean()}
FIELDS = [field_of(name, kind, number) for number, (name, kind) in enumerate(ROWS.items())]
SEQUENCE = Sequence(ROWS, lambda _, values: values, lambda _, values: values)

Seen = tuple[int, dict[str, Any]]


def read(octets: bytes) -> tuple[Any, list[Seen]]:
    """What was read, and where the walk was asked to go on."""
    walks: list[Seen] = []
    straight = reader(
        FIELDS, lambda _, values: values, lambda _c, _d, _start, at, _stop, values: walks.append((at, values))
    )
    return straight(None, octets, 0, len(octets)), walks


def test_components_in_their_order_need_no_walk() -> None:
    values = {"number": 7, "name": b"n", "there": True, "truth": False}
    octets = writer(FIELDS, lambda _, given: given)(None, values)
    assert octets.hex() == "800107" + "81016e" + "8200" + "830100"
    assert read(octets) == (values, [])


@pytest.mark.parametrize("number", [0, 127, 128, 300])
@pytest.mark.parametrize("size", [1, 127, 128, 200])
def test_long_lengths_and_numbers_of_two_octets(number: int, size: int) -> None:
    values = {"number": number, "name": bytes(size)}
    octets = SEQUENCE.write(None, values)
    assert read(octets) == (values, [])
    assert SEQUENCE.read(None, octets, 0, len(octets)) == values


def test_the_walk_goes_on_where_the_line_ends() -> None:
    assert read(bytes.fromhex("800107 8200 81016e"))[1] == [(5, {"number": 7, "there": True})]
    assert read(bytes.fromhex("8200 800107"))[1] == [(0, {})]


@pytest.mark.parametrize("octets", ["8200 800107", "800107 9f00 8200", "800107 8901ff 8200"])
def test_other_orders_and_later_components_say_the_same(octets: str) -> None:
    data = bytes.fromhex(octets)
    if "9f" in octets:
        with pytest.raises(H248Error):
            SEQUENCE.read(None, data, 0, len(data))
    else:
        assert SEQUENCE.read(None, data, 0, len(data)) == {"number": 7, "there": True}


@pytest.mark.parametrize("octets", ["", "80", "8001", "80010780", "800107810", "8001078200 82"])
def test_what_is_cut_off_is_seen(octets: str) -> None:
    data = bytes.fromhex(octets if len(octets.replace(" ", "")) % 2 == 0 else octets + "5")
    with pytest.raises(H248Error):
        SEQUENCE.read(None, data, 0, len(data))


def test_nothing_beyond_the_end_is_read() -> None:
    data = bytes.fromhex("800107 81016e")
    with pytest.raises(H248Error):
        SEQUENCE.read(None, data, 0, 5)
