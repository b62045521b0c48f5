"""Messages in files: how many, of which kind, and where."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.core.trace import Crossing, Kind
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.framing import write_tpkt
from imsedge.h248.sources import Input, find_messages, input_of
from imsedge.play.pcapng import write_capture
from kit.peers import need

ONE = b"!/1 [192.0.2.1] T=1{C=-{AV=ROOT{AT{}}}}"
TWO = b"MEGACO/1 [192.0.2.2]:2944\nReply = 1 { Context = - { AuditValue = ROOT } }\n"
BER = [encode(decode(text), Encoding.BER) for text in (ONE, TWO)]
INDEFINITE = b"\x30\x80" + BER[1][2:] + b"\0\0"


def hexdump(data: bytes, style: str) -> bytes:
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        octets, shown = row.hex(" "), "".join(chr(o) if 32 <= o < 127 else "." for o in row)
        match style:
            case "plain":
                lines.append(octets)
            case "0x":
                lines.append(", ".join(f"0x{octet:02X}" for octet in row) + ",")
            case "tshark -x":
                lines.append(f"{at:04x}  {octets:<48}  {shown}")
            case "xxd":
                lines.append(f"{at:08x}: {row.hex(' ', 2):<40} {shown}")
            case "hexdump -C":
                lines.append(f"{at:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}  |{shown}|")
    return "\n".join(lines).encode() + b"\n"


def crossing(transport: str, data: bytes, port: int = 2944) -> Crossing:
    ends = TransportAddress("192.0.2.1", 40_000), TransportAddress("192.0.2.2", port)
    return Crossing(1.0, Kind.H248, *ends, transport, "", data)


FILES = {
    "one text": (ONE, Input.TEXT, [ONE]),
    "texts with dashes between": (ONE + b"\n---\n" + TWO + b"-----\r\n" + ONE, Input.TEXT, [ONE, TWO, ONE]),
    "texts one after the other": (ONE + b"\n" + TWO + b"megaco/1 x", Input.TEXT, [ONE, TWO, b"megaco/1 x"]),
    "texts with authentication": (b"AU=0x1:0x2:0x3\n" + ONE + b"\nAU = 0x1 " + ONE, Input.TEXT, 2),
    "a comment before": (b"; a capture\n" + ONE + b"\n; more\n" + TWO, Input.TEXT, 2),
    "nothing": (b"", Input.TEXT, [b""]),
    "no H.248": (b"INVITE sip:x SIP/2.0\r\n", Input.TEXT, 1),
    "BER": (BER[0], Input.BER, [BER[0]]),
    "BER one after the other": (BER[0] + BER[1] + BER[0], Input.BER, [BER[0], BER[1], BER[0]]),
    "BER of indefinite length at the end": (BER[0] + INDEFINITE, Input.BER, [BER[0], INDEFINITE]),
    "BER that breaks off": (BER[0][:-3], Input.BER, [BER[0][:-3]]),
    "TPKTs": (write_tpkt(ONE) + write_tpkt(BER[0]), Input.TPKT, [ONE, BER[0]]),
    **{
        f"{style} of {name}": (hexdump(data, style), Input.HEX, [data])
        for style in ("plain", "0x", "tshark -x", "xxd", "hexdump -C")
        for name, data in (("text", ONE), ("BER", BER[0]))
    },
    "dumps with a blank line between": (
        hexdump(ONE, "plain") + b"\n" + hexdump(BER[0], "plain"),
        Input.HEX,
        [ONE, BER[0]],
    ),
    "dumps with offsets": (hexdump(ONE, "xxd") + hexdump(BER[0], "xxd"), Input.HEX, [ONE, BER[0]]),
    "a dump of TPKTs": (hexdump(write_tpkt(ONE) * 2, "plain"), Input.HEX, [ONE, ONE]),
    "a capture over UDP": (
        write_capture([crossing("udp", ONE), crossing("udp", BER[0], 2945)]),
        Input.PCAP,
        [ONE, BER[0]],
    ),
    "a capture over TCP": (
        write_capture([crossing("tcp", write_tpkt(ONE * 50)), crossing("tcp", write_tpkt(BER[0]))]),
        Input.PCAP,
        [ONE * 50, BER[0]],
    ),
    "other ports": (write_capture([crossing("udp", ONE, 2999)]), Input.PCAP, []),
}


@pytest.mark.parametrize("more", range(30))
def test_plain_hex_may_end_with_a_line_of_any_length(more: int) -> None:
    """As of ``xxd -p``: a last line of three or four octets is no offset."""
    message = ONE + b" " * more
    lines = [message[at : at + 30].hex() for at in range(0, len(message), 30)]
    (found,) = find_messages("\n".join(lines).encode())
    assert found.data == message


@pytest.mark.parametrize(("data", "kind", "messages"), FILES.values(), ids=FILES)
def test_files(data: bytes, kind: Input, messages: list[bytes] | int) -> None:
    assert input_of(data) is kind
    found = find_messages(data)
    if isinstance(messages, int):
        assert len(found) == messages
    else:
        assert [one.data.strip() for one in found] == [message.strip() for message in messages]


def test_a_message_is_found_again_where_it_stands() -> None:
    for data in (ONE + b"\n---\n" + TWO, BER[0] + BER[1], write_tpkt(ONE) + write_tpkt(TWO)):
        for one in find_messages(data):
            assert one.offset is not None
            assert data[one.offset : one.offset + len(one.data)] == one.data


def test_places() -> None:
    assert [one.place for one in find_messages(ONE + b"\n" + ONE)] == ["message 1", "message 2"]
    assert [one.place for one in find_messages(write_capture([crossing("udp", ONE)]))] == ["packet 1"]


def test_other_ports_and_kinds_can_be_named() -> None:
    capture = write_capture([crossing("udp", ONE, 2999)])
    assert [one.data for one in find_messages(capture, ports=(2999,))] == [ONE]
    assert [one.data for one in find_messages(b"30 00", Input.TEXT)] == [b"30 00"]


@pytest.mark.parametrize(
    "data", [write_tpkt(ONE) + b"\x03\x00\x00", write_tpkt(ONE) + b"x", b"3000\n30 3", b"0000  30 3g"]
)
def test_what_cannot_be_cut(data: bytes) -> None:
    with pytest.raises(RemoteError):
        find_messages(data)


@given(st.binary(max_size=300), st.sampled_from([None, *Input]))
def test_any_file_is_cut_or_refused(data: bytes, kind: Input | None) -> None:
    with suppress(RemoteError):
        find_messages(data, kind)


@pytest.mark.interop
@pytest.mark.parametrize("format_", ["pcap", "nsecpcap", "pcapng"])
def test_captures_that_wireshark_writes(tmp_path: Path, format_: str) -> None:
    (tmp_path / "ours").write_bytes(
        write_capture([crossing("udp", ONE), crossing("tcp", write_tpkt(TWO)), crossing("udp", BER[0], 2945)])
    )
    command = [need("tshark"), "-r", str(tmp_path / "ours"), "-F", format_, "-w", str(tmp_path / "theirs")]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    found = find_messages((tmp_path / "theirs").read_bytes())
    assert [one.data for one in found] == [ONE, TWO, BER[0]]
