"""``openssl s_client`` and ``s_server`` as the UE: a TLS that is not the one inside us."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.security.certificates import Certificate
from kit import peers
from kit.plane_rig import HOST, STRANGER, UE, PlaneRig, receive_exactly

pytestmark = [pytest.mark.system, pytest.mark.interop]
KNOWN = (UE.fingerprint(),)
VERSIONS = ("-tls1_2", "-tls1_3")


def pem(folder: Path, certificate: Certificate) -> str:
    path = folder / f"{certificate.name}.pem"
    path.write_bytes(certificate.pem + certificate.key_pem)
    return str(path)


@contextmanager
def openssl(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    peers.need("openssl")
    with subprocess.Popen(
        ["openssl", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[bytes], text: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()


def hear(process: subprocess.Popen[bytes], text: bytes) -> bytes:
    """Read what it prints until ``text`` is there, or it ends."""
    assert process.stdout is not None
    heard = b""
    while text not in heard and (more := os.read(process.stdout.fileno(), 65_536)):
        heard += more
    return heard


@pytest.mark.parametrize("version", VERSIONS)
def test_s_client_talks_through_us(version: str, tmp_path: Path) -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, fingerprints=KNOWN)
        certificate = pem(tmp_path, UE)
        arguments = ("s_client", "-quiet", version, "-connect", str(access.local), "-cert", certificate)
        with openssl(*arguments) as ue:
            server = rig.accept(listener)
            say(ue, b"MSRP from a phone\n")
            assert receive_exactly(server, 18) == b"MSRP from a phone\n"
            server.sendall(b"MSRP from the core\n")
            assert b"MSRP from the core\n" in hear(ue, b"core\n")


@pytest.mark.parametrize("version", VERSIONS)
def test_s_server_talks_through_us(version: str, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as reserved:
        phone = TransportAddress(*reserved.getsockname())
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, fingerprints=KNOWN, remote=phone, setup=m.Setup.ACTIVE)
        certificate = pem(tmp_path, UE)
        arguments = ("s_server", version, "-accept", str(phone), "-cert", certificate, "-Verify", "1")
        with openssl(*arguments) as ue:
            hear(ue, b"ACCEPT")
            rig.do(m.StartTls(access.endpoint), m.StartTcp(access.endpoint))
            server = rig.accept(listener)
            server.sendall(b"MSRP from the core\n")
            assert b"MSRP from the core\n" in hear(ue, b"core\n")
            say(ue, b"MSRP from a phone\n")
            assert receive_exactly(server, 18) == b"MSRP from a phone\n"


ALERTS = {
    "wrong certificate, TLS 1.2": ("-tls1_2", STRANGER, b"alert bad certificate"),
    "wrong certificate, TLS 1.3": ("-tls1_3", STRANGER, b"alert bad certificate"),
    "no certificate, TLS 1.2": ("-tls1_2", None, b"alert handshake failure"),
    "no certificate, TLS 1.3": ("-tls1_3", None, b"alert certificate required"),
    "TLS 1.1": ("-tls1_1", UE, b"alert protocol version"),
}


@pytest.mark.parametrize(("version", "certificate", "alert"), ALERTS.values(), ids=ALERTS)
def test_s_client_is_told_what_is_wrong(
    version: str, certificate: Certificate | None, alert: bytes, tmp_path: Path
) -> None:
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        own = ("-cert", pem(tmp_path, certificate)) if certificate is not None else ()
        low = ("-cipher", "ALL:@SECLEVEL=0")  # lets s_client speak TLS 1.1 at all
        with openssl("s_client", version, *low, "-connect", str(access.local), *own) as ue:
            assert alert in hear(ue, alert)
        assert rig.expect(m.Failed, access.endpoint).cause.is_tls


def test_the_private_names_that_we_use_are_there() -> None:
    """``plane/tls.py`` says why; when pyOpenSSL renames them, this is the test that tells."""
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
    assert hasattr(connection, "_ssl")
    assert hasattr(connection, "_raise_ssl_error")
