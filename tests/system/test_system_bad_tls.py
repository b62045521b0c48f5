"""What a phone can get wrong at the media port, and that nothing of it reaches the core.

Each test is one whole call: SIP through the controller, H.248 to the gateway, a real TCP connection; openssl
or bare octets play the phone's TLS.  Afterwards both connections are closed, the controller has been
notified and has released both ends of the call, and nothing is held that was not held before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.play import sessions
from imsedge.play.phone import PhoneError
from imsedge.play.scenes import Ensemble
from imsedge.play.sessions import own_path
from imsedge.sip.message import SipMessage, SipRequest
from kit.daemons import until
from kit.openssl import Openssl, OpensslCertificate
from kit.system import (
    PATIENCE,
    Agreed,
    Sink,
    System,
    both_hang_up,
    ends,
    listening,
    offer_of,
    originate,
    system,
    take_leave,
    terminate,
)

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

MISMATCH = "certificate does not match the fingerprint"
SECRET = b"not for the core\r\n"
MSRP = (
    b"MSRP a1b2 SEND\r\nTo-Path: msrp://core.test:2855/c;tcp\r\nFrom-Path: msrp://ue.test:2855/u;tcp\r\n"
    b"Message-ID: 1\r\nByte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------a1b2$\r\n"
)
# A record header that promises 512 octets of ClientHello, and not one of them.
ENDLESS = b"\x16\x03\x01\x02\x00"
UNEXPECTED_MESSAGE = b"\x15\x03\x01\x00\x02\x02\x0a"
HURRY = {"media": {"handshake_limit": 0.5, "verification_limit": 0.5}}


class Scene(NamedTuple):
    """A call that was answered, before any media."""

    world: System
    cast: Ensemble
    sink: Sink
    before: dict[str, object]
    agreed: Agreed

    @property
    def gateway(self) -> TransportAddress:
        """Where the phone was told to connect."""
        return self.agreed.seen_by_ue.address


@asynccontextmanager
async def answered(phone: OpensslCertificate | None = None) -> AsyncIterator[Scene]:
    """The phone called with this certificate's fingerprint, else its own; the core waits for TCP."""
    async with (
        system(agw=HURRY) as world,
        ends(world.place) as cast,
        listening(world.place.core_host) as (sink, core),
    ):
        await cast.register()
        before = world.held()
        offer = offer_of(cast, *([phone.fingerprint] if phone else []))
        agreed = await originate(cast, offer, replace(cast.told("core", "passive"), address=core))
        yield Scene(world, cast, sink, before, agreed)


async def lost(scene: Scene, cause: str) -> None:
    """The media came to nothing for this reason, and everybody knows it."""
    await both_hang_up(scene.cast)
    await until(lambda: scene.sink.ended == scene.sink.connections, PATIENCE)
    assert bytes(scene.sink.octets) == b""
    assert causes(scene.world) == [("tlsbsc/bncchange", cause)]
    await scene.world.returns_to(scene.before)


def causes(world: System) -> list[tuple[str, str]]:
    """What the gateway reported as failed, and why."""
    return [(report.event.lower(), report.cause) for report in world.reports() if report.type == "Mfail"]


def methods(messages: list[SipMessage]) -> list[str]:
    return [message.method for message in messages if isinstance(message, SipRequest)]


async def connect(address: TransportAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*address)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that still comes, until the connection is closed, in order or not."""
    octets = b""
    try:
        while more := await asyncio.wait_for(reader.read(4096), PATIENCE):
            octets += more
    except ConnectionResetError:
        pass
    return octets


@pytest.mark.interop
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_a_wrong_client_certificate_gets_bad_certificate(tmp_path: Path, version: str) -> None:
    phone, intruder = OpensslCertificate(tmp_path, "phone"), OpensslCertificate(tmp_path, "intruder")
    async with answered(phone) as scene:
        with Openssl.client(tmp_path, scene.gateway, intruder, version) as tls:
            tls.send(SECRET)
            await until(lambda: "alert bad certificate" in tls.output, PATIENCE)
            await lost(scene, MISMATCH)


@pytest.mark.interop
@pytest.mark.parametrize(
    ("version", "alert"), [("-tls1_2", "alert handshake failure"), ("-tls1_3", "alert certificate required")]
)
async def test_no_client_certificate_gets_the_alert_for_that(
    tmp_path: Path, version: str, alert: str
) -> None:
    async with answered(OpensslCertificate(tmp_path, "phone")) as scene:
        with Openssl.client(tmp_path, scene.gateway, None, version) as tls:
            tls.send(SECRET)
            await until(lambda: alert in tls.output, PATIENCE)
            await lost(scene, "no certificate from peer")


@pytest.mark.interop
async def test_a_wrong_server_certificate_gets_bad_certificate(tmp_path: Path) -> None:
    """The core calls and opens TCP; the gateway is the TLS client of a phone that is somebody else."""
    phone, intruder = OpensslCertificate(tmp_path, "phone"), OpensslCertificate(tmp_path, "intruder")
    async with system(agw=HURRY) as world, ends(world.place) as cast:
        way = await cast.register()
        before = world.held()
        waiting = TransportAddress(world.place.ue_host, 7654)
        answer = replace(
            cast.told("ue", "passive"),
            address=waiting,
            path=own_path(waiting, "phone", secure=True),
            fingerprints=(phone.fingerprint,),
        )
        with Openssl.server(tmp_path, waiting, intruder) as tls:
            await until(lambda: "ACCEPT" in tls.output, PATIENCE)
            agreed = await terminate(cast, way, cast.told("core", "actpass"), answer)
            reader, writer = await connect(agreed.seen_by_core.address)
            tls.send(SECRET)
            await until(lambda: "alert bad certificate" in tls.output, PATIENCE)
            await both_hang_up(cast)
            assert await rest(reader) == b""
            writer.close()
        assert causes(world) == [("tlsbsc/bncchange", MISMATCH)]
        await world.returns_to(before)


@pytest.mark.interop
async def test_a_fingerprint_that_never_comes_ends_the_call(tmp_path: Path) -> None:
    """The phone completes TLS but its answer, which would bring the fingerprint, never comes."""
    async with system(agw=HURRY) as world, ends(world.place) as cast:
        contact, path = await cast.register()
        before = world.held()
        offer = sessions.write(cast.told("core", "actpass"))
        calling = asyncio.create_task(cast.core.invite(cast.core_proxy, contact, offer, path))
        invite = await cast.ue.expect("INVITE")
        seen = sessions.read(invite.request.body)
        core, writer = await connect(world.local_of("core"))
        with Openssl.client(tmp_path, seen.address, OpensslCertificate(tmp_path, "phone")) as tls:
            tls.send(SECRET)
            await until(lambda: "Verify return code" in tls.output, PATIENCE)
            assert await rest(core) == b""
            await until(lambda: "\nclosed" in tls.output, PATIENCE)
        writer.close()
        with pytest.raises(PhoneError, match="500"):
            await calling
        await until(lambda: "CANCEL" in methods(world.sip(world.place.sip_access)), PATIENCE)
        cast.ue.refuse(invite, 487)
        assert causes(world) == [("tlsbsc/bncchange", "no fingerprint was signalled in time")]
        await world.returns_to(before)


@pytest.mark.interop
async def test_a_fingerprint_that_comes_late_and_is_another_ends_the_call(tmp_path: Path) -> None:
    """TLS is complete and octets wait when the answer says whose certificate it should have been."""
    phone, intruder = OpensslCertificate(tmp_path, "phone"), OpensslCertificate(tmp_path, "intruder")
    async with system(agw=HURRY) as world, ends(world.place) as cast:
        contact, path = await cast.register()
        before = world.held()
        offer = sessions.write(cast.told("core", "actpass"))
        calling = asyncio.create_task(cast.core.invite(cast.core_proxy, contact, offer, path))
        invite = await cast.ue.expect("INVITE")
        seen = sessions.read(invite.request.body)
        core, writer = await connect(world.local_of("core"))
        with Openssl.client(tmp_path, seen.address, intruder) as tls:
            tls.send(SECRET)
            await until(lambda: "Verify return code" in tls.output, PATIENCE)
            answer = replace(cast.told("ue", "active"), fingerprints=(phone.fingerprint,))
            cast.ue.answer(invite, sessions.write(answer))
            assert await rest(core) == b""
            await until(lambda: "\nclosed" in tls.output, PATIENCE)
        writer.close()
        await asyncio.wait([calling])
        await until(lambda: causes(world) == [("tlsbsc/bncchange", MISMATCH)], PATIENCE)
        await take_leave(cast.ue, {"ACK", "BYE"})
        if not calling.exception():  # the answer may have been quicker than the report of the gateway
            await take_leave(cast.core, {"BYE"})
        await world.returns_to(before)


@pytest.mark.parametrize("octets", [b"", ENDLESS], ids=["silence", "half a ClientHello"])
async def test_tls_that_never_finishes_is_given_up(octets: bytes) -> None:
    async with answered() as scene:
        reader, writer = await connect(scene.gateway)
        writer.write(octets)
        assert await rest(reader) == b""
        await lost(scene, "handshake timed out")
        writer.close()


async def test_a_client_hello_octet_by_octet_does_not_win_time() -> None:
    async with answered() as scene:
        reader, writer = await connect(scene.gateway)
        reading = asyncio.create_task(rest(reader))
        for octet in ENDLESS + bytes(512):
            if reading.done():
                break
            writer.write(bytes((octet,)))
            await asyncio.sleep(0.02)
        assert await reading == b""
        await lost(scene, "handshake timed out")
        writer.close()


OLD_TLS = {
    "TLS 1.1": (("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"), "alert protocol version"),
    "no forward secrecy": (("-tls1_2", "-cipher", "AES128-GCM-SHA256"), "alert handshake failure"),
}


@pytest.mark.interop
@pytest.mark.parametrize(("options", "alert"), OLD_TLS.values(), ids=OLD_TLS)
async def test_tls_that_3gpp_forbids_gets_the_alert_for_that(
    tmp_path: Path, options: tuple[str, ...], alert: str
) -> None:
    phone = OpensslCertificate(tmp_path, "phone")
    async with answered(phone) as scene:
        with Openssl.client(tmp_path, scene.gateway, phone, *options) as tls:
            await until(lambda: alert in tls.output, PATIENCE)
            await lost(scene, "handshake failed")


@pytest.mark.parametrize(
    "octets",
    [b"\x00" * 64, b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 2000, MSRP],
    ids=["zeros", "HTTP", "ff", "MSRP"],
)
async def test_what_is_not_tls_gets_an_alert_and_goes_nowhere(octets: bytes) -> None:
    async with answered() as scene:
        reader, writer = await connect(scene.gateway)
        writer.write(octets)
        assert await rest(reader) == UNEXPECTED_MESSAGE
        await lost(scene, "handshake failed")
        writer.close()


async def test_a_phone_that_hangs_up_in_the_handshake_ends_the_call() -> None:
    async with answered() as scene:
        reader, writer = await connect(scene.gateway)
        writer.write(ENDLESS)
        writer.write_eof()
        await rest(reader)
        await lost(scene, "handshake failed")
        writer.close()
