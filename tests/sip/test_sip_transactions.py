"""Transactions as conversations on a virtual clock."""

import pytest

from imsedge.core.machine import NEVER
from imsedge.sip import events as ev
from imsedge.sip.events import ClientKey, Output
from imsedge.sip.flow import Flow
from imsedge.sip.matching import client_key
from imsedge.sip.message import SipRequest, make_response
from imsedge.sip.transactions import TransactionLayer
from imsedge.sip.writer import write_message
from kit.sip import CORE, EDGE, UE, Clocked, first_lines, only, request, response

UDP = Flow("udp", CORE, EDGE)
TCP = Flow("tcp", CORE, EDGE)


@pytest.fixture
def edge() -> Clocked:
    return Clocked(TransactionLayer())


def times(seen: list[tuple[float, Output]], kind: type[Output] = ev.Transmit) -> list[float]:
    return [when for when, output in seen if isinstance(output, kind)]


def arrive(edge: Clocked, asked: SipRequest, transport: str = "udp") -> ev.RequestArrived:
    return only(edge.hear(write_message(asked), transport=transport), ev.RequestArrived)


def start(edge: Clocked, asked: SipRequest, flow: Flow = UDP) -> ClientKey:
    assert first_lines(edge.take(ev.SendRequest(asked, flow))) == [f"{asked.method} {asked.uri} SIP/2.0"]
    return client_key(asked)


def answer(edge: Clocked, asked: SipRequest, status: int, *extra: str, tag: str = "b1") -> list[Output]:
    return edge.hear(write_message(response(asked, status, *extra, to_tag=tag)), CORE)


# Client INVITE


def test_an_invite_is_repeated_until_64_t1(edge: Clocked) -> None:
    key = start(edge, request())
    seen = edge.until(100)
    assert times(seen) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert seen[-1] == (32.0, ev.TransactionFailed(key, 408))
    assert (edge.layer.open_clients, edge.layer.deadline) == (0, NEVER)


def test_on_tcp_an_invite_is_not_repeated(edge: Clocked) -> None:
    key = start(edge, request(), TCP)
    assert edge.until(100) == [(32.0, ev.TransactionFailed(key, 408))]


def test_a_provisional_response_ends_repetition(edge: Clocked) -> None:
    invite = request()
    key = start(edge, invite)
    assert only(answer(edge, invite, 180), ev.ResponseArrived).key == key
    assert times(edge.until(100)) == []


def test_an_invite_that_rings_too_long_is_cancelled(edge: Clocked) -> None:
    invite = request()
    key = start(edge, invite)
    answer(edge, invite, 180)
    seen = edge.until(400)
    assert seen[0][0] == 185.0
    assert first_lines([seen[0][1]]) == ["CANCEL sip:bob@home.example SIP/2.0"]
    assert (185.0 + 32, ev.TransactionFailed(key, 408)) in seen
    assert edge.layer.open_clients == 0


def test_a_refusal_is_acknowledged_each_time_and_told_once(edge: Clocked) -> None:
    invite = request()
    start(edge, invite)
    assert first_lines(answer(edge, invite, 486)) == ["ACK sip:bob@home.example SIP/2.0", "ResponseArrived"]
    assert first_lines(answer(edge, invite, 486)) == ["ACK sip:bob@home.example SIP/2.0"]
    assert edge.layer.deadline == 32.0
    edge.until(33)
    assert edge.layer.open_clients == 0


def test_on_tcp_a_refusal_ends_at_once(edge: Clocked) -> None:
    invite = request()
    start(edge, invite, TCP)
    assert first_lines(answer(edge, invite, 486)) == ["ACK sip:bob@home.example SIP/2.0", "ResponseArrived"]
    assert edge.layer.open_clients == 0


def test_every_2xx_passes_for_32_seconds(edge: Clocked) -> None:
    invite = request()
    key = start(edge, invite)
    for tag in ("b1", "b1", "fork2"):
        assert only(answer(edge, invite, 200, tag=tag), ev.ResponseArrived).key == key
    edge.until(31.9)
    assert first_lines(answer(edge, invite, 200)) == ["ResponseArrived"]
    edge.until(32.1)
    assert first_lines(answer(edge, invite, 200)) == ["StrayResponse"]


def test_an_ack_of_ours_makes_no_transaction(edge: Clocked) -> None:
    start(edge, request("ACK", to_tag="b1"))
    assert edge.layer.open_clients == 0


# CANCEL by us


def test_cancel_waits_for_a_provisional_response(edge: Clocked) -> None:
    invite = request()
    key = start(edge, invite)
    assert edge.take(ev.SendCancel(key)) == []
    assert first_lines(answer(edge, invite, 100)) == [
        "ResponseArrived",
        "CANCEL sip:bob@home.example SIP/2.0",
    ]
    assert edge.take(ev.SendCancel(key)) == []
    cancelled = write_message(make_response(request("CANCEL"), 200))
    assert first_lines(edge.hear(cancelled, CORE)) == ["ResponseArrived"]
    assert first_lines(answer(edge, invite, 487)) == ["ACK sip:bob@home.example SIP/2.0", "ResponseArrived"]


def test_cancel_that_brings_no_final_response_fails_the_invite(edge: Clocked) -> None:
    invite = request()
    key = start(edge, invite)
    answer(edge, invite, 180)
    edge.take(ev.SendCancel(key))
    failed = [output for _, output in edge.until(100) if isinstance(output, ev.TransactionFailed)]
    assert ev.TransactionFailed(key, 408) in failed


def test_cancel_of_what_is_answered_or_unknown_does_nothing(edge: Clocked) -> None:
    invite = request()
    key = start(edge, invite)
    answer(edge, invite, 200)
    assert edge.take(ev.SendCancel(key)) == []
    assert edge.take(ev.SendCancel(ClientKey("z9hg4bknone", "INVITE"))) == []


def test_a_200_that_crosses_the_cancel_still_counts(edge: Clocked) -> None:
    invite = request()
    key = start(edge, invite)
    edge.take(ev.SendCancel(key))
    assert only(answer(edge, invite, 200), ev.ResponseArrived).key == key


# Client non-INVITE


def test_other_requests_are_repeated_up_to_every_t2(edge: Clocked) -> None:
    key = start(edge, request("BYE", to_tag="b1"))
    seen = edge.until(100)
    assert times(seen) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert seen[-1] == (32.0, ev.TransactionFailed(key, 408))


def test_a_provisional_response_slows_repetition_to_t2(edge: Clocked) -> None:
    asked = request("OPTIONS")
    start(edge, asked)
    edge.until(0.6)
    answer(edge, asked, 100)
    assert times(edge.until(100))[:3] == [4.6, 8.6, 12.6]


def test_a_final_response_is_told_once(edge: Clocked) -> None:
    asked = request("BYE", to_tag="b1")
    start(edge, asked)
    assert first_lines(answer(edge, asked, 200)) == ["ResponseArrived"]
    assert answer(edge, asked, 200) == []
    edge.until(5.1)
    assert first_lines(answer(edge, asked, 200)) == ["StrayResponse"]


def test_transport_failure_ends_what_waits_on_it(edge: Clocked) -> None:
    first, second = request("BYE", branch="z9hG4bK1"), request("BYE", branch="z9hG4bK2")
    start(edge, first, TCP._replace(connection=3))
    start(edge, second, TCP._replace(connection=4))
    start(edge, request(branch="z9hG4bK3"), UDP)
    gone = edge.take(ev.TransportFailed(TCP._replace(connection=3)))
    assert gone == [ev.TransactionFailed(client_key(first), 503)]


# Server INVITE


def test_a_slow_user_is_covered_by_100(edge: Clocked) -> None:
    arrive(edge, request())
    seen = edge.until(1)
    assert [(when, *first_lines([output])) for when, output in seen] == [(0.2, "SIP/2.0 100 Trying")]
    assert first_lines(edge.hear(write_message(request()))) == ["SIP/2.0 100 Trying"]


def test_a_repeated_invite_gets_the_last_response(edge: Clocked) -> None:
    arrived = arrive(edge, request())
    assert edge.hear(write_message(request())) == []
    edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 180, to_tag="x")))
    assert first_lines(edge.hear(write_message(request()))) == ["SIP/2.0 180 Ringing"]
    assert edge.until(1) == []


def test_a_refusal_is_repeated_until_its_ack(edge: Clocked) -> None:
    arrived = arrive(edge, request())
    edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 486, to_tag="x")))
    assert times(edge.until(4)) == [0.5, 1.5, 3.5]
    assert first_lines(edge.hear(write_message(request()))) == ["SIP/2.0 486 Busy Here"]
    assert edge.hear(write_message(request("ACK", to_tag="x"))) == []
    assert edge.hear(write_message(request("ACK", to_tag="x"))) == []
    assert edge.until(100) == []
    assert edge.layer.open_servers == 0


def test_a_refusal_without_ack_is_given_up(edge: Clocked) -> None:
    arrived = arrive(edge, request())
    edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 486, to_tag="x")))
    edge.until(32)
    assert edge.layer.open_servers == 0


def test_2xx_pass_and_repeated_invites_are_absorbed(edge: Clocked) -> None:
    arrived = arrive(edge, request())
    ok = ev.SendResponse(arrived.key, make_response(arrived.request, 200, to_tag="x"))
    for _ in range(3):  # the user agent behind us repeats its 2xx
        assert first_lines(edge.take(ok)) == ["SIP/2.0 200 OK"]
    assert edge.hear(write_message(request())) == []
    assert times(edge.until(31)) == []
    same_branch = edge.hear(write_message(request("ACK", to_tag="x")))
    assert first_lines(same_branch) == ["AckArrived"]
    edge.until(33)
    assert edge.layer.open_servers == 0


def test_an_ack_of_its_own_branch_goes_to_the_user(edge: Clocked) -> None:
    outputs = edge.hear(write_message(request("ACK", to_tag="x", branch="z9hG4bKack")))
    assert first_lines(outputs) == ["AckArrived"]
    assert edge.layer.open_servers == 0


def test_a_final_response_after_the_final_response_is_ignored(edge: Clocked) -> None:
    arrived = arrive(edge, request())
    edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 486, to_tag="x")))
    assert edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 200, to_tag="x"))) == []


# CANCEL to us


def test_a_cancel_is_answered_and_told(edge: Clocked) -> None:
    arrived = arrive(edge, request())
    outputs = edge.hear(write_message(request("CANCEL")))
    assert first_lines(outputs) == ["SIP/2.0 200 OK", "CancelArrived"]
    assert only(outputs, ev.CancelArrived).key == arrived.key
    assert first_lines(edge.hear(write_message(request("CANCEL")))) == ["SIP/2.0 200 OK"]
    refused = edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 487, to_tag="x")))
    assert first_lines(refused) == ["SIP/2.0 487 Request Terminated"]


def test_a_cancel_after_the_final_response_changes_nothing(edge: Clocked) -> None:
    arrived = arrive(edge, request())
    edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 200, to_tag="x")))
    assert first_lines(edge.hear(write_message(request("CANCEL")))) == ["SIP/2.0 200 OK"]


def test_a_cancel_of_nothing(edge: Clocked) -> None:
    outputs = edge.hear(write_message(request("CANCEL")))
    assert first_lines(outputs) == ["SIP/2.0 481 Call/Transaction Does Not Exist"]


# Server non-INVITE


def test_other_requests_are_executed_once(edge: Clocked) -> None:
    asked = request("BYE", to_tag="b1")
    arrived = arrive(edge, asked)
    assert edge.hear(write_message(asked)) == []
    done = edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 200)))
    assert edge.hear(write_message(asked)) == done
    edge.until(31.9)
    assert edge.hear(write_message(asked)) == done
    edge.until(32.1)
    assert first_lines(edge.hear(write_message(asked))) == ["RequestArrived"]


def test_on_tcp_a_finished_request_is_forgotten(edge: Clocked) -> None:
    arrived = arrive(edge, request("BYE", transport="TCP"), "tcp")
    done = only(edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 200))), ev.Transmit)
    assert done.flow == Flow("tcp", UE, EDGE)
    assert edge.layer.open_servers == 0


def test_what_the_user_never_answers_gets_100_late_and_is_forgotten(edge: Clocked) -> None:
    arrived = arrive(edge, request("OPTIONS"))
    assert [(when, *first_lines([o])) for when, o in edge.until(100)] == [(3.5, "SIP/2.0 100 Trying")]
    assert edge.layer.open_servers == 0
    assert edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 200))) == []


@pytest.mark.parametrize("status", [183, 408])
def test_only_an_invite_gets_other_provisional_responses_and_408(edge: Clocked, status: int) -> None:
    for method, sent in (("OPTIONS", 0), ("INVITE", 1)):
        arrived = arrive(edge, request(method, branch=f"z9hG4bK{method}"))
        response = make_response(arrived.request, status, to_tag="x")
        assert len(edge.take(ev.SendResponse(arrived.key, response))) == sent


def test_a_provisional_response_is_repeated(edge: Clocked) -> None:
    arrived = arrive(edge, request("OPTIONS"))
    edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 100)))
    assert first_lines(edge.hear(write_message(request("OPTIONS")))) == ["SIP/2.0 100 Trying"]


def test_responses_follow_rport(edge: Clocked) -> None:
    outputs = edge.hear(write_message(request("OPTIONS")), UE._replace(port=40_000))
    arrived = only(outputs, ev.RequestArrived)
    assert arrived.request.via.rport == 40_000
    sent = only(edge.take(ev.SendResponse(arrived.key, make_response(arrived.request, 200))), ev.Transmit)
    assert sent.flow == Flow("udp", UE._replace(port=40_000), EDGE)
