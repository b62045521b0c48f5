"""What workers of the media plane say becomes lines of the gateway's log, in its format and under its level.

A worker writes lines of JSON (``plane.log_lines``).  Anything else is the last words of a process that could
not even do that, such as the traceback of its end; it is passed on line by line.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from imsedge.daemon.logs import Logger

MAX_LINE_OCTETS = 1 << 18
"""A traceback is far shorter; of a longer line the beginning is dropped."""

Whereabouts = Callable[[int], Mapping[str, Any]]
"""``context`` and ``termination`` of an endpoint, as far as they are known."""


class _Line(Struct):
    event: str
    level: str = "error"
    endpoint: int | None = None
    exception: str | None = None


async def pass_on(stream: asyncio.StreamReader, log: Logger, whereabouts: Whereabouts) -> None:
    """Until the worker's end."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the reader's limit; asyncio has dropped what it had
            continue
        if not line:
            return
        if text := line.decode(errors="replace").rstrip():
            _write(text, log, whereabouts)


def _write(text: str, log: Logger, whereabouts: Whereabouts) -> None:
    try:
        said = msgspec.json.decode(text, type=_Line)
    except msgspec.DecodeError:
        log.error("a worker of the media plane said", text=text)
        return
    fields = dict(whereabouts(said.endpoint)) if said.endpoint is not None else {}
    if said.exception is not None:
        fields["exception"] = said.exception
    write = log.error if said.level in {"error", "critical"} else log.warning
    write(said.event, **fields)
