"""Judges of the H.248 codec that are not ours: Erlang/OTP megaco reads what we write and we read what it
writes; tshark finds nothing malformed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from imsedge.core.errors import LocalError
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import Message, SegmentAck
from kit.dissect import complaints, dissected
from kit.h248_strategies import messages
from kit.megaco import judge

pytestmark = pytest.mark.interop

VECTORS = {
    path.stem: path for path in sorted((Path(__file__).parent.parent / "vectors" / "h248").glob("*.txt"))
}

# What OTP reads but does not write back as it was, each for a reason of its own.
NOT_WRITTEN_BY_OTP = {
    "authenticated": "the header's numbers grow digits",
    "mtp": "counts the hexadecimal digits of an MTP address as octets",
    "service_change_with_audit": "has no writer for the audit in a ServiceChange",
    "audit_packages_reply": "sorts the empty descriptors",
    "context_list": "writes CA{CT{..}} without CT",
}


def folded(message: Message) -> bytes:
    """Compact text without what OTP does not keep: case, needless quotes, CR, empty lines in SDP."""
    text = encode(message, Encoding.COMPACT).lower().replace(b'"', b"").replace(b"\r\n", b"\n")
    return text.replace(b"\n\n}", b"\n}")


@pytest.mark.parametrize("encoding", [Encoding.PRETTY, Encoding.COMPACT])
def test_megaco_reads_every_vector_and_we_read_its_answer(encoding: Encoding, tmp_path: Path) -> None:
    ours = [decode(path.read_bytes()) for path in VECTORS.values()]
    verdicts = judge("text", [encode(message, encoding) for message in ours], tmp_path)
    for name, message, verdict in zip(VECTORS, ours, verdicts, strict=True):
        assert verdict.again, f"{name}: {verdict.reason}"
        if name not in NOT_WRITTEN_BY_OTP:
            for theirs in verdict.again:
                assert folded(decode(theirs)) == folded(message), name


_SELECTORS = ("select_all=True", "select_all=False", "select_properties=(Parameter")


def _otp_can(message: Message) -> bool:
    """Leaves out what OTP is known not to write: authentication headers, MTP addresses, topology of v3,
    anything behind a Segment, and what context audits select by."""
    shown = repr(message)
    body = message.body if isinstance(message.body, tuple) else ()
    return (
        message.auth is None
        and not any(word in shown for word in ("MtpMid", "TopologyTriple", *_SELECTORS))
        and not any(isinstance(transaction, SegmentAck) for transaction in body[:-1])
    )


def drawn(count: int, version: int, fit: Callable[[Message], bool]) -> list[Message]:
    """Random messages, the same in every run."""
    found: list[Message] = []

    @settings(max_examples=count, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(messages(version))
    def collect(message: Message) -> None:
        if fit(message):
            found.append(message)

    collect()
    return found


def test_megaco_reads_random_messages_and_we_read_its_answers(tmp_path: Path) -> None:
    ours = drawn(250, 3, _otp_can)
    verdicts = judge("text", [encode(message, Encoding.COMPACT) for message in ours], tmp_path)
    for message, verdict in zip(ours, verdicts, strict=True):
        assert verdict.again, f"{encode(message, Encoding.COMPACT)!r}: {verdict.reason}"
        for theirs in verdict.again:
            if not theirs.startswith(b"?"):  # OTP reads ranges in observed events but has no writer for them
                assert folded(decode(theirs)) == folded(message)
    written = [verdict for verdict in verdicts if not verdict.again[0].startswith(b"?")]
    assert len(written) > 0.8 * len(ours) > 20


# tshark 4.0 reads what version 3 added (lists of terminations, context attributes in an audit, Segment) and
# AuditValue = Context{..} as malformed and the long form of the authentication header as something else.
# Erlang/OTP reads all of them.
NOT_READ_BY_TSHARK = {
    "audit_list_reply",
    "authenticated",
    "context_list",
    "pending_acks_segments",
    "termination_lists",
}


@pytest.mark.parametrize("encoding", [Encoding.PRETTY, Encoding.COMPACT])
def test_tshark_finds_no_malformed_text(encoding: Encoding, tmp_path: Path) -> None:
    octets = [
        encode(decode(path.read_bytes()), encoding)
        for name, path in VECTORS.items()
        if name not in NOT_READ_BY_TSHARK
    ]
    assert complaints(octets, 2944, tmp_path) == []
    assert dissected(octets, 2944, tmp_path, "megaco") == len(octets)


def _in_binary(message: Message) -> bool:
    """Without authentication header: OTP finds out the version only where none stands before it.  Its version
    1 is of the year 2000: Events cannot be cleared without a request id there.  It has another number than
    ITU-T for signals in both directions."""
    try:
        encode(message, Encoding.BER)
    except LocalError:  # names of packages or terminations that have no numbers
        return False
    shown = repr(message)
    return (
        message.auth is None
        and "SignalDirection.BOTH" not in shown
        and not (message.version == 1 and "Events(request_id=None" in shown)
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_megaco_reads_our_binary_and_writes_the_same_octets(version: int, tmp_path: Path) -> None:
    vectors = [decode(path.read_bytes()) for path in VECTORS.values()]
    ours = drawn(120, version, _in_binary) + [m for m in vectors if m.version == version and _in_binary(m)]
    octets = [encode(message, Encoding.BER) for message in ours]
    for message, mine, verdict in zip(ours, octets, judge("ber", octets, tmp_path), strict=True):
        assert verdict.again, f"{message}: {verdict.reason}"
        assert verdict.again[0] == mine
        assert decode(verdict.again[0]) == decode(mine)
    assert len(ours) > 40


def _tshark_can(message: Message) -> bool:
    """tshark has another tag than ITU-T for the list of terminations in an AuditRequest."""
    shown = encode(message, Encoding.COMPACT)
    return _in_binary(message) and b"AV=[" not in shown and b"AC=[" not in shown


@pytest.mark.parametrize("version", [2, 3])  # of version 1, tshark knows the edition of 2000
def test_tshark_finds_no_malformed_binary(version: int, tmp_path: Path) -> None:
    octets = [encode(message, Encoding.BER) for message in drawn(120, version, _tshark_can)]
    assert complaints(octets, 2945, tmp_path) == []
    assert dissected(octets, 2945, tmp_path, "h248") == len(octets) > 40
