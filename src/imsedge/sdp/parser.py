"""Reading SDP (RFC 8866) without losing anything, including the shortened form of H.248.

A line is one letter, ``=`` and any text; its meaning is read by others, when they need it.  Checked here is
only what the model relies on: the shape of lines, ``v=0`` in front, and the fields of ``m=``.

Line ends may be CRLF, LF or CR, also mixed: real gateways write CRLF and then add lines with a bare LF.
Octets that are not UTF-8 survive as surrogates (PEP 383); ``sdp.writer`` turns them back.
"""

import re
from itertools import pairwise

from msgspec import Struct

from imsedge.sdp.errors import SdpError
from imsedge.sdp.model import Description, Line, Media


class Limits(Struct, frozen=True):
    """What one text may hold; the largest real offers (RCS with ICE and video) are a tenth of this."""

    octets: int = 65_536
    lines: int = 2_000
    media: int = 64
    descriptions: int = 32  # v=0 blocks in one H.248 descriptor


DEFAULT_LIMITS = Limits()

_LINE_END = re.compile(r"\r\n|\n|\r")
_LINE = re.compile(r"([A-Za-z])=([^\0]*)")
_MEDIA_FIELDS = re.compile(r"[!-~]+ +(?P<port>[!-~]+) +[!-~]+(?: +[!-~]+)* *")
# A number, a number and a count of ports, or a wildcard of H.248.39.
_PORT = re.compile(r"([0-9]{1,5})(?:/[0-9]{1,5})?|[$*-]")


def read_description(text: str | bytes, limits: Limits = DEFAULT_LIMITS) -> Description:
    """The one description of a SIP body; raises ``SdpError`` 400."""
    found = read_descriptions(text, limits)
    if len(found) != 1:
        raise SdpError(400, "more than one session description")
    if found[0].lines[:1] != (Line("v", "0"),):
        raise SdpError(400, "session description does not begin with v=0")
    return found[0]


def read_descriptions(text: str | bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Description, ...]:
    """All descriptions of an H.248 Local or Remote descriptor (H.248.1 clause 7.1.8), at least one.

    ``v=0`` begins each; the first may do without.  All other lines may be missing.  Raises ``SdpError`` 400.
    """
    lines = _read_lines(text, limits)
    if not lines:
        raise SdpError(400, "empty session description")
    starts = [number for number, line in enumerate(lines) if line.kind == "v" or number == 0]
    if len(starts) > limits.descriptions:
        raise SdpError(400, f"more than {limits.descriptions} session descriptions")
    return tuple(_read_block(block, limits) for block in _cut(lines, starts))


def _read_lines(text: str | bytes, limits: Limits) -> tuple[Line, ...]:
    if len(text) > limits.octets:
        raise SdpError(400, f"session description is longer than {limits.octets} octets")
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    rows = [row for row in _LINE_END.split(text) if row]
    if len(rows) > limits.lines:
        raise SdpError(400, f"session description has more than {limits.lines} lines")
    return tuple(_read_line(number, row) for number, row in enumerate(rows, start=1))


def _read_line(number: int, row: str) -> Line:
    found = _LINE.fullmatch(row)
    if found is None:
        raise SdpError(400, "line is not a letter, an equals sign and text", (f"line {number}",))
    line = Line(found[1], found[2])
    if line.kind == "v" and line.value.strip() != "0":
        raise SdpError(400, "version is not 0", (f"line {number}",))
    if line.kind == "m":
        _check_media_fields(line.value, number)
    return line


def _check_media_fields(value: str, number: int) -> None:
    fields = _MEDIA_FIELDS.fullmatch(value)
    if fields is None:
        raise SdpError(400, "m= line has not the fields media, port, proto and format", (f"line {number}",))
    port = _PORT.fullmatch(fields["port"])
    if port is None or int(port[1] or 0) > 65_535:
        raise SdpError(400, "port of the m= line is not in 0..65535", (f"line {number}",))


def _read_block(lines: tuple[Line, ...], limits: Limits) -> Description:
    starts = [number for number, line in enumerate(lines) if line.kind == "m"]
    if len(starts) > limits.media:
        raise SdpError(400, f"session description has more than {limits.media} media")
    media = tuple(Media(section) for section in _cut(lines, starts))
    return Description(lines[: starts[0]] if starts else lines, media)


def _cut(lines: tuple[Line, ...], starts: list[int]) -> list[tuple[Line, ...]]:
    return [lines[start:end] for start, end in pairwise([*starts, len(lines)])]
