"""What crossed becomes a capture: its packets by hand, and tshark's opinion of the whole file."""

import asyncio
import struct
import subprocess
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.core.msrp_uri import read_msrp_uri
from imsedge.core.trace import Crossing, Kind
from imsedge.play.chat import Chat
from imsedge.play.media_end import MediaEnd
from imsedge.play.packets import SEGMENT, Flags, Packets
from imsedge.play.pcapng import write_capture
from imsedge.play.secure_end import Identity
from imsedge.security.certificates import self_signed
from imsedge.security.tls import Role
from kit.peers import need

UE, ALG = TransportAddress("192.0.2.1", 5060), TransportAddress("192.0.2.2", 5060)
MGC, MG = TransportAddress("192.0.2.2", 2944), TransportAddress("192.0.2.3", 2944)
SIX = TransportAddress("2001:db8::1", 5060), TransportAddress("2001:db8::2", 5060)

OPTIONS = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
AUDIT = b"MEGACO/1 [192.0.2.2]:2944\nTransaction = 1 { Context = - { AuditValue = ROOT { Audit { } } } }\n"
SEND = (
    b"MSRP abcd SEND\r\nTo-Path: msrp://192.0.2.2:2855/b;tcp\r\nFrom-Path: msrp://192.0.2.1:2855/a;tcp\r\n"
    b"Message-ID: 1\r\nByte-Range: 1-2000/2000\r\nContent-Type: text/plain\r\n\r\n"
    + b"x" * 2000
    + b"\r\n-------abcd$\r\n"
)


def tcp(
    source: TransportAddress,
    destination: TransportAddress,
    summary: str = "",
    data: bytes = b"",
    kind: Kind = Kind.TCP,
) -> Crossing:
    return Crossing(1.0, kind, source, destination, "tcp", summary, data)


def segments(*crossings: Crossing) -> list[tuple[str, int, int, Flags, int]]:
    """Source port, sequence, acknowledgement, flags and payload octets of each packet."""
    packets = Packets()
    found = []
    for crossing in crossings:
        for packet in packets.of(crossing):
            port, _, sequence, acknowledged, _, flags = struct.unpack_from("!HHIIBB", packet.frame, 34)
            found.append((str(port), sequence, acknowledged, Flags(flags), len(packet.frame) - 54))
    return found


SYN, ACK, PSH, FIN = Flags.SYN, Flags.ACK, Flags.PSH, Flags.FIN
A, B = TransportAddress("192.0.2.1", 1), TransportAddress("192.0.2.2", 2)


def test_a_connection_from_its_handshake_to_its_end() -> None:
    assert segments(
        tcp(A, B, "SYN"),
        tcp(B, A, "SYN ACK"),
        tcp(A, B, "ACK"),
        tcp(A, B, "SEND", b"hello", Kind.MSRP),
        tcp(A, B, "SEND (5 octets)", b"", Kind.MSRP),  # a message inside octets that were seen
        tcp(B, A, "", b"ok", Kind.TLS),
        tcp(A, B, "FIN"),
        tcp(A, B, "FIN"),  # reported by both ends
        tcp(B, A, "FIN"),
        tcp(B, A, "something else"),
    ) == [
        ("1", 1, 0, SYN, 0),
        ("2", 1, 2, SYN | ACK, 0),
        ("1", 2, 2, ACK, 0),
        ("1", 2, 2, PSH | ACK, 5),
        ("2", 2, 7, PSH | ACK, 2),
        ("1", 7, 4, FIN | ACK, 0),
        ("2", 4, 8, FIN | ACK, 0),
    ]


def test_a_handshake_that_nobody_reported_is_made_up() -> None:
    flags = [row[:1] + row[3:] for row in segments(tcp(A, B, "INVITE", b"x" * (SEGMENT + 1), Kind.SIP))]
    assert flags == [
        ("1", SYN, 0),
        ("2", SYN | ACK, 0),
        ("1", ACK, 0),
        ("1", PSH | ACK, SEGMENT),
        ("1", PSH | ACK, 1),
    ]


def test_half_a_handshake_is_completed_in_its_own_direction() -> None:
    flags = [row[:1] + row[3:4] for row in segments(tcp(A, B, "SYN"), tcp(B, A, "", b"x", Kind.MSRP))]
    assert flags == [("1", SYN), ("2", SYN | ACK), ("1", ACK), ("2", PSH | ACK)]


def test_a_datagram_without_octets_is_no_packet() -> None:
    assert list(Packets().of(Crossing(1.0, Kind.SIP, UE, ALG, "udp", "lost"))) == []


def blocks(capture: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(capture):
        kind, length = struct.unpack_from("<II", capture, at)
        assert capture[at + length - 4 : at + length] == struct.pack("<I", length)
        found.append((kind, capture[at + 8 : at + length - 4]))
        at += length
    return found


def test_blocks_stand_in_the_order_that_analysers_need() -> None:
    crossing = Crossing(1.5, Kind.SIP, UE, ALG, "udp", "OPTIONS caf\udce9", OPTIONS)
    kinds = [kind for kind, _ in blocks(write_capture([crossing], b"CLIENT_RANDOM 00 00\n"))]
    assert kinds == [0x0A0D0D0A, 1, 0x0A, 6]
    packet = blocks(write_capture([crossing], clock_offset=0.25))[-1][1]
    _, high, low, captured, original = struct.unpack_from("<IIIII", packet)
    assert ((high << 32) + low, captured) == (1_750_000, original)
    assert b"OPTIONS caf?" in packet


def test_h248_on_another_port_says_how_it_is_decoded() -> None:
    odd = Crossing(1.0, Kind.H248, MGC._replace(port=40000), MG._replace(port=2950), "udp", "AUDIT", AUDIT)
    assert b"-d udp.port==2950,megaco" in blocks(write_capture([odd]))[0][1]
    usual = Crossing(1.0, Kind.H248, MGC._replace(port=40000), MG, "udp", "AUDIT", AUDIT)
    assert b"megaco" not in blocks(write_capture([usual]))[0][1]


def tshark(file: Path, *options: str) -> str:
    """What plain tshark makes of it; checksums are checked."""
    checks = [option for layer in ("ip", "tcp", "udp") for option in ("-o", f"{layer}.check_checksum:TRUE")]
    command = [need("tshark"), "-n", "-r", str(file), *checks, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


BAD = (
    "_ws.malformed || tcp.analysis.flags || tcp.checksum_bad.expert || udp.checksum.bad"
    " || ip.checksum_bad.expert"
)


@pytest.mark.interop
def test_tshark_decodes_every_kind_without_a_complaint(tmp_path: Path) -> None:
    file = tmp_path / "flow.pcapng"
    crossings = [
        Crossing(1.0, Kind.SIP, UE, ALG, "udp", "OPTIONS", OPTIONS),
        Crossing(1.1, Kind.SIP, *SIX, "udp", "OPTIONS", OPTIONS),
        Crossing(1.2, Kind.SIP, UE, ALG._replace(port=5061), "tcp", "OPTIONS", OPTIONS),
        Crossing(1.3, Kind.H248, MGC, MG, "udp", "AUDIT req", AUDIT),
        tcp(A, B, "SYN"),
        tcp(B, A, "SYN ACK"),
        tcp(A, B, "ACK"),
        tcp(A, B, "SEND", SEND, Kind.MSRP),
        tcp(A, B, "FIN"),
        tcp(B, A, "FIN"),
    ]
    file.write_bytes(write_capture(crossings))
    seen = tshark(file, "-T", "fields", "-e", "frame.protocols", "-e", "frame.comment").splitlines()
    top = [line.split("\t")[0].rpartition(":")[2] for line in seen]
    assert [name for name in top if name != "tcp"][:4] == ["sip", "sip", "sip", "megaco"]
    assert any("msrp" in line for line in seen)
    assert "AUDIT req" in seen[6]
    assert tshark(file, "-Y", BAD) == ""


async def conversation(seen: list[Crossing], secrets: list[bytes], *, tls: bool) -> None:
    alice_certificate, bob_certificate = self_signed("alice"), self_signed("bob")
    alice = MediaEnd("127.0.0.1", seen.append, Identity(alice_certificate, keylog=secrets.append))
    bob = MediaEnd("127.0.0.1", lambda _: None, Identity(bob_certificate))
    await asyncio.gather(alice.connect(bob.local), bob.accept())
    if tls:
        await asyncio.gather(
            alice.secure(Role.CLIENT, (bob_certificate.fingerprint(),)),
            bob.secure(Role.SERVER, (alice_certificate.fingerprint(),)),
        )
    ours, theirs = read_msrp_uri("msrps://a:1/a;tcp"), read_msrp_uri("msrps://b:2/b;tcp")
    her, his = Chat(alice, ours, (theirs,), RandomIds()), Chat(bob, theirs, (ours,), RandomIds())
    await his.begin(active=False)
    await her.begin(active=True)
    await her.say("nobody may read this")
    await her.end()
    await his.end()


@pytest.mark.interop
@pytest.mark.system
async def test_tshark_reads_what_was_said_through_the_secrets_in_the_file(tmp_path: Path) -> None:
    seen: list[Crossing] = []
    secrets: list[bytes] = []
    await conversation(seen, secrets, tls=True)
    opened, sealed = tmp_path / "opened.pcapng", tmp_path / "sealed.pcapng"
    opened.write_bytes(write_capture(seen, b"".join(line + b"\n" for line in secrets)))
    sealed.write_bytes(write_capture(seen))
    follow = ("-q", "-z", "follow,tls,ascii,0")
    assert "nobody may read this" in await asyncio.to_thread(tshark, opened, *follow)
    assert "nobody may read this" not in await asyncio.to_thread(tshark, sealed, *follow)
    assert await asyncio.to_thread(tshark, opened, "-Y", BAD) == ""
    handshake = await asyncio.to_thread(tshark, opened, "-Y", "tls.handshake.type == 1")
    assert "Client Hello" in handshake


@pytest.mark.interop
@pytest.mark.system
async def test_tshark_sees_msrp_in_clear_on_any_port(tmp_path: Path) -> None:
    seen: list[Crossing] = []
    await conversation(seen, [], tls=False)
    file = tmp_path / "clear.pcapng"
    file.write_bytes(write_capture(seen))
    lines = (await asyncio.to_thread(tshark, file, "-Y", "msrp")).splitlines()
    assert [("SEND" in line, "200 OK" in line) for line in lines] == [(True, False), (False, True)] * 2
    assert await asyncio.to_thread(tshark, file, "-Y", BAD) == ""
