"""Cutting header values apart without being fooled by quotes and brackets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.sip.errors import SipError
from imsedge.sip.grammar import (
    Param,
    Params,
    find_outside_quotes,
    is_token,
    quote,
    read_number,
    read_params,
    split_outside,
    unquote,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        ('"a, b" <sip:x>, c', ['"a, b" <sip:x>', "c"]),
        ("<sip:a,b@x;p=1,2>, <sip:c>", ["<sip:a,b@x;p=1,2>", "<sip:c>"]),
        (r'"q\",r", s', [r'"q\",r"', "s"]),
        (r'"ends in escape\\", s', [r'"ends in escape\\"', "s"]),
        ('"<", a, ">"', ['"<"', "a", '">"']),
        ("a,,b", ["a", "", "b"]),
        ('"never closed, a', ['"never closed, a']),
    ],
)
def test_commas_inside_quotes_and_brackets_separate_nothing(text: str, parts: list[str]) -> None:
    assert split_outside(text, ",") == parts


@given(st.text(alphabet='a,;"\\<> ', max_size=60))
def test_cutting_loses_only_separators_and_blanks(text: str) -> None:
    kept = "".join(split_outside(text, ",")).replace(" ", "")
    assert kept == text.replace(" ", "") or len(kept) == len(text.replace(" ", "")) - (
        len(split_outside(text, ",")) - 1
    )


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40))
def test_quoting_comes_back(text: str) -> None:
    assert unquote(quote(text)) == text
    assert find_outside_quotes(quote(text) + "<", "<") == len(quote(text))


def test_no_line_ends_in_quotes() -> None:
    """What a gateway or its own peer says may contain anything."""
    assert quote('a\r\nVia: "b\x7f\0\t') == '"a  Via: \\"b  \t"'


def test_what_is_not_quoted_stays() -> None:
    assert unquote("plain") == "plain"
    assert unquote('"') == '"'


@pytest.mark.parametrize(("text", "right"), [("INVITE", True), ("a.b-c!", True), ("", False), ("a b", False)])
def test_tokens(text: str, right: bool) -> None:
    assert is_token(text) is right


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "\u0661", "256", "9" * 5000])
def test_what_is_no_number_up_to_255(text: str) -> None:
    with pytest.raises(SipError):
        read_number(text, 255, "Max-Forwards")


def test_the_limit_itself_is_a_number() -> None:
    assert read_number("255", 255, "Max-Forwards") == 255
    assert read_number("00070", 255, "Max-Forwards") == 70


def test_parameters_keep_order_spelling_and_quotes() -> None:
    text = ';Branch=z9;rport;x="a;b";LR'
    params = read_params(text, "Via")
    assert str(params) == text
    assert params.value("branch") == "z9"
    assert params.value("rport") == ""
    assert params.value("x") == "a;b"
    assert params.has("lr")
    assert params.value("none") is None


def test_parameters_are_set_in_place() -> None:
    params = Params((Param("a", "1"), Param("rport"), Param("b")))
    assert str(params.put("RPORT", "5060")) == ";a=1;RPORT=5060;b"
    assert str(params.put("c")) == ";a=1;rport;b;c"
    assert str(params.without("rport")) == ";a=1;b"


@pytest.mark.parametrize("text", [";", ";;a", ";a=", ";=b", ';a="x', ";a b=c", "a;b", ';a="'])
def test_bad_parameters(text: str) -> None:
    with pytest.raises(SipError):
        read_params(text, "Via")


def test_blanks_around_the_equals_sign_are_legal() -> None:
    assert read_params("; a = 1 ; b", "Via") == Params((Param("a", "1"), Param("b")))
