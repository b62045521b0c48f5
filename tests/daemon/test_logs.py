"""Log lines: both formats, levels, and that secrets stay out."""

import io
import json

import pytest

from imsedge.daemon.logs import make_logger
from imsedge.daemon.settings import LogSection
from imsedge.daemon.settings_types import LogFormat, LogLevel
from imsedge.security.certificates import self_signed


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_carries_the_words_of_the_call() -> None:
    stream = io.StringIO()
    log = make_logger(LogSection(format=LogFormat.JSON), "alg", stream)
    log.info("released", call="a84b4c76e66710", context=7, termination="ip/access/3")
    (line,) = lines(stream)
    assert line.pop("timestamp")
    assert line == {
        "event": "released",
        "level": "info",
        "daemon": "alg",
        "call": "a84b4c76e66710",
        "context": 7,
        "termination": "ip/access/3",
    }


def test_a_console_line_is_for_people_and_has_no_colour_codes_in_a_file() -> None:
    stream = io.StringIO()
    make_logger(LogSection(), "agw", stream).warning("controller lost", controller="127.0.0.1:2944")
    assert "controller lost" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    log = make_logger(LogSection(level=LogLevel.WARNING, format=LogFormat.JSON), "agw", stream)
    log.info("nothing special")
    log.error("something")
    assert [line["event"] for line in lines(stream)] == ["something"]


@pytest.mark.parametrize("format_", LogFormat)
def test_what_a_peer_says_stays_in_its_line(format_: LogFormat) -> None:
    stream = io.StringIO()
    log = make_logger(LogSection(format=format_), "alg", stream)
    log.info("gateway: 500 no\r\n2026 [info] all is well\x1b[2J, größer", call="a\x1b[2J", text="x\udc80")
    (written,) = stream.getvalue().splitlines()
    assert written.isprintable()
    assert "all is well" in written


def test_a_traceback_may_have_lines() -> None:
    stream = io.StringIO()
    log = make_logger(LogSection(), "agw", stream)
    log.error("a worker said", exception="Traceback\n  File")
    assert "Traceback\n  File" in stream.getvalue()


@pytest.mark.parametrize("format_", LogFormat)
def test_secrets_are_never_written(format_: LogFormat) -> None:
    certificate = self_signed("default")
    stream = io.StringIO()
    log = make_logger(LogSection(format=format_), "agw", stream)
    log.info(
        "loaded", certificate=certificate, key_pem=certificate.key_pem, text=certificate.key_pem.decode()
    )
    log.info("request", authorization='Digest username="alice"', payload=b"secret payload")
    written = stream.getvalue()
    assert "PRIVATE KEY" not in written
    assert "Digest" not in written
    assert "secret payload" not in written
    assert "(14 octets)" in written
