"""TLS for SIP: what files it takes, what it speaks, what a change of certificate does."""

import asyncio
import ssl
from pathlib import Path

import pytest

from imsedge.core.errors import SettingError
from imsedge.net.sip_tls import SipTlsContexts
from imsedge.sip.events import Note, ResponseArrived, TransactionFailed
from imsedge.sip.flow import Flow
from kit.openssl import OpensslCertificate
from kit.peers import need, run
from kit.sip import request
from kit.sip_peer import Answerer, Node, running

HOST = ("127.0.0.1",)


def made(folder: Path, name: str = "edge", **options: object) -> OpensslCertificate:
    return OpensslCertificate(folder, name, hosts=HOST, **options)  # type: ignore[arg-type]


def contexts(own: OpensslCertificate, trusted: OpensslCertificate | None = None) -> SipTlsContexts:
    return SipTlsContexts(own.certificate, own.key, trusted.certificate if trusted else None)


async def seen_by_a_phone(edge: SipTlsContexts, phone: ssl.SSLContext) -> tuple[str | None, bytes]:
    """Version and certificate that a phone gets."""
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=edge.server)
    try:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=phone)
        tls = writer.get_extra_info("ssl_object")
        writer.close()
        return tls.version(), tls.getpeercert(binary_form=True)
    finally:
        server.close()


def phone(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.system
@pytest.mark.parametrize(
    ("version", "shown"),
    [(None, "TLSv1.3"), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")],
)
async def test_the_versions_of_the_3gpp_profile(
    tmp_path: Path, version: ssl.TLSVersion | None, shown: str
) -> None:
    assert (await seen_by_a_phone(contexts(made(tmp_path)), phone(version)))[0] == shown


@pytest.mark.system
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_tls_1_1_is_refused(tmp_path: Path) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await seen_by_a_phone(contexts(made(tmp_path)), phone(ssl.TLSVersion.TLSv1_1))


@pytest.mark.system
async def test_a_new_certificate_is_shown_after_reload_and_a_bad_one_is_not(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path, "next")
    edge = contexts(first)
    before = (await seen_by_a_phone(edge, phone()))[1]
    first.certificate.write_bytes(second.certificate.read_bytes())
    with pytest.raises(SettingError, match=r"edge\.crt cannot be used: key values mismatch"):
        edge.reload()
    assert (await seen_by_a_phone(edge, phone()))[1] == before
    first.key.write_bytes(second.key.read_bytes())
    edge.reload()
    assert (await seen_by_a_phone(edge, phone()))[1] == ssl.PEM_cert_to_DER_cert(
        second.certificate.read_text()
    )


def test_files_that_cannot_be_used_are_said_in_a_sentence(tmp_path: Path) -> None:
    good, bad = made(tmp_path), tmp_path / "bad.pem"
    with pytest.raises(
        SettingError, match=r"sip\.tls\.certificate: .*bad\.pem or its key cannot be read: No"
    ):
        SipTlsContexts(bad)
    bad.write_text("no PEM")
    with pytest.raises(SettingError, match=r"sip\.tls\.certificate: .*bad\.pem cannot be used: "):
        SipTlsContexts(bad)
    with pytest.raises(SettingError, match=r"sip\.tls\.authorities: .*bad\.pem cannot be used: "):
        SipTlsContexts(good.certificate, good.key, bad)


def test_an_encrypted_key_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    good, locked = made(tmp_path), tmp_path / "locked.key"
    run(
        need("openssl"), "ec", "-in", str(good.key), "-aes128", "-passout", "pass:secret", "-out", str(locked)
    )
    with pytest.raises(SettingError, match=r"sip\.tls\.certificate"):
        SipTlsContexts(good.certificate, locked)


def test_the_environment_cannot_make_it_write_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "secrets"))
    edge = contexts(made(tmp_path))
    assert edge.server.keylog_filename is None
    assert edge.client.keylog_filename is None
    assert not (tmp_path / "secrets").exists()


@pytest.mark.system
async def test_a_core_that_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    own, core = made(tmp_path), made(tmp_path, "core")
    for trusted, outcome in ((core, ResponseArrived), (own, TransactionFailed)):
        client, server = contexts(own, trusted).client, contexts(core).server
        caller, callee = Node(tls_client=client), Answerer(tls_server=server)
        async with running(caller, callee), asyncio.timeout(10):
            await callee.listen("tls")
            caller.send(request("OPTIONS", transport="TLS"), Flow("tls", callee.bound["tls"]))
            await caller.until_kind(outcome)
            told = [output.text for output in caller.seen if isinstance(output, Note)]
            assert [text.partition(":")[0] for text in told] == (["no connection"] if trusted is own else [])


@pytest.mark.system
async def test_what_is_meant_for_tls_never_goes_in_clear() -> None:
    caller, callee = Node(), Answerer()
    async with running(caller, callee), asyncio.timeout(10):
        await callee.listen("tcp")
        caller.send(request("OPTIONS", transport="TLS"), Flow("tls", callee.bound["tcp"]))
        await caller.until_kind(TransactionFailed)
        assert callee.seen == []
