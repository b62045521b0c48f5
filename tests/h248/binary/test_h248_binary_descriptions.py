"""Local and Remote as property groups."""

import pytest

from imsedge.core.errors import LocalError
from imsedge.h248.binary.descriptions import (
    read_description,
    read_description_names,
    read_line,
    write_description,
    write_description_names,
    write_line,
)


def test_one_group_a_session_and_one_property_a_line() -> None:
    groups = write_description("v=0\nc=IN IP4 $\nv=0\nm=- $ TCP -\n")
    assert groups == (("v=0", "c=IN IP4 $"), ("v=0", "m=- $ TCP -"))
    assert write_line("v=0") == (0xB001, (bytes.fromhex("160130"),))
    assert read_description(groups) == "v=0\r\nc=IN IP4 $\r\nv=0\r\nm=- $ TCP -\r\n"


def test_nothing_is_no_group() -> None:
    assert write_description("") == ()
    assert read_description(()) == ""


@pytest.mark.parametrize("line", ["no line", "x=1", "vv=0", "=0"])
def test_what_is_no_sdp_has_no_place(line: str) -> None:
    with pytest.raises(LocalError):
        write_line(line)


@pytest.mark.parametrize(
    ("number", "values"), [(0x1001, (b"\x02\x01\x05",)), (0x008C_0001, (b"\x01", b"")), (0xB001, ())]
)
def test_properties_that_are_no_sdp_survive(number: int, values: tuple[bytes, ...]) -> None:
    assert write_line(read_line(number, values)) == (number, values)


def test_lines_end_as_they_like() -> None:
    assert write_description("v=0\r\n \rc=x\n\n") == (("v=0", "c=x"),)


def test_names_of_lines_in_an_individual_audit() -> None:
    group, names = write_description_names("v=\r\nm=\r\n")
    assert group is None
    assert [name.hex() for name in names] == ["0000b001", "0000b00f"]
    assert read_description_names((*names, b"\x00\x00\x10\x01")) == "v=\r\nm=\r\na=h248:00001001\r\n"
    of_group = read_description_names(names, 7)
    assert of_group == "a=h248-group:7\r\nv=\r\nm=\r\n"
    assert write_description_names(of_group) == (7, names)
