"""Ethernet, IP, UDP and TCP headers around what crossed, made up so that a packet analyser reads it.

Ethernet addresses are derived from the IP addresses.  UDP and IP headers say what was; of TCP only the octets
and their order are known, so segments are cut at ``SEGMENT`` octets, sequence numbers count from 1, and a
connection whose handshake nobody reported gets one in front of its first octets.
"""

import ipaddress
import struct
from collections.abc import Iterator
from enum import IntFlag
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind

SEGMENT = 1_460  # octets of TCP payload in a packet of an Ethernet
_WINDOW = 65_535
_TTL = 64
_UDP, _TCP = 17, 6
_IP4, _IP6 = 0x0800, 0x86DD
_FIRST = 1  # initial sequence number of both sides


class Flags(IntFlag):
    """Of a TCP segment (RFC 9293 clause 3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10


# What the summary of a ``Kind.TCP`` crossing says, and the segment that it is.
_SEGMENTS = {
    "SYN": Flags.SYN,
    "SYN ACK": Flags.SYN | Flags.ACK,
    "ACK": Flags.ACK,
    "FIN": Flags.FIN | Flags.ACK,
    "RST": Flags.RST | Flags.ACK,
}


class Packet(NamedTuple):
    """An Ethernet frame; ``comment`` is shown by analysers beside it."""

    time: float
    frame: bytes
    comment: str = ""


class Packets:
    """Turns crossings into packets, one by one, in the order seen."""

    def __init__(self) -> None:
        self._connections: dict[frozenset[TransportAddress], _Connection] = {}

    def of(self, crossing: Crossing) -> Iterator[Packet]:
        """None for what had no octets of its own: a message inside TLS that was seen already."""
        if crossing.transport == "udp":
            if crossing.data:
                yield Packet(crossing.time, write_udp(crossing), crossing.summary)
            return
        connection = self._connection(crossing)
        for number, segment in enumerate(connection.segments(crossing)):
            comment = "" if number else crossing.summary
            yield Packet(crossing.time, segment, comment)

    def _connection(self, crossing: Crossing) -> "_Connection":
        ends = frozenset((crossing.source, crossing.destination))
        return self._connections.setdefault(ends, _Connection())


class _Connection:
    """One TCP connection: what each side has sent, and how far it is open."""

    def __init__(self) -> None:
        self._next: dict[TransportAddress, int] = {}
        self._seen: set[tuple[TransportAddress, Flags]] = set()

    def segments(self, crossing: Crossing) -> Iterator[bytes]:
        source, destination = crossing.source, crossing.destination
        if crossing.kind is Kind.TCP:
            flags = _SEGMENTS.get(crossing.summary.upper())
            if flags is not None:
                yield from self._once(source, destination, flags)
            return
        if not crossing.data:
            return
        yield from self._open(source, destination)
        for start in range(0, len(crossing.data), SEGMENT):
            yield self._write(
                source, destination, Flags.PSH | Flags.ACK, crossing.data[start : start + SEGMENT]
            )

    def _open(self, source: TransportAddress, destination: TransportAddress) -> Iterator[bytes]:
        """What is missing of the handshake; who sends the first octets is taken for the caller."""
        caller = destination if (destination, Flags.SYN) in self._seen else source
        called = source if caller is destination else destination
        yield from self._once(caller, called, Flags.SYN)
        yield from self._once(called, caller, Flags.SYN | Flags.ACK)
        yield from self._once(caller, called, Flags.ACK)

    def _once(self, source: TransportAddress, destination: TransportAddress, flags: Flags) -> Iterator[bytes]:
        """Both ends of a connection may report the same segment."""
        if (source, flags) in self._seen:
            return
        self._seen.add((source, flags))
        yield self._write(source, destination, flags, b"")

    def _write(
        self, source: TransportAddress, destination: TransportAddress, flags: Flags, payload: bytes
    ) -> bytes:
        sequence = self._next.get(source, _FIRST)
        acknowledged = self._next.get(destination, 0) if flags & Flags.ACK else 0
        self._next[source] = sequence + len(payload) + (1 if flags & (Flags.SYN | Flags.FIN) else 0)
        ports = source.port, destination.port
        header = struct.pack("!HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, flags, _WINDOW, 0, 0)
        return _write_frame(source.host, destination.host, _TCP, header + payload, checksum_at=16)


def write_udp(crossing: Crossing) -> bytes:
    """The frame of one datagram."""
    source, destination, data = crossing.source, crossing.destination, crossing.data
    header = struct.pack("!HHHH", source.port, destination.port, 8 + len(data), 0)
    return _write_frame(source.host, destination.host, _UDP, header + data, checksum_at=6)


def _write_frame(source: str, destination: str, protocol: int, segment: bytes, *, checksum_at: int) -> bytes:
    begin, end = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    length = len(segment)
    if begin.version == 4:
        pseudo = begin.packed + end.packed + struct.pack("!BBH", 0, protocol, length)
        fixed = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, _TTL, protocol, 0)
        header = _with_checksum(fixed + begin.packed + end.packed, b"", 10)
    else:
        pseudo = begin.packed + end.packed + struct.pack("!IHBB", length, 0, 0, protocol)
        header = struct.pack("!IHBB", 6 << 28, length, protocol, _TTL) + begin.packed + end.packed
    ethernet = _mac(end.packed) + _mac(begin.packed) + struct.pack("!H", _IP4 if begin.version == 4 else _IP6)
    return ethernet + header + _with_checksum(segment, pseudo, checksum_at)


def _mac(address: bytes) -> bytes:
    """A locally administered address out of the last four octets."""
    return b"\x02\x00" + address[-4:]


def _with_checksum(octets: bytes, pseudo: bytes, at: int) -> bytes:
    """The Internet checksum (RFC 1071) of both, put into ``octets``, whose own field is zero."""
    data = pseudo + octets
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    checksum = (~total & 0xFFFF) or 0xFFFF
    return octets[:at] + struct.pack("!H", checksum) + octets[at + 2 :]
