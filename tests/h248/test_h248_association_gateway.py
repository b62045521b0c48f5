"""How a gateway comes up, follows redirections and hand-offs: clause 11 of H.248.1."""

from typing import Any

import pytest

from imsedge.core.errors import LocalError
from imsedge.h248.association import (
    GatewayDown,
    GatewayLost,
    GatewayUp,
    HandOff,
    Redirect,
    Registered,
    Request,
    RequestTo,
    Start,
)
from imsedge.h248.association.service_change import read_change, write_change, write_result
from imsedge.h248.model import (
    DomainMid,
    ErrorDescriptor,
    IpMid,
    Message,
    ServiceChange,
    ServiceChangeResult,
    TransactionReply,
    TransactionRequest,
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
from kit.h248 import GATEWAY, MGC, SECOND, A, B, C, audit, audited, decoded
from kit.wire import Node, Wire, losing


def test_a_gateway_registers_and_both_sides_know() -> None:
    wire = Wire()
    left, right = gateway(wire, profile="threegppiq/4"), controller(wire)
    left.feed(Start())
    wire.run(1.0)
    assert left.outputs(Registered) == [Registered(A, MGC, 2, "threegppiq/4", kept=False)]
    assert right.outputs(GatewayUp) == [GatewayUp(GATEWAY, B, 2, "threegppiq/4", False, "Restart", COLD)]
    assert changes_sent(wire) == [ServiceChange("Restart", COLD, profile="threegppiq/4", version=2)]
    assert decoded(wire.sent[0][2]).version == 1  # nothing is negotiated yet
    assert decoded(wire.sent[-1][2]).version == 2
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
        reply = decoded(wire.sent[-1][2]).body[0]
        assert isinstance(reply.result, ErrorDescriptor)
        assert reply.result.code == 505


def test_a_stranger_gets_504_from_a_gateway_that_has_a_controller() -> None:
    wire = Wire()
    left, _ = pair(wire)
    stranger = Message(2, SECOND, (TransactionRequest(9, audit()),))
    left.feed(Received(stranger, C))
    assert decoded(wire.sent[-1][2]).body[0].result.code == 504
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
    sent = decoded(wire.sent[0][2]).body[0]
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
        sent = decoded(wire.sent[-1][2])
        error = ErrorDescriptor(406, "Version Not Supported")
        body = error if as_message else (TransactionReply(sent.body[0].id, error),)
        left.feed(Received(Message(1, MGC, body), A))
    assert [change.version for change in changes_sent(wire)] == [3, 2, 1]
    assert decoded(wire.sent[-1][2]).version == 1


@pytest.mark.parametrize(
    "mgc_id",
    [IpMid(C.host, C.port), DomainMid("second.example.net", C.port), DomainMid("SECOND.example.net")],
)
def test_a_gateway_follows_a_redirection(mgc_id: Any) -> None:
    wire = Wire()
    left, other = gateway(wire, names={"second.example.net": C}), controller(wire, at=C, mid=SECOND)
    left.feed(Start())
    wire.run(0.1)
    sent = decoded(wire.sent[0][2]).body[0]
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
    sent = decoded(wire.sent[0][2]).body[0]
    reply = TransactionReply(sent.id, write_result(ServiceChangeResult(mgc_id=mgc_id)))
    left.feed(Received(Message(1, MGC, (reply,)), A))
    wire.run(1.0)
    assert "cannot follow" in left.outputs(Noted)[0].text
    assert left.outputs(Registered)[0].controller == C


@pytest.mark.parametrize(
    ("address", "port"), [(4000, 4000), (IpMid(A.host, 4001), 4001), (DomainMid("nobody"), A.port)]
)
def test_requests_go_where_the_controller_wants_them(address: Any, port: int) -> None:
    wire = Wire()
    left = gateway(wire)
    left.feed(Start())
    wire.run(0.1)
    sent = decoded(wire.sent[0][2]).body[0]
    reply = TransactionReply(sent.id, write_result(ServiceChangeResult(version=2, address=address)))
    left.feed(Received(Message(1, MGC, (reply,)), A))
    left.feed(Request(audit(), tag=1))
    assert wire.sent[-1][2].peer == A._replace(port=port)


def test_redirections_in_a_circle_end() -> None:
    wire = Wire()

    def mirror(node: Node) -> None:
        while True:
            sent = decoded(wire.sent[-1][2]).body[0]
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
