"""Values inside OCTET STRINGs: an element of the package's type, or raw characters of careless peers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import LocalError
from imsedge.h248.binary.values import read_string, read_value, write_string, write_value
from imsedge.h248.packages.types import Boolean, Enumeration, Integer, OctetString, Text

TABLE = [
    (Integer(), "40", "020128"),
    (Integer(), "200", "020200c8"),
    (Integer(), "-1", "0201ff"),
    (Boolean(), "ON", "0101ff"),
    (Boolean(), "OFF", "010100"),
    (Enumeration(OFF=0, LATCH=1), "LATCH", "0a0101"),
    (Text(), '"901 Cold Boot"', "160d39303120436f6c6420426f6f74"),
    (Text(), '"\u00e9"', "0c02c3a9"),
    (OctetString(), "b8", "0401b8"),
    (OctetString(mirrored=True), "d8", "04011b"),
    (None, '"x"', "160178"),
    (None, "ON", "0101ff"),
    (None, "17", "020111"),
]


@pytest.mark.parametrize(("type_", "text", "octets"), TABLE)
def test_wrapped_values(type_: Integer | None, text: str, octets: str) -> None:
    assert write_value(text, type_) == bytes.fromhex(octets)
    assert read_value(bytes.fromhex(octets), type_) == text


@pytest.mark.parametrize(
    ("type_", "octets", "text"),
    [
        (Integer(), b"40", "40"),
        (Boolean(), b"on", "on"),
        (Text(), b"core", '"core"'),
        (Text(), b"two words", '"two words"'),
        (None, b"RELATCH", "RELATCH"),
        (None, b'a"b', '"a\'b"'),
        (None, b"", '""'),
    ],
)
def test_values_that_peers_do_not_wrap(type_: Integer | None, octets: bytes, text: str) -> None:
    assert read_value(octets, type_) == text


@pytest.mark.parametrize(
    ("text", "octets"),
    [("0x1F", "02011f"), ("off", "010100"), ("word", "1604776f7264"), ("7.5", "1603372e35")],
)
def test_without_a_type_the_look_decides(text: str, octets: str) -> None:
    assert write_value(text, None).hex() == octets


@pytest.mark.parametrize(("text", "type_"), [("x", Integer()), ("maybe", Boolean()), ("x", Enumeration(a=1))])
def test_our_own_values_must_be_of_the_type(text: str, type_: Integer) -> None:
    with pytest.raises(LocalError):
        write_value(text, type_)


@given(
    st.binary(max_size=12),
    st.sampled_from((None, Integer(), Boolean(), Text(), OctetString(), Enumeration(a=1))),
)
def test_any_octets_have_a_lexical_form(octets: bytes, type_: Integer | None) -> None:
    assert read_value(octets, type_)


def test_strings_keep_every_character() -> None:
    assert read_string(write_string('a"b')) == 'a"b'
    assert read_string(b"\x01raw") == "\x01raw"


@pytest.mark.parametrize("octets", ["0403a03ff4", "0a0103", "0500", "0c0141", "02020005"])
def test_values_of_unknown_items_come_out_as_they_came_in(octets: str) -> None:
    text = read_value(bytes.fromhex(octets), None)
    assert text == f"ber/{octets}"
    assert write_value(text, None).hex() == octets
