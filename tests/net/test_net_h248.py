"""Two associations through the asyncio driver on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.core.trace import Kind
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerSettings,
    GatewayAssociation,
    GatewayDown,
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
from imsedge.h248.transactions import ReplyArrived, TransactionSettings
from imsedge.net.tpkt import TpktTransport
from imsedge.net.transport import MemoryNetwork, Transport
from kit.endpoints import ANY, LISTENING, Keep, Side, called, calling
from kit.h248 import GATEWAY, MGC, audit, audited, settings

pytestmark = pytest.mark.system


async def udp() -> tuple[Transport, Transport]:
    return await called("udp"), await calling("udp")


async def tcp() -> tuple[Transport, Transport]:
    return await TpktTransport.listen(LISTENING), await calling("tcp")


async def memory() -> tuple[Transport, Transport]:
    network = MemoryNetwork()
    return network.open(), network.open()


def controller(transport: Transport) -> Side:
    own = settings(MGC, reliable=transport.reliable)
    return Side(ControllerAssociation(ControllerSettings(), own, RandomIds()), transport)


def gateway(transport: Transport, peer: TransportAddress, own: TransactionSettings | None = None) -> Side:
    own = own or settings(GATEWAY, reliable=transport.reliable)
    known = GatewaySettings(controllers=(peer,), first_retry=0.05, longest_retry=0.1, max_waiting_delay=0.0)
    return Side(GatewayAssociation(known, own, RandomIds()), transport)


@pytest.fixture
async def closing() -> AsyncIterator[Callable[[Side], Side]]:
    sides: list[Side] = []

    def keep(side: Side) -> Side:
        sides.append(side)
        return side

    yield keep
    for side in sides:
        side.endpoint.close()
        side.endpoint.close()
    await asyncio.sleep(0.01)


Opener = Callable[[], Awaitable[tuple[Transport, Transport]]]


@pytest.mark.parametrize("opener", [udp, tcp, memory], ids=lambda opener: opener.__name__)
@pytest.mark.usefixtures("no_leaks")
async def test_register_exchange_leave(opener: Opener, closing: Keep) -> None:
    listening, caller = await opener()
    right = closing(controller(listening))
    left = closing(gateway(caller, listening.local))
    left.endpoint.feed(Start())
    await left.hears(Registered)
    up = await right.hears(GatewayUp)
    right.endpoint.feed(RequestTo(up.gateway, audit(6), tag="down"))
    assert (await right.hears(ReplyArrived)).result == audited(6)
    left.endpoint.feed(Request(audit(5), tag="up"))
    assert (await left.hears(ReplyArrived)).result == audited(5)
    left.endpoint.feed(Stop())
    await left.hears(Stopped)
    await right.hears(GatewayDown)
    first, second = right.seen[0], right.seen[1]
    assert first.summary.startswith("ServiceChange ROOT Restart 901 (context -) #")
    assert (first.kind, first.destination, first.transport) == (Kind.H248, listening.local, listening.name)
    assert second.summary.startswith("reply #")
    assert (second.source, second.destination) == (listening.local, first.source)
    assert all(crossing.data for crossing in right.seen)


async def test_a_controller_that_comes_late_is_found(closing: Keep) -> None:
    """Over TCP a refused connection is noticed at once, and tried again."""
    probe = await TpktTransport.listen(LISTENING)
    address = probe.local
    probe.close()
    left = closing(gateway(TpktTransport.connector(ANY), address))
    left.endpoint.feed(Start())
    await asyncio.sleep(0.12)
    right = closing(controller(await TpktTransport.listen(address)))
    await left.hears(Registered)
    assert not (await right.hears(GatewayUp)).kept


async def test_a_controller_that_restarts_over_tcp_gets_its_gateway_back(closing: Keep) -> None:
    listening, caller = await tcp()
    first = closing(controller(listening))
    left = closing(gateway(caller, listening.local))
    left.endpoint.feed(Start())
    await first.hears(GatewayUp)
    first.endpoint.close()
    await asyncio.sleep(0.02)
    reborn = closing(controller(await TpktTransport.listen(listening.local)))
    up = await reborn.hears(GatewayUp)
    assert (up.method, up.kept) == ("Disconnected", True)


async def test_a_gateway_that_dies_over_tcp_is_lost_at_once(closing: Keep) -> None:
    listening, caller = await tcp()
    right = closing(controller(listening))
    left = closing(gateway(caller, listening.local))
    left.endpoint.feed(Start())
    await right.hears(GatewayUp)
    left.endpoint.close()
    assert (await right.hears(GatewayLost)).reason == "the connection broke"


async def test_after_close_wishes_are_ignored(closing: Keep) -> None:
    listening, caller = await udp()
    left = closing(gateway(caller, listening.local))
    left.endpoint.close()
    left.endpoint.feed(Start())
    listening.close()
