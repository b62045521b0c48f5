"""Captures: every kind of file and link, streams in order, fragments, and anything that is none of it."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.core.pcap import Segment, is_capture, read_segments, streams

NEAR, FAR = TransportAddress("192.0.2.1", 2944), TransportAddress("192.0.2.2", 40_000)


def ip4(payload: bytes, protocol: int, *, cut: int = 0, ident: int = 1) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, cut, 64, protocol, 0)
    return head + bytes((192, 0, 2, 1, 192, 0, 2, 2)) + payload


def ip6(payload: bytes, protocol: int, fragment: tuple[int, int] | None = None) -> bytes:
    if fragment is not None:
        payload = struct.pack(">BBHI", protocol, 0, fragment[0] | fragment[1], 9) + payload
        protocol = 44
    ends = bytes(15) + b"\x01" + bytes(15) + b"\x02"
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload


def udp(data: bytes, size: int | None = None) -> bytes:
    return struct.pack(">HHHH", 2944, 40_000, 8 + (len(data) if size is None else size), 0) + data


def tcp(data: bytes, sequence: int, flags: int = 0x10) -> bytes:
    return struct.pack(">HHIIBBHHH", 2944, 40_000, sequence, 0, 0x50, flags, 0, 0, 0) + data


def sctp(*chunks: tuple[int, int, bytes]) -> bytes:
    written = b"".join(
        struct.pack(">BBHIHHI", kind, flags, 16 + len(data), 0, 0, 0, 7) + data + bytes(-len(data) % 4)
        for kind, flags, data in chunks
    )
    return struct.pack(">HHII", 2944, 40_000, 0, 0) + written


def pcap(*frames: bytes, link: int = 101, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack(f"{order}IIII", 1, 2, len(f), len(f)) + f for f in frames)


def pcapng(*frames: bytes, link: int = 101, order: str = "<") -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return (
            struct.pack(f"{order}II", kind, 12 + len(body)) + body + struct.pack(f"{order}I", 12 + len(body))
        )

    section = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack(f"{order}HHI", link, 0, 0))
    enhanced = [block(6, struct.pack(f"{order}IIIII", 0, 0, 0, len(f), len(f)) + f) for f in frames[:-1]]
    simple = [block(3, struct.pack(f"{order}I", len(f)) + f) for f in frames[-1:]]
    return section + interface + block(0x99, b"what nobody knows") + b"".join(enhanced + simple)


ETHERNET = bytes(12)
LINKS = {
    "ethernet": (1, ETHERNET + b"\x08\x00"),
    "ethernet with VLANs": (1, ETHERNET + b"\x88\xa8\x00\x05\x81\x00\x00\x07\x08\x00"),
    "linux cooked": (113, bytes(14) + b"\x08\x00"),
    "linux cooked 2": (276, b"\x08\x00" + bytes(18)),
    "raw": (101, b""),
    "BSD loopback": (0, b"\x02\0\0\0"),
}


@pytest.mark.parametrize(("link", "head"), LINKS.values(), ids=LINKS)
def test_links(link: int, head: bytes) -> None:
    frame = head + ip4(udp(b"hello"), 17)
    assert read_segments(pcap(frame, link=link)) == [Segment(1, "udp", NEAR, FAR, b"hello")]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("write", [pcap, pcapng])
def test_files_of_both_octet_orders(order: str, write: type) -> None:
    data = write(ip4(udp(b"one"), 17), ip4(udp(b"two"), 17), order=order)
    assert is_capture(data)
    assert [(one.number, one.data) for one in read_segments(data)] == [(1, b"one"), (2, b"two")]


def test_nanoseconds() -> None:
    assert len(read_segments(pcap(ip4(udp(b"x"), 17), magic=0xA1B23C4D))) == 1


def test_ipv6_also_behind_other_headers() -> None:
    hops = struct.pack(">BB6x", 17, 0) + udp(b"hops")
    (plain, behind) = read_segments(pcap(ip6(udp(b"plain"), 17), ip6(hops, 0)))
    assert (plain.source.host, plain.data, behind.data) == ("::1", b"plain", b"hops")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_fragments_in_any_order(order: tuple[int, ...]) -> None:
    whole = udp(b"x" * 40)
    v4 = [ip4(whole[:16], 17, cut=0x2000), ip4(whole[16:32], 17, cut=0x2002), ip4(whole[32:], 17, cut=4)]
    v6 = [ip6(whole[:16], 17, (0, 1)), ip6(whole[16:32], 17, (16, 1)), ip6(whole[32:], 17, (32, 0))]
    for pieces in (v4, v6):
        (segment,) = read_segments(pcap(*(pieces[n] for n in order)))
        assert segment.data == b"x" * 40


def test_a_stream_is_put_in_order_without_repeats() -> None:
    start = 2**32 - 3  # sequence numbers begin anew on the way
    frames = [
        ip4(tcp(b"", start - 1, 0x02), 6),
        ip4(tcp(b"def", 0), 6),
        ip4(tcp(b"abc", start), 6),
        ip4(tcp(b"cdefgh", start + 2), 6),
        ip4(tcp(b"", 5), 6),
    ]
    (stream,) = streams(read_segments(pcap(*frames)))
    assert b"".join(one.data for one in stream) == b"abcdefgh"


def test_a_port_used_again_is_another_stream() -> None:
    frames = [
        ip4(tcp(b"", 1, 2), 6),
        ip4(tcp(b"one", 2), 6),
        ip4(tcp(b"", 900, 2), 6),
        ip4(tcp(b"two", 901), 6),
    ]
    assert [stream[0].data for stream in streams(read_segments(pcap(*frames)))] == [b"one", b"two"]


def test_user_messages_of_sctp() -> None:
    frame = ip4(sctp((0, 3, b"first"), (3, 0, b"ack"), (0, 3, b"second"), (0, 2, b"a part")), 132)
    assert [one.data for one in read_segments(pcap(frame))] == [b"first", b"second"]


PASSED_OVER = {
    "another protocol": ip4(b"x" * 20, 1),
    "no IP": b"\x50" + bytes(30),
    "cut off": ip4(udp(b"hello"), 17)[:22],
    "nothing": b"",
}


@pytest.mark.parametrize("frame", PASSED_OVER.values(), ids=PASSED_OVER)
def test_what_is_passed_over(frame: bytes) -> None:
    assert read_segments(pcap(frame, ip4(udp(b"good"), 17)))[0].data == b"good"
    assert read_segments(pcap(ETHERNET + b"\x08\x06" + frame, link=1)) == []
    assert read_segments(pcap(frame, link=999)) == []


REFUSED = {
    "no capture": b"MEGACO/1",
    "a short header": pcap()[:20],
    "an octet order that is none": pcapng()[:8] + b"1234" + pcapng()[12:],
    "a block too short": pcapng() + struct.pack("<III", 6, 8, 8),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_no_capture(data: bytes) -> None:
    with pytest.raises(RemoteError):
        read_segments(data)


@given(st.binary(max_size=200), st.sampled_from([pcap, pcapng]), st.sampled_from([0, 1, 101, 113]))
def test_any_frame_is_read_or_passed_over(frame: bytes, write: type, link: int) -> None:
    list(streams(read_segments(write(frame, b"\x45" + frame, link=link))))


@given(st.integers(0, 200), st.binary(max_size=8))
def test_any_damage_is_one_error_or_none(at: int, damage: bytes) -> None:
    for write in (pcap, pcapng):
        data = write(ip4(udp(b"hello"), 17), ip4(tcp(b"x", 1), 6))
        with suppress(RemoteError):
            read_segments(data[:at] + damage + data[at + len(damage) :])
