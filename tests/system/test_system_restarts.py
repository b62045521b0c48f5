"""Both daemons over real H.248, one of them restarted: service is back without a hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from imsedge.core.address import TransportAddress
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.alg import AlgDaemon
from kit.daemons import agw_settings, alg_settings, until

pytestmark = pytest.mark.system
NOWHERE = TransportAddress("127.0.0.1", 9)


@pytest.fixture
async def stopping() -> AsyncIterator[Callable[[Any], Any]]:
    """Daemons that are stopped after the test, in the order of their start, some for the second time."""
    daemons: list[Any] = []

    def keep(daemon: Any) -> Any:
        daemons.append(daemon)
        return daemon

    yield keep
    for daemon in daemons:
        await daemon.stop()


def gateways(alg: AlgDaemon) -> int:
    held: Any = alg.status()["gateways"]
    return len(held)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_restarted_controller_has_its_gateway_back(
    transport: str, stopping: Callable[[Any], Any]
) -> None:
    first = stopping(AlgDaemon(alg_settings(NOWHERE, h248={"transport": transport})))
    await first.start()
    assert first.h248_address is not None
    address = first.h248_address
    agw = stopping(AgwDaemon(agw_settings(address, h248={"transport": transport})))
    await agw.start()
    await until(lambda: gateways(first) == 1)
    await first.stop()
    reborn = stopping(AlgDaemon(alg_settings(NOWHERE, h248={"transport": transport, "listen": str(address)})))
    await reborn.start()
    await until(lambda: gateways(reborn) == 1)
    assert agw.registered.is_set()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_restarted_gateway_is_up_again(transport: str, stopping: Callable[[Any], Any]) -> None:
    alg = stopping(AlgDaemon(alg_settings(NOWHERE, h248={"transport": transport})))
    await alg.start()
    assert alg.h248_address is not None
    agw = stopping(AgwDaemon(agw_settings(alg.h248_address, h248={"transport": transport})))
    await agw.start()
    await until(lambda: gateways(alg) == 1)
    await agw.stop()
    await until(lambda: gateways(alg) == 0)
    agw = stopping(AgwDaemon(agw_settings(alg.h248_address, h248={"transport": transport})))
    await agw.start()
    await until(lambda: gateways(alg) == 1)


async def test_a_gateway_that_is_there_first_waits_for_its_controller(stopping: Callable[[Any], Any]) -> None:
    probe = AlgDaemon(alg_settings(NOWHERE))
    await probe.start()
    assert probe.h248_address is not None
    address = probe.h248_address
    await probe.stop()
    agw = stopping(AgwDaemon(agw_settings(address)))
    await agw.start()
    await asyncio.sleep(0.3)
    alg = stopping(AlgDaemon(alg_settings(NOWHERE, h248={"listen": str(address)})))
    await alg.start()
    await until(lambda: gateways(alg) == 1)
