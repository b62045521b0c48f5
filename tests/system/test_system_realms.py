"""A gateway in several networks, each side of a call in the one that the controller names (H.248.41).

Three realms: ``core`` and ``access`` as ever, and ``visited``, which has IPv6.  The phone's media are there;
between it and the core in IPv4 the gateway is in both.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from imsedge.core.ids import RandomIds
from imsedge.play.phone import PhoneError
from imsedge.play.scenes import CORE_WORDS, UE_WORDS, Ensemble, originating, terminating
from kit.daemons import until
from kit.system import PATIENCE, System, Tables, system

Scene = Callable[[Ensemble, str], Awaitable[None]]

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

VISITED: Tables = {"realms": {"visited": {"addresses": ["::1"]}}}
PHONE_IS_THERE: Tables = {
    "policy": {"realms": {"access": {"name": "visited", "family": "ipv6"}}, "nat": "never"}
}
UNKNOWN = "Unsupported or Unknown Parameter or Property Value"  # H.248.8 code 449


@asynccontextmanager
async def phone_in_ipv6(world: System) -> AsyncIterator[Ensemble]:
    """Its SIP stays where it was, in IPv4."""
    place = world.place
    proxies = (place.sip_access, place.sip_core)
    cast = Ensemble(RandomIds(), lambda _: None, ("::1", place.core_host), proxies)
    try:
        await cast.start(place.ue_host, place.next_hop)
        yield cast
    finally:
        await cast.stop()


@pytest.mark.parametrize("play", [originating, terminating], ids=["phone calls", "phone is called"])
async def test_ipv6_towards_the_phone_and_ipv4_towards_the_core(play: Scene) -> None:
    async with system(PHONE_IS_THERE, VISITED) as world, phone_in_ipv6(world) as cast:
        async with watched(world) as names:
            await play(cast, "active")
        assert cast.heard == [UE_WORDS, CORE_WORDS]
        assert cast.seen_by_ue is not None
        assert cast.seen_by_core is not None
        assert cast.seen_by_ue.address.host == "::1"
        assert cast.seen_by_core.address.host in world.own.agw.realms.core.addresses
        assert names == {"ip/visited/1", "ip/core/1"}
        await until(lambda: not any(world.agw.gateway.load()), PATIENCE)


@asynccontextmanager
async def watched(world: System) -> AsyncIterator[set[str]]:
    """Names of the terminations that were there meanwhile."""
    names: set[str] = set()

    async def look() -> None:
        while True:
            names.update(t.name for c in world.agw.gateway.contexts() for t in c.terminations)
            await asyncio.sleep(0.002)

    looking = asyncio.create_task(look())
    try:
        yield names
    finally:
        looking.cancel()


async def test_a_realm_that_the_gateway_does_not_have_ends_the_call_with_the_reason() -> None:
    lost: Tables = {"policy": {"realms": {"access": {"name": "mars"}}, "nat": "never"}}
    async with system(lost, VISITED) as world, phone_in_ipv6(world) as cast:
        with pytest.raises(PhoneError, match="refused"):
            await originating(cast, "active")
        assert world.refusals() == [(488, f'399 imsedge "gateway: {UNKNOWN}: realm mars is unknown"')]
        await until(lambda: not any(world.agw.gateway.load()), PATIENCE)


async def test_status_tells_the_realms_and_the_log_those_that_are_not_there() -> None:
    tables = {"realms": {"visited": {"addresses": ["192.0.2.77"]}}, "media": {"realm_check": 0.05}}
    async with system(agw=tables) as world:
        assert world.agw.status()["realms"] == {
            name: list(realm.addresses) for name, realm in world.own.agw.realms.by_name.items()
        }
        registry = world.agw.gateway._desk.registry
        await until(lambda: registry.absent_realms == {"visited"}, PATIENCE)
