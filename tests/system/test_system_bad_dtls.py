"""What a phone, or a stranger, can get wrong at the port of a secured fax: nothing of it reaches the core.

Each test is one whole call: SIP through the controller, H.248 to the gateway, real datagrams.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from msgspec.structs import replace
from OpenSSL import SSL

from imsedge.core.address import TransportAddress
from imsedge.play.fax_scene import LINES, MECHANISM
from imsedge.play.scenes import Ensemble
from imsedge.play.sessions import Told
from imsedge.sdp.kinds import Medium
from imsedge.security.certificates import Certificate, self_signed
from imsedge.security.tls import Role
from kit.daemons import until
from kit.dtls import DtlsPeer
from kit.system import PATIENCE, Agreed, System, both_hang_up, ends, originate, system

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

PHONE, INTRUDER = self_signed("phone"), self_signed("intruder")
HURRY = {"media": {"handshake_limit": 1.0, "verification_limit": 0.5}}


class Scene(NamedTuple):
    """A call that was answered; nobody has begun DTLS yet, unless the gateway has."""

    world: System
    cast: Ensemble
    before: dict[str, object]
    agreed: Agreed
    phone: socket.socket
    core: socket.socket

    @property
    def gateway(self) -> TransportAddress:
        return self.agreed.seen_by_ue.address

    def peer(self, role: Role, certificate: Certificate = PHONE) -> DtlsPeer:
        return DtlsPeer(self.phone, certificate, role)

    def nothing_came(self) -> bool:
        """Whether the core has got no datagram."""
        self.core.setblocking(False)
        try:
            self.core.recv(1 << 16)
        except BlockingIOError:
            return True
        return False

    async def lost(self, cause: str) -> None:
        """The media came to nothing for this reason, and everybody knows it."""
        await both_hang_up(self.cast)
        reports = [report for report in self.world.reports() if report.type == "Mfail"]
        assert [report.cause for report in reports] == [cause]
        assert self.nothing_came()
        await self.world.returns_to(self.before)


@asynccontextmanager
async def answered(setup: str) -> AsyncIterator[Scene]:
    """The phone has offered ``setup``."""
    kind = (socket.AF_INET, socket.SOCK_DGRAM)
    async with system(agw=HURRY) as world, ends(world.place) as cast:
        with socket.socket(*kind) as phone, socket.socket(*kind) as core:
            phone.bind((world.place.ue_host, 0))
            core.bind((world.place.core_host, 0))
            await cast.register(MECHANISM)
            before = world.held()
            said = Told(
                address=TransportAddress(*phone.getsockname()),
                setup=setup,
                secure=True,
                medium=Medium.T38,
                lines=LINES,
                fingerprints=(PHONE.fingerprint(),),
                e2ae="requested",
            )
            there = TransportAddress(*core.getsockname())
            reply = replace(said, address=there, setup="", secure=False, fingerprints=(), e2ae=None)
            yield Scene(world, cast, before, await originate(cast, said, reply), phone, core)


def fails(peer: DtlsPeer, remote: TransportAddress | None) -> None:
    """The handshake ends with an alert, now or with the next word."""
    with pytest.raises(SSL.Error):  # noqa: PT012 - during the handshake, or after it
        peer.shake(remote)
        peer.send(b"not for the core")
        peer.receive()


@pytest.mark.parametrize("role", Role)
async def test_another_certificate_ends_the_call(role: Role) -> None:
    async with answered("active" if role is Role.CLIENT else "passive") as scene:
        remote = scene.gateway if role is Role.CLIENT else None
        await asyncio.to_thread(fails, scene.peer(role, INTRUDER), remote)
        await scene.lost("certificate does not match the fingerprint")


async def test_two_clients_end_the_call() -> None:
    """The phone offered passive, and calls nevertheless."""
    async with answered("passive") as scene:
        peer = scene.peer(Role.CLIENT)
        with pytest.raises(SSL.WantReadError):
            peer.tls.do_handshake()
        scene.phone.sendto(peer.tls.bio_read(1 << 16), scene.gateway)
        await scene.lost("handshake failed")


async def test_a_stranger_gets_nothing_and_spoils_nothing() -> None:
    async with answered("active") as scene:
        client = scene.peer(Role.CLIENT)
        with pytest.raises(SSL.WantReadError):
            client.tls.do_handshake()
        hello = client.tls.bio_read(1 << 16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((scene.world.place.ue_host, 0))
            for words in (hello, b"clear text", hello[:13], b"", hello[:-1], bytes(1_400)):
                stranger.sendto(words, scene.gateway)
                scene.phone.sendto(words if words is not hello else b"x", scene.gateway)
            phone = scene.peer(Role.CLIENT)
            await asyncio.to_thread(phone.shake, scene.gateway)
            stranger.setblocking(False)
            with pytest.raises(BlockingIOError):
                stranger.recv(1 << 16)
        assert scene.nothing_came()
        await asyncio.to_thread(phone.send, b"the right one")
        await until(lambda: not scene.nothing_came(), PATIENCE)


async def test_who_never_returns_the_cookie_costs_nothing() -> None:
    async with answered("active") as scene:
        client = scene.peer(Role.CLIENT)
        with pytest.raises(SSL.WantReadError):
            client.tls.do_handshake()
        hello, got = client.tls.bio_read(1 << 16), 0
        scene.phone.settimeout(PATIENCE)
        for _ in range(50):
            scene.phone.sendto(hello, scene.gateway)
            got += len(await asyncio.to_thread(scene.phone.recv, 1 << 16))
        assert got < 50 * len(hello)
        assert scene.world.agw.handshakes == 0
