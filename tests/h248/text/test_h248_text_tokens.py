"""The token table: unique, complete, and every enumeration of the model finds its tokens."""

from imsedge.h248.text import tokens
from imsedge.h248.text.tokens import SHORT, SINCE, TOKENS, reading, spellings


def test_long_forms_are_unique() -> None:
    assert len({token.long.lower() for token in TOKENS}) == len(TOKENS)


def test_short_forms_are_unique() -> None:
    assert len({token.short.lower() for token in TOKENS}) == len(TOKENS)


def test_no_short_form_is_the_long_form_of_another_token() -> None:
    longs = {token.long.lower(): token for token in TOKENS}
    assert all(longs.get(token.short.lower(), token) is token for token in TOKENS)


def test_versions_are_those_of_the_standard() -> None:
    assert set(SINCE.values()) == {1, 2, 3}


def test_every_spelling_reads() -> None:
    assert spellings("SPADirection") == ("spadirection", "spadi", "direction", "di")
    assert reading({"EmergencyOff": 1}) == {"emergencyoff": 1, "ego": 1, "emergencyofftoken": 1}


def test_every_multiplex_and_modem_is_a_token() -> None:
    assert set(tokens.MUX_KINDS.values()) | set(tokens.MODEM_KINDS.values()) <= SHORT.keys()
