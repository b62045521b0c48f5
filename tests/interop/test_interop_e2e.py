"""TLS from end to end between two openssl programs, through whole calls of SIPp's; tshark reads both legs."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.play import sessions
from imsedge.play.e2e_checks import differences
from imsedge.play.e2e_scene import KEY_MGMT
from imsedge.play.floor_scene import PARTICIPANT, SERVER
from imsedge.play.sessions import Told, own_path
from imsedge.sdp.kinds import Medium
from kit.netns import Here
from kit.openssl import Openssl, OpensslCertificate
from kit.peers import missing, need
from kit.segments import Capture, capture
from kit.sipp_world import World, ended, sipp_world, text_in, told, until

pytestmark = [pytest.mark.interop, pytest.mark.system]

PHONE, CORE = 7654, 2855
KEY = "000102030405060708090a0b0c0d0e0f"
PSK = ("-psk", KEY, "-psk_identity", "ims", "-tls1_2")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sipp_world(tmp_path, tcp={"anchor": "always"}) as made:
        yield made


@contextmanager
def recorded(world: World) -> Iterator[Capture]:
    """What crosses the loopback network of this call."""
    need("tshark")
    if os.geteuid() != 0:
        missing("captures", "captures of the loopback interface (root)")
    network = world.place.ue_host.rpartition(".")[0]
    mark = TransportAddress(world.place.ue_host, 9)
    with capture(Here(), {"lo": mark}, f"{network}.0/24") as made:
        yield made


def streams(seen: Capture, world: World) -> dict[str, bytes]:
    """All octets of TCP, by direction."""
    place = world.place
    names = {place.ue_host: "phone", place.core_host: "core"}
    parts: dict[str, dict[int, bytes]] = defaultdict(dict)
    for segment in seen.segments():
        if segment.payload:
            way = (
                f"{names.get(segment.source.host, 'gateway')} -> {names.get(segment.target.host, 'gateway')}"
            )
            parts[way][segment.sequence] = segment.payload
    return {way: b"".join(found[number] for number in sorted(found)) for way, found in parts.items()}


async def hold(
    world: World, offer: str, answer: str, client: list[str], server: list[str]
) -> tuple[Openssl, Openssl]:
    """The call, TLS in it, a line each way, and what must be true of it."""
    with recorded(world) as seen, Openssl(world.folder, "s_server", *server, name="core") as core:
        await until(lambda: "ACCEPT" in core.output, "the core's openssl")
        with world.call(offer, answer) as (caller, callee):
            gateway = (await told(caller)).address
            with Openssl(world.folder, "s_client", "-connect", str(gateway), *client, name="phone") as phone:
                await until(lambda: "New, TLS" in phone.output, "the handshake")
                phone.send(b"from the phone\n")
                await until(lambda: "from the phone" in core.output, "the phone's words")
                core.send(b"from the core\n")
                await until(lambda: "from the core" in phone.output, "the core's words")
                crossed = await asyncio.to_thread(streams, seen, world)
            await ended(caller, callee)
        assert differences(offer, text_in(callee.received(), "INVITE")) == []
        assert differences(answer, text_in(caller.received(), "SIP/2.0 200")) == []
    assert crossed["phone -> gateway"] == crossed["gateway -> core"]
    assert crossed["core -> gateway"] == crossed["gateway -> phone"]
    assert b"from the" not in b"".join(crossed.values())
    assert world.gateway.handshakes == 0
    return phone, core


async def test_with_certificates_of_their_own(world: World) -> None:
    ours, theirs = (OpensslCertificate(world.folder, name) for name in ("phone-cert", "core-cert"))
    at, core = TransportAddress(world.place.ue_host, PHONE), TransportAddress(world.place.core_host, CORE)
    offer, answer = (
        Told(
            address=address,
            setup=setup,
            path=own_path(address, "session", secure=True),
            secure=True,
            fingerprints=(who.fingerprint,),
        )
        for address, setup, who in ((at, "actpass", ours), (core, "passive", theirs))
    )
    phone, server = await hold(
        world,
        sessions.write(offer),
        sessions.write(answer),
        ["-nocommands", "-bind", str(at), "-cert", str(ours.certificate), "-key", str(ours.key)],
        [
            *("-accept", str(core), "-naccept", "1", "-Verify", "1"),
            *("-cert", str(theirs.certificate), "-key", str(theirs.key)),
        ],
    )
    for seen, who in ((phone.peer_pem, theirs), (server.peer_pem, ours)):
        assert seen.split() == who.certificate.read_text().split()


async def test_with_a_key_from_a_kms(world: World) -> None:
    at, core = TransportAddress(world.place.ue_host, PHONE), TransportAddress(world.place.core_host, CORE)
    offer, answer = (
        sessions.write(
            Told(
                address=address,
                setup=setup,
                secure=True,
                medium=Medium.BFCP,
                lines=(*lines, KEY_MGMT[side]),
            )
        )
        for address, setup, lines, side in (
            (at, "actpass", PARTICIPANT, "ue"),
            (core, "passive", SERVER, "core"),
        )
    )
    phone, _ = await hold(
        world,
        offer,
        answer,
        ["-nocommands", "-bind", str(at), *PSK],
        ["-accept", str(core), "-naccept", "1", "-nocert", *PSK],
    )
    assert "PSK identity: ims" in phone.output
