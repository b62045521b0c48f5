"""Another certificate while calls go on, and secrets for who debugs; openssl and tshark are the judges."""

import asyncio
import json
import signal
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from imsedge.core.errors import SettingError
from imsedge.core.trace import Crossing
from imsedge.daemon.agw import AgwDaemon
from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from imsedge.play import fax_scene
from imsedge.play.pcapng import write_capture
from imsedge.play.scenes import UE_WORDS, Ensemble, originating
from imsedge.security.certificates import Certificate, self_signed
from imsedge.security.fingerprint import Fingerprint
from kit.daemons import until
from kit.openssl import Openssl, OpensslCertificate
from kit.peers import need, run
from kit.processes import DaemonProcess
from kit.system import PATIENCE, Agreed, ends, offer_of, originate, own_world, system

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

FIRST, SECOND = self_signed("first"), self_signed("second")


def put(file: Path, certificate: Certificate) -> None:
    """As certificate managers do: the new file takes the place of the old one at once."""
    fresh = file.with_suffix(".new")
    fresh.write_bytes(certificate.pem + certificate.key_pem)
    fresh.replace(file)


async def call(cast: Ensemble, phone: OpensslCertificate) -> tuple[Agreed, Fingerprint]:
    """A phone calls; what it is told that the gateway will show."""
    agreed = await originate(cast, offer_of(cast, phone.fingerprint), cast.told("core", "passive"))
    return agreed, agreed.seen_by_ue.fingerprints[0]


async def shown(folder: Path, agreed: Agreed, phone: OpensslCertificate) -> bytes:
    """What the gateway really shows there."""
    with Openssl.client(folder, agreed.seen_by_ue.address, phone) as tls:
        await until(lambda: "Verify return code" in tls.output, PATIENCE)
        return ssl.PEM_cert_to_DER_cert(tls.peer_pem)


@pytest.mark.interop
async def test_an_offer_that_is_pending_keeps_the_certificate_it_told(tmp_path: Path) -> None:
    file, phone = tmp_path / "access.pem", OpensslCertificate(tmp_path, "phone")
    put(file, FIRST)
    realms = {"access": {"certificate": str(file)}}
    media = {"certificate_check": 0.05}
    async with system(agw={"realms": realms, "media": media}) as world, ends(world.place) as cast:
        await cast.register()
        before, told = await call(cast, phone)
        assert told.matches(FIRST.der)
        put(file, SECOND)
        await until(lambda: len(world.agw.certificates.known) == 3, PATIENCE)  # and one of the core
        after, told = await call(cast, phone)
        assert told.matches(SECOND.der)
        assert await shown(tmp_path, before, phone) == FIRST.der
        assert await shown(tmp_path, after, phone) == SECOND.der
        rows = {(row.fingerprint, row.current) for row in world.agw.certificates.shown()}
        assert rows >= {(str(FIRST.fingerprint()), False), (str(SECOND.fingerprint()), True)}
        await cast.hang_up(before.ue)
        await until(lambda: len(world.agw.certificates.known) == 2, PATIENCE)
        await cast.hang_up(after.ue)


def fingerprints(gateway: DaemonProcess) -> set[str]:
    """Of the certificates that its status shows."""
    return {row["fingerprint"] for row in json.loads(gateway.page("/status"))["certificates"]}


async def test_a_signal_is_enough_and_what_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "access.pem"
    put(file, FIRST)
    own = own_world(agw={"media": {"certificate": str(file), "certificate_check": 0.0}})
    async with running([AlgDaemon(own.alg)]):
        with DaemonProcess(own.agw, tmp_path) as gateway:
            await until(gateway.is_healthy, PATIENCE)
            assert fingerprints(gateway) == {str(FIRST.fingerprint())}
            workers = gateway.workers
            file.write_bytes(SECOND.pem + FIRST.key_pem)
            gateway.signal(signal.SIGHUP)
            await until(lambda: "belongs to another certificate" in gateway.log, PATIENCE)
            assert fingerprints(gateway) == {str(FIRST.fingerprint())}
            put(file, SECOND)
            gateway.signal(signal.SIGHUP)
            await until(lambda: fingerprints(gateway) == {str(SECOND.fingerprint())}, PATIENCE)
            assert gateway.workers == workers


Play = Callable[[Ensemble, str], Awaitable[None]]
MEDIA = {
    "MSRP over TLS": (originating, "passive", ("-q", "-z", "follow,tls,ascii,0"), UE_WORDS),
    "T.38 over DTLS": (
        fax_scene.originating,
        "active",
        ("-Y", "dtls.app_data", "-x"),
        "Decrypted DTLS (6 bytes)",
    ),
}


@pytest.mark.interop
@pytest.mark.parametrize(("play", "answer", "options", "words"), MEDIA.values(), ids=MEDIA)
async def test_tshark_reads_media_with_the_key_log_of_the_gateway(
    tmp_path: Path, play: Play, answer: str, options: tuple[str, ...], words: str
) -> None:
    secrets, capture, seen = tmp_path / "secrets", tmp_path / "call.pcapng", list[Crossing]()
    async with (
        system(agw={"media": {"key_log": str(secrets)}}) as world,
        ends(world.place, tap=seen.append) as cast,
    ):
        await play(cast, answer)
    assert secrets.stat().st_mode & 0o777 == 0o600
    capture.write_bytes(write_capture(seen))
    tshark = (need("tshark"), "-n", "-r", str(capture))
    keys = ("-o", f"tls.keylog_file:{secrets}")
    assert words in (await asyncio.to_thread(run, *tshark, *keys, *options)).decode()
    assert words not in (await asyncio.to_thread(run, *tshark, *options)).decode()


async def test_secrets_that_others_can_read_are_not_written(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.touch(0o644)
    own = own_world(agw={"media": {"key_log": str(secrets)}})
    gateway = AgwDaemon(own.agw)
    with pytest.raises(SettingError, match="only its owner can read"):
        await gateway.start()
    await gateway.stop()
    assert secrets.stat().st_size == 0
