"""Erlang's megaco as controller of our gateway association, and as gateway under our controller."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerLost,
    ControllerSettings,
    GatewayAssociation,
    GatewayLost,
    GatewaySettings,
    GatewayUp,
    Registered,
    Request,
    RequestTo,
    Start,
    Stop,
    Stopped,
)
from imsedge.h248.codec import decode
from imsedge.h248.model import (
    CHOOSE_CONTEXT,
    ActionRequest,
    Audit,
    CommandRequest,
    SegmentAck,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    Verb,
)
from imsedge.h248.transactions import ReplyArrived, RequestArrived
from imsedge.net.transport import Transport
from kit.endpoints import Keep, Side, called, calling
from kit.erlang import Launch, free_port
from kit.h248 import GATEWAY, MGC, audit, notify, settings

pytestmark = pytest.mark.interop
ON_EVERY_TRANSPORT = ["udp", "tcp", pytest.param("sctp", marks=pytest.mark.sctp)]
ADD = (ActionRequest(CHOOSE_CONTEXT, (CommandRequest(Verb.ADD, ("$",)),)),)


@pytest.fixture
async def closing() -> AsyncIterator[Keep]:
    sides: list[Side] = []

    def keep(side: Side) -> Side:
        sides.append(side)
        return side

    yield keep
    for side in sides:
        side.endpoint.close()
    await asyncio.sleep(0.01)


def gateway_machine(port: int, transport: Transport, **changes: Any) -> GatewayAssociation:
    own = settings(GATEWAY, reliable=transport.reliable, **changes)
    address = TransportAddress("127.0.0.1", port)
    known = GatewaySettings(
        controllers=(address,),
        profile="ETSI_BGF/2",
        version=3,
        first_retry=0.1,
        longest_retry=0.2,
        patience=1.0,
    )
    return GatewayAssociation(known, own, RandomIds())


@pytest.mark.parametrize("transport", ON_EVERY_TRANSPORT)
async def test_erlang_drives_our_gateway(transport: str, erlang: Launch, closing: Keep) -> None:
    port, socket_ = free_port(transport), await calling(transport)
    peer = await erlang("mgc", transport, port)
    await peer.says("READY")
    side = closing(Side(gateway_machine(port, socket_), socket_))
    side.endpoint.feed(Start())
    registered = await side.hears(Registered)
    assert (registered.version, registered.profile, registered.kept) == (3, "etsi_bgf/2", False)
    assert await peer.says("UP") == "3 etsi_bgf/2"
    peer.send(audit())
    reply = await peer.transaction("REPLY")
    assert reply.result[0].replies[0].terminations == ("ROOT",)
    peer.send(ADD)
    assert (await side.hears(RequestArrived)).request.actions == audit()
    assert (await side.hears(RequestArrived)).request.actions == ADD
    side.endpoint.feed(Request(notify("g/cause", 7), tag="notify"))
    assert (await peer.transaction("REQUEST")).actions[0].commands[0].observed.request_id == 7
    assert (await side.hears(ReplyArrived)).tag == "notify"
    side.endpoint.feed(Stop())
    await side.hears(Stopped)


@pytest.mark.parametrize("transport", ON_EVERY_TRANSPORT)
async def test_erlang_is_a_gateway_under_our_controller(
    transport: str, erlang: Launch, closing: Keep
) -> None:
    socket_ = await called(transport)
    own = settings(MGC, reliable=socket_.reliable)
    side = closing(
        Side(ControllerAssociation(ControllerSettings(profiles=("ETSI_BGF/1",)), own, RandomIds()), socket_)
    )
    peer = await erlang("mg", transport, socket_.local.port)
    assert await peer.says("UP") == "3 etsi_bgf/1"
    up = await side.hears(GatewayUp)
    assert (up.version, up.profile.lower(), up.kept, up.method) == (3, "etsi_bgf/1", False, "Restart")
    side.endpoint.feed(RequestTo(up.gateway, ADD, tag="add"))
    reply = await side.hears(ReplyArrived)
    assert (reply.tag, reply.result[0].context) == ("add", 1)
    assert reply.result[0].replies[0].terminations == ("ip/access/1",)
    peer.send(notify("g/cause", 7))
    assert (await side.hears(RequestArrived)).request.actions[0].commands[0].observed.request_id == 7
    assert (await peer.transaction("REPLY")).result[0].replies[0].verb is Verb.NOTIFY
    if transport != "udp":
        await peer.kill()
        assert (await side.hears(GatewayLost)).reason == "the connection broke"


async def test_our_slow_execution_sends_erlang_pendings_and_gets_its_acknowledgement(
    erlang: Launch, closing: Keep
) -> None:
    port, socket_ = free_port("udp"), await calling("udp")
    peer = await erlang("mgc", "udp", port)
    await peer.says("READY")
    side = closing(Side(gateway_machine(port, socket_, provisional=0.1), socket_, 1.2))
    side.endpoint.feed(Start())
    await side.hears(Registered)
    peer.send(ADD)
    await peer.transaction("REPLY")
    assert len([said for said in side.said if isinstance(said, RequestArrived)]) == 1
    crossed = transactions(side)
    assert any(isinstance(transaction, TransactionPending) for transaction in crossed)
    (reply,) = {t.id for t in crossed if isinstance(t, TransactionReply) and t.immediate_ack}
    assert TransactionAck(((reply, reply),)) in crossed


async def test_erlangs_slow_execution_and_acknowledgement_of_its_reply(erlang: Launch, closing: Keep) -> None:
    port, socket_ = free_port("udp"), await calling("udp")
    peer = await erlang("mgc", "udp", port, "slow=700", "three-way")
    await peer.says("READY")
    side = closing(Side(gateway_machine(port, socket_), socket_))
    side.endpoint.feed(Start())
    await side.hears(Registered)
    await peer.says("ACK")
    side.endpoint.feed(Request(notify("g/cause", 7), tag="notify"))
    assert (await side.hears(ReplyArrived)).tag == "notify"
    await peer.says("ACK")
    assert any(isinstance(transaction, TransactionPending) for transaction in transactions(side))


async def test_erlang_acknowledges_and_we_drop_our_replies(erlang: Launch, closing: Keep) -> None:
    port, socket_ = free_port("udp"), await calling("udp")
    peer = await erlang("mgc", "udp", port, "three-way")
    await peer.says("READY")
    side = closing(Side(gateway_machine(port, socket_), socket_))
    side.endpoint.feed(Start())
    await side.hears(Registered)
    peer.send(audit())
    await peer.transaction("REPLY")
    for _ in range(100):
        if side.machine.transactions.remembered == (1, 0):  # one id, no octets
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("no acknowledgement came")


@pytest.mark.parametrize("transport", ON_EVERY_TRANSPORT)
async def test_erlang_is_killed_and_comes_back(transport: str, erlang: Launch, closing: Keep) -> None:
    port, socket_ = free_port(transport), await calling(transport)
    first = await erlang("mgc", transport, port)
    await first.says("READY")
    side = closing(Side(gateway_machine(port, socket_, t_max=1.0), socket_))
    side.endpoint.feed(Start())
    await side.hears(Registered)
    await first.kill()
    side.endpoint.feed(Request(notify("g/cause", 7)))
    await side.hears(ControllerLost)
    second = await erlang("mgc", transport, port)
    await second.says("READY")
    assert (await side.hears(Registered)).kept
    change = (await second.transaction("REQUEST")).actions[0].commands[0].service_change
    assert (change.method, change.reason) == ("Disconnected", "900 Service Restored")


async def test_erlang_puts_our_segments_together(erlang: Launch, closing: Keep) -> None:
    port, socket_ = free_port("udp"), await calling("udp")
    peer = await erlang("mgc", "udp", port)
    await peer.says("READY")
    side = closing(Side(gateway_machine(port, socket_, max_message=300), socket_))
    side.endpoint.feed(Start())
    await side.hears(Registered)
    names = [f"ip/access/{number}" for number in range(30)]
    commands = tuple(CommandRequest(Verb.SUBTRACT, (name,), audit=Audit()) for name in names)
    peer.send((ActionRequest(1, commands),), version=3)
    assert int(await peer.says("SEGMENTS")) > 3
    reply = await peer.transaction("REPLY")
    assert [command.terminations[0] for action in reply.result for command in action.replies] == names


async def test_we_put_segments_of_erlang_together(erlang: Launch, closing: Keep) -> None:
    socket_ = await called("udp")
    side = closing(Side(ControllerAssociation(ControllerSettings(), settings(MGC), RandomIds()), socket_))
    await erlang("mg", "udp", socket_.local.port, "pdu=300")
    up = await side.hears(GatewayUp)
    names = [f"ip/access/{number}" for number in range(30)]
    commands = [CommandRequest(Verb.SUBTRACT, (name,), audit=Audit()) for name in names]
    actions = tuple(ActionRequest(context, (command,)) for context, command in enumerate(commands, 1))
    side.endpoint.feed(RequestTo(up.gateway, actions, tag="long"))  # OTP cuts between actions only
    reply = await side.hears(ReplyArrived)
    assert [command.terminations[0] for action in reply.result for command in action.replies] == names
    assert len([t for t in transactions(side) if isinstance(t, SegmentAck)]) > 3


def transactions(side: Side) -> list[Any]:
    """Everything that crossed the socket, in both directions."""
    return [transaction for seen in side.seen for transaction in as_tuple(decode(seen.data).body)]


def as_tuple(body: Any) -> tuple[Any, ...]:
    return body if isinstance(body, tuple) else (body,)
