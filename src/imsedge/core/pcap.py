"""Captures (pcap and pcapng) as the datagrams and streams that crossed, for reading messages out of them.

Understood: Ethernet with VLAN tags, Linux cooked, raw IP and loopback links; IPv4 and IPv6 with fragments;
UDP, TCP put in order, SCTP.  What is something else is passed over; a file that is no capture or breaks off
inside a header is a ``RemoteError``.
"""

import ipaddress
import struct
from collections.abc import Iterator
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError

BAD_CAPTURE = 400

_PCAP = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
}
_SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
_PCAPNG = _SECTION.to_bytes(4)
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_IP4, _IP6, _VLANS = 0x0800, 0x86DD, {0x8100, 0x88A8}
_FRAGMENT, _EXTENSIONS = 44, {0, 43, 60}
_TCP, _UDP, _SCTP = 6, 17, 132
_NAMES = {_TCP: "tcp", _UDP: "udp", _SCTP: "sctp"}
_SYN = 0x02

# Link types (tcpdump.org/linktypes.html) -> octets before the IP header, and where the EtherType stands.
_LINKS = {1: (14, 12), 113: (16, 14), 276: (20, 0), 101: (0, None), 12: (0, None), 14: (0, None)}
_LINKS |= {228: (0, None), 229: (0, None), 0: (4, None), 108: (4, None)}


class Segment(NamedTuple):
    """Octets of one packet.  ``number``: of the packet, from 1.  ``sequence``: of TCP; ``syn`` starts one."""

    number: int
    transport: str
    source: TransportAddress
    destination: TransportAddress
    data: bytes
    sequence: int = 0
    syn: bool = False


def is_capture(data: bytes) -> bool:
    """Whether it starts as one."""
    return data[:4] in _PCAP or data[:4] == _PCAPNG


def read_segments(data: bytes) -> list[Segment]:
    """Everything over UDP, TCP and SCTP.  SCTP: one for each user message that came in one piece."""
    fragments: dict[object, dict[int, tuple[bytes, bool]]] = {}
    found: list[Segment] = []
    for number, (link, frame) in enumerate(_frames(data), 1):
        try:
            found += _segments(number, link, frame, fragments)
        except (struct.error, IndexError, ValueError):  # cut off, or something else altogether
            continue
    return found


def streams(segments: list[Segment]) -> Iterator[list[Segment]]:
    """Each direction of each TCP connection: its segments in order, repeats cut away, gaps left out."""
    current: dict[tuple[TransportAddress, TransportAddress], list[Segment]] = {}
    for segment in segments:
        if segment.transport != "tcp":
            continue
        key = segment.source, segment.destination
        if segment.syn and key in current:
            yield _in_order(current.pop(key))
        current.setdefault(key, []).append(segment)
    for stream in current.values():
        yield _in_order(stream)


def _in_order(stream: list[Segment]) -> list[Segment]:
    first = stream[0].sequence
    ahead = [((one.sequence - first + 2**31) % 2**32 - 2**31 + one.syn, one) for one in stream if one.data]
    placed = sorted(ahead, key=lambda pair: pair[0])
    kept: list[Segment] = []
    end = placed[0][0] if placed else 0
    for position, segment in placed:
        fresh = segment.data[max(0, end - position) :]
        if fresh:
            kept.append(segment._replace(data=fresh))
            end = max(end, position) + len(fresh)
    return kept


# --- the file ------------------------------------------------------------------------------------------


def _frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Link type and octets of each packet."""
    if data[:4] in _PCAP:
        yield from _pcap_frames(data, _PCAP[data[:4]])
    elif data[:4] == _PCAPNG:
        yield from _pcapng_frames(data)
    else:
        raise RemoteError(BAD_CAPTURE, "neither pcap nor pcapng", offset=0)


def _pcap_frames(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    if len(data) < 24:
        raise RemoteError(BAD_CAPTURE, "the capture ends in its header", offset=len(data))
    link = struct.unpack_from(f"{order}I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(f"{order}I", data, at + 8)[0]
        yield link, data[at + 16 : at + 16 + size]
        at += 16 + size


def _pcapng_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    order, links, at = "<", list[int](), 0
    while at + 12 <= len(data):
        if data[at : at + 4] == _PCAPNG:
            links = []
            order = _ORDERS.get(data[at + 8 : at + 12], "")
            if not order:
                raise RemoteError(BAD_CAPTURE, "a section of unknown octet order", offset=at)
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if size < 12 or size % 4:
            raise RemoteError(BAD_CAPTURE, f"a block of {size} octets", offset=at)
        body = data[at + 8 : at + size - 4]
        if kind == _INTERFACE and len(body) >= 2:
            links.append(struct.unpack_from(f"{order}H", body)[0])
        elif kind == _ENHANCED and len(body) >= 20:
            interface, _, _, length = struct.unpack_from(f"{order}IIII", body)
            yield links[interface] if interface < len(links) else -1, body[20 : 20 + length]
        elif kind == _SIMPLE and links and len(body) >= 4:
            yield links[0], body[4 : 4 + struct.unpack_from(f"{order}I", body)[0]]
        at += size


# --- the packet ----------------------------------------------------------------------------------------


def _segments(
    number: int, link: int, frame: bytes, fragments: dict[object, dict[int, tuple[bytes, bool]]]
) -> Iterator[Segment]:
    packet = _ip_packet(link, frame)
    version = packet[0] >> 4
    if version == 4:
        header, (total, ident, cut) = (packet[0] & 15) * 4, struct.unpack_from(">HHH", packet, 2)
        source, destination, protocol = packet[12:16], packet[16:20], packet[9]
        payload = packet[header : total or None]
        piece = (ident, (cut & 0x1FFF) * 8, bool(cut & 0x2000))
    elif version == 6:
        source, destination = packet[8:24], packet[24:40]
        total = struct.unpack_from(">H", packet, 4)[0]
        protocol, payload, piece = _behind_extensions(packet[6], packet[40 : 40 + total if total else None])
    else:
        return
    if piece[1] or piece[2]:
        whole = _reassembled(fragments, (source, destination, protocol, piece[0]), payload, piece[1:])
        if whole is None:
            return
        payload = whole
    if protocol not in _NAMES:
        return
    near, far = struct.unpack_from(">HH", payload)
    ends = (
        TransportAddress(str(ipaddress.ip_address(source)), near),
        TransportAddress(str(ipaddress.ip_address(destination)), far),
    )
    yield from _payload(number, protocol, ends, payload)


def _payload(
    number: int, protocol: int, ends: tuple[TransportAddress, TransportAddress], payload: bytes
) -> Iterator[Segment]:
    if protocol == _UDP:
        yield Segment(number, "udp", *ends, payload[8 : struct.unpack_from(">H", payload, 4)[0]])
    elif protocol == _TCP:
        data = payload[(payload[12] >> 4) * 4 :]
        sequence, syn = struct.unpack_from(">I", payload, 4)[0], bool(payload[13] & _SYN)
        yield Segment(number, "tcp", *ends, data, sequence, syn)
    else:
        at = 12
        while at + 4 <= len(payload):
            kind, flags, size = struct.unpack_from(">BBH", payload, at)
            if kind == 0 and flags & 3 == 3:  # DATA, beginning and end
                yield Segment(number, "sctp", *ends, payload[at + 16 : at + size])
            at += max(4, (size + 3) & ~3)


def _ip_packet(link: int, frame: bytes) -> bytes:
    skip, type_at = _LINKS[link] if link in _LINKS else (len(frame), None)
    if type_at is not None:
        kind = struct.unpack_from(">H", frame, type_at)[0]
        while kind in _VLANS:
            kind, skip = struct.unpack_from(">H", frame, skip + 2)[0], skip + 4
        if kind not in {_IP4, _IP6}:
            raise ValueError(kind)
    return frame[skip:]


def _behind_extensions(kind: int, payload: bytes) -> tuple[int, bytes, tuple[int, int, bool]]:
    piece = (0, 0, False)
    while kind in _EXTENSIONS or kind == _FRAGMENT:
        if kind == _FRAGMENT:
            cut, ident = struct.unpack_from(">HI", payload, 2)
            piece = (ident, cut & 0xFFF8, bool(cut & 1))
            size = 8
        else:
            size = (payload[1] + 1) * 8
        kind, payload = payload[0], payload[size:]
    return kind, payload, piece


def _reassembled(
    fragments: dict[object, dict[int, tuple[bytes, bool]]],
    key: object,
    payload: bytes,
    place: tuple[int, bool],
) -> bytes | None:
    """The whole once its last piece is here."""
    pieces = fragments.setdefault(key, {})
    pieces[place[0]] = (payload, place[1])
    whole = b""
    while len(whole) in pieces:
        data, more = pieces[len(whole)]
        whole += data
        if not more:
            del fragments[key]
            return whole
        if not data:
            break
    return None
