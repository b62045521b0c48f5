"""What is fuzzed: parsers of what peers say, and the H.248 transaction machine.  ``tools/fuzz.py`` runs them.

The contract is the same everywhere: octets are accepted, or there is one ``RemoteError``; nothing else is
raised, nothing takes long, and what was accepted can be written and read again.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError, RemoteError
from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER, Tick
from imsedge.core.msrp_uri import MsrpPath
from imsedge.core.pcap import read_segments, streams
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.errors import TEXTS, H248Error
from imsedge.h248.framing import TpktReader, write_tpkt
from imsedge.h248.model import ActionReply, CommandReply, DeviceMid
from imsedge.h248.sources import find_messages
from imsedge.h248.transactions import (
    Received,
    RequestArrived,
    SendReply,
    SendRequest,
    Transactions,
    TransactionSettings,
    Transmit,
)
from imsedge.msrp.parser import Parser as MsrpParser
from imsedge.msrp.rewriter import Rewriter, Route
from imsedge.sdp.parser import read_descriptions
from imsedge.sdp.writer import write_description
from imsedge.sip.framing import Framer
from imsedge.sip.parser import read_message as read_sip
from imsedge.sip.writer import write_message as write_sip

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "h248"
PEER = TransportAddress("192.0.2.1", 2944)


class Target(NamedTuple):
    """``check`` raises what breaks the contract; ``seeds`` are good inputs; ``pieces`` are of the grammar."""

    check: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    pieces: tuple[bytes, ...]


# --- H.248 ---------------------------------------------------------------------------------------------


def check_h248(data: bytes) -> None:
    """Blame has a code of H.248.8; what was read is written, and read and written as the same again."""
    try:
        message = decode(data)
    except H248Error as blame:
        if blame.code not in TEXTS:
            raise AssertionError(f"no code of H.248.8: {blame}") from None
        return
    for encoding in Encoding:
        with suppress(LocalError):  # errors inside, names without numbers, tokens newer than the version
            octets = encode(message, encoding)
            assert encode(decode(octets), encoding) == octets, (data, octets)


def check_tpkt(data: bytes) -> None:
    """The stream whole and in pieces is cut alike, and only whole packets come out."""
    reader, messages = TpktReader(), list[bytes]()
    with suppress(RemoteError):
        for octet in data:
            messages += reader.feed(bytes((octet,)))
    written = b"".join(map(write_tpkt, messages))
    assert [octet for at, octet in enumerate(written) if octet != data[at]] == [0] * _reserved(data, messages)
    assert TpktReader().feed(written) == messages


def _reserved(data: bytes, messages: list[bytes]) -> int:
    """How many packets have something in their reserved octet, which readers ignore (RFC 1006)."""
    at = found = 0
    for message in messages:
        found += data[at + 1] != 0
        at += 4 + len(message)
    return found


def check_transactions(data: bytes) -> None:
    """Datagrams between lines of dashes: the machine takes each of them, answers, and comes to rest."""
    settings = TransactionSettings(mid=DeviceMid("fuzz"), t_max=2.0, long_timer=3.0, max_message=900)
    machine, now = Transactions(settings, CountingIds()), 0.0
    machine.handle(SendRequest(_ACTIONS, PEER), now)
    for number, datagram in enumerate(data.split(b"\n---\n")[:20]):
        now += 0.1
        outputs = machine.handle(Received(datagram, PEER), now)
        for output in list(outputs):
            if isinstance(output, RequestArrived) and number % 3:
                outputs += machine.handle(SendReply(output.handle, _agreed(output)), now)
        _readable(outputs)
    while (now := machine.deadline) != NEVER and now < 100:
        _readable(machine.handle(Tick(), now))
    assert machine.outstanding == 0
    assert machine.remembered == (0, 0)


def _agreed(arrived: RequestArrived) -> tuple[ActionReply, ...]:
    return tuple(
        ActionReply(action.context, tuple(CommandReply(c.verb, c.terminations) for c in action.commands))
        for action in arrived.request.actions
    )


def _readable(outputs: Sequence[object]) -> None:
    for output in outputs:
        if isinstance(output, Transmit):
            decode(output.data)


def _h248_of(*encodings: Encoding) -> list[bytes]:
    texts = [path.read_bytes() for path in sorted(VECTORS.glob("*.txt"))]
    found = []
    for encoding in encodings:
        for text in texts:
            with suppress(Exception):  # an encoding need not have everything
                found.append(encode(decode(text), encoding))
    return found


def _tpkts() -> list[bytes]:
    messages = _h248_of(Encoding.COMPACT, Encoding.BER)
    return [b"".join(map(write_tpkt, pair)) for pair in zip(messages, reversed(messages), strict=True)]


def _conversations() -> list[bytes]:
    request, reply = b"!/3 [192.0.2.1] T=%d{C=-{AV=ROOT{AT{}}}}", b"!/3 [192.0.2.1] P=%d{C=-{AV=ROOT}}"
    fixed = [request % 7, request % 7, reply % 1, b"!/3 [192.0.2.1] PN=1{}", b"!/3 [192.0.2.1] K{7,8-9}"]
    fixed += [b"!/3 [192.0.2.1] P=1/1{C=-{AV=ROOT}}", b"!/3 [192.0.2.1] SM=7/1/&", request % 8]
    vectors = _h248_of(Encoding.COMPACT, Encoding.BER)
    return [b"\n---\n".join([*fixed[at % 3 :], vectors[at]]) for at in range(len(vectors))]


_ACTIONS = decode(b"!/1 x T=1{C=-{AV=ROOT{AT{}}}}").body[0].actions  # type: ignore[index, union-attr]

# --- SIP, SDP, MSRP, captures --------------------------------------------------------------------------

_SDP = b"""v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
m=message 2855 TCP/TLS/MSRP *\r\na=setup:actpass\r\na=path:msrps://192.0.2.1:2855/x;tcp\r\n\
a=fingerprint:sha-256 AA:BB\r\na=3ge2ae:requested\r\nm=audio 4000 RTP/AVP 0\r\nb=AS:64\r\n"""
_SIP = b"""INVITE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa;rport\r\n\
Max-Forwards: 70\r\nFrom: "A" <sip:a@example.net>;tag=1\r\nTo: <sip:bob@example.net>\r\nCall-ID: x@y\r\n\
CSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.1>\r\nRoute: <sip:p;lr>, <sip:q;lr>\r\nSecurity-Client: tls;x\
\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%b""" % (len(_SDP), _SDP)
_SIP_OK = _SIP.replace(b"INVITE sip:bob@example.net SIP/2.0", b"SIP/2.0 200 OK")
_MSRP = b"""MSRP a786hjs2 SEND\r\nTo-Path: msrp://192.0.2.2:7654/b;tcp\r\nFrom-Path: msrp://b;tcp\
\r\nMessage-ID: 87652\r\nByte-Range: 1-5/10\r\nContent-Type: a/b\r\n\r\nhello\r\n-------a786hjs2+\r\n"""
_MSRP_OK = b"MSRP a786hjs2 200 OK\r\nTo-Path: msrp://a;tcp\r\nFrom-Path: msrp://b;tcp\r\n-------a786hjs2$\r\n"


_ROUTE = Route(MsrpPath("msrp://192.0.2.2:7654/b;tcp"), MsrpPath("msrp://own:1;tcp", ("msrp://peer:2;tcp",)))


def check_sip(data: bytes) -> None:
    """What is written of it can be read, and is written as the same again (the length is added once)."""
    written = write_sip(read_sip(data))
    assert write_sip(read_sip(written)) == written


def check_sip_stream(data: bytes) -> None:
    """Whole or in pieces, a stream gives the same."""
    whole, pieces = Framer(), Framer()
    shown = [item for at in range(0, len(data), 5) for item in pieces.receive(data[at : at + 5])]
    assert repr(whole.receive(data)) == repr(shown)


def check_sdp(data: bytes) -> None:
    """What was read is written so that it is read as the same again."""
    for description in read_descriptions(data):
        assert read_descriptions(write_description(description)) == (description,)


def check_msrp(data: bytes) -> None:
    """A stream in pieces; the first error ends it."""
    parser = MsrpParser()
    for at in range(0, len(data), 11):
        parser.feed(data[at : at + 11])


def check_msrp_paths(data: bytes) -> None:
    """Whole or octet by octet, the same goes on and the same is answered; never a path as it came."""
    shown = []
    for size in (len(data), 1, 7):
        rewriter = Rewriter(_ROUTE)
        passed = b"".join(rewriter.feed(data[at : at + size]) for at in range(0, len(data), size or 1))
        shown.append((passed + rewriter.finish(), rewriter.answers, rewriter.fault is None))
    assert shown[0] == shown[1] == shown[2]
    heads = shown[0][0].count(b"\r\nTo-Path: msrp://peer:2;tcp\r\nFrom-Path: msrp://own:1;tcp\r\n")
    assert heads >= rewriter.messages


def check_files(data: bytes) -> None:
    """What a user gives to ``h248 decode``."""
    with suppress(RemoteError):
        list(streams(read_segments(data)))
    find_messages(data)


_TEXT = (b"{", b"}", b",", b"=", b"[", b"]", b":", b'"', b";", b"\n", b"\n---\n", b"$", b"*", b"/")
_LINES = (
    b"\r\n",
    b":",
    b";",
    b"=",
    b",",
    b"<",
    b">",
    b'"',
    b" ",
    b"\0",
    b"\xff",
    b"\r\n ",
    b"0",
    b"99999999999",
)

_OCTETS = (b"\x30\x80", b"\0\0", b"\xff", b"\xa0\x80", b"L{", b"DM={", b"\\}")

TARGETS: dict[str, Target] = {
    "h248-text": Target(check_h248, lambda: _h248_of(Encoding.PRETTY, Encoding.COMPACT), (*_TEXT, *_OCTETS)),
    "h248-ber": Target(check_h248, lambda: _h248_of(Encoding.BER), (*_TEXT, *_OCTETS)),
    "tpkt": Target(check_tpkt, _tpkts, (b"\x03\0", b"\x03\0\0\4", b"\x03\0\xff\xff", b"\0")),
    "transactions": Target(check_transactions, _conversations, _TEXT),
    "files": Target(check_files, lambda: [*_tpkts(), *_conversations()], (*_TEXT, b"\x30\x80", b"30 0")),
    "sip": Target(check_sip, lambda: [_SIP, _SIP_OK], _LINES),
    "sip-stream": Target(check_sip_stream, lambda: [_SIP * 2, b"\r\n\r\n" + _SIP_OK], _LINES),
    "sdp": Target(check_sdp, lambda: [_SDP, _SDP * 2], _LINES),
    "msrp-paths": Target(
        check_msrp_paths,
        lambda: [_MSRP * 2, _MSRP + _MSRP_OK, _MSRP.replace(b"\r\n\r\n", b"\r\n-------a786hjs2$\r\n")],
        (
            *_LINES,
            b"-------a786hjs2$\r\n",
            b"\r\n-------a786hjs2",
            b"To-Path: ",
            b"REPORT",
            b"Failure-Report: no",
        ),
    ),
    "msrp": Target(check_msrp, lambda: [_MSRP * 2, _MSRP + _MSRP_OK], (*_LINES, b"-------a786hjs2")),
}
