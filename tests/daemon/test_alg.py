"""The controller daemon on real sockets, with a gateway daemon and two small SIP agents."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
import pytest
from msgspec.structs import replace

from imsedge.bench.sip_load import Callee, Caller
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.core.ids import RandomIds
from imsedge.core.trace import Crossing
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.alg import AlgDaemon
from imsedge.play.scenes import Ensemble
from imsedge.play.sessions import write
from kit.daemons import agw_settings, alg_settings, until

pytestmark = pytest.mark.system

NOBODY = TransportAddress("127.0.0.1", 9)
QUICK = {"timers": {"t1": 0.1, "t4": 0.2}}
IMPATIENT = {"timers": {"give_up": 1.5, "long_timer": 3.0}}


class Chain(NamedTuple):
    """Everything that a call needs."""

    alg: AlgDaemon
    agw: AgwDaemon
    caller: Caller

    def is_idle(self) -> bool:
        """No call and no context is left."""
        return not self.alg.calls() and self.agw.gateway.load()[:3] == (0, 0, 0)


@pytest.fixture
async def chain(no_leaks: None) -> AsyncIterator[Chain]:
    loop = asyncio.get_running_loop()
    wire, callee = await loop.create_datagram_endpoint(Callee, local_addr=("127.0.0.1", 0))
    next_hop = TransportAddress(*wire.get_extra_info("sockname")[:2])
    alg = AlgDaemon(alg_settings(next_hop, h248=IMPATIENT, sip=QUICK, status={"listen": "127.0.0.1:0"}))
    await alg.start()
    agw = AgwDaemon(agw_settings(alg.h248_address))
    await agw.start()
    await asyncio.wait_for(agw.registered.wait(), 5)
    _, caller = await loop.create_datagram_endpoint(
        lambda: Caller(alg.sip_access), local_addr=("127.0.0.1", 0)
    )
    await caller.register()
    yield Chain(alg, agw, caller)
    caller.close()
    callee.close()
    await agw.stop()
    await alg.stop()
    await asyncio.sleep(0)


def gateways_of(alg: AlgDaemon) -> list[object]:
    gateways = alg.status()["gateways"]
    assert isinstance(gateways, list)
    return gateways


async def test_a_pair_is_in_service_within_a_second() -> None:
    """The best of three: other work on the machine is no fault of ours."""
    assert min([await seconds_to_service() for _ in range(3)]) < 1.0


async def seconds_to_service() -> float:
    started = asyncio.get_running_loop().time()
    alg = AlgDaemon(alg_settings(NOBODY))
    await alg.start()
    agw = AgwDaemon(agw_settings(alg.h248_address))
    await agw.start()
    await asyncio.wait_for(agw.registered.wait(), 5)
    took = asyncio.get_running_loop().time() - started
    assert len(gateways_of(alg)) == 1
    await agw.stop()
    await until(lambda: not gateways_of(alg))
    await alg.stop()
    return took


async def test_a_taken_port_is_said_with_the_name_of_the_setting() -> None:
    first = AlgDaemon(alg_settings(NOBODY))
    await first.start()
    second = AlgDaemon(alg_settings(NOBODY, sip={"core": str(first.sip_core)}))
    with pytest.raises(SettingError, match=r"sip\.core: 127\.0\.0\.1:\d+ cannot be used"):
        await second.start()
    await second.stop()
    await first.stop()


async def test_an_rtp_proxy_that_cannot_be_there_is_said_with_the_name_of_the_setting() -> None:
    alg = AlgDaemon(alg_settings(NOBODY, policy={"rtp": {"proxy": "udp:255.255.255.255:2223"}}))
    with pytest.raises(SettingError, match=r"policy\.rtp\.proxy: 255\.255\.255\.255:2223 cannot be used"):
        await alg.start()
    await alg.stop()


async def test_calls_come_and_go(chain: Chain) -> None:
    chain.caller.begin(1)
    await until(lambda: chain.caller.completed >= 5)
    chain.caller.finish()
    await until(chain.is_idle, 10)
    assert chain.caller.failed == 0


async def test_two_hundred_calls_at_once_and_a_thousand_in_all(chain: Chain) -> None:
    chain.caller.begin(200)
    await until(lambda: chain.caller.completed >= 1_000, 60)
    chain.caller.finish()
    await until(chain.is_idle, 20)
    assert chain.caller.failed == 0


async def test_what_it_holds_is_shown(chain: Chain) -> None:
    chain.caller.begin(1)
    await until(lambda: chain.caller.completed >= 1)
    chain.caller.finish()
    url = f"http://{chain.alg.status_address}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/calls") as response:
            assert isinstance(await response.json(), list)
        async with session.get(f"{url}/status") as response:
            status = await response.json()
        async with session.get(f"{url}/metrics") as response:
            metrics = await response.text()
        async with session.get(f"{url}/health") as response:
            assert response.status == 200
    assert status["registrations"] == 1
    assert [set(gateway) for gateway in status["gateways"]] == [{"gateway", "open", "calls"}]
    assert re.search(r'imsedge_sip_requests_total\{method="INVITE"\} [1-9]', metrics)
    assert re.search(r'imsedge_h248_transactions_total\{outcome="ok"\} [1-9]', metrics)
    assert "imsedge_registrations 1.0" in metrics


async def test_a_controller_that_stops_ends_its_calls() -> None:
    """Both ends hear a BYE, the gateway is told to release, all within the moment that stopping takes."""

    def tap(_crossing: Crossing) -> None:
        """Nobody looks."""

    loop = asyncio.get_running_loop()
    wire, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    next_hop = TransportAddress(*wire.get_extra_info("sockname")[:2])
    wire.close()
    alg = AlgDaemon(alg_settings(next_hop))
    await alg.start()
    agw = AgwDaemon(agw_settings(alg.h248_address))
    await agw.start()
    await asyncio.wait_for(agw.registered.wait(), 5)
    cast = Ensemble(RandomIds(), tap, ("127.0.0.1", "127.0.0.1"), (alg.sip_access, alg.sip_core))
    await cast.start("127.0.0.1", next_hop)
    await cast.register()
    offer = write(replace(cast.told("ue", "actpass"), e2ae="requested"))
    calling = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
    invite = await cast.core.expect("INVITE")
    cast.core.answer(invite, write(cast.told("core", "passive")))
    await calling
    await cast.core.expect("ACK")
    assert agw.gateway.load().contexts == 1
    stopping = asyncio.create_task(alg.stop())
    for phone in (cast.ue, cast.core):
        phone.accept(await phone.expect("BYE"))
    await stopping
    assert agw.gateway.load().contexts == 0
    await cast.stop()
    await agw.stop()


async def test_a_gateway_that_was_killed_takes_its_calls_along_and_the_next_one_serves(chain: Chain) -> None:
    """Killed means silence: the controller finds out by asking."""
    chain.caller.begin(20)
    await until(lambda: chain.caller.completed >= 20)
    await kill(chain.agw)
    successor = AgwDaemon(agw_settings(chain.alg.h248_address))
    await successor.start()
    await asyncio.wait_for(successor.registered.wait(), 5)
    before = chain.caller.completed
    await until(lambda: chain.caller.completed >= before + 20, 20)
    chain.caller.finish()
    await until(lambda: not chain.alg.calls(), 30)
    await until(lambda: successor.gateway.load()[:3] == (0, 0, 0), 10)
    await successor.stop()


async def kill(agw: AgwDaemon) -> None:
    """As SIGKILL would: no leave, no answer; its workers end with it."""
    assert agw._endpoint is not None
    assert agw._driver is not None
    agw._endpoint.close()
    agw._driver.close()
    agw._endpoint = agw._driver = None
    await agw._pool.stop()


async def test_a_controller_that_was_killed_and_restarted_has_its_gateway_back_and_empty(
    no_leaks: None,
) -> None:
    alg = AlgDaemon(alg_settings(NOBODY))
    await alg.start()
    agw = AgwDaemon(agw_settings(alg.h248_address))
    await agw.start()
    await asyncio.wait_for(agw.registered.wait(), 5)
    await alg.stop()
    second = AlgDaemon(alg_settings(NOBODY, h248={"listen": str(alg.h248_address)}))
    await second.start()
    await until(lambda: bool(gateways_of(second)), 10)
    assert agw.gateway.load()[:3] == (0, 0, 0)
    await agw.stop()
    await second.stop()
