"""Cutting BFCP messages out of a stream of octets, and reading their attributes (RFC 8855 clause 5).

The common header tells the length, so borders are known at once.  A peer can announce at most 256 KiB; who
announces more than the limit is not waited for.
"""

import struct

from imsedge.bfcp.attributes import GROUPS, SHAPES
from imsedge.bfcp.errors import BfcpError
from imsedge.bfcp.model import Attribute, ErrorCode, Group, Message, Value

MAX_OCTETS = 16_384
"""Of one message; a floor control message with every participant of a large conference is shorter."""

MAX_DEPTH = 4
"""Of grouped attributes; RFC 8855 nests three."""

HEADER = struct.Struct("!BBHIHH")
_VERSIONS = (1, 2)
_FRAGMENTED, _RESPONDER = 0x08, 0x10


class Parser:
    """Feed it what arrives; it hands back whole messages in order.

    After it raised ``BfcpError`` the stream cannot be trusted any more: close the connection.
    """

    def __init__(self, limit: int = MAX_OCTETS) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Messages that are complete now."""
        self._buffer += data
        messages: list[Message] = []
        while len(self._buffer) >= HEADER.size:
            length = HEADER.size + 4 * HEADER.unpack_from(self._buffer)[2]
            if length > self._limit:
                raise BfcpError(ErrorCode.WRONG_LENGTH, f"message is longer than {self._limit} octets")
            _check_start(self._buffer[0])
            if len(self._buffer) < length:
                break
            messages.append(read_message(bytes(self._buffer[:length])))
            del self._buffer[:length]
        return messages


def read_message(octets: bytes) -> Message:
    """One whole message; ``BfcpError`` for anything else."""
    if len(octets) < HEADER.size:
        raise BfcpError(ErrorCode.WRONG_LENGTH, "message is shorter than its header")
    first, primitive, words, conference, transaction, user = HEADER.unpack_from(octets)
    _check_start(first)
    if len(octets) != HEADER.size + 4 * words:
        raise BfcpError(ErrorCode.WRONG_LENGTH, "message is not as long as its header says")
    return Message(
        version=first >> 5,
        responder=bool(first & _RESPONDER),
        primitive=primitive,
        conference=conference,
        transaction=transaction,
        user=user,
        attributes=_read_attributes(octets[HEADER.size :], 0),
    )


def _check_start(first: int) -> None:
    if first >> 5 not in _VERSIONS:
        raise BfcpError(ErrorCode.UNSUPPORTED_VERSION, f"version {first >> 5} is not supported")
    if first & _FRAGMENTED:
        raise BfcpError(ErrorCode.UNREADABLE, "a fragment is not expected on a reliable transport")


def _read_attributes(octets: bytes, depth: int) -> tuple[Attribute, ...]:
    if depth > MAX_DEPTH:
        raise BfcpError(ErrorCode.UNREADABLE, f"attributes are nested deeper than {MAX_DEPTH}")
    found: list[Attribute] = []
    position = 0
    while position < len(octets):
        header = octets[position : position + 2]
        end = position + (header[1] if len(header) == 2 else 0)
        if len(header) < 2 or header[1] < 2 or end > len(octets):
            raise BfcpError(ErrorCode.UNREADABLE, "attribute with a length that cannot be")
        kind = header[0] >> 1
        value = _read_value(kind, octets[position + 2 : end], depth)
        found.append(Attribute(kind, value, bool(header[0] & 1)))
        position = end + -end % 4
    return tuple(found)


def _read_value(kind: int, contents: bytes, depth: int) -> Value:
    if kind in GROUPS:
        if len(contents) < 2:
            raise BfcpError(ErrorCode.UNREADABLE, "grouped attribute without its identifier")
        return Group(int.from_bytes(contents[:2], "big"), _read_attributes(contents[2:], depth + 1))
    shape = SHAPES.get(kind)
    value: Value = shape.read(contents) if shape else contents
    return value
