"""What nobody may see: other calls' octets, open ports beyond loopback, secrets in the log."""

import asyncio
import contextlib
import re
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.daemon.settings import AgwSettings, AlgSettings
from imsedge.play.scenes import originating
from imsedge.security.tls import Role
from kit.daemons import until
from kit.openssl import OpensslCertificate
from kit.peers import need
from kit.processes import DaemonProcess
from kit.procfs import sockets_of
from kit.system import PATIENCE, System, changed, ends, listening, offer_of, originate, own_world, system

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

HOST = r"\d+\.\d+\.\d+\.\d+|::"
# More would wait in front of the listener, and that takes seconds (SYNs are repeated).
AT_A_TIME = 5
# Default ports may be taken on the machine that tests; the addresses must be the defaults.
ANY_PORTS_AGW = {"h248": {"listen": "127.0.0.1:0"}, "status": {"listen": "127.0.0.1:0"}}


async def test_a_second_connection_to_a_stream_is_refused_and_the_first_lives() -> None:
    async with (
        system() as world,
        ends(world.place) as cast,
        listening(world.place.core_host) as (sink, core),
    ):
        await cast.register()
        agreed = await originate(cast, offer_of(cast), replace(cast.told("core", "passive"), address=core))
        gateway = agreed.seen_by_ue
        await cast.ue_media.connect(gateway.address)
        await cast.ue_media.secure(Role.CLIENT, gateway.fingerprints)
        reader, writer = await asyncio.open_connection(*gateway.address)
        writer.write(b"me too")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        await cast.ue_media.send(b"only me")
        await until(lambda: bytes(sink.octets) == b"only me", PATIENCE)
        assert sink.connections == 1
        await cast.hang_up(agreed.ue)


async def test_five_hundred_strangers_at_the_port_of_a_call_change_nothing() -> None:
    async with (
        system() as world,
        ends(world.place) as cast,
        listening(world.place.core_host) as (sink, core),
    ):
        await cast.register()
        agreed = await originate(cast, offer_of(cast), replace(cast.told("core", "passive"), address=core))
        await cast.ue_media.connect(agreed.seen_by_ue.address)
        await cast.ue_media.secure(Role.CLIENT, agreed.seen_by_ue.fingerprints)
        await until(lambda: sink.connections == 1 and not _listeners(world), PATIENCE)
        held = world.held()
        for realm in ("access", "core"):
            for _ in range(250 // AT_A_TIME):
                await asyncio.gather(*(_knock(world.local_of(realm)) for _ in range(AT_A_TIME)))
        await world.returns_to(held)
        await cast.ue_media.send(b"still here")
        await until(lambda: bytes(sink.octets) == b"still here", PATIENCE)
        await cast.hang_up(agreed.ue)


def _listeners(world: System) -> list[object]:
    """They go when the stream has its connections."""
    return [row for row in world.media_sockets() if row.listening]


async def _knock(address: TransportAddress) -> None:
    """Connect, say something, be sent away."""
    try:
        reader, writer = await asyncio.open_connection(*address)
    except OSError:
        return
    writer.write(b"let me in")
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()


@pytest.mark.parametrize("settings", [AgwSettings(), AlgSettings()], ids=["gateway", "controller"])
def test_by_default_nothing_but_loopback_is_named(settings: AgwSettings | AlgSettings) -> None:
    """The default of every address of every setting."""
    addresses = set(re.findall(HOST, settings.model_dump_json()))
    assert addresses == {"127.0.0.1"}


async def test_nothing_is_listened_on_but_what_the_settings_name(tmp_path: Path) -> None:
    """Both daemons during a call, judged by the kernel."""
    own = own_world()
    with DaemonProcess(own.alg, tmp_path) as alg, DaemonProcess(own.agw, tmp_path) as agw:
        await until(alg.is_healthy, PATIENCE)
        async with ends(own.place) as cast:
            await cast.register()
            agreed = await originate(cast, offer_of(cast), cast.told("core", "passive"))
            found = sockets_of(alg.pid, agw.pid, *agw.workers)
            await cast.hang_up(agreed.ue)
    assert {row.protocol for row in found} == {"tcp", "udp"}
    assert len(found) >= 8  # SIP on two sides over UDP and TCP, H.248 twice, status twice, a call's ports
    named = {*re.findall(HOST, own.alg.model_dump_json()), *re.findall(HOST, own.agw.model_dump_json())}
    assert {row.local.host for row in found} <= named


@pytest.mark.interop
async def test_by_default_nothing_but_loopback_is_listened_on(tmp_path: Path) -> None:
    """With the default addresses; judged by ss."""
    settings = changed(AgwSettings(), ANY_PORTS_AGW)
    with DaemonProcess(settings, tmp_path) as agw:
        ss = need("ss")
        found: list[str] = []

        def listens() -> bool:
            text = subprocess.run([ss, "-Hltunp"], capture_output=True, text=True, check=True).stdout
            found[:] = [line.split()[4] for line in text.splitlines() if f"pid={agw.pid}," in line]
            return len(found) >= 2

        await until(listens, PATIENCE)
        assert [local for local in found if not local.startswith("127.")] == []


async def test_secrets_are_never_logged(tmp_path: Path) -> None:
    """With everything logged: neither the private key nor a word of the conversation."""
    identity = OpensslCertificate(tmp_path, "gateway")
    loud = {"log": {"level": "debug"}}
    own = own_world(
        loud, {**loud, "media": {"certificate": str(identity.certificate), "key": str(identity.key)}}
    )
    with DaemonProcess(own.alg, tmp_path) as alg, DaemonProcess(own.agw, tmp_path) as agw:
        await until(alg.is_healthy, PATIENCE)
        async with ends(own.place) as cast:
            await originating(cast, "passive")
            heard = cast.heard
        await until(lambda: "secured with" in agw.log, PATIENCE)  # a worker told it to the daemon
        logs = alg.log + agw.log
    assert heard
    key_lines = [line for line in identity.key.read_text().splitlines() if "-----" not in line]
    for secret in (*key_lines, *heard, "PRIVATE KEY", "CLIENT_TRAFFIC_SECRET", "CLIENT_RANDOM"):
        assert secret not in logs
