"""Cutting MSRP messages out of a stream of octets (RFC 4975 clause 9).

A message ends with an *end-line*: seven hyphens, its own transaction identifier, and a flag.  There is no
length field, so a body is searched for that line; what only looks like one (another identifier, no flag, no
line end) is body.

The parser is incremental: octets may come one by one or many messages at a time, and no octet is searched
twice.
"""

import re
from enum import Enum

from msgspec import Struct

from imsedge.msrp.errors import MsrpError
from imsedge.msrp.model import Flag, Header, Message, Request, Response


class Limits(Struct, frozen=True):
    """What one message may hold.  Peers chunk at 2048 octets, but may send a file in one chunk."""

    line: int = 8_192  # a path of sixteen URIs of 512 octets
    headers: int = 64
    body: int = 16 * 1024 * 1024


DEFAULT_LIMITS = Limits()

_START = re.compile(
    rb"MSRP (?P<tid>[A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}) "
    rb"(?:(?P<status>[0-9]{3})(?: (?P<comment>[^\r\n]*))?|(?P<method>[A-Z]{1,32}))"
)
_HEADER = re.compile(rb"([A-Za-z][!-9;-~]*):[ \t]*(.*)", re.DOTALL)
_FLAGS = b"$+#"
_LINE_END = b"\r\n"
_HYPHENS = b"-------"


class _State(Enum):
    START = "start line"
    HEADERS = "header fields"
    BODY = "body"


class Parser:
    """Feed it what arrives; it hands back whole messages in order.

    After it raised ``MsrpError`` the stream cannot be trusted any more: close the connection.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0  # octets of the buffer that hold no beginning of what is looked for
        self._state = _State.START
        self._start: re.Match[bytes]
        self._headers: list[Header] = []
        self._end_line = b""

    def feed(self, data: bytes) -> list[Message]:
        """Messages that are complete now."""
        self._buffer += data
        messages: list[Message] = []
        while self._step(messages):
            pass
        return messages

    def _step(self, messages: list[Message]) -> bool:
        """Take one line or one body; false when more octets are needed."""
        if self._state is _State.BODY:
            return self._take_body(messages)
        line = self._take_line()
        if line is None:
            return False
        if self._state is _State.START:
            self._read_start(line)
        elif line == b"":
            self._state = _State.BODY
        elif line[:-1] == self._end_line and line[-1] in _FLAGS:
            messages.append(self._finish(line[-1], None))
        else:
            self._read_header(line)
        return True

    def _take_line(self) -> bytes | None:
        limit = self._limits.line
        end = self._buffer.find(_LINE_END, self._searched, limit + len(_LINE_END))
        if end < 0:
            if len(self._buffer) >= limit + len(_LINE_END):
                raise MsrpError(400, f"{self._state.value}: line is longer than {limit} octets")
            self._searched = max(0, len(self._buffer) - 1)
            return None
        line = bytes(self._buffer[:end])
        self._drop(end + len(_LINE_END))
        return line

    def _read_start(self, line: bytes) -> None:
        found = _START.fullmatch(line)
        if found is None:
            raise MsrpError(400, "start line cannot be read")
        self._start, self._headers = found, []
        self._end_line = _HYPHENS + found["tid"]
        self._state = _State.HEADERS

    def _read_header(self, line: bytes) -> None:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise MsrpError(400, "header field cannot be read")
        if len(self._headers) == self._limits.headers:
            raise MsrpError(400, f"more than {self._limits.headers} header fields")
        self._headers.append(Header(found[1].decode(), found[2].decode("utf-8", "surrogateescape")))

    def _take_body(self, messages: list[Message]) -> bool:
        mark = _LINE_END + self._end_line
        tail = len(mark) + 1 + len(_LINE_END)  # the mark, a flag, the line end
        while (at := self._buffer.find(mark, self._searched)) >= 0:
            self._check_body(at)
            if len(self._buffer) < at + tail:
                self._searched = at
                return False
            flag = self._buffer[at + len(mark)]
            if flag in _FLAGS and self._buffer.startswith(_LINE_END, at + len(mark) + 1):
                body = bytes(self._buffer[:at])
                self._drop(at + tail)
                messages.append(self._finish(flag, body))
                return True
            self._searched = at + len(_LINE_END)
        self._searched = max(self._searched, len(self._buffer) - len(mark) + 1)
        self._check_body(self._searched)
        return False

    def _check_body(self, octets: int) -> None:
        if octets > self._limits.body:
            raise MsrpError(413, f"chunk is longer than {self._limits.body} octets")

    def _finish(self, flag: int, body: bytes | None) -> Message:
        start, headers, self._state = self._start, tuple(self._headers), _State.START
        transaction = start["tid"].decode()
        if start["method"] is None:
            return Response(
                transaction=transaction,
                headers=headers,
                flag=Flag(chr(flag)),
                status=int(start["status"]),
                comment=(start["comment"] or b"").decode("utf-8", "surrogateescape"),
            )
        return Request(
            transaction=transaction,
            headers=headers,
            flag=Flag(chr(flag)),
            method=start["method"].decode(),
            body=body,
        )

    def _drop(self, octets: int) -> None:
        del self._buffer[:octets]
        self._searched = 0
