"""The gateway daemon on real sockets, against a controller machine of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.core.trace import Crossing
from imsedge.daemon.agw import AgwDaemon
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerInput,
    ControllerOutput,
    ControllerSettings,
    GatewayDown,
    GatewayUp,
    RequestTo,
)
from imsedge.h248.codec import decode
from imsedge.h248.model import (
    CHOOSE,
    CHOOSE_CONTEXT,
    NULL_CONTEXT,
    ROOT,
    ActionReply,
    ActionRequest,
    Audit,
    AuditItem,
    CommandRequest,
    Events,
    IpMid,
    LocalControl,
    Media,
    Parameter,
    RequestedEvent,
    Stream,
    StreamMode,
    TerminationState,
    Verb,
)
from imsedge.h248.packages import root
from imsedge.h248.transactions import ReplyArrived, TransactionSettings
from imsedge.net.h248 import H248Endpoint
from imsedge.net.udp import UdpTransport
from kit.daemons import agw_settings, until

pytestmark = pytest.mark.system

LOCAL = "v=0\r\nc=IN IP4 $\r\nm=- $ TCP -\r\na=setup:passive\r\n"
REALM = Parameter("ipdc/realm", ("core",))


class Controller:
    """An H.248 controller that writes down what it hears."""

    def __init__(self, transport: UdpTransport) -> None:
        self.address = transport.local
        self.heard: list[ControllerOutput] = []
        settings = TransactionSettings(mid=IpMid(*transport.local))
        association = ControllerAssociation(ControllerSettings(inactivity=None), settings, RandomIds())
        self._endpoint = H248Endpoint[ControllerInput, ControllerOutput](
            association, transport, self.heard.append
        )

    @classmethod
    async def open(cls, port: int = 0) -> "Controller":
        return cls(await UdpTransport.open(TransportAddress("127.0.0.1", port)))

    def of(self, kind: type) -> list[Any]:
        return [output for output in self.heard if isinstance(output, kind)]

    async def ask(self, *commands: CommandRequest, context: int = CHOOSE_CONTEXT) -> ActionReply:
        """One action; its reply."""
        gateway = self.of(GatewayUp)[-1].gateway
        self._endpoint.feed(RequestTo(gateway, (ActionRequest(context, commands),), tag := object()))
        await until(lambda: any(reply.tag is tag for reply in self.of(ReplyArrived)))
        (reply,) = next(reply for reply in self.of(ReplyArrived) if reply.tag is tag).result
        assert isinstance(reply, ActionReply)
        return reply

    def close(self) -> None:
        self._endpoint.close()


@pytest.fixture
async def controller(no_leaks: None) -> AsyncIterator[Controller]:
    made = await Controller.open()
    yield made
    made.close()
    await asyncio.sleep(0)


@pytest.fixture
async def gateway(controller: Controller) -> AsyncIterator[AgwDaemon]:
    daemon = AgwDaemon(agw_settings(controller.address))
    await daemon.start()
    await asyncio.wait_for(daemon.registered.wait(), 5)
    yield daemon
    await daemon.stop()


def add(local: str = LOCAL) -> CommandRequest:
    stream = Stream(1, LocalControl(StreamMode.SEND_RECEIVE, properties=(REALM,)), local)
    return CommandRequest(Verb.ADD, (CHOOSE,), descriptors=(Media((stream,)),))


async def test_it_registers_and_takes_leave(controller: Controller) -> None:
    daemon = AgwDaemon(agw_settings(controller.address))
    await daemon.start()
    await until(lambda: bool(controller.of(GatewayUp)))
    (up,) = controller.of(GatewayUp)
    assert (up.method, up.reason, up.version, up.kept) == ("Restart", "901 Cold Boot", 2, False)
    await daemon.stop()
    assert [down.reason for down in controller.of(GatewayDown)] == ["905 Termination taken out of service"]


async def test_a_context_comes_and_goes(controller: Controller, gateway: AgwDaemon) -> None:
    added = await controller.ask(add())
    assert added.error is None
    (termination,) = added.replies[0].terminations
    assert termination.startswith("ip/core/")
    (view,) = gateway.gateway.contexts()
    assert view.id == added.context
    assert view.terminations[0].streams[0].local is not None
    released = await controller.ask(
        CommandRequest(Verb.SUBTRACT, ("*",), audit=Audit()), context=added.context
    )
    assert released.error is None
    assert gateway.gateway.load()[:3] == (0, 0, 0)


async def test_it_comes_back_when_the_controller_was_restarted(controller: Controller) -> None:
    """Whoever was restarted knows nobody: the gateway's next word is refused, and so it registers again."""
    daemon = AgwDaemon(agw_settings(controller.address))
    await daemon.start()
    await until(lambda: bool(controller.of(GatewayUp)))
    await controller.ask(inactivity(), context=NULL_CONTEXT)
    controller.close()
    await asyncio.sleep(0)
    second = await Controller.open(controller.address.port)
    await until(lambda: bool(second.of(GatewayUp)))
    assert second.of(GatewayUp)[0].reason == "900 Service Restored"
    await daemon.stop()
    second.close()
    await asyncio.sleep(0)


def inactivity() -> CommandRequest:
    """Order ``it/ito`` after 0.1 s of silence."""
    event = RequestedEvent("it/ito", parameters=(Parameter("mit", ("10",)),))
    return CommandRequest(Verb.MODIFY, (ROOT,), descriptors=(Events(1, (event,)),))


async def test_it_keeps_asking_a_controller_that_is_not_there_yet(no_leaks: None) -> None:
    probe = await Controller.open()
    address = probe.address
    probe.close()
    await asyncio.sleep(0)
    daemon = AgwDaemon(agw_settings(address))
    await daemon.start()
    await asyncio.sleep(0.6)
    assert not daemon.registered.is_set()
    late = await Controller.open(address.port)
    await asyncio.wait_for(daemon.registered.wait(), 5)
    await daemon.stop()
    late.close()
    await asyncio.sleep(0)


async def test_the_tap_sees_every_message(controller: Controller) -> None:
    seen: list[Crossing] = []

    def tap(crossing: Crossing) -> None:
        seen.append(crossing)

    daemon = AgwDaemon(agw_settings(controller.address), tap=tap)
    await daemon.start()
    await asyncio.wait_for(daemon.registered.wait(), 5)
    await daemon.stop()
    assert len(seen) >= 4  # registration and leave, each with its reply
    assert [decode(crossing.data).version for crossing in seen]
    assert {crossing.destination for crossing in seen} >= {controller.address}


async def test_what_it_holds_is_shown(controller: Controller) -> None:
    daemon = AgwDaemon(agw_settings(controller.address, status={"listen": "127.0.0.1:0"}))
    await daemon.start()
    await asyncio.wait_for(daemon.registered.wait(), 5)
    added = await controller.ask(add())
    url = f"http://{daemon.status_address}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/contexts") as response:
            (context,) = await response.json()
        async with session.get(f"{url}/status") as response:
            status = await response.json()
        async with session.get(f"{url}/metrics") as response:
            metrics = await response.text()
    await daemon.stop()
    assert context["id"] == added.context
    assert context["terminations"][0]["streams"][0]["transport"] == "tcp"
    assert (status["contexts"], status["terminations"]) == (1, 1)
    assert status["controller"] == str(controller.address)
    assert 'imsedge_h248_commands_total{command="Add",error=""} 1.0' in metrics
    assert "imsedge_contexts 1.0" in metrics


async def test_a_hundred_contexts_leave_nothing_behind(controller: Controller, gateway: AgwDaemon) -> None:
    for _ in range(100):
        added = await controller.ask(add(), add())
        assert added.error is None
        await controller.ask(CommandRequest(Verb.SUBTRACT, ("*",), audit=Audit()), context=added.context)
    assert gateway.gateway.load()[:3] == (0, 0, 0)


async def test_a_moved_termination_keeps_its_connection(controller: Controller, gateway: AgwDaemon) -> None:
    first, second = await controller.ask(add(), add()), await controller.ask(add(), add())
    (one, _), (_, four) = (view.terminations for view in gateway.gateway.contexts())
    peers = [await call(view.streams[0].local) for view in (one, four)]
    gone = second.replies[0].terminations
    moved = await controller.ask(
        CommandRequest(Verb.SUBTRACT, gone, audit=Audit()),
        CommandRequest(Verb.MOVE, (one.name,)),
        context=second.context,
    )
    assert moved.error is None
    assert [reply.error for reply in moved.replies] == [None, None]
    for source, sink in (peers, reversed(peers)):
        source[1].write(b"hello from another context")
        assert await asyncio.wait_for(sink[0].readexactly(26), 5) == b"hello from another context"
    await controller.ask(CommandRequest(Verb.SUBTRACT, ("*",), audit=Audit()), context=first.context)
    await controller.ask(CommandRequest(Verb.SUBTRACT, ("*",), audit=Audit()), context=second.context)
    assert gateway.gateway.load()[:3] == (0, 0, 0)
    for _, writer in peers:
        writer.close()


async def call(local: str | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = str(local).rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def test_timers_of_root_are_set_and_told(controller: Controller, gateway: AgwDaemon) -> None:
    state = TerminationState(properties=(root.MG_PROVISIONAL.write(50),))
    set_timer = CommandRequest(Verb.MODIFY, (ROOT,), descriptors=(Media(state=state),))
    told = await controller.ask(set_timer, context=NULL_CONTEXT)
    assert told.replies[0].error is None
    audit = Audit((AuditItem.MEDIA,))
    ask = CommandRequest(Verb.AUDIT_VALUE, (ROOT,), audit=audit)
    audited = await controller.ask(ask, context=NULL_CONTEXT)
    (media,) = audited.replies[0].result
    assert isinstance(media, Media)
    assert media.state is not None
    assert root.MG_PROVISIONAL.find(media.state.properties) == 50
    assert gateway.registered.is_set()
