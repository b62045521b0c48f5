"""What could not be read within a message comes with its code and its place."""

import pytest

from imsedge.h248.codec import decode
from imsedge.h248.mistakes import mistakes

HEAD = "!/2 [192.0.2.1] "
CASES = {
    "nothing": ("T=1{C=1{S=*}}", []),
    "a command": ("T=1{C=1{A=${M{Bogus}},S=*}}", [(444, "Bogus")]),
    "two commands of two actions": (
        "T=1{C=1{A=${M{Bogus}}},C=2{A=${Wrong}}}",
        [(444, "Bogus"), (444, "Wrong")],
    ),
    "an action": ("T=1{C=?{S=*}}", [(422, "C=?")]),
    "a transaction": ("T=1{X=1}", [(403, "X")]),
    "an error that is reported": ('P=1{C=1{S=ip/access/1{ER=430{"gone (octet 1)"}}}}', []),
    "a whole message that reports one": ('ER=400{"bad"}', []),
}


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
def test_each_mistake_has_its_place(body: str, expected: list[tuple[int, str]]) -> None:
    text = HEAD + body
    found = [(error.code, error.offset) for error in mistakes(decode(text.encode()))]
    assert found == [(code, text.index(word)) for code, word in expected]
