"""Two real associations on a wire: registration, negotiation, loss and return, on both sides."""

from collections.abc import Iterable
from typing import Any

import pytest

from imsedge.core.errors import LocalError
from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerLost,
    ControllerSettings,
    GatewayAssociation,
    GatewayDown,
    GatewayLeaving,
    GatewayLost,
    GatewaySettings,
    GatewayUp,
    HandOff,
    Redirect,
    Registered,
    Request,
    RequestTo,
    Start,
    Stop,
    Stopped,
    TransportLost,
)
from imsedge.h248.association.service_change import read_change, read_result, write_change, write_result
from imsedge.h248.codec import decode
from imsedge.h248.model import (
    ActionReply,
    CommandReply,
    DomainMid,
    ErrorDescriptor,
    IpMid,
    Message,
    ServiceChange,
    ServiceChangeResult,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from imsedge.h248.transactions import (
    Failure,
    Noted,
    Received,
    ReplyArrived,
    RequestArrived,
    RequestFailed,
    SendReply,
)
from kit.h248 import GATEWAY, MGC, SECOND, A, B, C, audit, audited, notify, settings
from kit.wire import Node, Wire, losing

COLD = "901 Cold Boot"


def obedient(output: object) -> Iterable[Any]:
    """Answers everything with success."""
    if isinstance(output, RequestArrived):
        replies = tuple(
            ActionReply(action.context, tuple(CommandReply(c.verb, c.terminations) for c in action.commands))
            for action in output.request.actions
        )
        yield SendReply(output.handle, replies)


def gateway(wire: Wire, *, seed: int = 1, controllers: tuple[Any, ...] = (A,), **changes: Any) -> Node:
    reliable = changes.pop("reliable", False)
    association = GatewayAssociation(
        GatewaySettings(controllers=controllers, **changes),
        settings(GATEWAY, reliable=reliable),
        CountingIds(seed),
    )
    return wire.attach(B, association, obedient)


def controller(wire: Wire, *, at: Any = A, mid: Any = MGC, seed: int = 1000, **changes: Any) -> Node:
    reliable = changes.pop("reliable", False)
    association = ControllerAssociation(
        ControllerSettings(**changes), settings(mid, reliable=reliable), CountingIds(seed)
    )
    return wire.attach(at, association, obedient)


def pair(wire: Wire, **changes: Any) -> tuple[Node, Node]:
    """A gateway and a controller that have found each other."""
    left, right = gateway(wire, **changes), controller(wire)
    left.feed(Start())
    wire.run(2.0)
    assert len(right.outputs(GatewayUp)) == 1
    return left, right


def changes_sent(wire: Wire) -> list[ServiceChange]:
    """Every ServiceChange request on the wire, repeats left out."""
    seen: list[ServiceChange] = []
    last = b""
    for _, _, transmit in wire.sent:
        body = decode(transmit.data).body
        if isinstance(body, tuple) and isinstance(body[0], TransactionRequest) and transmit.data != last:
            change = read_change(body[0].actions)
            if change is not None:
                seen.append(change)
                last = transmit.data
    return seen


# --- coming up ---------------------------------------------------------------------------------------


def test_a_gateway_registers_and_both_sides_know() -> None:
    wire = Wire()
    left, right = gateway(wire, profile="threegppiq/4"), controller(wire)
    left.feed(Start())
    wire.run(1.0)
    assert left.outputs(Registered) == [Registered(A, MGC, 2, "threegppiq/4", kept=False)]
    assert right.outputs(GatewayUp) == [GatewayUp(GATEWAY, B, 2, "threegppiq/4", False, "Restart", COLD)]
    assert changes_sent(wire) == [ServiceChange("Restart", COLD, profile="threegppiq/4", version=2)]
    assert decode(wire.sent[0][2].data).version == 1  # nothing is negotiated yet
    assert decode(wire.sent[-1][2].data).version == 2
    assert right.machine.gateways == (GATEWAY,)
    assert left.machine.controller == A


def test_requests_pass_both_ways_once_associated() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(Request(audit(5), tag="up"))
    right.feed(RequestTo(GATEWAY, audit(6), tag="down"))
    wire.run(1.0)
    assert [(r.tag, r.result) for r in left.outputs(ReplyArrived)] == [("up", audited(5))]
    assert [(r.tag, r.result) for r in right.outputs(ReplyArrived)] == [("down", audited(6))]


def test_before_registration_requests_fail_on_our_side_and_get_505_from_the_other() -> None:
    wire = Wire()
    left, right = gateway(wire), controller(wire)
    left.feed(Request(audit(), tag=1))
    right.feed(RequestTo(GATEWAY, audit(), tag=2))
    assert left.outputs(RequestFailed) == [RequestFailed(1, 0, Failure.NOT_ASSOCIATED, None)]
    assert right.outputs(RequestFailed) == [RequestFailed(2, 0, Failure.NOT_ASSOCIATED, None)]
    for node, source, mid in ((left, A, MGC), (right, B, GATEWAY)):
        node.feed(Received(Message(2, mid, (TransactionRequest(9, audit()),)), source))
        reply = decode(wire.sent[-1][2].data).body[0]
        assert isinstance(reply, TransactionReply)
        assert reply.result.code == 505


def test_a_stranger_gets_504_from_a_gateway_that_has_a_controller() -> None:
    wire = Wire()
    left, _ = pair(wire)
    stranger = Message(2, SECOND, (TransactionRequest(9, audit()),))
    left.feed(Received(stranger, C))
    assert decode(wire.sent[-1][2].data).body[0].result.code == 504
    assert not [r for r in left.outputs(RequestArrived) if r.mid == SECOND]


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"), [(1, 3, 1), (2, 3, 2), (3, 3, 3), (3, 2, 2), (2, 1, 1), (1, 1, 1)]
)
def test_the_lower_version_of_both_is_used(ours: int, theirs: int, agreed: int) -> None:
    wire = Wire()
    left, right = gateway(wire, version=ours), controller(wire, version=theirs)
    left.feed(Start())
    wire.run(1.0)
    assert left.outputs(Registered)[0].version == agreed
    assert right.outputs(GatewayUp)[0].version == agreed
    assert left.machine.version == agreed


@pytest.mark.parametrize(
    ("offered", "supported", "agreed"),
    [
        (None, ("ETSI_BGF/2",), None),
        ("etsi_bgf/1", ("ETSI_BGF/2",), "etsi_bgf/1"),
        ("ETSI_BGF/3", ("ETSI_BGF/2",), "ETSI_BGF/2"),
        ("own/7", (), "own/7"),
    ],
)
def test_the_profile_is_agreed(offered: str | None, supported: tuple[str, ...], agreed: str | None) -> None:
    wire = Wire()
    left, right = gateway(wire, profile=offered), controller(wire, profiles=supported)
    left.feed(Start())
    wire.run(1.0)
    assert right.outputs(GatewayUp)[0].profile == agreed
    assert left.outputs(Registered)[0].profile == agreed


def test_an_unknown_profile_is_refused_with_461_and_tried_elsewhere() -> None:
    wire = Wire()
    left = gateway(wire, profile="x/1", controllers=(A, C))
    strict, liberal = controller(wire, profiles=("ETSI_BGF/2",)), controller(wire, at=C, mid=SECOND)
    left.feed(Start())
    wire.run(1.0)
    assert "461" in left.outputs(Noted)[0].text
    assert left.outputs(Registered)[0].controller == C
    assert not strict.outputs(GatewayUp)
    assert liberal.outputs(GatewayUp)


def test_only_listed_gateways_may_register() -> None:
    wire = Wire()
    left, right = gateway(wire), controller(wire, gateways=("<other.example.net>",))
    left.feed(Start())
    wire.run(0.5)
    assert "402" in left.outputs(Noted)[0].text
    assert not right.outputs(GatewayUp)


@pytest.mark.parametrize(("limit", "up"), [(2, 2), (1, 1)])
def test_gateways_have_a_limit(limit: int, up: int) -> None:
    wire = Wire()
    right = controller(wire, max_gateways=limit)
    for number, mid in enumerate((GATEWAY, SECOND), 1):
        change = TransactionRequest(number, write_change(ServiceChange("Restart", COLD, version=2)))
        right.feed(Received(Message(1, mid, (change,)), B))
        right.feed(Received(Message(2, mid, (TransactionRequest(9, audit()),)), B))  # it knows
    assert len(right.outputs(GatewayUp)) == up


@pytest.mark.parametrize("pattern", ["x", ".x", "..x", "...x", "2222", "xxxx", ".~", "~.", "&&&&", "x.x.x."])
def test_registration_survives_loss(pattern: str) -> None:
    wire = Wire(fates=losing(pattern))
    left, right = gateway(wire), controller(wire)
    left.feed(Start())
    wire.run(8.0)
    assert len(left.outputs(Registered)) == 1
    assert len(right.outputs(GatewayUp)) == 1
    right.feed(RequestTo(GATEWAY, audit(6), tag="down"))
    wire.run(8.0)
    assert right.outputs(ReplyArrived)[-1].result == audited(6)
    assert not right.outputs(GatewayLost)


def test_a_thousand_gateways_do_not_restart_in_step() -> None:
    wire = Wire()
    node = gateway(wire, max_waiting_delay=600.0)
    node.feed(Start())
    assert node.machine.deadline == 300.0  # the fraction is 0.5


def test_a_reply_without_a_version_means_the_version_of_its_header() -> None:
    wire = Wire()
    left = gateway(wire)
    left.feed(Start())
    wire.run(0.1)
    sent = decode(wire.sent[0][2].data).body[0]
    reply = TransactionReply(sent.id, write_result(ServiceChangeResult()))
    left.feed(Received(Message(1, MGC, (reply,)), A))
    assert left.outputs(Registered)[0].version == 1


@pytest.mark.parametrize("as_message", [False, True])
def test_406_makes_the_gateway_offer_less(as_message: bool) -> None:
    wire = Wire()
    left = gateway(wire, version=3, header_version=3)
    left.feed(Start())
    wire.run(0.1)
    for _ in range(2):
        sent = decode(wire.sent[-1][2].data)
        error = ErrorDescriptor(406, "Version Not Supported")
        body = error if as_message else (TransactionReply(sent.body[0].id, error),)
        left.feed(Received(Message(1, MGC, body), A))
    assert [change.version for change in changes_sent(wire)] == [3, 2, 1]
    assert decode(wire.sent[-1][2].data).version == 1


# --- redirection and hand-off --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mgc_id",
    [IpMid(C.host, C.port), DomainMid("second.example.net", C.port), DomainMid("SECOND.example.net")],
)
def test_a_gateway_follows_a_redirection(mgc_id: Any) -> None:
    wire = Wire()
    left, other = gateway(wire, names={"second.example.net": C}), controller(wire, at=C, mid=SECOND)
    left.feed(Start())
    wire.run(0.1)
    sent = decode(wire.sent[0][2].data).body[0]
    reply = TransactionReply(sent.id, write_result(ServiceChangeResult(mgc_id=mgc_id)))
    left.feed(Received(Message(1, MGC, (reply,)), A))
    wire.run(1.0)
    assert left.outputs(Registered) == [Registered(C, SECOND, 2, None, kept=False)]
    assert other.outputs(GatewayUp)[0].method == "Restart"


@pytest.mark.parametrize("mgc_id", [DomainMid("nobody"), IpMid("no address", 1), IpMid("192.0.2.9", 70_000)])
def test_a_redirection_to_nowhere_is_noted_and_the_next_controller_tried(mgc_id: Any) -> None:
    wire = Wire()
    left, _ = gateway(wire, controllers=(A, C)), controller(wire, at=C, mid=SECOND)
    left.feed(Start())
    wire.run(0.1)
    sent = decode(wire.sent[0][2].data).body[0]
    reply = TransactionReply(sent.id, write_result(ServiceChangeResult(mgc_id=mgc_id)))
    left.feed(Received(Message(1, MGC, (reply,)), A))
    wire.run(1.0)
    assert "cannot follow" in left.outputs(Noted)[0].text
    assert left.outputs(Registered)[0].controller == C


def test_redirections_in_a_circle_end() -> None:
    wire = Wire()

    def mirror(node: Node) -> None:
        while True:
            sent = decode(wire.sent[-1][2].data).body[0]
            if not isinstance(sent, TransactionRequest) or node.machine.state.name != "REGISTERING":
                return
            result = write_result(ServiceChangeResult(mgc_id=IpMid(A.host, A.port)))
            node.feed(Received(Message(1, MGC, (TransactionReply(sent.id, result),)), A))

    left = gateway(wire, max_redirects=3)
    left.feed(Start())
    wire.run(0.1)
    mirror(left)
    assert len(changes_sent(wire)) == 4
    assert left.machine.state.name == "WAITING"


def test_the_controller_hands_a_gateway_off_and_contexts_are_kept() -> None:
    wire = Wire()
    left, right = pair(wire, names={"second.example.net": C})
    other = controller(wire, at=C, mid=SECOND)
    right.feed(Redirect(GATEWAY, SECOND))
    wire.run(1.0)
    (order,) = [r for r in left.outputs(RequestArrived) if read_change(r.request.actions)]
    change = read_change(order.request.actions)
    assert change is not None
    assert (change.method, change.reason, change.mgc_id) == ("HandOff", "903 MGC Directed Change", SECOND)
    left.feed(HandOff(SECOND))
    wire.run(1.0)
    assert left.outputs(Registered)[-1] == Registered(C, SECOND, 2, None, kept=True)
    assert right.outputs(GatewayDown) == [GatewayDown(GATEWAY, "handed off")]
    up = other.outputs(GatewayUp)[0]
    assert (up.method, up.kept) == ("HandOff", True)


def test_a_hand_off_to_nowhere_stays() -> None:
    wire = Wire()
    left, _ = pair(wire)
    left.feed(HandOff(DomainMid("nobody")))
    assert left.machine.controller == A
    with pytest.raises(LocalError):
        gateway(wire).feed(HandOff(SECOND))


def test_a_hand_off_that_fails_comes_back() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(HandOff(IpMid(C.host, C.port)))  # nobody is there
    wire.run(10.0)
    assert left.outputs(Registered)[-1].kept
    assert changes_sent(wire)[-1].method == "Disconnected"
    assert right.outputs(GatewayUp)[-1].kept


# --- losing each other -----------------------------------------------------------------------------------


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


def test_a_controller_that_restarted_gets_its_gateway_back_within_the_inactivity_time() -> None:
    """The gateway's user watches for silence as ordered; its Notify meets 505, which tells."""
    wire = Wire()
    left, _ = pair(wire)
    reborn = controller(wire, seed=5000)
    wire.run(5.0)
    assert not reborn.outputs(GatewayUp)
    left.feed(Request(audit(1), tag="notify"))
    wire.run(3.0)
    assert left.outputs(ControllerLost) == [ControllerLost(A, "the controller answered 505")]
    up = reborn.outputs(GatewayUp)[0]
    assert (up.method, up.kept) == ("Disconnected", True)
    assert left.machine.controller == A


def test_the_order_to_watch_for_silence_is_given_and_its_notify_answered() -> None:
    wire = Wire()
    left, right = pair(wire)
    (order,) = left.outputs(RequestArrived)
    (events,) = order.request.actions[0].commands[0].descriptors
    (event,) = events.events
    assert (event.name, event.parameters[0].name, event.parameters[0].value) == ("it/ito", "mit", "3000")

    left.feed(Request(notify("it/ito", events.request_id), tag="ito"))
    left.feed(Request(notify("it/ito", 7), tag="foreign"))
    wire.run(1.0)
    assert [r.tag for r in left.outputs(ReplyArrived)] == ["ito", "foreign"]
    assert [r.request.actions for r in right.outputs(RequestArrived)] == [notify("it/ito", 7)]


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


def test_a_silent_gateway_is_audited_and_then_lost() -> None:
    wire = Wire()
    left, right = pair(wire)
    wire.run(60.0)
    audits = [
        r for r in left.outputs(RequestArrived) if r.request.actions[0].commands[0].verb is Verb.AUDIT_VALUE
    ]
    assert len(audits) == 6  # one in ten seconds of silence, the answer counts as a sign of life
    wire.down.add(B)
    right.feed(RequestTo(GATEWAY, audit(6), tag="lost"))
    wire.run(40.0)
    assert right.outputs(GatewayLost) == [GatewayLost(GATEWAY, "no answer until T-MAX")]
    assert [f.tag for f in right.outputs(RequestFailed)] == ["lost"]
    assert (right.machine.gateways, right.machine.deadline) == ((), NEVER)


def test_supervision_can_be_off() -> None:
    wire = Wire()
    left, right = gateway(wire), controller(wire, audit_interval=None, inactivity=None)
    left.feed(Start())
    wire.run(100.0)
    assert len(right.outputs(GatewayUp)) == 1
    assert [r.request.actions for r in left.outputs(RequestArrived)] == [audit()]  # are you there?


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


def test_a_connection_of_nobody_may_break() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(TransportLost(C))
    right.feed(TransportLost(C))
    assert left.machine.controller == A
    assert right.machine.gateways == (GATEWAY,)


# --- leaving -------------------------------------------------------------------------------------------


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


def test_leaving_is_understood_from_a_gateway_that_is_not_registered() -> None:
    wire = Wire()
    right = controller(wire)

    def change(number: int, method: str) -> Any:
        actions = write_change(ServiceChange(method, "905 Termination taken out of service"))
        right.feed(Received(Message(1, GATEWAY, (TransactionRequest(number, actions),)), B))
        return decode(wire.sent[-1][2].data).body[0].result

    assert change(1, "Graceful").code == 505
    assert read_result(change(2, "Forced")) == ServiceChangeResult()
    assert change(3, "X-own")[0].replies[0].error.code == 449
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
