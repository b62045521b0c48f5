"""Where in a file something is wrong: line and column, with the line on a terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsedge.core.errors import RemoteError
    from imsedge.h248.sources import Found

_SHOWN = 100  # characters of a line that an error points into


def complaint_of(source: str, data: bytes, found: "Found", error: "RemoteError") -> str:
    """``file:2:7: 400 reason`` where a text stands in the file, with its line on a terminal.

    What is binary or in a capture has the octet instead.
    """
    from imsedge.h248.codec import encoding_of
    from imsedge.h248.mistakes import without_place

    what = f"{error.code} {without_place(error.reason)}"
    if error.offset is None or found.offset is None or not encoding_of(found.data).is_text:
        at = [f"octet {(found.offset or 0) + error.offset}"] if error.offset is not None else []
        where = ", ".join([found.place, *at] if found.place else at)
        return f"{source}: {where}: {what}" if where else f"{source}: {what}"
    offset = found.offset + error.offset
    said = f"{source}{position(data, offset)}: {what}"
    return "\n".join((said, *pointer(data, offset))) if sys.stderr.isatty() else said


def pointer(data: bytes, offset: int) -> tuple[str, ...]:
    """The line and a caret below the place; nothing for a binary message."""
    start = data.rfind(b"\n", 0, offset) + 1
    line = data[start:].split(b"\n", 1)[0].rstrip()
    if not line.isascii() or any(octet < 32 and octet != 9 for octet in line):
        return ()
    low = max(0, offset - start - _SHOWN // 2)
    shown = line.decode()[low : low + _SHOWN]
    blanks = "".join("\t" if mark == "\t" else " " for mark in shown[: offset - start - low])
    return f"  {shown}", f"  {blanks}^"


def position(data: bytes, offset: int | None) -> str:
    """``:line:column`` from 1, as editors count."""
    if offset is None:
        return ""
    before = data[:offset]
    line = before.count(b"\n") + 1
    column = offset - before.rfind(b"\n")
    return f":{line}:{column}"
