"""Broken messages, too many of them, and any order of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.machine import NEVER, Tick
from imsedge.sip import events as ev
from imsedge.sip.errors import SipError
from imsedge.sip.events import ServerKey
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import make_response
from imsedge.sip.parser import read_message
from imsedge.sip.states import TimerValues
from imsedge.sip.transactions import TransactionLayer, TransactionLimits
from imsedge.sip.writer import write_message
from kit.sip import CORE, EDGE, UE, Clocked, first_lines, only, request, response, wire

UDP = Flow("udp", CORE, EDGE)


@pytest.fixture
def edge() -> Clocked:
    return Clocked(TransactionLayer())


def test_a_malformed_request_is_answered(edge: Clocked) -> None:
    data = write_message(request("OPTIONS")).replace(b"Max-Forwards: 70", b"Max-Forwards: lots")
    outputs = edge.hear(data)
    assert first_lines(outputs) == ["Note", "SIP/2.0 400 Bad Request"]
    assert edge.hear(data) == outputs
    assert edge.layer.open_servers == 0


@pytest.mark.parametrize("field", [b"t: <sip:c>", b"To: broken", b"f: <sip:c>", b"i: 2", b"CSeq: x"])
def test_a_field_that_stands_twice_is_answered_with_the_first(edge: Clocked, field: bytes) -> None:
    data = write_message(request("OPTIONS")).replace(b"Contact", field + b"\r\nContact")
    outputs = edge.hear(data)
    assert first_lines(outputs) == ["Note", "SIP/2.0 400 Bad Request"]
    answer = read_message(only(outputs, ev.Transmit).data)
    assert (answer.call_id, answer.cseq.number) == ("c1@192.0.2.7", 1)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense",
        write_message(request("ACK")).replace(b"Max-Forwards: 70", b"Max-Forwards: lots"),
        write_message(request("OPTIONS")).replace(b"Call-ID", b"Caller-ID"),
        b"SIP/2.0 200 OK\r\n\r\n",
    ],
    ids=["garbage", "ACK", "without Call-ID", "response"],
)
def test_what_cannot_be_answered_is_dropped_with_a_note(edge: Clocked, data: bytes) -> None:
    assert first_lines(edge.hear(data)) == ["Note"]


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\0", b"\0\0\0\0"])
def test_keep_alives_are_silent(edge: Clocked, data: bytes) -> None:
    assert edge.hear(data) == []


def test_a_broken_stream_is_answered(edge: Clocked) -> None:
    error = SipError(400, "no Content-Length on a stream", request=request("OPTIONS"))
    outputs = edge.take(ev.Malformed(error, Flow("tcp", UE, EDGE, 9)))
    assert first_lines(outputs) == ["Note", "SIP/2.0 400 Bad Request"]
    assert only(outputs, ev.Transmit).flow.connection == 9


def test_limits_of_open_transactions() -> None:
    edge = Clocked(TransactionLayer(limits=TransactionLimits(server=1, client=1, retry_after=7)))
    edge.hear(write_message(request("OPTIONS")))
    refused = edge.hear(write_message(request("OPTIONS", branch="z9hG4bK2")))
    assert first_lines(refused) == ["SIP/2.0 503 Service Unavailable", "Note"]
    assert b"Retry-After: 7\r\n" in only(refused, ev.Transmit).data
    edge.take(ev.SendRequest(request("BYE"), UDP))
    second = request("BYE", branch="z9hG4bK3")
    assert edge.take(ev.SendRequest(second, UDP)) == [ev.TransactionFailed(client_key(second), 503)]


def test_unknown_keys_are_races_not_mistakes(edge: Clocked) -> None:
    key = ServerKey("z9hg4bknone", "h", "INVITE")
    assert edge.take(ev.SendResponse(key, make_response(request(), 200))) == []


def test_a_tick_too_early_is_harmless(edge: Clocked) -> None:
    edge.take(ev.SendRequest(request(), UDP))
    assert edge.layer.handle(Tick(), 0.4) == []
    assert edge.layer.deadline == 0.5


def test_a_tick_much_too_late_ends_everything(edge: Clocked) -> None:
    key = client_key(request())
    edge.take(ev.SendRequest(request(), UDP))
    outputs = edge.layer.handle(Tick(), 1_000.0)
    assert ev.TransactionFailed(key, 408) in outputs
    assert edge.layer.open_clients == 0


def test_what_ends_a_transaction_stops_what_is_due_with_it() -> None:
    edge = Clocked(TransactionLayer(timers=TimerValues(t1=1, t2=1)))
    edge.take(ev.SendRequest(request("BYE"), UDP))
    seen = edge.until(100)
    assert [when for when, _ in seen] == [*range(1, 64), 64]
    assert isinstance(seen[-1][1], ev.TransactionFailed)


WIRES = [
    write_message(request()),
    write_message(request("ACK", to_tag="b1")),
    write_message(request("CANCEL")),
    write_message(request("BYE", to_tag="b1", branch="z9hG4bKbye")),
    *(write_message(response(request(), status)) for status in (100, 183, 200, 486)),
    wire("OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/UDP h"),
    b"\r\n",
]


@given(st.lists(st.tuples(st.sampled_from(WIRES), st.floats(0, 40), st.booleans()), max_size=25))
def test_any_order_of_messages_leaves_nothing_behind(steps: list[tuple[bytes, float, bool]]) -> None:
    edge = Clocked(TransactionLayer())
    key = client_key(request())
    edge.take(ev.SendRequest(request(), UDP))
    for data, pause, cancel in steps:
        edge.hear(data)
        if cancel:
            edge.take(ev.SendCancel(key))
        edge.until(edge.now + pause)
    for server in (True, False):
        method = "INVITE" if server else "BYE"
        branch = "z9hg4bkue1" if server else "z9hg4bkbye"
        edge.take(
            ev.SendResponse(ServerKey(branch, str(UE), method), make_response(request(), 486, to_tag="x"))
        )
    edge.until(edge.now + 400)
    assert (edge.layer.open_clients, edge.layer.open_servers) == (0, 0)
    assert edge.layer.deadline == NEVER


DAMAGE = st.sampled_from(
    [b"\r\n", b"t: x\r\n", b"v: y\r\n", b";", b",", b"<", b'"', b":", b"\0", b"\xff", b""]
)


@given(
    st.lists(st.tuples(st.sampled_from(WIRES), st.integers(0, 400), st.integers(0, 30), DAMAGE), max_size=12)
)
def test_no_damage_is_too_much(steps: list[tuple[bytes, int, int, bytes]]) -> None:
    edge = Clocked(TransactionLayer())
    edge.take(ev.SendRequest(request(), UDP))
    for data, at, lost, put in steps:
        for output in edge.hear(data[:at] + put + data[at + lost :]):
            if isinstance(output, ev.Transmit):
                read_message(output.data)
