"""Two networks with both daemons between them: who is early, and who speaks another IP."""

import asyncio

import pytest
from msgspec.structs import replace

from imsedge.core.ids import RandomIds
from imsedge.play import sessions
from imsedge.play.bearer_scene import tcp_bearer
from imsedge.play.scenes import CORE_WORDS, UE_WORDS, Ensemble, begin_to_connect
from imsedge.play.sessions import own_path
from imsedge.play.variants import Variant
from kit.daemons import until
from kit.system import PATIENCE, System, Tables, ends, system

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

BORDER: Tables = {"role": "border"}
IPV6_OUTSIDE: Tables = {"realms": {"access": {"addresses": ["::1"]}}}


async def released(world: System) -> None:
    await until(lambda: not any(world.agw.gateway.load()) and not world.calls, PATIENCE)


async def test_who_answers_may_call_before_the_side_of_the_caller_is_there() -> None:
    """Its connection and its first octets wait for the other leg, which comes with the answer."""
    async with system(BORDER) as world, ends(world.place) as cast:
        cast.ue_path = own_path(cast.ue_media.local, "early", secure=False)
        offer = sessions.write(replace(cast.told("ue", "actpass"), secure=False, fingerprints=()))
        calling = cast.begin(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
        invite = await cast.core.expect("INVITE")
        seen = cast.seen_by_core = sessions.read(invite.request.body)
        await (await begin_to_connect(cast, cast.core_media, seen.address))
        assert len(world.agw.gateway.contexts()[0].terminations) == 1
        cast.core.answer(invite, sessions.write(cast.told("core", "active")))
        response, dialog = await calling
        cast.seen_by_ue = sessions.read(response.body)
        await asyncio.gather(cast.ue_media.accept(), cast.core.expect("ACK"))
        await cast.converse(ue_active=False)
        await cast.hang_up(dialog)
        await released(world)
        assert world.alg.status()["other_network"] == f"udp:{world.own.alg.border.next_hop}"
    assert cast.heard == [UE_WORDS, CORE_WORDS]


async def test_one_network_has_ipv6_and_the_other_ipv4() -> None:
    tables = {**BORDER, "policy": {"tcp": {"start": "ordered", "report_connected": True}}}
    async with system(tables, IPV6_OUTSIDE) as world:
        proxies = (world.place.sip_access, world.place.sip_core)
        cast = Ensemble(RandomIds(), lambda _: None, ("::1", world.place.core_host), proxies)
        try:
            await cast.start(world.place.ue_host, world.place.next_hop)
            await tcp_bearer(cast, "passive", Variant(mode="proxy"))
        finally:
            await cast.stop()
        await released(world)
    assert cast.heard == [UE_WORDS, CORE_WORDS]
    assert cast.seen_by_ue is not None
    assert cast.seen_by_core is not None
    assert (cast.seen_by_ue.address.host, ":" in cast.seen_by_core.address.host) == ("::1", False)
