"""The simple types of BER (ITU-T X.690), as much of it as H.248.1 Annex A needs, in both directions.

A ``Type`` reads the contents between two offsets of the message (nothing is copied before a leaf) and writes
contents octets.  ``tables`` puts types together.  Definite and indefinite lengths are read, definite ones
written.
"""

# ruff: noqa: ARG002 - every type takes the same arguments

from collections.abc import Mapping
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.tlv import SEQUENCE, wrong
from imsedge.h248.errors import H248Error

NO_TAG = -1  # of a CHOICE, which has none of its own
_MOST_OCTETS = 16  # of an INTEGER that is not below zero; none of the module needs more than 5


class Extensions:
    """Octets of unknown components, by the path of the SEQUENCE that ends with them."""

    def __init__(self, data: bytes = b"", found: Mapping[str, bytes] | None = None) -> None:
        self.data = data
        self.found: dict[str, bytes] = dict(found or {})


class Type:
    """``tag``: the universal identifier octet, where no context tag replaces it.

    ``plain`` and ``highest`` are for ``straight``: an expression for the contents in most cases, and up to
    which number elements are kept ready.  ``absent`` is what stands for an OPTIONAL component left out.
    """

    tag: int = NO_TAG
    plain: str | None = None
    highest: int = -1
    absent: Any = None

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        """The value of the contents; ``H248Error`` when they are none."""
        raise NotImplementedError

    def write(self, context: Context, value: Any) -> bytes:
        """Contents octets; ``LocalError`` when the value does not fit."""
        raise NotImplementedError

    def read_all(self, context: Context, known: Extensions, start: int, stop: int, path: str) -> Any:
        """``read``, and keep what is unknown."""
        return self.read(context, known.data, start, stop)

    def write_all(self, context: Context, known: Extensions, value: Any, path: str) -> bytes:
        """``write``, with what was unknown when it was read."""
        return self.write(context, value)


class Integer(Type):
    """INTEGER(0..highest)."""

    def __init__(self, highest: int) -> None:
        self.tag = 0x02
        self.highest = highest
        self.plain = f"data[begin] if end == begin + 1 and data[begin] <= {min(highest, 0x7F)}"

    def read(self, context: Context, data: bytes, start: int, stop: int) -> int:
        value = 0
        for at in range(start, stop):
            value = value << 8 | data[at]
        if not 0 < stop - start <= _MOST_OCTETS or data[start] > 0x7F or value > self.highest:
            raise wrong(f"an INTEGER is not in 0..{self.highest}", start)
        return value

    def write(self, context: Context, value: Any) -> bytes:
        number: int = value
        if not 0 <= number <= self.highest:
            raise LocalError(f"{number} is not in 0..{self.highest}")
        return _SMALL[number] if number < 0x80 else integer_octets(number)


_SMALL = [bytes((number,)) for number in range(0x80)]


def integer_octets(value: int) -> bytes:
    """The shortest two's complement."""
    size = (value.bit_length() if value >= 0 else (value + 1).bit_length()) // 8 + 1
    return value.to_bytes(size, "big", signed=True)


class Boolean(Type):
    """BOOLEAN."""

    def __init__(self) -> None:
        self.tag = 0x01
        self.plain = "data[begin] != 0 if end == begin + 1"

    def read(self, context: Context, data: bytes, start: int, stop: int) -> bool:
        if stop - start != 1:
            raise wrong("a BOOLEAN has one octet", start)
        return data[start] != 0

    def write(self, context: Context, value: Any) -> bytes:
        return b"\xff" if value else b"\x00"


class Null(Type):
    """NULL: ``True`` is there, ``False`` is left out."""

    def __init__(self) -> None:
        self.tag = 0x05
        self.plain = "True if end == begin"
        self.absent = False

    def read(self, context: Context, data: bytes, start: int, stop: int) -> bool:
        if start != stop:
            raise wrong("a NULL has no contents", start)
        return True

    def write(self, context: Context, value: Any) -> bytes:
        return b""


class Enumerated(Type):
    """ENUMERATED, as members of the model."""

    def __init__(self, members: Mapping[int, Any]) -> None:
        self.tag = 0x0A
        self._members: dict[int, Any] = dict(members)
        self._octets: dict[Any, bytes] = {
            member: integer_octets(number) for number, member in members.items()
        }

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        number = data[start] if stop == start + 1 else int.from_bytes(data[start:stop], "big", signed=True)
        member = self._members.get(number)
        if member is None:
            raise H248Error(errors.UNKNOWN_VALUE, f"an unknown enumeration (octet {start})", offset=start)
        return member

    def write(self, context: Context, value: Any) -> bytes:
        octets = self._octets.get(value)
        if octets is None:
            raise LocalError(f"{value} has no number in binary")
        return octets


class Octets(Type):
    """OCTET STRING of ``low`` to ``high`` octets."""

    def __init__(self, low: int = 0, high: int = 0xFFFF_FFFF) -> None:
        self.tag = 0x04
        self.low, self.high = low, high
        self.plain = f"data[begin:end] if {low} <= end - begin <= {high}"

    def read(self, context: Context, data: bytes, start: int, stop: int) -> bytes:
        if not self.low <= stop - start <= self.high:
            raise wrong(f"an OCTET STRING of {stop - start} octets", start)
        return data[start:stop]

    def write(self, context: Context, value: Any) -> bytes:
        octets: bytes = value
        if not self.low <= len(octets) <= self.high:
            raise LocalError(f"{len(octets)} octets, {self.low} to {self.high} are allowed")
        return octets


class Text(Type):
    """IA5String; octets above 127 survive as they do in text."""

    def __init__(self) -> None:
        self.tag = 0x16

    def read(self, context: Context, data: bytes, start: int, stop: int) -> str:
        return data[start:stop].decode("utf-8", "surrogateescape")

    def write(self, context: Context, value: Any) -> bytes:
        text: str = value
        return text.encode("utf-8", "surrogateescape")


class Bits(Type):
    """BIT STRING with named bits, as a tuple of members in the order of their bits."""

    def __init__(self, *members: Any) -> None:
        self.tag = 0x03
        self.members = members

    def read(self, context: Context, data: bytes, start: int, stop: int) -> tuple[Any, ...]:
        if stop == start or data[start] > 7:
            raise wrong("a BIT STRING without its count of unused bits", start)
        octets = data[start + 1 : stop]
        return tuple(
            [
                member
                for bit, member in enumerate(self.members)
                if bit // 8 < len(octets) and octets[bit // 8] >> (7 - bit % 8) & 1
            ]
        )

    def write(self, context: Context, value: Any) -> bytes:
        bits = [self.members.index(member) for member in value]
        if not bits:
            return b"\x00"
        size = max(bits) + 1
        number = sum([1 << (size - 1 - bit) for bit in set(bits)])
        unused = -size % 8
        return bytes((unused,)) + (number << unused).to_bytes((size + unused) // 8, "big")


class Raw(Type):
    """A SEQUENCE whose contents octets are kept as they are."""

    def __init__(self) -> None:
        self.tag = SEQUENCE

    def read(self, context: Context, data: bytes, start: int, stop: int) -> bytes:
        return data[start:stop]

    def write(self, context: Context, value: Any) -> bytes:
        octets: bytes = value
        return octets


class Around(Type):
    """A type around another; what it does not do in its own way the other one does."""

    def __init__(self, inner: Type) -> None:
        self.tag = inner.tag
        self.inner = inner

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        return self.inner.read(context, data, start, stop)

    def write(self, context: Context, value: Any) -> bytes:
        return self.inner.write(context, value)

    def read_all(self, context: Context, known: Extensions, start: int, stop: int, path: str) -> Any:
        return self.inner.read_all(context, known, start, stop, path)

    def write_all(self, context: Context, known: Extensions, value: Any, path: str) -> bytes:
        return self.inner.write_all(context, known, value, path)
