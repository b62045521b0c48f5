"""How both sides notice that the other is gone, restarted or leaving, and what is told."""

from typing import Any

import pytest

from imsedge.core.errors import LocalError
from imsedge.core.machine import NEVER
from imsedge.h248.association import (
    ControllerLost,
    Disconnect,
    GatewayDown,
    GatewayLeaving,
    GatewayLost,
    GatewayUp,
    Redirect,
    Registered,
    Request,
    RequestTo,
    Start,
    Stop,
    Stopped,
    TransportLost,
)
from imsedge.h248.association.rows import METHODS
from imsedge.h248.association.service_change import read_result, write_change
from imsedge.h248.model import (
    NULL_CONTEXT,
    ROOT,
    ActionRequest,
    CommandRequest,
    ErrorDescriptor,
    Message,
    ServiceChange,
    ServiceChangeMethod,
    ServiceChangeResult,
    TransactionReply,
    TransactionRequest,
    Verb,
    fold,
)
from imsedge.h248.transactions import (
    Failure,
    Noted,
    Received,
    ReplyArrived,
    RequestArrived,
    RequestFailed,
)
from kit.associations import COLD, changes_sent, controller, gateway, pair
from kit.h248 import GATEWAY, SECOND, A, B, C, audit, decoded
from kit.wire import Node, Wire


def test_a_silent_controller_is_replaced_by_the_next_with_failover() -> None:
    wire = Wire()
    left, _ = pair(wire, controllers=(A, C))
    backup = controller(wire, at=C, mid=SECOND)
    wire.down.add(A)
    left.feed(Request(audit(), tag=1))
    wire.run(25.0)
    assert left.outputs(RequestFailed) == [
        RequestFailed(1, left.outputs(RequestFailed)[0].id, Failure.TIMED_OUT, A)
    ]
    assert left.outputs(ControllerLost)[0].controller == A
    assert left.outputs(Registered)[-1] == Registered(C, SECOND, 2, None, kept=True)
    up = backup.outputs(GatewayUp)[0]
    assert (up.method, up.reason, up.kept) == ("Failover", "909 MGC Impending Failure", True)


def test_the_same_controller_after_an_outage_is_told_disconnected() -> None:
    wire = Wire()
    left, right = pair(wire)
    wire.down.add(A)
    wire.run(60.0)
    left.feed(Request(audit(), tag=1))
    wire.run(25.0)
    assert left.outputs(ControllerLost)
    assert right.outputs(GatewayLost) == [GatewayLost(GATEWAY, "no answer until T-MAX")]
    wire.down.clear()
    wire.run(30.0)
    assert left.outputs(Registered)[-1].kept
    up = right.outputs(GatewayUp)[-1]
    assert (up.method, up.reason, up.kept) == ("Disconnected", "900 Service Restored", True)


def test_a_gateway_that_restarted_is_up_anew_and_its_requests_are_void() -> None:
    wire = Wire()
    left, right = pair(wire)
    wire.silent.add(B)
    right.feed(RequestTo(GATEWAY, audit(6), tag="lost"))
    wire.run(1.0)
    wire.silent.clear()
    left = gateway(wire, seed=77)
    left.feed(Start())
    wire.run(1.0)
    assert [(f.tag, f.reason) for f in right.outputs(RequestFailed)] == [("lost", Failure.ABANDONED)]
    assert [(up.method, up.kept) for up in right.outputs(GatewayUp)] == [("Restart", False)] * 2
    assert not right.outputs(GatewayLost)


def test_a_gateway_that_restarted_with_the_same_transaction_ids_is_understood() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(Request(audit(5), tag="old"))
    wire.run(1.0)
    left = gateway(wire, start_reason="902 Warm Boot")  # the same seed: it counts as before
    left.feed(Start())
    wire.run(1.0)
    assert len(right.outputs(GatewayUp)) == 2
    left.feed(Request(audit(5), tag="new"))
    wire.run(1.0)
    assert len([r for r in right.outputs(RequestArrived) if r.request.actions == audit(5)]) == 2


def test_a_controller_that_never_was_there_is_tried_more_and_more_slowly() -> None:
    wire = Wire()
    left = gateway(wire, patience=1.0, first_retry=1.0, longest_retry=8.0)
    left.feed(Start())
    wire.run(60.0)
    waits = [note.text for note in left.outputs(Noted) if "again in" in note.text]
    assert [text.split()[-2] for text in waits][:5] == ["0.8", "1.5", "3.0", "6.0", "6.0"]
    right = controller(wire)
    wire.run(10.0)
    assert right.outputs(GatewayUp)
    assert left.machine._retry == 1.0


def test_over_tcp_a_broken_connection_is_a_lost_controller_and_the_same_is_tried_first() -> None:
    wire = Wire()
    left, right = gateway(wire, reliable=True, controllers=(C, A)), controller(wire, reliable=True)
    left.feed(Start())
    wire.run(0.06)
    left.feed(TransportLost(C))  # connection refused
    wire.run(1.0)
    assert left.machine.controller == A
    assert len(right.outputs(GatewayUp)) == 1
    left.feed(Request(audit(1), tag=1))
    left.feed(TransportLost(A))
    right.feed(TransportLost(B))
    assert left.outputs(RequestFailed)[0].reason is Failure.ABANDONED
    assert right.outputs(GatewayLost) == [GatewayLost(GATEWAY, "the connection broke")]
    wire.run(1.0)
    assert changes_sent(wire)[-1].method == "Disconnected"
    assert len(right.outputs(GatewayUp)) == 2


def test_over_tcp_the_connection_to_a_silent_peer_is_given_up() -> None:
    wire = Wire()
    left, right = gateway(wire, reliable=True, patience=1.0), controller(wire, reliable=True)
    left.feed(Start())
    wire.run(1.0)
    wire.down.update((A, B))
    left.feed(Request(audit(1), tag=1))
    right.feed(RequestTo(GATEWAY, audit(1), tag=1))
    wire.run(19.9)
    assert not left.outputs(Disconnect)
    wire.run(0.2)
    assert left.outputs(Disconnect) == [Disconnect(A)]
    assert right.outputs(Disconnect) == [Disconnect(B)]
    wire.run(1.0)  # nor does it answer the registration
    assert left.outputs(Disconnect) == [Disconnect(A)] * 2


def test_a_connection_of_nobody_may_break() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(TransportLost(C))
    right.feed(TransportLost(C))
    assert left.machine.controller == A
    assert right.machine.gateways == (GATEWAY,)


def test_stop_takes_leave_at_once() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(Stop())
    wire.run(1.0)
    assert left.outputs(Stopped) == [Stopped()]
    assert right.outputs(GatewayDown) == [GatewayDown(GATEWAY, "905 Termination taken out of service")]
    left.feed(Stop())
    assert left.outputs(Stopped) == [Stopped()]
    wire.run(40.0)
    assert (left.machine.deadline, right.machine.deadline) == (NEVER, NEVER)


def test_graceful_stop_serves_until_the_delay_is_over() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(Stop(delay=5))
    wire.run(1.0)
    assert right.outputs(GatewayLeaving) == [GatewayLeaving(GATEWAY, 5)]
    right.feed(RequestTo(GATEWAY, audit(6), tag="still"))
    wire.run(1.0)
    assert right.outputs(ReplyArrived)[-1].tag == "still"
    assert not left.outputs(Stopped)
    wire.run(4.0)
    assert left.outputs(Stopped)
    assert right.outputs(GatewayDown)


def test_a_graceful_stop_can_be_taken_back() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(Stop(delay=5))
    wire.run(1.0)
    left.feed(Start())
    wire.run(10.0)
    assert changes_sent(wire)[-1].reason == "918 Cancel Graceful"
    assert right.outputs(GatewayUp)[-1].kept
    assert left.machine.controller == A
    assert not left.outputs(Stopped)


def test_nobody_to_take_leave_of_ends_in_a_second() -> None:
    wire = Wire()
    left, _ = pair(wire)
    wire.down.add(A)
    left.feed(Stop())
    wire.run(1.01)
    assert left.outputs(Stopped)


def test_stop_before_registration_and_start_again() -> None:
    wire = Wire()
    left = gateway(wire)
    left.feed(Start())
    left.feed(Stop())
    assert left.outputs(Stopped)
    right = controller(wire)
    left.feed(Start())
    wire.run(1.0)
    assert right.outputs(GatewayUp)
    with pytest.raises(LocalError):
        left.feed(Start())


def test_a_controller_that_goes_while_we_are_leaving_is_not_replaced() -> None:
    wire = Wire()
    left, _ = pair(wire, controllers=(A, C))
    left.feed(Stop(delay=100))
    wire.down.add(A)
    wire.run(50.0)
    left.feed(Request(audit(), tag=1))
    wire.run(25.0)
    assert left.outputs(Stopped)


def test_leaving_a_controller_that_does_not_answer_ends_at_t_max() -> None:
    wire = Wire()
    left, _ = pair(wire)
    wire.down.add(A)
    left.feed(Stop(delay=100))
    wire.run(20.5)
    assert left.outputs(ControllerLost) == [ControllerLost(A, "no answer until T-MAX")]
    assert left.outputs(Stopped) == [Stopped()]


def answers(wire: Wire, right: Node, error: int, *, last: int = -1) -> None:
    """The gateway answers the controller's last request with an error."""
    sent = decoded(wire.sent[last][2]).body[0]
    reply = TransactionReply(sent.id, ErrorDescriptor(error, "x"))
    right.feed(Received(Message(2, GATEWAY, (reply,)), B))


@pytest.mark.parametrize("code", [504, 505])
def test_a_gateway_that_knows_no_controller_is_lost(code: int) -> None:
    wire = Wire()
    _, right = pair(wire)
    right.feed(RequestTo(GATEWAY, audit(6), tag="who"))
    answers(wire, right, code)
    assert [reply.tag for reply in right.outputs(ReplyArrived)] == ["who"]
    assert right.outputs(GatewayLost) == [GatewayLost(GATEWAY, f"it answered {code}")]


def test_a_hand_off_that_is_refused_changes_nothing() -> None:
    wire = Wire()
    _, right = pair(wire)
    right.feed(Redirect(GATEWAY, SECOND))
    answers(wire, right, 501)
    assert right.outputs(Noted) == [Noted("hand-off answered with 501 x", B)]
    assert right.machine.gateways == (GATEWAY,)
    right.feed(Redirect(SECOND, GATEWAY))
    assert "not registered" in right.outputs(Noted)[-1].text


def test_a_reply_of_the_life_before_reaches_its_asker_and_nobody_else() -> None:
    """Disconnected: the association began anew, requests under way go on."""
    wire = Wire()
    _, right = pair(wire)
    right.feed(RequestTo(GATEWAY, audit(6), tag="old"))
    asked = len(wire.sent) - 1
    change = write_change(ServiceChange("Disconnected", "900 Service Restored", version=2))
    right.feed(Received(Message(1, GATEWAY, (TransactionRequest(77, change),)), B))
    answers(wire, right, 505, last=asked)
    assert [reply.tag for reply in right.outputs(ReplyArrived)] == ["old"]
    assert not right.outputs(GatewayLost)


def test_leaving_is_understood_from_a_gateway_that_is_not_registered() -> None:
    wire = Wire()
    right = controller(wire)

    def change(number: int, method: str) -> Any:
        actions = write_change(ServiceChange(method, "905 Termination taken out of service"))
        right.feed(Received(Message(1, GATEWAY, (TransactionRequest(number, actions),)), B))
        return decoded(wire.sent[-1][2]).body[0].result

    assert change(1, "Graceful").code == 505
    assert read_result(change(2, "Forced")) == ServiceChangeResult()
    assert change(3, "X-own")[0].replies[0].error.code == 449
    assert not right.log


def test_a_registration_that_cannot_be_read_is_told_what_is_wrong_with_it() -> None:
    """505 would only ask for the same again."""
    wire = Wire()
    right = controller(wire)
    mistake = ErrorDescriptor(472, "Required Information Missing")
    command = CommandRequest(Verb.SERVICE_CHANGE, (ROOT,), error=mistake)
    request = TransactionRequest(1, (ActionRequest(NULL_CONTEXT, (command,)),))
    right.feed(Received(Message(1, GATEWAY, (request,)), B))
    (reply,) = decoded(wire.sent[-1][2]).body
    assert reply.result[0].replies[0].error == mistake
    assert not right.log


def test_the_address_for_requests_may_differ_from_the_one_of_the_registration() -> None:
    wire = Wire()
    right = controller(wire)
    change = ServiceChange("Restart", COLD, version=2, address=4000)
    right.feed(Received(Message(1, GATEWAY, (TransactionRequest(1, write_change(change)),)), B))
    assert wire.sent[-1][2].peer == B._replace(port=4000)


def test_wrong_use_is_told() -> None:
    wire = Wire()
    with pytest.raises(LocalError):
        controller(wire).feed("what")
    with pytest.raises(LocalError):
        gateway(wire, controllers=())


def test_every_method_of_the_standard_has_its_row() -> None:
    assert {fold(method) for method in ServiceChangeMethod} == {*METHODS, fold(ServiceChangeMethod.FORCED)}


@pytest.mark.parametrize(
    ("method", "kept"),
    [("Restart", False), ("Disconnected", True), ("FAILOVER", True), ("handoff", True)],
)
def test_every_method_that_registers_says_whether_contexts_live(method: str, kept: bool) -> None:
    wire = Wire()
    right = controller(wire)
    change = TransactionRequest(1, write_change(ServiceChange(method, "900 Service Restored", version=2)))
    right.feed(Received(Message(1, GATEWAY, (change,)), B))
    right.feed(Received(Message(2, GATEWAY, (TransactionRequest(9, audit()),)), B))
    assert [up.kept for up in right.outputs(GatewayUp)] == [kept]
