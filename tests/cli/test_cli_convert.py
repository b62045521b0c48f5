"""``imsedge h248 decode | encode``: there and back, and errors that point at the place."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind
from imsedge.play.pcapng import write_capture

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]

COMPACT = b"!/2 [192.0.2.1]:2944 T=7{C=3{MF=ip/access/1{M{ST=1{O{MO=SR,tcpbcc/mode=proxy}}}}}}"
NOTIFY = b"""\
MEGACO/1 <gw.example.net>
Transaction = 9 {
  Context = 3 {
    Notify = ip/access/1 { ObservedEvents = 12 { tcpbcc/BNCChange { Type = Mfail } } }
  }
}
"""


@pytest.mark.parametrize("message", [COMPACT, NOTIFY], ids=["compact", "pretty"])
@pytest.mark.parametrize("encoding", ["compact", "pretty", "ber"])
def test_json_is_the_whole_message(imsedge: Imsedge, message: bytes, encoding: str) -> None:
    decoded = imsedge("h248", "decode", stdin=message)
    assert decoded.returncode == 0
    encoded = imsedge("h248", "encode", "--encoding", encoding, stdin=decoded.stdout)
    assert encoded.returncode == 0
    assert imsedge("h248", "decode", stdin=encoded.stdout).stdout == decoded.stdout


def test_what_the_json_says(imsedge: Imsedge, tmp_path: Path) -> None:
    (tmp_path / "add.txt").write_bytes(COMPACT)
    message = msgspec.json.decode(imsedge("h248", "decode", str(tmp_path / "add.txt")).stdout)
    assert message["version"] == 2
    assert message["mid"] == {"type": "ip", "host": "192.0.2.1", "port": 2944}
    (transaction,) = message["body"]
    (command,) = transaction["actions"][0]["commands"]
    assert (transaction["id"], command["verb"], command["terminations"]) == (7, "Modify", ["ip/access/1"])


def test_one_line_for_machines(imsedge: Imsedge) -> None:
    assert imsedge("h248", "decode", "--indent", "0", stdin=COMPACT).stdout.count(b"\n") == 1


BAD_MESSAGES = {
    "no H.248": (b"INVITE sip:alice@example.net SIP/2.0\r\n", "-:1:1: 400 "),
    "nothing": (b"", "-:1:1: 400 "),
    "what should be a transaction": (b"MEGACO/1 [192.0.2.1]\n  Foo=1{}", "-:2:3: 400 Foo is no transaction"),
}


@pytest.mark.parametrize(("message", "sentence"), BAD_MESSAGES.values(), ids=BAD_MESSAGES)
def test_an_error_points_at_line_and_column(imsedge: Imsedge, message: bytes, sentence: str) -> None:
    done = imsedge("h248", "decode", stdin=message)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"imsedge: {sentence}")


WRONG_WITHIN = b"""\
MEGACO/2 [192.0.2.1]
Transaction = 1 { Context = 5 {
  Add = $ { Media { Bogus } },
  Subtract = ip/core/1 } }
Transaction = 2 { Context = ? { Subtract = * } }
"""


def test_what_is_wrong_within_a_message_is_said_with_its_place_beside_the_json(imsedge: Imsedge) -> None:
    done = imsedge("h248", "decode", stdin=WRONG_WITHIN)
    assert done.returncode == 1
    one, _ = msgspec.json.decode(done.stdout)["body"]
    assert [command["verb"] for command in one["actions"][0]["commands"]] == ["Add", "Subtract"]
    assert one["actions"][0]["commands"][0]["error"]["code"] == 444
    first, second = done.stderr.decode().splitlines()
    assert first.startswith("imsedge: -:3:21: 444 Unsupported or Unknown Descriptor: Bogus")
    assert second.startswith("imsedge: -:5:")
    assert "octet" not in first


def test_a_place_in_binary_is_an_octet(imsedge: Imsedge) -> None:
    document = imsedge("h248", "decode", stdin=COMPACT).stdout
    binary = imsedge("h248", "encode", "--encoding", "ber", stdin=document).stdout
    place = binary.index(b"\x80\x01\x02\xa3")  # streamMode [0] = 2
    broken = binary[:place] + b"\x80\x01\x09" + binary[place + 3 :]
    done = imsedge("h248", "decode", stdin=broken)
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"imsedge: -: message 1, octet {place + 2}: 449 ")


def test_an_error_that_a_peer_sent_is_no_mistake(imsedge: Imsedge) -> None:
    reply = b'!/1 <x> P=1{C=1{A=ip/access/1{ER=430{"Unknown TerminationID (octet 5)"}}}}'
    assert imsedge("h248", "decode", stdin=reply).returncode == 0


def test_many_messages_there_and_back(imsedge: Imsedge, tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_bytes(COMPACT + b"\n---\n" + NOTIFY)
    decoded = imsedge("h248", "decode", "--indent", "0", str(tmp_path / "two.txt")).stdout
    assert [msgspec.json.decode(line)["version"] for line in decoded.splitlines()] == [2, 1]
    for encoding in ("compact", "ber"):
        encoded = imsedge("h248", "encode", "--encoding", encoding, stdin=decoded)
        assert encoded.returncode == 0
        assert imsedge("h248", "decode", "--indent", "0", stdin=encoded.stdout).stdout == decoded


def test_one_bad_message_of_many_is_told_after_the_others(imsedge: Imsedge) -> None:
    done = imsedge("h248", "decode", "--indent", "0", stdin=COMPACT + b"\nMEGACO/1 <x>\n  Foo\n" + COMPACT)
    assert len(done.stdout.splitlines()) == 2
    assert done.returncode == 2
    assert done.stderr.decode() == "imsedge: -:3:3: 400 Foo is no transaction\n"


def test_a_hex_dump_and_what_it_is_not(imsedge: Imsedge) -> None:
    assert imsedge("h248", "decode", stdin=COMPACT.hex(" ").encode()).returncode == 0
    done = imsedge("h248", "decode", "--input", "text", stdin=COMPACT.hex(" ").encode())
    assert done.stderr.startswith(b"imsedge: -:1:1: 400 ")


def test_a_capture_with_other_ports(imsedge: Imsedge, tmp_path: Path) -> None:
    ends = TransportAddress("192.0.2.1", 40_000), TransportAddress("192.0.2.2", 2999)
    bad = COMPACT.replace(b"T=7", b"T7")
    crossings = [Crossing(1.0, Kind.H248, *ends, "udp", "", data) for data in (COMPACT, bad)]
    (tmp_path / "x.pcapng").write_bytes(write_capture(crossings))
    done = imsedge("h248", "decode", str(tmp_path / "x.pcapng"))
    assert done.stderr.endswith(b"no H.248 in this capture; --port names other ports\n")
    done = imsedge("h248", "decode", "--port", "2999", "--indent", "0", str(tmp_path / "x.pcapng"))
    assert len(done.stdout.splitlines()) == 1
    assert b"x.pcapng: packet 2, octet 21: 400 " in done.stderr


BAD_JSON = {
    "no JSON": (b"{", "-: Input data was truncated"),
    "another object": (b'{"version": 1}', "-: Object missing required field `mid`"),
    "a wrong type": (
        b'{"version": "1", "mid": {"type": "device", "name": "mg"}, "body": []}',
        "-: Expected `int`, got `str` - at `$.version`",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BAD_JSON.values(), ids=BAD_JSON)
def test_json_that_is_no_message_is_said_with_its_place(imsedge: Imsedge, text: bytes, sentence: str) -> None:
    done = imsedge("h248", "encode", stdin=text)
    assert done.returncode == 2
    assert done.stderr.decode().strip() == f"imsedge: {sentence}"


def test_of_several_the_one_that_cannot_be_written_is_named(imsedge: Imsedge) -> None:
    text = b"!/1 <x> T=1{C=1{S=ip/core/1}}\n---\n!/1 <x> T=1{C=1{S=slot/1}}"
    decoded = imsedge("h248", "decode", stdin=text).stdout
    done = imsedge("h248", "encode", "--encoding", "ber", stdin=decoded)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"imsedge: -: message 2: termination slot/1 has no binary form")
