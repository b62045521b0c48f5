"""Local and Remote in binary: one property group a session description, one property a line (Annex C.11).

The value of a property is the line without ``x=``.  What is not a line of SDP in Annex C (package properties,
and tags of Annex C for other bearers) is kept as ``a=h248:PPPPIIII hex..``, one word a value.  Line ends are
CRLF after the way through binary.
"""

import re

from imsedge.core.errors import LocalError
from imsedge.h248.binary.values import read_string, write_string

_LETTERS = {
    "v": 0xB001, "o": 0xB002, "s": 0xB003, "i": 0xB004, "u": 0xB005, "e": 0xB006, "p": 0xB007, "c": 0xB008,
    "b": 0xB009, "z": 0xB00A, "k": 0xB00B, "a": 0xB00C, "t": 0xB00D, "r": 0xB00E, "m": 0xB00F,
}  # fmt: skip
_BY_NUMBER = {number: letter for letter, number in _LETTERS.items()}
_LINE_END = re.compile(r"\r\n|\r|\n")
_FOREIGN = re.compile(r"a=h248:([0-9a-f]{8})((?: [0-9a-f]*)*)")

RawProperty = tuple[int, tuple[bytes, ...]]


def write_description(text: str) -> tuple[tuple[str, ...], ...]:
    """Property groups: the lines of each, without their ends."""
    groups: list[list[str]] = []
    for line in _LINE_END.split(text) if "\r" in text else text.split("\n"):
        if line and not line.isspace():
            if not groups or line.startswith("v="):
                groups.append([])
            groups[-1].append(line)
    return tuple([tuple(group) for group in groups])


def write_line(line: str) -> RawProperty:
    """Number and values; ``LocalError`` for a line that is no SDP."""
    if match := _FOREIGN.fullmatch(line):
        return int(match[1], 16), tuple(bytes.fromhex(word) for word in match[2].split(" ")[1:])
    letter, equal, value = line.partition("=")
    number = _LETTERS.get(letter)
    if not equal or number is None:
        raise LocalError(f"{line[:40]!r} is no line of SDP and has no place in a binary descriptor")
    return number, (write_string(value),)


def read_description(groups: tuple[tuple[str, ...], ...]) -> str:
    """SDP with CRLF; empty without groups."""
    return "".join([f"{line}\r\n" for group in groups for line in group])


def read_line(number: int, values: tuple[bytes, ...]) -> str:
    """The line of SDP without its end."""
    letter = _BY_NUMBER.get(number)
    if letter is None or len(values) != 1:
        return " ".join((f"a=h248:{number:08x}", *(value.hex() for value in values)))
    return f"{letter}={_LINE_END.sub(' ', read_string(values[0]))}"


_GROUP = re.compile(r"a=h248-group:(\d{1,5})")


def write_description_names(text: str) -> tuple[int | None, tuple[bytes, ...]]:
    """Which property group (``a=h248-group:1``) and lines an individual audit asks for: ``v=``, ``c=`` ..."""
    group: int | None = None
    names: list[bytes] = []
    for line in _LINE_END.split(text):
        if match := _GROUP.fullmatch(line):
            group = int(match[1])
        elif line.strip():
            names.append(write_line(line)[0].to_bytes(4, "big"))
    return group, tuple(names)


def read_description_names(names: tuple[bytes, ...], group: int | None = None) -> str:
    """The other way."""
    lines = [] if group is None else [f"a=h248-group:{group}\r\n"]
    for name in names:
        number = int.from_bytes(name, "big")
        letter = _BY_NUMBER.get(number)
        lines.append(f"a=h248:{number:08x}\r\n" if letter is None else f"{letter}=\r\n")
    return "".join(lines)
