"""Two end points talk over a fake connection and a clock that the test moves."""

import pytest

from imsedge.core.errors import LocalError
from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER, Tick
from imsedge.core.msrp_uri import write_msrp_uri
from imsedge.msrp.assembly import Assembly, AssemblyLimits
from imsedge.msrp.errors import MsrpError
from imsedge.msrp.model import Flag, Header, Request
from imsedge.msrp.session import (
    TRANSACTION_TIMEOUT,
    Bound,
    Broken,
    Connected,
    Delivered,
    Disconnected,
    Heard,
    Incoming,
    NotDelivered,
    Output,
    Received,
    Reported,
    Send,
    Session,
    SessionMatch,
    Transmit,
)

ALICE = write_msrp_uri("192.0.2.1", 7654, "alice", secure=True)
BOB = write_msrp_uri("192.0.2.2", 2855, "bob", secure=False)


class Pair:
    """Alice opened the connection to Bob; what each user saw is in ``seen``."""

    def __init__(self, *, chunk: int = 2_048, cut: int = 10_000) -> None:
        self.alice = Session(ALICE, (BOB,), CountingIds(), chunk=chunk)
        self.bob = Session(BOB, (ALICE,), CountingIds(1000), chunk=chunk)
        self.seen: dict[str, list[Output]] = {"alice": [], "bob": []}
        self.wire: list[str] = []
        self.cut = cut

    def connect(self) -> None:
        self.take("bob", self.bob.handle(Connected(active=False), 0.0))
        self.take("alice", self.alice.handle(Connected(active=True), 0.0))

    def take(self, who: str, outputs: list[Output]) -> None:
        other = "bob" if who == "alice" else "alice"
        for output in outputs:
            if isinstance(output, Transmit):
                message = output.message
                what = message.method if isinstance(message, Request) else str(message.status)
                self.wire.append(f"{who}: {what}")
                for start in range(0, len(output.data), self.cut):
                    data = output.data[start : start + self.cut]
                    self.take(other, getattr(self, other).handle(Received(data), 1.0))
            elif not isinstance(output, Heard):
                self.seen[who].append(output)


@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_a_conversation(cut: int) -> None:
    pair = Pair(cut=cut)
    pair.connect()
    assert pair.wire == ["alice: SEND", "bob: 200"]
    pair.take("alice", pair.alice.handle(Send("m1", "text/plain", b"hello"), 1.0))
    pair.take("bob", pair.bob.handle(Send("m2", "text/plain", b"hi there", success_report=True), 1.0))
    assert pair.wire[2:] == ["alice: SEND", "bob: 200", "bob: SEND", "alice: 200", "alice: REPORT"]
    assert pair.seen["alice"] == [
        Bound(),
        Delivered("m1"),
        Incoming("m2", "text/plain", b"hi there"),
    ]
    assert pair.seen["bob"] == [
        Bound(),
        Incoming("m1", "text/plain", b"hello"),
        Delivered("m2"),
        Reported("m2", 200),
    ]
    assert pair.alice.deadline == pair.bob.deadline == NEVER


def test_the_passive_party_waits_for_the_first_request() -> None:
    pair = Pair()
    assert pair.bob.handle(Send("early", "text/plain", b"x"), 0.0) == []
    pair.connect()
    assert pair.wire == ["alice: SEND", "bob: 200", "bob: SEND", "alice: 200"]
    assert Incoming("early", "text/plain", b"x") in pair.seen["alice"]
    assert Delivered("early") in pair.seen["bob"]


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 95])
def test_long_messages_go_in_chunks_and_come_whole(size: int) -> None:
    pair = Pair(chunk=10)
    pair.connect()
    body = bytes(range(size))
    pair.take("alice", pair.alice.handle(Send("m", "text/plain", body), 1.0))
    assert pair.seen["bob"][-1] == Incoming("m", "text/plain", body)
    assert pair.wire.count("alice: SEND") == 1 + max(1, -(-size // 10))
    assert pair.seen["alice"][-1] == Delivered("m")


def bound_bob(match: SessionMatch = SessionMatch.URI) -> Session:
    bob = Session(BOB, (ALICE,), CountingIds(), match=match)
    bob.handle(Connected(active=False), 0.0)
    return bob


def hear(
    session: Session, *lines: str, body: str | None = None, flag: str = "$", to: str = str(BOB)
) -> list[str]:
    """Hand in a request; the outputs in words."""
    head = "\r\n".join((f"MSRP abcd {lines[0]}", f"To-Path: {to}", f"From-Path: {ALICE}", *lines[1:], ""))
    text = head + (f"\r\n{body}\r\n" if body is not None else "") + f"-------abcd{flag}\r\n"
    return [words(output) for output in session.handle(Received(text.encode()), 1.0)]


def words(output: Output) -> str:
    match output:
        case Transmit(message=Request(method=method)):
            return method
        case Transmit(message=response):
            return str(getattr(response, "status", ""))
        case _:
            return type(output).__name__


CASES = {
    "for us": (("SEND", "Message-ID: 1"), {}, ["Heard", "200", "Bound"]),
    "for somebody else": (
        ("SEND", "Message-ID: 1"),
        {"to": "msrp://192.0.2.2:2855/eve;tcp"},
        ["Heard", "481"],
    ),
    "a method nobody knows": (("NICKNAME", "Message-ID: 1"), {}, ["Heard", "501", "Bound"]),
    "no answer wanted": (
        ("SEND", "Message-ID: 1", "Failure-Report: no"),
        {"body": "x"},
        ["Heard", "Bound", "Incoming"],
    ),
    "answers to failures only": (
        ("SEND", "Message-ID: 1", "Failure-Report: partial"),
        {"body": "x"},
        ["Heard", "Bound", "Incoming"],
    ),
    "a chunk behind a gap": (
        ("SEND", "Message-ID: 1", "Byte-Range: 5-5/5"),
        {"body": "x"},
        ["Heard", "400", "Bound"],
    ),
    "a report is never answered": (
        ("REPORT", "Message-ID: 1", "Status: 000 413 Stop"),
        {},
        ["Heard", "Bound", "Reported"],
    ),
    "a report without a status": (("REPORT", "Message-ID: 1"), {}, ["Heard", "Broken"]),
    "a body without a Message-ID": (("SEND",), {"body": "x"}, ["Heard", "400", "Bound"]),
    "an aborted message": (("SEND", "Message-ID: 1"), {"body": "x", "flag": "#"}, ["Heard", "200", "Bound"]),
}


@pytest.mark.parametrize(("lines", "options", "expected"), CASES.values(), ids=CASES)
def test_what_a_request_meets(lines: tuple[str, ...], options: dict[str, str], expected: list[str]) -> None:
    assert hear(bound_bob(), *lines, **options)[: len(expected)] == expected


def test_behind_a_gateway_that_rewrote_the_address_the_session_id_counts() -> None:
    elsewhere = "msrp://203.0.113.9:30001/bob;tcp"
    assert "481" in hear(bound_bob(), "SEND", "Message-ID: 1", to=elsewhere)
    lenient = bound_bob(SessionMatch.SESSION_ID)
    assert "200" in hear(lenient, "SEND", "Message-ID: 1", to=elsewhere)


def test_no_response_in_time_is_408() -> None:
    pair = Pair()
    pair.connect()
    pair.alice.handle(Send("m", "text/plain", b"x"), 10.0)
    assert pair.alice.deadline == 10.0 + TRANSACTION_TIMEOUT
    assert pair.alice.handle(Tick(), 39.0) == []
    assert pair.alice.handle(Tick(), 40.0) == [NotDelivered("m", 408)]
    assert pair.alice.deadline == NEVER


def test_a_binding_nobody_answers_breaks_the_session() -> None:
    alice = Session(ALICE, (BOB,), CountingIds())
    alice.handle(Connected(active=True), 0.0)
    assert alice.handle(Tick(), TRANSACTION_TIMEOUT) == [Broken("the first request was not answered")]


def test_a_refused_chunk_fails_the_message_once() -> None:
    alice = Session(ALICE, (BOB,), CountingIds(), chunk=1)
    alice.handle(Connected(active=True), 0.0)
    bind = b"MSRP 0000000000000001 200 OK\r\nTo-Path: a\r\nFrom-Path: b\r\n-------0000000000000001$\r\n"
    assert Bound() in alice.handle(Received(bind), 0.0)
    alice.handle(Send("m", "text/plain", b"12"), 0.0)
    stop = b"MSRP 0000000000000003 413\r\n-------0000000000000003$\r\n"
    assert NotDelivered("m", 413) in alice.handle(Received(stop), 0.0)
    assert [words(output) for output in alice.handle(Received(stop), 0.0)] == ["Heard"]
    assert alice.deadline == NEVER


def test_a_refused_binding_breaks_the_session() -> None:
    alice = Session(ALICE, (BOB,), CountingIds())
    alice.handle(Connected(active=True), 0.0)
    refusal = b"MSRP 0000000000000001 481\r\n-------0000000000000001$\r\n"
    assert alice.handle(Received(refusal), 0.0)[-1] == Broken("session was refused")


def test_what_is_not_delivered_when_the_connection_goes() -> None:
    pair = Pair()
    pair.connect()
    pair.alice.handle(Send("on its way", "text/plain", b"x"), 1.0)
    assert pair.alice.handle(Disconnected(), 2.0) == [NotDelivered("on its way", 408)]
    assert pair.alice.handle(Send("late", "text/plain", b"x"), 3.0) == [NotDelivered("late", 408)]
    assert pair.alice.handle(Received(b"late"), 3.0) == []
    assert pair.alice.deadline == NEVER


def test_garbage_breaks_the_session() -> None:
    bob = bound_bob()
    assert [words(output) for output in bob.handle(Received(b"GET / HTTP/1.1\r\n"), 0.0)] == ["Broken"]


def test_no_octet_before_the_connection() -> None:
    with pytest.raises(LocalError):
        Session(BOB, (ALICE,), CountingIds()).handle(Received(b"x"), 0.0)


def chunk(message_id: str, byte_range: str, body: bytes, flag: Flag) -> Request:
    headers = (Header("Message-ID", message_id), Header("Byte-Range", byte_range))
    return Request(transaction="abcd", method="SEND", headers=headers, body=body, flag=flag)


def test_chunks_of_two_messages_may_come_mixed_and_repeated() -> None:
    assembly = Assembly()
    assert assembly.add(chunk("a", "1-*/4", b"12", Flag.MORE)) is None
    assert assembly.add(chunk("b", "1-*/2", b"xy", Flag.MORE)) is None
    assert assembly.add(chunk("a", "2-*/4", b"23", Flag.MORE)) is None
    whole = assembly.add(chunk("a", "4-4/4", b"4", Flag.COMPLETE))
    assert whole is not None
    assert whole.body == b"1234"
    assert assembly.add(chunk("b", "3-*/*", b"", Flag.ABORTED)) is None
    assert len(assembly) == 0


def test_limits_of_what_a_peer_can_make_us_hold() -> None:
    assembly = Assembly(AssemblyLimits(messages=2, octets=4))
    assembly.add(chunk("a", "1-*/*", b"1234", Flag.MORE))
    assembly.add(chunk("b", "1-*/*", b"", Flag.MORE))
    with pytest.raises(MsrpError, match="more than 2"):
        assembly.add(chunk("c", "1-*/*", b"", Flag.MORE))
    with pytest.raises(MsrpError, match="longer than 4"):
        assembly.add(chunk("a", "5-*/*", b"5", Flag.MORE))
    assert len(assembly) == 1
