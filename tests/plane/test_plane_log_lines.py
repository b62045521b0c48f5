"""A worker's records are lines of JSON, whatever is in them."""

import json
import logging

from imsedge.plane.log_lines import LineFormatter


def line(text: str, *arguments: object, **extra: object) -> dict[str, object]:
    record = logging.getLogger("imsedge.plane").makeRecord(
        "imsedge.plane", logging.ERROR, "", 0, text, arguments, None, extra=extra
    )
    formatted = LineFormatter().format(record)
    assert "\n" not in formatted
    found: dict[str, object] = json.loads(formatted)
    return found


def test_a_record_is_one_line() -> None:
    assert line("the media plane crashed on %s", "two\nlines", endpoint=7) == {
        "level": "error",
        "event": "the media plane crashed on two\nlines",
        "endpoint": 7,
    }


def test_what_is_not_known_is_not_there() -> None:
    assert line("no endpoint") == {"level": "error", "event": "no endpoint"}
