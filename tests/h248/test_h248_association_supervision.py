"""Signs of life: empty audits from the controller, ``it/ito`` for the gateway."""

from typing import Any

import pytest

from imsedge.core.machine import NEVER
from imsedge.h248.association import (
    ControllerLost,
    GatewayLost,
    GatewayUp,
    Request,
    RequestTo,
    Start,
)
from imsedge.h248.association.supervision import INACTIVITY_REQUEST, is_inactivity_notify
from imsedge.h248.model import (
    Verb,
)
from imsedge.h248.transactions import (
    ReplyArrived,
    RequestArrived,
    RequestFailed,
)
from kit.associations import controller, gateway, pair
from kit.h248 import GATEWAY, A, B, audit, notify
from kit.wire import Wire


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
    events: Any
    (events,) = order.request.actions[0].commands[0].descriptors
    (event,) = events.events
    assert (event.name, event.parameters[0].name, event.parameters[0].value) == ("it/ito", "mit", "3000")

    left.feed(Request(notify("it/ito", events.request_id), tag="ito"))
    left.feed(Request(notify("it/ito", 7), tag="foreign"))
    wire.run(1.0)
    assert [r.tag for r in left.outputs(ReplyArrived)] == ["ito", "foreign"]
    assert [r.request.actions for r in right.outputs(RequestArrived)] == [notify("it/ito", 7)]


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


@pytest.mark.parametrize(
    "actions",
    [
        (),
        audit(),
        notify("it/ito", 7),
        notify("g/cause", INACTIVITY_REQUEST),
        2 * notify("it/ito", INACTIVITY_REQUEST),
    ],
)
def test_only_the_notify_that_was_ordered_is_answered_without_the_user(actions: Any) -> None:
    assert not is_inactivity_notify(actions)
