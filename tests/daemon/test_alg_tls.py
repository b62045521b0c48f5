"""The controller over TLS: another certificate without a restart, and none that does not fit."""

import asyncio
import ssl
from pathlib import Path

import pytest

from imsedge.alg.procedures import Side
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.daemon.alg import AlgDaemon
from imsedge.security.certificates import Certificate, self_signed
from kit.daemons import alg_settings

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

NOBODY = TransportAddress("127.0.0.1", 9)
ONE, OTHER = self_signed("one"), self_signed("other")


def put(path: Path, certificate: Certificate, key: Certificate | None = None) -> Path:
    path.write_bytes(certificate.pem + (key or certificate).key_pem)
    return path


async def shown(address: TransportAddress) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection(*address, ssl=context)
    der: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return der


async def test_another_certificate_is_shown_after_reload_and_one_that_does_not_fit_is_not(
    tmp_path: Path,
) -> None:
    file = put(tmp_path / "sip.pem", ONE)
    alg = AlgDaemon(alg_settings(NOBODY, sip={"tls": {"access": "127.0.0.1:0", "certificate": str(file)}}))
    await alg.start()
    try:
        address = alg.sip_tls[Side.ACCESS]
        assert await shown(address) == ONE.der
        put(file, OTHER, key=ONE)
        alg.reload()
        assert await shown(address) == ONE.der
        put(file, OTHER)
        alg.reload()
        assert await shown(address) == OTHER.der
    finally:
        await alg.stop()


async def test_a_certificate_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    tls = {"access": "127.0.0.1:0", "certificate": str(tmp_path / "none.pem")}
    alg = AlgDaemon(alg_settings(NOBODY, sip={"tls": tls}))
    with pytest.raises(SettingError, match=r"sip\.tls\.certificate: .*none\.pem"):
        await alg.start()
    await alg.stop()


async def test_without_tls_there_is_nothing_to_reload() -> None:
    alg = AlgDaemon(alg_settings(NOBODY))
    await alg.start()
    alg.reload()
    assert alg.sip_tls == {}
    await alg.stop()
