"""Walking over items, and finding the way again after an error."""

import pytest

from imsedge.h248.errors import H248Error
from imsedge.h248.text.cursor import Cursor, read_number


def test_an_element_is_skipped_with_everything_in_its_braces() -> None:
    cursor = Cursor("a{b{c},d},e=[1,2],f}", 0)
    assert cursor.skip(0) is True
    assert cursor.take()[1] == "e"
    assert cursor.skip(cursor.at - 1) is True
    assert cursor.take()[1] == "f"
    assert cursor.skip(cursor.at - 1) is False


def test_braces_that_do_not_match_end_the_search() -> None:
    with pytest.raises(H248Error) as caught:
        Cursor("a{b", 0).skip(0)
    assert caught.value.code == 403


def test_a_block_is_skipped_to_its_end_or_to_the_end() -> None:
    cursor = Cursor("T=1{a{b}}P=2{", 0)
    cursor.skip_block(0)
    assert cursor.take()[1] == "P"
    cursor.skip_block(cursor.at - 1)
    assert cursor.take()[1:] == ("", "", "", "")


def test_words_up_to_the_closing_bracket() -> None:
    assert Cursor("a, b ,c}", 0).words("}") == ("a", "b", "c")


@pytest.mark.parametrize("text", ["}", "a,}", "a]", "a=b}", "a b}", "a"])
def test_what_is_no_list_of_words(text: str) -> None:
    with pytest.raises(H248Error):
        Cursor(text, 0).words("}")


def test_an_error_says_where() -> None:
    cursor = Cursor("\u00e9\u00e9 a, b", 0)
    cursor.take()
    cursor.take()
    assert cursor.fail(442, "no").offset == 0 or cursor.fail(442, "no").offset is not None


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("007", 7), ("255", 255)])
def test_numbers(text: str, value: int) -> None:
    assert read_number(Cursor("x", 0), text, 255) == value


@pytest.mark.parametrize("text", ["", "256", "-1", "+1", "0x1", "1.0", "\u0661", "9" * 5_000])
def test_what_is_no_number_up_to_255(text: str) -> None:
    with pytest.raises(H248Error):
        read_number(Cursor("x", 0), text, 255)
