"""Who restarts may count its transactions as in its former life, and say the same in the same octets."""

import pytest

from imsedge.core.ids import RandomIds
from imsedge.h248.association import (
    GatewayAssociation,
    GatewaySettings,
    GatewayUp,
    Registered,
    Request,
    RequestTo,
    Start,
)
from imsedge.h248.codec import Encoding, encoding_of
from imsedge.h248.model import TransactionRequest
from imsedge.h248.transactions import ReplyArrived, RequestArrived, RequestFailed
from kit.associations import controller, gateway, pair
from kit.h248 import GATEWAY, A, B, C, audit, decoded, settings
from kit.wire import Wire, losing


def test_our_own_gateways_begin_to_count_anywhere() -> None:
    def boot() -> int:
        known = GatewaySettings(controllers=(A,), max_waiting_delay=0.0)
        wire = Wire()
        node = wire.attach(B, GatewayAssociation(known, settings(GATEWAY), RandomIds()))
        node.feed(Start())
        wire.run(0.1)
        (request,) = decoded(wire.sent[0][2]).body
        assert isinstance(request, TransactionRequest)
        return request.id

    assert len({boot() for _ in range(8)}) == 8


@pytest.mark.parametrize("pause", [0.5, 5.0, 15.0, 25.0])
def test_a_gateway_that_restarts_and_says_the_same_octets_is_registered_anew(pause: float) -> None:
    wire = Wire()
    _, right = pair(wire)
    wire.run(pause)
    again = gateway(wire)  # the same seed: the same transaction identifiers
    again.feed(Start())
    wire.run(12.0)
    assert again.outputs(Registered)
    assert [up.kept for up in right.outputs(GatewayUp)] == [False, False]


def test_what_a_gateway_asks_after_its_restart_is_not_answered_from_memory() -> None:
    wire = Wire()
    left, right = pair(wire)
    left.feed(Request(audit(5), tag="before"))
    wire.run(3.0)
    again = gateway(wire)
    again.feed(Start())
    wire.run(12.0)
    again.feed(Request(audit(5), tag="after"))
    wire.run(1.0)
    assert len([r for r in right.outputs(RequestArrived) if r.request.actions == audit(5)]) == 2
    assert [reply.tag for reply in again.outputs(ReplyArrived)] == ["after"]


@pytest.mark.parametrize("copies", ["2", "&", "&&&"])
def test_a_late_copy_of_a_registration_ends_nothing(copies: str) -> None:
    wire = Wire(fates=losing(copies))
    _, right = pair(wire)
    right.feed(RequestTo(GATEWAY, audit(6), tag="call"))
    wire.run(20.0)
    assert len(right.outputs(GatewayUp)) == 1
    assert [reply.tag for reply in right.outputs(ReplyArrived)] == ["call"]
    assert not right.outputs(RequestFailed)


def test_a_registration_whose_answer_was_lost_is_answered_from_memory() -> None:
    wire = Wire(fates=losing(".xxx"))
    left, right = pair(wire)
    assert len(left.outputs(Registered)) == len(right.outputs(GatewayUp)) == 1


def test_over_tcp_the_same_octets_on_another_connection_are_a_restart() -> None:
    """The one before broke without a word: its machine lost power."""
    wire = Wire()
    left = gateway(wire, reliable=True)
    right = controller(wire, reliable=True)
    left.feed(Start())
    wire.run(1.0)
    wire.down.add(B)
    again = gateway(wire, at=C, reliable=True)
    again.feed(Start())
    wire.run(1.0)
    assert again.outputs(Registered)
    assert [up.peer for up in right.outputs(GatewayUp)] == [B, C]
    right.feed(RequestTo(GATEWAY, audit(6), tag="call"))
    wire.run(1.0)
    assert [reply.tag for reply in right.outputs(ReplyArrived)] == ["call"]


def test_a_controller_that_restarts_may_ask_the_same_again() -> None:
    wire = Wire()
    left, right = pair(wire)
    right.feed(RequestTo(GATEWAY, audit(6), tag="before"))
    wire.run(1.0)
    again = controller(wire)  # the same seed
    left.feed(Request(audit(5)))  # answered with 505
    wire.run(3.0)
    assert [up.method for up in again.outputs(GatewayUp)] == ["Disconnected"]
    again.feed(RequestTo(GATEWAY, audit(6), tag="after"))
    wire.run(1.0)
    assert len([r for r in left.outputs(RequestArrived) if r.request.actions == audit(6)]) == 2


def test_a_gateway_is_asked_in_the_encoding_in_which_it_registered() -> None:
    wire = Wire()
    left, right = gateway(wire, encoding=Encoding.BER), controller(wire)
    left.feed(Start())
    wire.run(1.0)
    right.feed(RequestTo(GATEWAY, audit(6), tag="binary"))
    wire.run(1.0)
    assert [reply.tag for reply in right.outputs(ReplyArrived)] == ["binary"]
    assert {encoding_of(transmit.data) for _, _, transmit in wire.sent} == {Encoding.BER}
