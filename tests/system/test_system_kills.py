"""Daemons and workers that die during calls: what was lost is released everywhere, and service comes back.

The one that is killed is a process of its own; the other one lives in the test, where it can be looked at.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from imsedge.play import sessions
from imsedge.play.media_end import MediaEnd
from imsedge.play.phone import PhoneError
from imsedge.play.place import OwnPlace
from imsedge.play.scenes import CORE_WORDS, UE_WORDS, Ensemble, originating
from imsedge.security.tls import Role
from kit.daemons import until
from kit.processes import DaemonProcess
from kit.procfs import held_in, is_alive
from kit.system import (
    PATIENCE,
    Agreed,
    Sink,
    Tables,
    both_hang_up,
    ends,
    gateway_count,
    listening,
    offer_of,
    originate,
    own_world,
    system,
)

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

# How soon each side notices that the other one is silent.
WATCHFUL: Tables = {"h248": {"audit": 0.3, "inactivity": 0.5, "timers": {"give_up": 1.0}}}
EAGER: Tables = {
    "h248": {"retry": 0.1, "longest_retry": 0.3, "patience": 0.5, "timers": {"give_up": 1.0}},
    "limits": {"controller_loss_hold": 1.0},
}
NOTHING = (0, 0, 0)


class Talk(NamedTuple):
    """A call with media: what the phone sends arrives at ``sink``."""

    agreed: Agreed
    phone: MediaEnd
    sink: Sink

    async def says(self, words: bytes) -> None:
        """From the phone to the core."""
        await self.phone.send(words)
        await until(lambda: words in self.sink.octets, PATIENCE)

    async def is_over(self) -> None:
        """Both connections are closed."""
        assert await asyncio.wait_for(self.phone.receive(), PATIENCE) == b""
        await until(lambda: self.sink.ended == 1, PATIENCE)


@asynccontextmanager
async def talk(cast: Ensemble, own: OwnPlace, phone: MediaEnd | None = None) -> AsyncIterator[Talk]:
    """The phone calls and opens TLS; octets pass."""
    media = phone or cast.ue_media
    async with listening(own.place.core_host) as (sink, core):
        answer = replace(cast.told("core", "passive"), address=core)
        agreed = await originate(cast, offer_of(cast), answer)
        await media.connect(agreed.seen_by_ue.address)
        await media.secure(Role.CLIENT, agreed.seen_by_ue.fingerprints)
        made = Talk(agreed, media, sink)
        await made.says(b"first words")
        yield made
        await media.close()


async def next_call_works(own: OwnPlace) -> None:
    """A phone that registers anew calls, talks and hangs up."""
    async with ends(own.place) as cast:
        await originating(cast, "passive")
        assert cast.heard == [UE_WORDS, CORE_WORDS]


def media_is_gone(own: OwnPlace) -> bool:
    realms = own.agw.realms
    return not held_in({*realms.access.addresses, *realms.core.addresses})


def over(transport: str) -> OwnPlace:
    """Daemons that talk H.248 over this transport."""
    alg, agw = (
        {**tables, "h248": {**tables["h248"], "transport": transport}} for tables in (WATCHFUL, EAGER)
    )
    return own_world(alg, agw)


# --- the gateway -----------------------------------------------------------------------------------------


@asynccontextmanager
async def killable_gateway(
    folder: Path, transport: str = "udp"
) -> AsyncIterator[tuple[OwnPlace, AlgDaemon, DaemonProcess]]:
    own = over(transport)
    alg = AlgDaemon(own.alg)
    async with running([alg]):
        with DaemonProcess(own.agw, folder) as gateway:
            await until(lambda: gateway_count(alg) == 1, PATIENCE)
            yield own, alg, gateway


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_gateway_killed_and_restarted_at_once_has_its_calls_released(
    tmp_path: Path, transport: str
) -> None:
    """Both phones of both calls get a BYE; the new gateway carries the next call."""
    async with killable_gateway(tmp_path, transport) as (own, alg, gateway):
        async with ends(own.place) as cast:
            await cast.register()
            async with talk(cast, own) as first:
                await originate(cast, offer_of(cast), cast.told("core", "passive"))
                gateway.kill()
                gateway.start()
                await first.is_over()
                await both_hang_up(cast)
                await both_hang_up(cast)
        await until(lambda: alg._held()[::2] == (0, 1), PATIENCE)
        await next_call_works(own)
        await until(lambda: media_is_gone(own), PATIENCE)


async def test_a_gateway_killed_for_good_has_its_calls_released(tmp_path: Path) -> None:
    """Its silence is noticed; new calls are refused until another one comes."""
    async with killable_gateway(tmp_path) as (own, alg, gateway):
        async with ends(own.place) as cast:
            await cast.register()
            async with talk(cast, own) as first:
                gateway.kill()
                await first.is_over()
                await both_hang_up(cast)
            await until(lambda: gateway_count(alg) == 0, PATIENCE)
            with pytest.raises(PhoneError, match="503"):
                await cast.ue.invite(cast.ue_proxy, cast.core.record, sessions.write(offer_of(cast)))
        gateway.start()
        await until(lambda: gateway_count(alg) == 1, PATIENCE)
        await next_call_works(own)


async def test_a_gateway_killed_while_it_rings_has_the_call_refused(tmp_path: Path) -> None:
    """The caller hears 503, the core a CANCEL."""
    async with killable_gateway(tmp_path) as (own, alg, gateway), ends(own.place) as cast:
        await cast.register()
        offer = sessions.write(offer_of(cast))
        calling = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
        invite = await cast.core.expect("INVITE")
        gateway.kill()
        gateway.start()
        with pytest.raises(PhoneError, match="503"):
            await calling
        cast.core.refuse(invite, 487)
        await until(lambda: alg._held()[::2] == (0, 1), PATIENCE)


async def test_a_gateway_killed_while_it_is_asked_has_the_call_refused(tmp_path: Path) -> None:
    """Its answer to the first Add never comes, and nothing has reached the core."""
    async with killable_gateway(tmp_path) as (own, alg, gateway), ends(own.place) as cast:
        await cast.register()
        gateway.signal(signal.SIGSTOP)
        offer = sessions.write(offer_of(cast))
        calling = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
        await asyncio.sleep(0.1)
        gateway.kill()
        gateway.start()
        with pytest.raises(PhoneError, match="503"):
            await calling
        await until(lambda: alg._held()[::2] == (0, 1), PATIENCE)


async def test_workers_of_a_killed_gateway_end_by_themselves(tmp_path: Path) -> None:
    async with killable_gateway(tmp_path) as (own, _alg, gateway), ends(own.place) as cast:
        await cast.register()
        async with talk(cast, own) as first:
            workers = gateway.workers
            assert workers
            gateway.kill_alone()
            await until(lambda: not any(map(is_alive, workers)), PATIENCE)
            await first.is_over()
            await both_hang_up(cast)
        assert media_is_gone(own)


async def test_a_gateway_that_hangs_costs_its_calls_and_comes_back_clean(tmp_path: Path) -> None:
    """Stopped, not dead: a new call is refused, and what it still did afterwards is undone."""
    async with killable_gateway(tmp_path) as (own, alg, gateway):
        async with ends(own.place) as cast:
            await cast.register()
            async with talk(cast, own) as first:
                gateway.signal(signal.SIGSTOP)
                with pytest.raises(PhoneError, match="503"):
                    await cast.ue.invite(cast.ue_proxy, cast.core.record, sessions.write(offer_of(cast)))
                await both_hang_up(cast)
                gateway.signal(signal.SIGCONT)
                await first.is_over()
        await until(lambda: gateway_count(alg) == 1, PATIENCE)
        await until(lambda: media_is_gone(own), PATIENCE)
        await next_call_works(own)


async def test_a_killed_worker_costs_its_own_calls_only_and_is_replaced() -> None:
    async with system(agw={"media": {"workers": 2}}) as world, ends(world.place) as cast:
        await cast.register()
        before = world.held()
        second = MediaEnd(world.place.ue_host, lambda _: None, cast.ue_media._identity)
        async with talk(cast, world.own) as one, talk(cast, world.own, second) as other:
            numbers = [context.id for context in world.agw.gateway.contexts()]
            victim = world.workers[numbers[0] % 2]
            os.kill(victim, signal.SIGKILL)
            await one.is_over()
            await both_hang_up(cast)
            await other.says(b"still here")
            await until(lambda: len(world.workers) == 2 and victim not in world.workers, PATIENCE)
            async with talk_again(cast, world.own), talk_again(cast, world.own):
                assert world.calls == 3
            await cast.hang_up(other.agreed.ue)
        await world.returns_to(before)


@asynccontextmanager
async def talk_again(cast: Ensemble, own: OwnPlace) -> AsyncIterator[None]:
    """One more call, over in order."""
    media = MediaEnd(own.place.ue_host, lambda _: None, cast.ue_media._identity)
    async with talk(cast, own, media) as made:
        yield
        await cast.hang_up(made.agreed.ue)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_call_made_while_workers_are_being_replaced_is_served_or_refused(workers: int) -> None:
    """Never left without an answer, and nothing is kept of it."""
    async with system(agw={"media": {"workers": workers}}) as world, ends(world.place) as cast:
        await cast.register()
        before = world.held()
        for pid in world.workers:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(PhoneError, match=r"refused: 50[03]"):
            await cast.ue.invite(cast.ue_proxy, cast.core.record, sessions.write(offer_of(cast)))
        await world.returns_to(before)
        async with talk_again(cast, world.own):
            assert world.calls == 1
        await world.returns_to(before)


async def test_a_gateway_that_is_told_to_stop_takes_leave_within_a_second(tmp_path: Path) -> None:
    """Both ends of its call get a BYE."""
    async with killable_gateway(tmp_path) as (own, _alg, gateway), ends(own.place) as cast:
        await cast.register()
        async with talk(cast, own) as first:
            workers = gateway.workers
            assert await gateway.stops(signal.SIGTERM) == 0
            await first.is_over()
            await both_hang_up(cast)
        assert not any(map(is_alive, workers))
        assert gateway.log == ""


# --- the controller --------------------------------------------------------------------------------------


@asynccontextmanager
async def killable_controller(
    folder: Path, transport: str = "udp"
) -> AsyncIterator[tuple[OwnPlace, AgwDaemon, DaemonProcess]]:
    own = over(transport)
    gateway = AgwDaemon(own.agw)
    with DaemonProcess(own.alg, folder) as controller:
        async with running([gateway]):
            await until(gateway.registered.is_set, PATIENCE)
            await until(controller.is_healthy, PATIENCE)
            yield own, gateway, controller


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_controller_killed_and_restarted_has_the_gateway_cleared(
    tmp_path: Path, transport: str
) -> None:
    """It comes back knowing nothing: the gateway registers, is told to subtract all, and carries on."""
    async with killable_controller(tmp_path, transport) as (own, gateway, controller):
        async with ends(own.place) as cast:
            await cast.register()
            async with talk(cast, own) as lost:
                assert gateway.gateway.load()[:3] == (1, 2, 2)
                controller.kill()
                controller.start()
                await lost.is_over()
                await until(lambda: gateway.gateway.load()[:3] == NOTHING, PATIENCE)
                await until(controller.is_healthy, PATIENCE)
                assert (await cast.ue.hang_up(lost.agreed.ue)).status == 481
        await next_call_works(own)
        await until(lambda: media_is_gone(own), PATIENCE)


async def test_a_restarted_controller_that_nobody_watches_is_noticed_by_the_heartbeat(tmp_path: Path) -> None:
    """Neither audits nor it/ito: hanging termination detection (H.248.36) finds the contexts of before."""
    unwatched: Tables = {"h248": {"audit": 0, "inactivity": 0}, "policy": {"heartbeat": 1}}
    own = own_world(unwatched, EAGER)
    gateway = AgwDaemon(own.agw)
    with DaemonProcess(own.alg, tmp_path) as controller:
        async with running([gateway]):
            await until(controller.is_healthy, PATIENCE)
            async with ends(own.place) as cast:
                await cast.register()
                async with talk(cast, own) as lost:
                    controller.kill()
                    controller.start()
                    await lost.is_over()
            await until(lambda: gateway.gateway.load()[:3] == NOTHING, PATIENCE)
            await until(controller.is_healthy, PATIENCE)
            await next_call_works(own)


async def test_without_a_controller_the_gateway_frees_its_contexts(tmp_path: Path) -> None:
    async with killable_controller(tmp_path) as (own, gateway, controller):
        async with ends(own.place) as cast:
            await cast.register()
            async with talk(cast, own) as lost:
                controller.kill()
                await lost.is_over()
        await until(lambda: gateway.gateway.load()[:3] == NOTHING and media_is_gone(own), PATIENCE)
        controller.start()
        await until(controller.is_healthy, PATIENCE)
        await next_call_works(own)


async def test_a_controller_that_is_told_to_stop_ends_within_a_second(tmp_path: Path) -> None:
    async with killable_controller(tmp_path) as (own, gateway, controller):
        async with ends(own.place) as cast:
            await cast.register()
            async with talk(cast, own) as lost:
                assert await controller.stops(signal.SIGINT) == 0
                await lost.is_over()
        assert controller.log == ""
        await until(lambda: gateway.gateway.load()[:3] == NOTHING, PATIENCE)


async def test_a_call_goes_on_while_its_controller_hangs_for_a_moment(tmp_path: Path) -> None:
    """Stopped and continued: both sides remember, nothing is lost."""
    async with killable_controller(tmp_path) as (own, gateway, controller), ends(own.place) as cast:
        await cast.register()
        async with talk(cast, own) as made:
            controller.signal(signal.SIGSTOP)
            await asyncio.sleep(0.7)
            await made.says(b"media do not need a controller")
            controller.signal(signal.SIGCONT)
            await cast.hang_up(made.agreed.ue)
            await made.is_over()
        await until(lambda: gateway.gateway.load()[:3] == NOTHING, PATIENCE)
