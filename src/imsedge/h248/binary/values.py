"""Values of package items in binary: an element inside an OCTET STRING (H.248.1 Annex A.2, NOTE 4).

The inner element has the type of the package: INTEGER, BOOLEAN, ENUMERATED, IA5String or UTF8String, OCTET
STRING.  Where the type is unknown, the lexical form decides on the way out and the inner tag on the way in;
what would not come out as it was is kept as ``ber/`` and the octets of the element in hexadecimal.
Octets that are no such element are taken as the characters of the text encoding: that is what Erlang/OTP
sends.
"""

import re
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.binary.ber import integer_octets
from imsedge.h248.binary.tlv import element, header
from imsedge.h248.errors import H248Error
from imsedge.h248.packages.types import Enumeration, Form, OctetString, ValueType

_INTEGER, _BOOLEAN, _ENUMERATED, _IA5, _UTF8, _OCTETS = 0x02, 0x01, 0x0A, 0x16, 0x0C, 0x04
_NUMBER = re.compile(r"-?\d{1,19}|0[xX][0-9A-Fa-f]{1,16}")
_WORD = re.compile(r"[A-Za-z0-9+\-&!_/'?@^`~*$\\()%|.]+", re.ASCII)
_KEPT = re.compile(r"ber/(?:[0-9a-f]{2})+", re.ASCII)
_BOOLEANS = {"on": b"\xff", "off": b"\x00"}
_MAX_INTEGER_OCTETS = 9


def write_value(text: str, type_: ValueType[Any] | None) -> bytes:
    """Lexical form -> octets of the OCTET STRING; ``LocalError`` when it is no value of its type."""
    if type_ is None:
        return _write_by_look(text)
    try:
        return _write_typed(text, type_)
    except ValueError as wrong:
        raise LocalError(f"{text} cannot be written in binary: {wrong}") from None


def _write_typed(text: str, type_: ValueType[Any]) -> bytes:
    value = type_.read(text)
    match type_.form:
        case Form.INTEGER:
            return element(_INTEGER, integer_octets(value))
        case Form.BOOLEAN:
            return element(_BOOLEAN, b"\xff" if value else b"\x00")
        case Form.ENUMERATED if isinstance(type_, Enumeration):
            return element(_ENUMERATED, integer_octets(type_.numbers[value]))
        case Form.OCTETS:
            return element(_OCTETS, value)
    return write_string(value)


def write_string(text: str) -> bytes:
    """IA5String if it is ASCII, else UTF8String."""
    return element(_IA5 if text.isascii() else _UTF8, text.encode("utf-8", "surrogateescape"))


def _write_by_look(text: str) -> bytes:
    if _KEPT.fullmatch(text):
        return bytes.fromhex(text[4:])
    if text[:1] == '"':
        return write_string(text[1:-1])
    if text.lower() in _BOOLEANS:
        return element(_BOOLEAN, _BOOLEANS[text.lower()])
    if _NUMBER.fullmatch(text):
        return element(_INTEGER, integer_octets(int(text, 16 if text[:2].lower() == "0x" else 10)))
    return write_string(text)


def read_value(octets: bytes, type_: ValueType[Any] | None) -> str:
    """Octets of the OCTET STRING -> lexical form, whatever they are."""
    size = len(octets)
    try:
        if size > 1 and octets[1] == size - 2 < 0x80:  # nearly every value is short
            tag, contents = octets[0], octets[2:]
        else:
            tag, start, stop, following = header(octets, 0, size)
            if following != size:
                return _characters(octets, type_)
            contents = octets[start:stop]
        found = _read_contents(tag, contents, type_)
    except H248Error:
        return _characters(octets, type_)
    except ValueError:
        found = None
    if type_ is None and (found is None or _write_by_look(found) != octets):
        return f"ber/{octets.hex()}"
    return _characters(octets, type_) if found is None else found


def _read_contents(tag: int, contents: bytes, type_: ValueType[Any] | None) -> str | None:
    if tag in {_INTEGER, _ENUMERATED}:
        if not 0 < len(contents) <= _MAX_INTEGER_OCTETS:
            return None
        number = int.from_bytes(contents, "big", signed=True)
        return type_.word(number) if isinstance(type_, Enumeration) else str(number)
    if tag == _BOOLEAN and len(contents) == 1:
        return "ON" if contents[0] else "OFF"
    if tag in {_IA5, _UTF8}:
        return _quoted(contents)
    if tag == _OCTETS:
        return type_.write(contents) if isinstance(type_, OctetString) else contents.hex() or '""'
    return None


def read_string(octets: bytes) -> str:
    """The characters of a string value, wrapped or not, all of them kept."""
    try:
        tag, start, stop, following = header(octets, 0, len(octets))
    except H248Error:
        tag, start, stop, following = 0, 0, 0, -1
    wrapped = following == len(octets) and tag in {_IA5, _UTF8}
    return (octets[start:stop] if wrapped else octets).decode("utf-8", "surrogateescape")


def _quoted(contents: bytes) -> str:
    text = contents.decode("utf-8", "surrogateescape")
    clean = "".join("'" if c == '"' else c if c >= " " or c == "\t" else " " for c in text)
    return f'"{clean}"'


def _characters(octets: bytes, type_: ValueType[Any] | None) -> str:
    """Text that was not wrapped."""
    text = octets.decode("utf-8", "surrogateescape")
    is_string = type_ is not None and type_.form is Form.STRING
    return text if _WORD.fullmatch(text) and not is_string else _quoted(octets)
