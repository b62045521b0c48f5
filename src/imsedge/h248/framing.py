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

    __slots__ = ("_buffer", "_limit")

    def __init__(self, limit: int = MAX_PAYLOAD) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now.

        Raises ``H248Error`` when this is not TPKT or a packet is too large; the stream cannot be read
        any further then, and messages completed by the same ``data`` are lost with it.
        """
        self._buffer += data
        messages: list[bytes] = []
        start = 0
        while (size := self._packet_size(start)) and len(self._buffer) - start >= size:
            messages.append(bytes(self._buffer[start + HEADER : start + size]))
            start += size
        del self._buffer[:start]
        return messages

    def _packet_size(self, start: int) -> int:
        """Of the packet at ``start``; 0 while its header is incomplete."""
        header = self._buffer[start : start + HEADER]
        if header and header[0] != VERSION:
            raise H248Error(errors.SYNTAX_MESSAGE, f"octet {header[0]:#04x} where a TPKT must start")
        if len(header) < HEADER:
            return 0
        size = int.from_bytes(header[2:])
        if not HEADER < size <= self._limit + HEADER:
            raise H248Error(errors.SYNTAX_MESSAGE, f"TPKT of {size} octets")
        return size
