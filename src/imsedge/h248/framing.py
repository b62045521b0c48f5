"""TPKT (RFC 1006), how H.248 messages stand in a TCP stream: Annex D.2.

::

    03 00 LL LL  <message>          LLLL: octets including these four
"""

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.errors import H248Error

VERSION = 3
HEADER = 4
MAX_PACKET = 0xFFFF
MAX_PAYLOAD = MAX_PACKET - HEADER


def write_tpkt(message: bytes) -> bytes:
    """One packet.  Raises ``LocalError`` for more than 65 531 octets."""
    if len(message) > MAX_PAYLOAD:
        raise LocalError(f"message of {len(message)} octets, a TPKT carries {MAX_PAYLOAD}")
    return bytes((VERSION, 0)) + (len(message) + HEADER).to_bytes(2) + message


class TpktReader:
    """Cuts a stream into messages.

    ``limit``: octets of one message that we take.  Never holds more than one incomplete packet besides
    what the last ``feed`` brought.
    """

    __slots__ = ("_buffer", "_limit", "_missing")

    def __init__(self, limit: int = MAX_PAYLOAD) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._missing = 0  # octets that the buffer must have before it is worth looking

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now.

        Raises ``H248Error`` when this is not TPKT or a packet is too large; the stream cannot be read
        any further then, and messages completed by the same ``data`` are lost with it.
        """
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._missing:  # one of many small pieces
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        messages: list[bytes] = []
        start = 0
        end = len(data)
        while start < end:
            size = self._packet_size(data, start, end)
            if end - start < size:
                self._buffer += data[start:]
                self._missing = size
                break
            messages.append(data[start + HEADER : start + size])
            start += size
        return messages

    def _packet_size(self, data: bytes, start: int, end: int) -> int:
        """Octets of the packet at ``start``, as far as it can be told."""
        if data[start] != VERSION:
            raise H248Error(errors.SYNTAX_MESSAGE, f"octet {data[start]:#04x} where a TPKT must start")
        if end - start < HEADER:
            return HEADER
        size = data[start + 2] << 8 | data[start + 3]
        if not HEADER < size <= self._limit + HEADER:
            raise H248Error(errors.SYNTAX_MESSAGE, f"TPKT of {size} octets")
        return size
