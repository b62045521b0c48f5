"""A secured call in which every part but ours is somebody else's: SIPp, OpenSSL and Kamailio.

SIPp registers, calls and answers; ``openssl`` is the TLS of the phone, client or server; Kamailio's ``msrp``
module answers the message in the core.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import RandomIds
from imsedge.daemon.service import make_daemon, running
from imsedge.play import sessions
from imsedge.play.place import Place, own_place
from imsedge.play.sessions import Told, own_path
from imsedge.play.stage import Stage
from kit.kamailio import KamailioMsrp
from kit.openssl import Openssl, OpensslCertificate, wait_for
from kit.sip_scenarios import answers, calls, registers, registrar
from kit.sipp import Sipp

pytestmark = [pytest.mark.interop, pytest.mark.system]

MSRP_PORT = 2855
SEND = (
    "MSRP {transaction} SEND\r\nTo-Path: {to}\r\nFrom-Path: {source}\r\nMessage-ID: 4711\r\n"
    "Byte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------{transaction}$\r\n"
)


class World:
    """Our two daemons on a loopback network of their own."""

    def __init__(self, place: Place, stage: Stage, folder: Path) -> None:
        self.place, self.stage, self.folder = place, stage, folder
        self.phone = TransportAddress(place.ue_host, 5060)

    def sipp(self, steps: list[str], name: str, local: TransportAddress, remote: TransportAddress) -> Sipp:
        return Sipp(steps, self.folder, name, local=local, remote=remote)

    async def register(self) -> str:
        """The Path that leads to the phone."""
        with (
            self.sipp(registrar(), "registrar", self.place.next_hop, self.place.sip_core) as core,
            self.sipp(registers(), "register", self.phone, self.place.sip_access) as phone,
        ):
            await until(lambda: phone.ended and core.ended, "the registration")
            phone.check()
            core.check()
            (register,) = core.received()
            (accepted,) = phone.received()
        assert "mediasec" not in register
        assert "msrp-tls;mediasec" in accepted
        path = next(line for line in register.splitlines() if line.startswith("Path: "))
        assert str(self.place.sip_core) in path
        return path.removeprefix("Path: ")


async def until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> None:
    await asyncio.to_thread(wait_for, condition, what, seconds)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    own = own_place(RandomIds())
    stage = Stage(own.place.cast)
    async with running([make_daemon(own.alg, tap=stage), make_daemon(own.agw)]):
        await until(lambda: any(a.summary.startswith("SVC resp") for a in stage.arrows()), "the gateway")
        yield World(own.place, stage, tmp_path)


def description_in(messages: list[str], start: str) -> Told:
    """The SDP of the first message that begins so."""
    found = next(message for message in messages if message.startswith(start) and "\n\nv=0" in message)
    return sessions.read(found.partition("\n\n")[2].encode())


async def test_the_phone_calls_and_kamailio_answers_its_message(world: World) -> None:
    await world.register()
    place, identity = world.place, OpensslCertificate(world.folder, "phone", key="rsa")
    kamailio = TransportAddress(place.core_host, MSRP_PORT)
    phone_path = own_path(TransportAddress(place.ue_host, 7654), "phone", secure=True)
    core_path = own_path(kamailio, "core", secure=False)
    offer = Told(
        address=TransportAddress(place.ue_host, 7654),
        setup="actpass",
        path=phone_path,
        secure=True,
        fingerprints=(identity.fingerprint,),
        e2ae="requested",
    )
    answer = Told(address=kamailio, setup="passive", path=core_path, secure=False)
    called = answers(sessions.write(answer))
    calling = calls("sip:bob@home.test", sessions.write(offer))
    with (
        KamailioMsrp(world.folder, kamailio) as judge,
        world.sipp(called, "callee", place.next_hop, place.sip_core) as callee,
        world.sipp(calling, "caller", world.phone, place.sip_access) as caller,
    ):
        await until(lambda: any("\n\nv=0" in text for text in caller.received()), "the answer")
        told = description_in(caller.received(), "SIP/2.0 200")
        with Openssl.client(world.folder, told.address, identity) as tls:
            await until(lambda: "Verify return code" in tls.output, "the TLS handshake")
            message = SEND.format(transaction="abcd1234", to=told.path[0], source=phone_path[0])
            tls.send(message.encode())
            await until(lambda: "MSRP abcd1234 200 OK" in tls.output, "Kamailio's 200")
            gateway = ssl.PEM_cert_to_DER_cert(tls.peer_pem)
        await until(lambda: caller.ended and callee.ended, "the end of the call")
        caller.check()
        callee.check()
    assert judge.judged()[0].startswith("SEND")
    assert told.fingerprints[0].matches(gateway)
    core_saw = description_in(callee.received(), "INVITE")
    assert not core_saw.secure
    assert not core_saw.fingerprints
    assert core_saw.e2ae is None


async def test_the_phone_is_called_and_its_tls_server_hears_the_core(world: World) -> None:
    path = await world.register()
    place, identity = world.place, OpensslCertificate(world.folder, "phone")
    listening = TransportAddress(place.ue_host, 7654)
    core_path = own_path(TransportAddress(place.core_host, MSRP_PORT), "core", secure=False)
    offer = Told(
        address=TransportAddress(place.core_host, MSRP_PORT), setup="actpass", path=core_path, secure=False
    )
    answer = Told(
        address=listening,
        setup="passive",
        path=own_path(listening, "phone", secure=True),
        secure=True,
        fingerprints=(identity.fingerprint,),
    )
    calling = calls(f"sip:alice@{world.phone}", sessions.write(offer), routes=f"\nRoute: {path}")
    with (
        Openssl.server(world.folder, listening, identity) as tls,
        world.sipp(answers(sessions.write(answer)), "callee", world.phone, place.sip_access) as callee,
        world.sipp(calling, "caller", place.next_hop, place.sip_core) as caller,
    ):
        await until(lambda: any("\n\nv=0" in text for text in caller.received()), "the answer")
        told = description_in(caller.received(), "SIP/2.0 200")
        assert not told.secure
        with socket.create_connection(told.address, timeout=5) as core:
            core.sendall(b"from the core\r\n")
            await until(lambda: "from the core" in tls.output, "the core's words at the phone")
            tls.send(b"from the phone\n")
            core.settimeout(5)
            assert await asyncio.to_thread(core.recv, 100) == b"from the phone\n"
        await until(lambda: caller.ended and callee.ended, "the end of the call")
        caller.check()
        callee.check()
    phone_saw = description_in(callee.received(), "INVITE")
    assert phone_saw.secure
    assert phone_saw.e2ae == "applied"
