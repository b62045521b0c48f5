"""What a worker writes to standard error, as lines of the gateway's own log."""

import asyncio
import io
import json
import logging
from typing import Any

from imsedge.daemon.logs import make_logger
from imsedge.daemon.settings import LogSection
from imsedge.daemon.settings_types import LogFormat, LogLevel
from imsedge.daemon.worker_log import pass_on
from imsedge.plane.log_lines import LineFormatter


def written(level: int, text: str, *, endpoint: int | None = None, error: Exception | None = None) -> bytes:
    """As a worker does."""
    caught = (type(error), error, None) if error else None
    record = logging.LogRecord("imsedge.plane", level, "", 0, text, None, caught)
    if endpoint is not None:
        record.endpoint = endpoint
    return LineFormatter().format(record).encode() + b"\n"


async def logged(
    *lines: bytes, level: LogLevel = LogLevel.INFO, limit: int = 1 << 16
) -> list[dict[str, Any]]:
    stream, reader = io.StringIO(), asyncio.StreamReader(limit=limit)
    reader.feed_data(b"".join(lines))
    reader.feed_eof()
    log = make_logger(LogSection(format=LogFormat.JSON, level=level), "agw", stream)
    await pass_on(reader, log, lambda endpoint: {"context": 12, "termination": f"ip/access/{endpoint}"})
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [
        {name: value for name, value in line.items() if name not in {"timestamp", "daemon"}} for line in found
    ]


async def test_a_line_has_level_context_and_termination() -> None:
    assert await logged(written(logging.WARNING, "odd", endpoint=3), written(logging.ERROR, "bad")) == [
        {"level": "warning", "event": "odd", "context": 12, "termination": "ip/access/3"},
        {"level": "error", "event": "bad"},
    ]


async def test_a_crash_brings_its_traceback_in_one_line() -> None:
    (line,) = await logged(written(logging.ERROR, "crashed", error=ValueError("why")))
    assert line["exception"] == "ValueError: why"


async def test_last_words_that_are_no_json_are_kept() -> None:
    lines = await logged(
        b"Traceback (most recent call last):\n", b"  File\n", b'{"event": 5}\n', b"\n", b"end"
    )
    assert [line["text"] for line in lines] == [
        "Traceback (most recent call last):",
        "  File",
        '{"event": 5}',
        "end",
    ]


async def test_the_level_of_the_gateway_counts() -> None:
    assert await logged(written(logging.WARNING, "odd"), level=LogLevel.ERROR) == []


async def test_a_line_too_long_does_not_stop_what_follows() -> None:
    lines = await logged(b"x" * 5_000 + b"\n", written(logging.ERROR, "bad"), limit=1_000)
    assert lines[-1]["event"] == "bad"
