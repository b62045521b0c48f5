"""Cutting SIP header values apart without regular expressions (RFC 3261 clause 25.1).

Every function walks its text once.  A quoted string (``"..."`` with ``\\`` escapes) and a URI in angle
brackets are never cut.
"""

from collections.abc import Iterable
from typing import NamedTuple

from imsedge.sip.errors import SipError

TOKEN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~")
DIGITS = frozenset("0123456789")
WHITESPACE = " \t\r\n"
_BLANKED = dict.fromkeys((*range(9), *range(10, 32), 127), " ")


def is_token(text: str) -> bool:
    """``token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")``."""
    return bool(text) and TOKEN.issuperset(text)


def read_number(text: str, largest: int, what: str) -> int:
    """``1*DIGIT`` up to ``largest``; ASCII digits only."""
    if not text or not DIGITS.issuperset(text) or len(text) > len(str(largest)) + 9:
        raise SipError(400, f"{what} is not a number")
    number = int(text)
    if number > largest:
        raise SipError(400, f"{what} is over {largest}")
    return number


def split_outside(text: str, separator: str) -> list[str]:
    """Cut at each ``separator`` outside quoted strings and angle brackets; parts are stripped."""
    if separator not in text:
        return [text.strip(WHITESPACE)]
    if '"' not in text and "<" not in text:
        return [part.strip(WHITESPACE) for part in text.split(separator)]
    parts, start = [], 0
    for position in _outside(text):
        if text[position] == separator:
            parts.append(text[start:position].strip(WHITESPACE))
            start = position + 1
    parts.append(text[start:].strip(WHITESPACE))
    return parts


def find_outside_quotes(text: str, wanted: str) -> int:
    """Index of the first ``wanted`` that is not inside a quoted string; -1 when there is none."""
    quoted, skip = False, False
    for position, char in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char == wanted:
            return position
    return -1


def _outside(text: str) -> Iterable[int]:
    """Positions that are neither in a quoted string nor in angle brackets."""
    quoted, skip, angle = False, False, False
    for position, char in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip = char == "\\"
            quoted = char != '"'
        elif angle:
            angle = char != ">"
        elif char == '"':
            quoted = True
        elif char == "<":
            angle = True
        else:
            yield position


def unquote(text: str) -> str:
    """The text inside a quoted string, escapes undone; anything else unchanged."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    out, skip = [], False
    for char in text[1:-1]:
        if char == "\\" and not skip:
            skip = True
        else:
            out.append(char)
            skip = False
    return "".join(out)


def quote(text: str) -> str:
    """``text`` as a quoted string; for what may not stand in one, such as line ends, there are spaces."""
    return '"' + text.translate(_BLANKED).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Param(NamedTuple):
    """``;name`` or ``;name=value``; both as written, a quoted value with its quotes."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value}"


class Params(tuple[Param, ...]):
    """Parameters in their order.  Names compare without case (RFC 3261 clause 7.3.1)."""

    __slots__ = ()

    def value(self, name: str) -> str | None:
        """The first parameter of that name, unquoted; ``""`` for a bare flag, ``None`` when absent."""
        wanted = name.lower()
        for param in self:
            if param.name.lower() == wanted:
                return unquote(param.value or "")
        return None

    def has(self, name: str) -> bool:
        return self.value(name) is not None

    def put(self, name: str, value: str | None = None) -> "Params":
        """Set in place, or add behind the others."""
        wanted, row = name.lower(), Param(name, value)
        if not self.has(name):
            return Params((*self, row))
        return Params(row if param.name.lower() == wanted else param for param in self)

    def without(self, name: str) -> "Params":
        wanted = name.lower()
        return Params(param for param in self if param.name.lower() != wanted)

    def __str__(self) -> str:
        return "".join(f";{param}" for param in self)


NO_PARAMS = Params()


def read_params(text: str, what: str) -> Params:
    """``*(SEMI generic-param)``: ``text`` is empty or starts with a semicolon."""
    if not text.strip(WHITESPACE):
        return NO_PARAMS
    first, *rest = split_outside(text, ";")
    if first:
        raise SipError(400, f"unexpected text before the parameters of {what}")
    return Params(read_param(part, what) for part in rest)


def read_param(text: str, what: str) -> Param:
    """One ``generic-param``."""
    name, equals, value = text.partition("=")
    name, value = name.strip(WHITESPACE), value.strip(WHITESPACE)
    if not is_token(name) or (equals and not value):
        raise SipError(400, f"bad parameter in {what}")
    if value.startswith('"') and (len(value) < 2 or find_outside_quotes(value + "\0", "\0") < 0):
        raise SipError(400, f"quoted string without end in {what}")
    return Param(name, value if equals else None)
