"""Termination identifiers in binary: up to eight octets and wildcard fields (H.248.1 Annex A.1).

Text names are words, binary ones are bits in a hierarchy that both sides are provisioned with.  The hierarchy
here has three levels in six octets, for names like ``ip/access/7``::

    octet 0          kind: 01 = ip
    octet 1          group: its place in ``groups``, from 1
    octets 2 to 5    number

A wildcard field has bit 7 set for ALL and clear for CHOOSE, bit 6 set when everything below the level is
meant too, and the position of the level's highest bit.  ``*`` and ``$`` alone are the field of the highest
level with everything below.  Identifiers of another shape keep their octets in a name: ``hex/0a0b0c`` and,
with wildcard fields, ``hex/0a0b0c/87``.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from imsedge.core.errors import LocalError
from imsedge.h248.model import ALL, CHOOSE, ROOT

MAX_REMEMBERED = 4_096  # names: a termination is spoken of many times
ROOT_ID = b"\xff" * 8
_IP = 0x01
_ID_OCTETS = 6
_TOP, _GROUP, _NUMBER = 47, 39, 31  # highest bits of the levels
_ALL_BIT, _BELOW_BIT = 0x80, 0x40
_HEX = re.compile(r"hex/((?:[0-9a-f]{2}){1,8})((?:/[0-9a-f]{2})*)", re.IGNORECASE)


class BinaryName(NamedTuple):
    """``wildcard``: one octet a field."""

    wildcard: tuple[bytes, ...]
    id: bytes


class TerminationNames:
    """``groups``: what may stand between ``ip/`` and the number, the first is number 1.

    ``write(name)`` is the ``BinaryName``, or ``LocalError`` when the hierarchy has no place for it;
    ``read(binary)`` is always a name, whatever the octets.
    """

    def __init__(self, groups: tuple[str, ...] = ("access", "core")) -> None:
        self.groups = groups
        self._numbers = {name.lower(): number for number, name in enumerate(groups, 1)}
        self.read = lru_cache(MAX_REMEMBERED)(self._name)
        self.write = lru_cache(MAX_REMEMBERED)(self._binary)

    def _binary(self, name: str) -> BinaryName:
        """``LocalError`` when the hierarchy has no place for ``name``."""
        if name == ROOT:
            return BinaryName((), ROOT_ID)
        if name in {ALL, CHOOSE}:
            return _wild(name, _TOP, bytes(_ID_OCTETS), below=True)
        if match := _HEX.fullmatch(name):
            fields = tuple(bytes.fromhex(field) for field in match[2].split("/")[1:])
            return BinaryName(fields, bytes.fromhex(match[1]))
        kind, _, rest = name.partition("/")
        group, _, number = rest.partition("/")
        if kind.lower() == "ip" and rest in {ALL, CHOOSE}:
            return _wild(rest, _GROUP, bytes((_IP, 0, 0, 0, 0, 0)), below=True)
        if kind.lower() == "ip" and group.lower() in self._numbers:
            head = bytes((_IP, self._numbers[group.lower()]))
            if number in {ALL, CHOOSE}:
                return _wild(number, _NUMBER, head + bytes(4), below=False)
            if number.isdecimal() and str(int(number)) == number and int(number) < 2**32:
                return BinaryName((), head + int(number).to_bytes(4, "big"))
        raise LocalError(f"termination {name} has no binary form; groups are {', '.join(self.groups)}")

    def _name(self, binary: BinaryName) -> str:
        """Always a name, whatever the octets."""
        name = self._read(binary)
        if name is not None:
            return name
        fields = "".join(f"/{field.hex()}" for field in binary.wildcard)
        return f"hex/{binary.id.hex()}{fields}"

    def _read(self, binary: BinaryName) -> str | None:
        wildcard, id_ = binary
        if id_ == ROOT_ID and not wildcard:
            return ROOT
        if len(id_) != _ID_OCTETS or len(wildcard) > 1:
            return None
        if wildcard:
            name = self._read_wild(wildcard[0][0], id_)
        else:
            name = f"{self._head(id_)}/{int.from_bytes(id_[2:], 'big')}" if self._head(id_) else None
        return name if name is not None and self.write(name) == binary else None

    def _read_wild(self, field: int, id_: bytes) -> str | None:
        star = ALL if field & _ALL_BIT else CHOOSE
        match field & 0x3F:
            case 47:
                return star
            case 39:
                return f"ip/{star}"
            case 31 if self._head(id_):
                return f"{self._head(id_)}/{star}"
        return None

    def _head(self, id_: bytes) -> str | None:
        if id_[0] != _IP or not 1 <= id_[1] <= len(self.groups):
            return None
        return f"ip/{self.groups[id_[1] - 1]}"


def _wild(star: str, level: int, id_: bytes, *, below: bool) -> BinaryName:
    field = level | (_ALL_BIT if star == ALL else 0) | (_BELOW_BIT if below else 0)
    return BinaryName((bytes((field,)),), id_)
