"""Floor control through the secured gateway, between two parties whose BFCP and TLS are libre's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.daemon.service import make_daemon, running
from imsedge.play import sessions
from imsedge.play.floor_scene import MECHANISM, PARTICIPANT, SERVER
from imsedge.play.place import Place, own_place
from imsedge.play.scenes import Ensemble, unless_refused
from imsedge.play.sessions import Told
from imsedge.play.stage import Stage
from imsedge.sdp.kinds import Medium
from kit.libre import LibreParty, build
from kit.openssl import OpensslCertificate, wait_for

pytestmark = [pytest.mark.interop, pytest.mark.system]

PORT = 5070
SERVED = ["ready", "Hello", "FloorRequest", "FloorRelease"]
TOOK_PART = ["ready", "HelloAck", "FloorRequestStatus", "FloorRequestStatus", "done"]


class World:
    """Our daemons, two telephones for the signalling, and libre for the media."""

    def __init__(self, place: Place, cast: Ensemble, folder: Path) -> None:
        self.cast = cast
        self.program = build(folder)
        self.identity = OpensslCertificate(folder, "phone")
        self.ue, self.core = (TransportAddress(host, PORT) for host in (place.ue_host, place.core_host))

    def told(self, *, ue: bool, setup: str, e2ae: str | None = None) -> str:
        return sessions.write(
            Told(
                address=self.ue if ue else self.core,
                setup=setup,
                medium=Medium.BFCP,
                secure=ue,
                lines=PARTICIPANT if ue else SERVER,
                fingerprints=(self.identity.fingerprint,) if ue else (),
                e2ae=e2ae,
            )
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    own = own_place(RandomIds())
    place = own.place
    stage = Stage(place.cast)
    async with running([make_daemon(own.alg, tap=stage), make_daemon(own.agw)]):
        hosts = (place.ue_host, place.core_host)
        cast = Ensemble(RandomIds(), stage, hosts, (place.sip_access, place.sip_core))
        await until(lambda: any(a.summary.startswith("SVC resp") for a in stage.arrows()), "the gateway")
        await cast.start(place.ue_host, place.next_hop)
        yield World(place, cast, tmp_path)
        await cast.stop()


async def until(condition: object, what: str) -> None:
    assert callable(condition)
    await asyncio.to_thread(wait_for, condition, what, 15.0)


async def test_libre_takes_part_over_tls_and_libre_serves_in_clear(world: World) -> None:
    """The phone offers, and so is the TLS client; it opens TCP too."""
    cast = world.cast
    await cast.register(MECHANISM)
    with LibreParty(world.program, "listen", world.core) as server:
        offer = world.told(ue=True, setup="actpass", e2ae="requested")
        calling = cast.begin(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
        invite = await unless_refused(cast.begin(cast.core.expect("INVITE")), calling)
        cast.core.answer(invite, world.told(ue=False, setup="passive"))
        response, dialog = await calling
        gateway = sessions.read(response.body).address
        with LibreParty(world.program, "connect", gateway, world.identity) as phone:
            await until(lambda: "done" in phone.said, "the conversation")
            assert phone.said == TOOK_PART
        assert server.said == SERVED
    await cast.core.expect("ACK")
    await cast.hang_up(dialog)


async def test_the_gateway_starts_tls_with_a_phone_that_listens(world: World) -> None:
    """The core offers and calls; the gateway calls the phone, and is the TLS client."""
    cast = world.cast
    contact, path = await cast.register(MECHANISM)
    calling = cast.begin(
        cast.core.invite(cast.core_proxy, contact, world.told(ue=False, setup="actpass"), path)
    )
    invite = await unless_refused(cast.begin(cast.ue.expect("INVITE")), calling)
    with LibreParty(world.program, "listen", world.ue, world.identity) as phone:
        await until(lambda: "ready" in phone.said, "libre")
        dialog = cast.ue.answer(invite, world.told(ue=True, setup="passive"))
        response, _ = await calling
        gateway = sessions.read(response.body).address
        with LibreParty(world.program, "connect", gateway) as core:
            await until(lambda: "done" in core.said, "the conversation")
            assert core.said == TOOK_PART
        assert phone.said == SERVED
    await cast.ue.expect("ACK")
    await cast.hang_up(dialog)
