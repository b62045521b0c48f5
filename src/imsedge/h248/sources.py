"""Where messages come from in a file: text, BER, TPKT streams, hex dumps and captures, one or many.

    for found in find_messages(data):
        decode(found.data)

The kind is told by how the file starts.  Text messages stand apart by a line of dashes or simply by the next
``MEGACO/`` or ``!/`` at the start of a line; BER messages by their lengths; hex dumps by a blank line or an
offset that starts anew.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from imsedge.core.errors import RemoteError
from imsedge.core.pcap import Segment, is_capture, read_segments, streams
from imsedge.h248 import errors
from imsedge.h248.errors import H248Error
from imsedge.h248.framing import HEADER, TpktReader

H248_PORTS = frozenset({2944, 2945})  # IANA: text and binary


class Input(StrEnum):
    """What a file holds."""

    TEXT = "text"
    BER = "ber"
    TPKT = "tpkt"
    HEX = "hex"
    PCAP = "pcap"


class Found(NamedTuple):
    """One message.

    ``offset``: of its first octet in the file, ``None`` when it does not stand there as such; ``place``: for
    people, ``message 2`` or ``packet 17``.
    """

    data: bytes
    place: str
    offset: int | None = None


def input_of(data: bytes) -> Input:
    """What the file looks like; text when it looks like nothing."""
    if is_capture(data):
        return Input.PCAP
    if data[:1] == b"\x30" and not _looks_hex(data):
        return Input.BER
    if data[:1] == b"\x03":
        return Input.TPKT
    return Input.HEX if _looks_hex(data) else Input.TEXT


def find_messages(data: bytes, kind: Input | None = None, ports: Iterable[int] = H248_PORTS) -> list[Found]:
    """All messages, in the order in which they end.

    ``ports``: those of H.248 in captures.  Raises ``RemoteError`` for a file that cannot be cut into
    messages; whether a message is one is for the codec to say.
    """
    kind = kind or input_of(data)
    if kind is Input.PCAP:
        return _in_capture(data, frozenset(ports))
    if kind is Input.HEX:
        inner = [found.data for dump in _dumps(data) for found in find_messages(dump, _unhexed(dump))]
        return [Found(octets, f"message {number}") for number, octets in enumerate(inner, 1)]
    return _numbered(_CUTTERS[kind](data))


def _numbered(found: list[tuple[int, bytes]]) -> list[Found]:
    return [Found(data, f"message {number}", offset) for number, (offset, data) in enumerate(found, 1)]


# --- text ----------------------------------------------------------------------------------------------

_DASHES = re.compile(rb"^-{3,}[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_START = re.compile(
    rb"^(?:(?:AU|Authentication)[ \t]*=[^\n{}]*?\s)?[ \t]*(?:MEGACO|!)/\d", re.MULTILINE | re.IGNORECASE
)


def _cut_text(data: bytes) -> list[tuple[int, bytes]]:
    cuts = [(0, 0), *((match.start(), match.end()) for match in _DASHES.finditer(data))]
    cuts.append((len(data), len(data)))
    found: list[tuple[int, bytes]] = []
    for (_, start), (end, _) in pairwise(cuts):
        starts = [start, *[match.start() for match in _START.finditer(data, start, end)][1:], end]
        found += [(low, data[low:high]) for low, high in pairwise(starts)]
    written = [(offset, text) for offset, text in found if text.strip()]
    return written or [(0, data)]


# --- binary --------------------------------------------------------------------------------------------


def _cut_ber(data: bytes) -> list[tuple[int, bytes]]:
    """By definite lengths; the rest is the last message when a length is indefinite or cannot be."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        size = _ber_size(data, at)
        found.append((at, data[at : at + size]))
        at += size
    return found


def _ber_size(data: bytes, at: int) -> int:
    first = data[at + 1] if at + 1 < len(data) else 0x80
    octets = first & 0x7F if first & 0x80 else 0
    if data[at] != 0x30 or first == 0x80 or octets > 4:
        return len(data) - at
    length = int.from_bytes(data[at + 2 : at + 2 + octets]) if octets else first
    return 2 + octets + length


def _cut_tpkt(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    for message in TpktReader().feed(data):
        found.append((at + HEADER, message))
        at += HEADER + len(message)
    if at != len(data):
        raise H248Error(errors.SYNTAX_MESSAGE, "the last TPKT is not whole", offset=at)
    return found


_CUTTERS: dict[Input, Callable[[bytes], list[tuple[int, bytes]]]] = {
    Input.TEXT: _cut_text,
    Input.BER: _cut_ber,
    Input.TPKT: _cut_tpkt,
}

# --- hex -----------------------------------------------------------------------------------------------

_OFFSET = re.compile(rb"^\s*(?:0x)?([0-9a-f]{4,8})(?::[ \t]*|[ \t]{2,})(?=[0-9a-f]{2})", re.IGNORECASE)
_PLAIN = re.compile(rb"(?:(?:0x)?[0-9a-f]{2}(?:[:,;-][ \t]?|[ \t]{1,2}|))+", re.IGNORECASE)
_LAST_OFFSET = re.compile(rb"^[0-9a-f]{6,8}\s*$", re.IGNORECASE)  # of hexdump -C: nothing follows it


def _looks_hex(data: bytes) -> bool:
    """By its first line that is not blank."""
    line = next((line for line in data[:4096].splitlines() if line.strip()), b"").strip()
    return bool(_OFFSET.match(line)) or (len(line) >= 4 and _PLAIN.fullmatch(line) is not None)


def _dumps(data: bytes) -> list[bytes]:
    found = [bytearray()]
    columns = False
    for line in data.splitlines():
        offset = _OFFSET.match(line)
        columns = columns or offset is not None
        if not line.strip() or (offset and int(offset[1], 16) == 0):
            found.append(bytearray())
        if not (columns and _LAST_OFFSET.match(line)):
            found[-1] += _octets(line[offset.end() :] if offset else line.strip(), columns=bool(offset))
    return [bytes(dump) for dump in found if dump]


def _octets(text: bytes, *, columns: bool) -> bytes:
    """``columns``: printable characters may follow behind two blanks."""
    if columns:
        text = re.split(rb"[ \t]{2,}(?![0-9a-f]{2}(?:[ \t]|\Z))|\|", text, maxsplit=1, flags=re.IGNORECASE)[
            0
        ].strip()
    digits = re.sub(rb"0x|[\s:,;-]", b"", text, flags=re.IGNORECASE)
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        shown = text[:40].decode("ascii", "replace")
        raise H248Error(errors.SYNTAX_MESSAGE, f"no hexadecimal octets: {shown}") from None


def _unhexed(dump: bytes) -> Input:
    """A dump of a dump is not looked for."""
    kind = input_of(dump)
    return Input.TEXT if kind is Input.HEX else kind


# --- captures ------------------------------------------------------------------------------------------


def _in_capture(data: bytes, ports: frozenset[int]) -> list[Found]:
    segments = [one for one in read_segments(data) if {one.source.port, one.destination.port} & ports]
    found = [(one.number, one.data) for one in segments if one.transport != "tcp" and one.data]
    for stream in streams(segments):
        found += _in_stream(stream)
    found.sort(key=lambda pair: pair[0])
    return [Found(message, f"packet {number}") for number, message in found]


def _in_stream(stream: list[Segment]) -> list[tuple[int, bytes]]:
    """Messages by the packet that ends them.  What is no TPKT is handed on as it is: the codec judges."""
    reader = TpktReader()
    found: list[tuple[int, bytes]] = []
    for segment in stream:
        try:
            found += [(segment.number, message) for message in reader.feed(segment.data)]
        except RemoteError:
            reader = TpktReader()
            found.append((segment.number, segment.data))
    return found
