"""Parameters, termination names, contexts."""

import pytest

from imsedge.h248.errors import H248Error
from imsedge.h248.model import TimeStamp
from imsedge.h248.text.cursor import Cursor
from imsedge.h248.text.values import (
    check_item_name,
    check_termination,
    read_context,
    read_time_stamp,
    unquoted,
)
from kit.h248_text import read_action, read_command

NOWHERE = Cursor("x", 0)


@pytest.mark.parametrize(("text", "number"), [("-", 0), ("$", 0xFFFF_FFFE), ("*", 0xFFFF_FFFF), ("7", 7)])
def test_contexts(text: str, number: int) -> None:
    assert read_context(NOWHERE, text) == number


@pytest.mark.parametrize("name", ["t" * 64, "ip/*/1", "$", "*", "a@b.c", "ip/$"])
def test_terminations(name: str) -> None:
    assert check_termination(NOWHERE, name) == name
    assert read_command(f"S={name}").terminations == (name,)


@pytest.mark.parametrize("name", ["", "t" * 65, "a+b", '"a"', "a%b"])
def test_what_is_no_termination(name: str) -> None:
    with pytest.raises(H248Error):
        check_termination(NOWHERE, name)


@pytest.mark.parametrize("name", ["a/b", "a/*", "*/*", "A1_/b_2"])
def test_item_names(name: str) -> None:
    check_item_name(NOWHERE, name, 445)


@pytest.mark.parametrize("name", ["", "a", "/b", "a/", "*/b", "1/b", "a/b/c", "a-b/c"])
def test_what_is_no_item_name(name: str) -> None:
    with pytest.raises(H248Error):
        check_item_name(NOWHERE, name, 445)


def test_time_stamps_and_quotes() -> None:
    assert read_time_stamp("20261121t01020304") == TimeStamp("20261121", "01020304")
    assert read_time_stamp("2026") is None
    assert (unquoted('"a"'), unquoted("a"), unquoted("")) == ("a", "a", "")


def test_an_action_may_hold_properties_only() -> None:
    assert read_action("PR=1").commands == ()
