"""Bencode, in which NG writes its dictionaries: ``d7:command4:pinge``.

Octet strings are read as ``str`` (what is no UTF-8 keeps its octets as surrogates), so that a description
comes back as it was sent.
"""

from typing import TypeAlias

from imsedge.core.errors import RemoteError

Value: TypeAlias = str | int | list["Value"] | dict[str, "Value"]

MAX_DEPTH = 16
MAX_OCTETS = 65_535
"""More than a datagram holds."""

_MAX_DIGITS = 18
_MINUS = b"-"


def write(value: Value) -> bytes:
    """The octets of ``value``; keys in the order of their octets."""
    match value:
        case str():
            octets = value.encode(errors="surrogateescape")
            return b"%d:%b" % (len(octets), octets)
        case int():
            return b"i%de" % value
        case list():
            return b"l" + b"".join(map(write, value)) + b"e"
        case dict():
            return b"d" + b"".join(write(key) + write(value[key]) for key in sorted(value)) + b"e"


def read(octets: bytes) -> Value:
    """One value, and nothing behind it; ``RemoteError`` 400 for all else."""
    if len(octets) > MAX_OCTETS:
        raise RemoteError(400, f"bencode of more than {MAX_OCTETS} octets")
    value, end = _read(octets, 0, 0)
    if end != len(octets):
        raise RemoteError(400, f"bencode is over at octet {end}")
    return value


def _read(octets: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth > MAX_DEPTH:
        raise RemoteError(400, f"bencode is nested more than {MAX_DEPTH} deep")
    match octets[at : at + 1]:
        case b"i":
            end = octets.find(b"e", at)
            return _number(octets[at + 1 : end] if end > 0 else b"", at), end + 1
        case b"l":
            return _items(octets, at + 1, depth)
        case b"d":
            items, end = _items(octets, at + 1, depth)
            return _dictionary(items, at), end
        case _:
            return _string(octets, at)


def _items(octets: bytes, at: int, depth: int) -> tuple[list[Value], int]:
    items: list[Value] = []
    while octets[at : at + 1] != b"e":
        value, at = _read(octets, at, depth + 1)
        items.append(value)
    return items, at + 1


def _dictionary(items: list[Value], at: int) -> dict[str, Value]:
    keys, values = items[::2], items[1::2]
    if len(keys) != len(values) or not all(isinstance(key, str) for key in keys):
        raise RemoteError(400, f"dictionary at octet {at} has a key that is no string or has no value")
    return dict(zip(map(str, keys), values, strict=True))


def _string(octets: bytes, at: int) -> tuple[str, int]:
    colon = octets.find(b":", at)
    start = colon + 1
    end = start + _number(octets[at:start][:-1], at)
    if end < start or end > len(octets):
        raise RemoteError(400, f"string at octet {at} is longer than what there is")
    return octets[start:end].decode(errors="surrogateescape"), end


def _number(digits: bytes, at: int) -> int:
    if not digits.removeprefix(_MINUS).isdigit() or len(digits) > _MAX_DIGITS:
        raise RemoteError(400, f"no number at octet {at}")
    return int(digits)
