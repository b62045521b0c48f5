"""Value types of package items (H.248.1 clause 12.2): lexical text to Python values and back.

A type knows its lexical form (text encoding) and its ``Form`` (how binary wraps it); it knows nothing of
where the value stands.  ``read`` raises ``ValueError`` with one sentence, ``write`` ``LocalError``.
"""

from enum import Enum
from typing import Protocol, TypeVar

from imsedge.core.errors import LocalError

T = TypeVar("T")


class Form(Enum):
    """The ASN.1 type inside a binary value (H.248.1 Annex A.2, NOTE 4)."""

    INTEGER = "INTEGER"
    BOOLEAN = "BOOLEAN"
    ENUMERATED = "ENUMERATED"
    STRING = "IA5String or UTF8String"
    OCTETS = "OCTET STRING"


class ValueType(Protocol[T]):
    """What ``Integer``, ``Boolean`` ... have in common."""

    @property
    def form(self) -> Form: ...

    @property
    def name(self) -> str:
        """For the catalogue: ``integer 0..65535 ms``."""

    def read(self, text: str) -> T:
        """One lexical value; ``ValueError`` says what is wrong."""

    def write(self, value: T) -> str:
        """The lexical value; ``LocalError`` when ``value`` is none of this type."""


class Integer:
    """Decimal or, without sign, ``0x`` hexadecimal.  Integer, Unsigned and Double (64 bits) alike."""

    form = Form.INTEGER

    def __init__(self, low: int = -(2**31), high: int = 2**31 - 1, unit: str = "") -> None:
        self.low, self.high, self.unit = low, high, unit

    @property
    def name(self) -> str:
        return f"integer {self.low}..{self.high} {self.unit}".rstrip()

    def read(self, text: str) -> int:
        if len(text) > 20 or not text.isascii() or "_" in text:
            raise ValueError(f"{text[:24]} is no integer")
        try:
            value = int(text, 16 if text[:2].lower() == "0x" else 10)
        except ValueError:
            raise ValueError(f"{text} is no integer") from None
        if not self.low <= value <= self.high:
            raise ValueError(f"{value} is not in {self.low}..{self.high}")
        return value

    def write(self, value: int) -> str:
        if not self.low <= value <= self.high:
            raise LocalError(f"{value} is not in {self.low}..{self.high}")
        return str(value)


class Boolean:
    """``ON`` or ``OFF``."""

    form = Form.BOOLEAN
    name = "boolean"

    def read(self, text: str) -> bool:
        match text.lower():
            case "on" | "true":
                return True
            case "off" | "false":
                return False
        raise ValueError(f"{text[:24]} is neither ON nor OFF")

    def write(self, value: bool) -> str:  # noqa: FBT001 - the value itself is the boolean
        return "ON" if value else "OFF"


class Enumeration:
    """Words, compared without case, and their binary numbers; the value is the word of the table."""

    form = Form.ENUMERATED

    def __init__(self, **numbers: int) -> None:
        self.numbers = numbers
        self._by_text = {word.lower(): word for word in numbers}
        self._by_number = {number: word for word, number in numbers.items()}

    @property
    def name(self) -> str:
        return "one of " + ", ".join(f"{word} {number}" for word, number in self.numbers.items())

    def read(self, text: str) -> str:
        word = self._by_text.get(text.strip('"').lower())  # some peers quote enumerations
        if word is None:
            raise ValueError(f"{text[:40]} is not {self.name}")
        return word

    def write(self, value: str) -> str:
        if value not in self.numbers:
            raise LocalError(f"{value!r} is not {self.name}")
        return value

    def word(self, number: int) -> str:
        """By binary number; ``ValueError`` when there is none."""
        if number not in self._by_number:
            raise ValueError(f"{number} is not {self.name}")
        return self._by_number[number]


class Text:
    """A quoted string; unquoted words of peers are understood too.  ``longest`` in characters."""

    form = Form.STRING

    def __init__(self, longest: int = 1_024) -> None:
        self.longest = longest

    @property
    def name(self) -> str:
        return "string"

    def read(self, text: str) -> str:
        value = text[1:-1] if text[:1] == '"' else text
        if len(value) > self.longest:
            raise ValueError(f"a string of {len(value)} characters, {self.longest} are allowed")
        return value

    def write(self, value: str) -> str:
        if '"' in value or not value.isprintable() or len(value) > self.longest:
            raise LocalError(f"{value!r} cannot be a string in H.248")
        return f'"{value}"'


class OctetString:
    """Pairs of hexadecimal digits.

    H.248.1 Annex B.3 mirrors the bits of each octet (00011011 is written D8); gateways in the field do not.
    ``mirrored`` follows the letter of B.3.
    """

    form = Form.OCTETS
    name = "octet string"

    def __init__(self, *, mirrored: bool = False) -> None:
        self.mirrored = mirrored

    def read(self, text: str) -> bytes:
        digits = text.strip('"')
        if digits[:2].lower() == "0x":
            digits = digits[2:]
        try:
            return self._turn(bytes.fromhex(digits))
        except ValueError:
            raise ValueError(f"{text[:24]} is no octet string") from None

    def write(self, value: bytes) -> str:
        return self._turn(value).hex()

    def _turn(self, octets: bytes) -> bytes:
        return bytes(int(f"{octet:08b}"[::-1], 2) for octet in octets) if self.mirrored else octets
