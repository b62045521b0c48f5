"""Paths rewritten in a stream: table of frames, who gets an answer, limits, any split, a gigabyte."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.msrp_uri import MsrpPath
from imsedge.msrp.errors import MsrpError
from imsedge.msrp.rewriter import Rewriter, RewriterLimits, Route
from kit.msrp_frames import ACCESS_PATH, CORE, CORE_PATH, UE, US_TO_CORE, US_TO_UE, frame, plain

RELAY = "msrps://relay.example:2855/hop;tcp"
ACCESS, BACK = ACCESS_PATH, CORE_PATH
LIMITS = RewriterLimits(start_line=64, head=400, answers=2)
GIB = 1 << 30


def outcome(rewriter: Rewriter, *parts: bytes) -> tuple[bytes, list[bytes], bool]:
    """What goes on, what is answered, and whether the stream is given up."""
    passed = b"".join(rewriter.feed(part) for part in parts)
    return passed + rewriter.finish(), rewriter.answers, rewriter.fault is not None


def inward(limits: RewriterLimits = LIMITS, *, taken: bool = False) -> Rewriter:
    """From the UE to the core."""
    return Rewriter(Route(ACCESS, BACK), limits, taken=taken)


CHUNK = {"headers": "Message-ID: 1\nByte-Range: 1-*/2000\n", "body": b"x" * 200}
PASSING = {
    "SEND with a body": {},
    "SEND without a body binds the session": {"body": None},
    "empty body": {"body": b""},
    "chunk with more to come": {**CHUNK, "flag": "+"},
    "chunk that was interrupted": {**CHUNK, "flag": "#"},
    "unknown fields": {"headers": 'Message-ID: 1\nX-Odd:\tsp ace \nUse-Nickname: "a\xe9"\nExpires:9\n'},
    "unknown method": {"start": "NICKNAME", "body": None},
    "REPORT": {"start": "REPORT", "headers": "Message-ID: 1\nStatus: 000 200 OK\n", "body": None},
    "200": {"start": "200 OK", "headers": "", "body": None},
    "200 without comment": {"start": "200", "headers": "", "body": None},
    "413 with fields of its own": {"start": "413 Stop Sending", "headers": "Message-ID: 1\n", "body": None},
    "body of end-lines of others": {"body": b"\r\n-------a786hjs3$\r\n-------a786hjs2 $\r\n-------a786hjs2"},
    "body with its own end-line, but no line border": {"body": b"x-------a786hjs2$\r\ny\n-------a786hjs2$\r"},
    "body of line ends and hyphens": {"body": b"\r\r\n\r\n--------\r\n-------\r\n-------a786hjs2%\r\n"},
    "binary body": {"body": bytes(range(256))},
    "longest transaction identifier": {"tid": "a" * 32},
    "all characters of an identifier": {"tid": "aZ09.-+%="},
}  # fmt: skip


@pytest.mark.parametrize("given_", PASSING.values(), ids=PASSING)
def test_only_the_two_paths_change(given_: dict[str, object]) -> None:
    sent = frame(**given_)  # type: ignore[arg-type]
    wanted = frame(**{**given_, "to": CORE, "sender": US_TO_CORE})  # type: ignore[arg-type]
    assert outcome(inward(), sent) == (wanted, [], False)
    octets = (bytes((octet,)) for octet in sent)
    assert outcome(inward(), *octets) == (wanted, [], False)


def test_both_directions_of_a_transaction() -> None:
    there, back = inward(), Rewriter(Route(BACK, ACCESS))
    assert there.feed(frame()) == frame(to=CORE, sender=US_TO_CORE)
    answer = frame("200 OK", US_TO_CORE, CORE, headers="", body=None)
    assert back.feed(answer) == frame("200 OK", UE, US_TO_UE, headers="", body=None)
    assert (there.messages, back.messages) == (1, 1)


def test_a_peer_behind_a_relay() -> None:
    """A request carries all of its path, a response the next hop only (RFC 4975 clause 7.2)."""
    far = MsrpPath(US_TO_UE, (RELAY, UE))
    back = Rewriter(Route(BACK, far))
    assert back.feed(frame(to=US_TO_CORE, sender=CORE)) == frame(to=f"{RELAY} {UE}", sender=US_TO_UE)
    report = {"start": "REPORT", "body": None}
    wanted = frame(to=f"{RELAY} {UE}", sender=US_TO_UE, **report)  # type: ignore[arg-type]
    assert back.feed(frame(to=US_TO_CORE, sender=CORE, **report)) == wanted  # type: ignore[arg-type]
    assert back.feed(frame("200 OK", US_TO_CORE, CORE)) == frame("200 OK", RELAY, US_TO_UE)
    there = Rewriter(Route(far, BACK))
    assert there.feed(frame(sender=f"{RELAY} {UE}")) == frame(to=CORE, sender=US_TO_CORE)


SAME = {
    "as it was told": US_TO_UE,
    "scheme, host and transport without case": "MSRPS://203.0.113.5:30001/s1;TCP",
    "userinfo and parameters do not count": "msrps://me@203.0.113.5:30001/s1;tcp;x=y",
    "blanks behind": US_TO_UE + "  ",
    "we come first": f"{US_TO_UE} {CORE}",
}
OTHERS = {
    "another session": "msrps://203.0.113.5:30001/S1;tcp",
    "another port": "msrps://203.0.113.5:30002/s1;tcp",
    "another host": "msrps://203.0.113.6:30001/s1;tcp",
    "in clear": "msrp://203.0.113.5:30001/s1;tcp",
    "past us": f"{CORE} {US_TO_UE}",
}


@pytest.mark.parametrize("to", SAME.values(), ids=SAME)
def test_our_own_uri_however_it_is_written(to: str) -> None:
    """RFC 4975 clause 6.1."""
    assert outcome(inward(), frame(to=to)) == (frame(to=CORE, sender=US_TO_CORE), [], False)


def answer(status: str, own: str = US_TO_UE, tid: str = "a786hjs2") -> bytes:
    return plain(status, UE, own, tid)


@pytest.mark.parametrize("to", OTHERS.values(), ids=OTHERS)
def test_a_session_that_is_not_ours(to: str) -> None:
    refused = [answer("481 No Such Session", to.split(maxsplit=1)[0])]
    assert outcome(inward(), frame(to=to), frame()) == (frame(to=CORE, sender=US_TO_CORE), refused, False)


def test_a_session_on_another_connection() -> None:
    both = frame() + frame(to=OTHERS["another session"], tid="b786")
    refused = [
        answer("506 Session Already In Use"),
        answer("481 No Such Session", OTHERS["another session"], tid="b786"),
    ]
    assert outcome(inward(taken=True), both) == (b"", refused, False)


SILENT = {
    "a response": {"start": "200 OK"},
    "a REPORT": {"start": "REPORT"},
    "no failure reports": {"headers": "Message-ID: 1\nfailure-report:NO \n"},
}


@pytest.mark.parametrize("given_", SILENT.values(), ids=SILENT)
def test_what_is_never_answered(given_: dict[str, str]) -> None:
    sent = frame(to=OTHERS["another session"], **given_)  # type: ignore[arg-type]
    rewriter = inward()
    rewriter.feed(sent)
    assert rewriter.refusals == [481]
    assert outcome(inward(), sent) == (b"", [], False)
    assert outcome(inward(), *(bytes((octet,)) for octet in sent)) == (b"", [], False)


BAD = answer("400 Bad Request")
MALFORMED = {
    "fields of a wrong order": (b"To-Path:", b"Message-ID: 1\r\nTo-Path:", BAD),
    "From-Path is missing": (f"From-Path: {UE}\r\n".encode(), b"", BAD),
    "From-Path is no path": (UE.encode(), b"sip:alice@example.com", BAD),
    "To-Path is no path": (US_TO_UE.encode(), b"?", BAD),
    "To-Path twice": (b"Message-ID: 1", b"to-path: " + CORE.encode(), BAD),
    "From-Path twice": (b"Message-ID: 1", b"FROM-PATH: " + CORE.encode(), BAD),
    "a field without colon": (b"Message-ID: 1", b"Message-ID 1", BAD),
    "a line feed alone in a field": (b"Message-ID: 1", b"Message-ID: 1\nTo-Path: " + CORE.encode(), BAD),
    "a carriage return alone in a field": (b"Message-ID: 1", b"Message-ID: \r1", BAD),
    "the end-line of another in the head": (b"Message-ID: 1", b"-------a786hjs3$", BAD),
    "an end-line without flag in the head": (b"Message-ID: 1", b"-------a786hjs2", BAD),
    "a head that is too long": (b"Message-ID: 1", b"X: " + b"y" * 400, BAD),
}  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "answered"), MALFORMED.values(), ids=MALFORMED)
def test_a_request_that_cannot_be_read(good: bytes, bad: bytes, answered: bytes) -> None:
    """It is answered, and what comes after it passes."""
    sent = frame().replace(good, bad, 1)
    after = frame(to=CORE, sender=US_TO_CORE)
    assert outcome(inward(), sent + frame()) == (after, [answered], False)
    assert outcome(inward(), *(bytes((octet,)) for octet in sent + frame())) == (after, [answered], False)


def test_a_malformed_request_of_nobody_we_know() -> None:
    rewriter = Rewriter(Route(MsrpPath(US_TO_UE), BACK))
    assert outcome(rewriter, frame(sender="?")) == (b"", [], False)


NO_MSRP = {
    "another protocol": b"GET / HTTP/1.1\r\n",
    "another protocol, not even a line": b"GET",
    "no transaction": b"MSRP SEND\r\n",
    "transaction too short": b"MSRP abc SEND\r\n",
    "transaction too long": b"MSRP " + b"a" * 33 + b" SEND\r\n",
    "small letters": b"MSRP a786hjs2 send\r\n",
    "a line feed alone": b"MSRP a786hjs2 SEND\nTo-Path: x\r\n",
    "binary": bytes(16),
    "an empty line": b"\r\n",
    "start line too long": b"MSRP a786hjs2 200 " + b"x" * 60 + b"\r\n",
    "start line too long, and no end": b"MSRP a786hjs2 200 " + b"x" * 60,
}


@pytest.mark.parametrize("sent", NO_MSRP.values(), ids=NO_MSRP)
def test_what_is_no_msrp(sent: bytes) -> None:
    """What came before goes on, what comes after does not."""
    passed = frame(to=CORE, sender=US_TO_CORE)
    assert outcome(inward(), frame() + sent, frame()) == (passed, [], True)
    assert outcome(inward(), frame(), *(bytes((o,)) for o in sent), frame()) == (passed, [], True)


def test_the_last_octets_that_are_allowed() -> None:
    """Start line and head at their limits; one octet more is too much."""
    line = "2" * 3 + " " + "x" * (LIMITS.start_line - len("MSRP a786hjs2 200 \r\n"))
    longest = frame(line, headers="", body=None)
    assert outcome(inward(), longest)[2] is False
    assert outcome(inward(), longest.replace(b"x", b"xx", 1))[2] is True
    head = frame(headers="X: \n", body=None).index(b"-------")
    whole = frame(headers=f"X: {'y' * (LIMITS.head - head)}\n", body=None)
    assert outcome(inward(), whole)[0] == whole.replace(US_TO_UE.encode(), CORE.encode()).replace(
        UE.encode(), US_TO_CORE.encode()
    )
    assert outcome(inward(), whole.replace(b"y", b"yy", 1)) == (b"", [BAD], False)


def test_an_end_line_right_behind_the_empty_line() -> None:
    sent = frame(body=None).replace(b"-------", b"\r\n-------")
    assert outcome(inward(), sent + frame())[0].count(CORE.encode()) == 2


def test_a_body_goes_on_before_its_end_has_come() -> None:
    """Only what may begin the end-line is held back."""
    rewriter, sent = inward(), frame(body=b"begin\r\n-------a786hjs2 is no end\r\n-------a7")
    half = sent.index(b"is no end")
    assert rewriter.feed(sent[:half]).endswith(b"begin\r\n-------a786hjs2 ")
    assert rewriter.feed(sent[half : half + 20]) == b"is no end"
    assert rewriter.feed(b"x") == b"\r\n-------a7x"


def test_the_end_of_the_stream_in_a_body_and_in_a_head() -> None:
    rewriter, sent = inward(), frame()
    passed = rewriter.feed(sent[:-2])
    assert passed + rewriter.finish() == frame(to=CORE, sender=US_TO_CORE)[:-2]
    rewriter = inward()
    assert rewriter.feed(sent[: sent.index(b"Byte")]) == b""
    assert rewriter.finish() == b""


def test_our_answer_waits_for_the_end_of_a_chunk() -> None:
    rewriter, sent = inward(), frame()
    assert rewriter.interpose(b"now") == b"now"
    begun = rewriter.feed(sent[:-9])
    assert rewriter.interpose(b"later") == b""
    assert rewriter.interpose(b"too") == b""
    with pytest.raises(MsrpError, match="more than 2"):
        rewriter.interpose(b"never")
    assert begun + rewriter.feed(sent[-9:] + sent[:9]) == frame(to=CORE, sender=US_TO_CORE) + b"latertoo"
    assert rewriter.interpose(b"between") == b"between"


def test_other_paths_count_from_the_next_message_on() -> None:
    rewriter, sent = inward(), frame()
    begun = rewriter.feed(sent[:-1])
    rewriter.reroute(Route(ACCESS, MsrpPath(US_TO_CORE, (RELAY,))))
    assert begun + rewriter.feed(sent[-1:]) == frame(to=CORE, sender=US_TO_CORE)
    assert rewriter.feed(sent) == frame(to=RELAY, sender=US_TO_CORE)


PIECES = (
    *(frame(**kind) for kind in PASSING.values()),  # type: ignore[arg-type]
    *(frame(to=to, tid="b001") for to in OTHERS.values()),
    *(frame().replace(good, bad, 1) for good, bad, _ in MALFORMED.values()),
)


@given(st.lists(st.sampled_from(PIECES), max_size=6), st.data())
def test_any_stream_cut_anywhere(frames: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frames) + data.draw(st.sampled_from((b"", frame()[:-5], b"GET", b"MSRP abcd SE")))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    parts = [stream[low:high] for low, high in zip((0, *cuts), (*cuts, len(stream)), strict=True)]
    assert outcome(inward(), *parts) == outcome(inward(), stream)


def test_a_gigabyte_with_the_memory_of_a_read() -> None:
    rewriter, read = inward(), bytes(range(256)) * 256
    head, _, tail = frame(body=b"!").partition(b"!")
    start = time.process_time()
    passed = len(rewriter.feed(head))
    for _ in range(GIB // len(read)):
        passed += len(rewriter.feed(read))
        assert len(rewriter._rest) < 64
    passed += len(rewriter.feed(tail))
    assert passed == GIB + len(frame(to=CORE, sender=US_TO_CORE, body=b""))
    assert time.process_time() - start < 30  # about 0.5 s
    assert rewriter.messages == 1
