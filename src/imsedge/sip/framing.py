"""Cutting messages out of a stream (RFC 3261 clause 18.3, keep-alives of RFC 5626 clause 3.5.1)."""

from typing import NamedTuple

from imsedge.sip.errors import SipError
from imsedge.sip.limits import DEFAULT_LIMITS, Limits
from imsedge.sip.message import SipRequest
from imsedge.sip.parser import read_message

_PING = b"\r\n\r\n"
_LENGTH_NAMES = frozenset({b"content-length", b"l"})


class Frame(NamedTuple):
    """The octets of one message."""

    data: bytes


class Ping(NamedTuple):
    """A double CRLF between messages: answer with one CRLF."""


class Broken(NamedTuple):
    """The stream cannot be cut any further: answer when ``error.request`` allows it, then close."""

    error: SipError


class Framer:
    """One direction of one connection.  After ``Broken`` everything is ignored."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._scanned = 0  # no end of the header begins before this offset
        self._need = 0  # octets of the message whose header is complete; 0 when it is not
        self._broken = False

    @property
    def buffered(self) -> int:
        """Octets of an unfinished message; at most ``limits.head + 4 + limits.body``."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Frame | Ping | Broken]:
        """Take what arrived; return what is complete now, in order."""
        out: list[Frame | Ping | Broken] = []
        if self._broken:
            return out
        self._buffer += data
        try:
            while (frame := self._next()) is not None:
                out.append(frame)
        except SipError as error:
            self._broken = True
            self._buffer.clear()
            out.append(Broken(error))
        return out

    def _next(self) -> Frame | Ping | None:
        if not self._need:
            if (ping := self._skip_empty_lines()) is not None:
                return ping
            self._need = self._measure()
        if not self._need or len(self._buffer) < self._need:
            return None
        data = bytes(self._buffer[: self._need])
        del self._buffer[: self._need]
        self._need = self._scanned = 0
        return Frame(data)

    def _skip_empty_lines(self) -> Ping | None:
        buffer = self._buffer
        while True:
            if buffer[:4] == _PING:
                del buffer[:4]
                return Ping()
            if buffer[:2] == b"\r\n" and not _PING.startswith(buffer[:4]):
                del buffer[:2]  # a pong, or an empty line in front of a message
            elif buffer[:1] == b"\n":
                del buffer[:1]
            else:
                return None

    def _measure(self) -> int:
        """Octets of header, empty line and body; 0 when the header is not complete yet."""
        buffer = self._buffer
        if _PING.startswith(buffer[:4]):
            return 0
        at, mark = buffer.find(b"\r\n\r\n", self._scanned), 4
        bare = buffer.find(b"\n\n", self._scanned, at if at >= 0 else len(buffer))
        if bare >= 0:
            at, mark = bare, 2
        if at < 0:
            self._scanned = max(0, len(buffer) - 3)
            if len(buffer) > self._limits.head:
                raise SipError(513, f"header section is over {self._limits.head} octets")
            return 0
        if at > self._limits.head:
            raise SipError(513, f"header section is over {self._limits.head} octets")
        return at + mark + self._body_length(bytes(buffer[:at]), bytes(buffer[: at + mark]))

    def _body_length(self, head: bytes, whole: bytes) -> int:
        """Value of Content-Length, which a stream cannot do without (clause 20.14)."""
        values = [
            value.strip()
            for name, _, value in (line.partition(b":") for line in head.split(b"\n"))
            if name.strip().lower() in _LENGTH_NAMES
        ]
        length = values[0] if values else b""
        if len(set(values)) == 1 and length.isdigit() and len(length) <= 10:
            if int(length) <= self._limits.body:
                return int(length)
            raise self._answerable(whole, SipError(513, f"body is over {self._limits.body} octets"))
        raise self._answerable(whole, SipError(400, "no Content-Length on a stream"))

    def _answerable(self, whole: bytes, error: SipError) -> SipError:
        """``error`` with the request that can be read from the header alone."""
        try:
            message = read_message(whole, self._limits)
        except SipError as broken:
            return SipError(error.code, error.reason, error.path, request=broken.request)
        request = message if isinstance(message, SipRequest) else None
        return SipError(error.code, error.reason, error.path, request=request)
