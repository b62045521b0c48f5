"""A flow as a capture file that any packet analyser opens (IETF draft-ietf-opsawg-pcapng).

Plain ``tshark -r FILE`` reads it all: SIP and H.248 by their ports (5060, 2944), TLS and MSRP by what they
look like, and what is inside TLS with the secrets that a Decryption Secrets Block brings along.  Each packet
carries its line of the ladder as a comment.  Ports are those that were used: where H.248 does not run on
2944, the section's comment says with which option it is decoded.
"""

import struct
from collections.abc import Iterable, Sequence

from imsedge.core.trace import Crossing, Kind
from imsedge.play.packets import Packet, Packets

_SECTION, _INTERFACE, _PACKET, _SECRETS = 0x0A0D0D0A, 0x01, 0x06, 0x0A
_BYTE_ORDER = 0x1A2B3C4D
_UNKNOWN_LENGTH = -1
_ETHERNET = 1
_TLS_KEY_LOG = 0x544C534B
_END, _COMMENT, _INTERFACE_NAME, _APPLICATION = 0, 1, 2, 4
_MICROSECONDS = 1_000_000
# The longest option value; comments are only a help.
_OPTION_OCTETS = 0xFFFF

# Ports that analysers take for H.248 without being told (IANA: text and binary).
H248_PORTS = frozenset({2944, 2945})


def write_capture(crossings: Sequence[Crossing], secrets: bytes = b"", *, clock_offset: float = 0.0) -> bytes:
    """The whole file.

    ``secrets``: lines of the NSS key log format.  ``clock_offset``: seconds to add to the crossings' times so
    that they become seconds since 1970.
    """
    packets = Packets()
    frames = (packet for crossing in crossings for packet in packets.of(crossing))
    return b"".join(
        (
            _write_section(_hint(crossings)),
            _write_interface(),
            _write_secrets(secrets) if secrets else b"",
            *(_write_packet(packet, clock_offset) for packet in frames),
        )
    )


def _hint(crossings: Iterable[Crossing]) -> str:
    """How to decode H.248 on ports that no analyser expects; ``""`` when it runs where it belongs."""
    flows = {
        (crossing.transport, crossing.source.port, crossing.destination.port)
        for crossing in crossings
        if crossing.kind is Kind.H248
    }
    odd = sorted({f"-d {t}.port=={min(a, b)},megaco" for t, a, b in flows if not H248_PORTS & {a, b}})
    return f"H.248 is decoded with {' '.join(odd)}" if odd else ""


def _write_section(comment: str) -> bytes:
    fixed = struct.pack("<IHHq", _BYTE_ORDER, 1, 0, _UNKNOWN_LENGTH)
    return _write_block(_SECTION, fixed + _write_options((_APPLICATION, "imsedge"), (_COMMENT, comment)))


def _write_interface() -> bytes:
    fixed = struct.pack("<HHI", _ETHERNET, 0, 0)
    return _write_block(_INTERFACE, fixed + _write_options((_INTERFACE_NAME, "imsedge play")))


def _write_secrets(lines: bytes) -> bytes:
    return _write_block(_SECRETS, struct.pack("<II", _TLS_KEY_LOG, len(lines)) + _pad(lines))


def _write_packet(packet: Packet, clock_offset: float) -> bytes:
    stamp = max(round((packet.time + clock_offset) * _MICROSECONDS), 0)
    length = len(packet.frame)
    fixed = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, length, length)
    return _write_block(_PACKET, fixed + _pad(packet.frame) + _write_options((_COMMENT, packet.comment)))


def _write_options(*options: tuple[int, str]) -> bytes:
    """Those with text; none at all needs no end either."""
    parts = []
    for code, text in options:
        value = text.encode("utf-8", "replace")[:_OPTION_OCTETS]
        if value:
            parts.append(struct.pack("<HH", code, len(value)) + _pad(value))
    return b"".join((*parts, struct.pack("<HH", _END, 0))) if parts else b""


def _write_block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _pad(octets: bytes) -> bytes:
    """To a multiple of four."""
    return octets + bytes(-len(octets) % 4)
