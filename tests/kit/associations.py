"""Two associations on a virtual wire: the gateway at ``B``, its controller at ``A``, another at ``C``."""

from collections.abc import Iterable
from typing import Any

from imsedge.core.ids import CountingIds
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerSettings,
    GatewayAssociation,
    GatewaySettings,
    GatewayUp,
    Start,
)
from imsedge.h248.association.service_change import read_change
from imsedge.h248.codec import decode
from imsedge.h248.model import (
    ActionReply,
    CommandReply,
    ServiceChange,
    TransactionRequest,
)
from imsedge.h248.transactions import (
    RequestArrived,
    SendReply,
)
from kit.h248 import GATEWAY, MGC, A, B, settings
from kit.wire import Node, Wire

COLD = "901 Cold Boot"


def obedient(output: object) -> Iterable[Any]:
    """Answers everything with success."""
    if isinstance(output, RequestArrived):
        replies = tuple(
            ActionReply(action.context, tuple(CommandReply(c.verb, c.terminations) for c in action.commands))
            for action in output.request.actions
        )
        yield SendReply(output.handle, replies)


def gateway(
    wire: Wire, *, at: Any = B, seed: int = 1, controllers: tuple[Any, ...] = (A,), **changes: Any
) -> Node:
    own = {key: changes.pop(key) for key in ("reliable", "encoding") if key in changes}
    association = GatewayAssociation(
        GatewaySettings(controllers=controllers, **changes), settings(GATEWAY, **own), CountingIds(seed)
    )
    return wire.attach(at, association, obedient)


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
