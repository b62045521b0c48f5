"""The session description of a message, alone or as one part of a multipart body (RFC 5621, RFC 2046).

Emergency calls and calls with ISUP carry SDP beside other parts.  Only the description is looked at and
replaced; all other octets stay.  What would hide a description from us is refused: an unknown encoding of the
body, a multipart inside a multipart, a second description.
"""

from itertools import pairwise
from typing import NamedTuple, TypeVar

from imsedge.sip.errors import SipError
from imsedge.sip.grammar import WHITESPACE, Params, read_params
from imsedge.sip.message import Headers, SipMessage, SipRequest, SipResponse

SDP = "application/sdp"

_PLAIN = frozenset({"binary", "8bit", "7bit"})

MAX_PARTS = 16
"""Parts of one body; real ones have two or three."""

MAX_BOUNDARY = 70
"""Octets of a boundary (RFC 2046 clause 5.1.1)."""

M = TypeVar("M", SipRequest, SipResponse, SipMessage)


class _Span(NamedTuple):
    """Where the description stands in the body; ``part`` is the part around it, with its delimiter."""

    start: int
    end: int
    part: tuple[int, int]


def description_of(message: SipMessage) -> bytes | None:
    """The description's octets, ``None`` without one; ``SipError`` 415 or 400 when it cannot be seen."""
    span = _find(message)
    return None if span is None else message.body[span.start : span.end]


def with_description(message: M, description: bytes) -> M:
    """Another description in the place of the one there; as the whole body when there is none."""
    span = _find(message)
    if span is None:
        return message.with_body(description, SDP)
    return message.with_body(message.body[: span.start] + description + message.body[span.end :])


def without_description(message: M) -> M:
    """The same message with the description taken out; a body that was nothing else goes with its type."""
    span = _find(message)
    if span is None:
        return message
    rest = message.body[: span.part[0]] + message.body[span.part[1] :]
    if rest:
        return message.with_body(rest)
    return message.with_headers(message.headers.without("Content-Type")).with_body(b"")


def _find(message: SipMessage) -> _Span | None:
    body, kind = message.body, message.content_type
    if not body:
        return None
    if kind == SDP or kind.startswith("multipart/"):
        _check_encoding(message.headers)
    if kind == SDP:
        return _Span(0, len(body), (0, len(body)))
    if not kind.startswith("multipart/"):
        return None
    found = [span for span in _parts(body, _boundary(message.headers)) if _is_description(body, span)]
    if len(found) > 1:
        raise SipError(415, "more than one session description")
    return _inside(body, found[0]) if found else None


def _check_encoding(headers: Headers) -> None:
    encodings = {value.lower() for value in headers.all("Content-Encoding")}
    if encodings - {"identity"}:
        raise SipError(415, "the body is encoded")


def _boundary(headers: Headers) -> bytes:
    text = headers.get("Content-Type") or ""
    _, semicolon, params = text.partition(";")
    boundary = (read_params(semicolon + params, "Content-Type") if semicolon else Params()).value("boundary")
    if not boundary or len(boundary) > MAX_BOUNDARY:
        raise SipError(400, "multipart body without a boundary")
    return b"--" + boundary.encode("utf-8", "surrogateescape")


def _parts(body: bytes, delimiter: bytes) -> list[tuple[int, int]]:
    """Start of each delimiter and of the next; ``SipError`` 400 when the last is not the closing one.

    A line that only begins like a delimiter is refused: peers would cut it in different ways.
    """
    starts: list[int] = []
    at = 0 if body.startswith(delimiter) else _next(body, delimiter, 0)
    while at >= 0:
        starts.append(at)
        after = body.index(delimiter, at) + len(delimiter)
        if body.startswith(b"--", after):
            return list(pairwise(starts))
        if len(starts) > MAX_PARTS:
            raise SipError(415, f"more than {MAX_PARTS} parts in the body")
        if body[after : body.find(b"\n", after) + 1].strip(b" \t\r") != b"\n":
            raise SipError(400, "a line of the body begins like a boundary")
        at = _next(body, delimiter, after)
    raise SipError(400, "multipart body without an end")


def _next(body: bytes, delimiter: bytes, start: int) -> int:
    """The next delimiter at the start of a line; the line end before it belongs to it."""
    found = [at for mark in (b"\r\n", b"\n") if (at := body.find(mark + delimiter, start)) >= 0]
    return min(found, default=-1)


def _inside(body: bytes, part: tuple[int, int]) -> _Span:
    """Header and content of a part are divided by an empty line."""
    start, end = part
    line = body.index(b"\n", body.index(b"--", start)) + 1
    if line >= end:
        return _Span(end, end, part)
    for mark in (b"\r\n", b"\n"):  # a part without header fields
        if body.startswith(mark, line):
            return _Span(line + len(mark), end, part)
    ends = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := body.find(mark, line, end)) >= 0]
    if not ends:
        raise SipError(400, "a part of the body without an empty line")
    return _Span(min(ends), end, part)


def _is_description(body: bytes, part: tuple[int, int]) -> bool:
    """By the Content-Type of the part; its own encoding or parts are refused (RFC 5621 clause 3.2)."""
    span = _inside(body, part)
    fields = _part_fields(body[part[0] : span.start])
    kind = fields.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        raise SipError(415, "a multipart body inside another")
    if kind == SDP and fields.get("content-transfer-encoding", "binary").lower() not in {
        "binary",
        "8bit",
        "7bit",
    }:
        raise SipError(415, "the session description is encoded")
    return kind == SDP


def _part_fields(head: bytes) -> dict[str, str]:
    lines = head.decode("utf-8", "surrogateescape").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip(WHITESPACE) for name, colon, value in pairs if colon}
