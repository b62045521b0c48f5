"""A secured call in which every part but ours is somebody else's: SIPp, OpenSSL and Kamailio.

SIPp registers, calls and answers; ``openssl`` is the TLS of the phone, client or server; Kamailio's ``msrp``
module answers the message in the core.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.play import sessions
from imsedge.play.sessions import Told, own_path
from kit.kamailio import KamailioMsrp
from kit.openssl import Openssl, OpensslCertificate
from kit.sipp_world import World, description_in, ended, sipp_world, told, until

pytestmark = [pytest.mark.interop, pytest.mark.system]

MSRP_PORT = 2855
SEND = (
    "MSRP {transaction} SEND\r\nTo-Path: {to}\r\nFrom-Path: {source}\r\nMessage-ID: 4711\r\n"
    "Byte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------{transaction}$\r\n"
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sipp_world(tmp_path) as made:
        yield made


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
    with (
        KamailioMsrp(world.folder, kamailio) as judge,
        world.call(sessions.write(offer), sessions.write(answer)) as (caller, callee),
    ):
        phone_saw = await told(caller)
        with Openssl.client(world.folder, phone_saw.address, identity) as tls:
            await until(lambda: "Verify return code" in tls.output, "the TLS handshake")
            message = SEND.format(transaction="abcd1234", to=phone_saw.path[0], source=phone_path[0])
            tls.send(message.encode())
            await until(lambda: "MSRP abcd1234 200 OK" in tls.output, "Kamailio's 200")
            gateway = ssl.PEM_cert_to_DER_cert(tls.peer_pem)
        await ended(caller, callee)
    assert judge.judged()[0].startswith("SEND")
    assert phone_saw.fingerprints[0].matches(gateway)
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
    with (
        Openssl.server(world.folder, listening, identity) as tls,
        world.call(sessions.write(offer), sessions.write(answer), path=path) as (caller, callee),
    ):
        core_saw = await told(caller)
        assert not core_saw.secure
        with socket.create_connection(core_saw.address, timeout=5) as core:
            core.sendall(b"from the core\r\n")
            await until(lambda: "from the core" in tls.output, "the core's words at the phone")
            tls.send(b"from the phone\n")
            core.settimeout(5)
            assert await asyncio.to_thread(core.recv, 100) == b"from the phone\n"
        await ended(caller, callee)
    phone_saw = description_in(callee.received(), "INVITE")
    assert phone_saw.secure
    assert phone_saw.e2ae == "applied"
