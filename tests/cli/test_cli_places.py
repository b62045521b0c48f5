"""Where in a file something is wrong, as people look for it."""

import pytest

from imsedge.cli.places import complaint_of, pointer, position
from imsedge.core.errors import RemoteError
from imsedge.h248.sources import find_messages

TEXT = b"!/1 [192.0.2.1] T=1{C=-{AV=ROOT{AT{}}}}\n---\n!/1 [192.0.2.1]\n  T=2{}"


@pytest.mark.parametrize(("offset", "place"), [(0, ":1:1"), (4, ":1:5"), (45, ":3:2"), (None, "")])
def test_places_are_counted_as_editors_do(offset: int | None, place: str) -> None:
    assert position(TEXT, offset) == place


def test_a_place_in_a_message_is_one_in_its_file() -> None:
    second = find_messages(TEXT)[1]
    error = RemoteError(403, "bad (octet 18)", offset=18)
    assert complaint_of("x", TEXT, second, error) == "x:4:3: 403 bad"
    assert complaint_of("x", TEXT, second, RemoteError(400, "bad")) == "x: message 2: 400 bad"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (b"MEGACO/1 [192.0.2.1]\n\tFoo=1{}", ["  \tFoo=1{}", "  \t^"]),
        (b"!/1 x " + b" " * 200 + b"Foo", ["  " + " " * 50 + "Foo", "  " + " " * 50 + "^"]),
        (b"!/1 \xff Foo", []),
    ],
)
def test_on_a_terminal_the_line_is_shown_with_a_caret(message: bytes, shown: list[str]) -> None:
    assert list(pointer(message, message.find(b"Foo"))) == shown
