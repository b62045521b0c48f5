"""Calls of clients that know no CEMA, in which every part but ours is somebody else's.

SIPp calls, ``openssl`` is the phone's TLS, Kamailio's ``msrp`` module is the client in the core, which takes
apart the paths that it gets and answers along them.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.msrp_uri import MsrpUri
from imsedge.play import sessions
from imsedge.play.sessions import Told, own_path
from kit.kamailio import KamailioMsrp
from kit.openssl import Openssl, OpensslCertificate
from kit.sipp_world import World, description_in, ended, sipp_world, told, until

pytestmark = [pytest.mark.interop, pytest.mark.system]

MSRP_PORT = 2855


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sipp_world(tmp_path) as made:
        yield made


def send(transaction: str, to: MsrpUri, from_: MsrpUri) -> bytes:
    return (
        f"MSRP {transaction} SEND\r\nTo-Path: {to}\r\nFrom-Path: {from_}\r\nMessage-ID: 4711\r\n"
        f"Byte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------{transaction}$\r\n"
    ).encode()


async def test_the_phone_calls_and_kamailio_reads_paths_of_its_own_leg(world: World) -> None:
    await world.register()
    place, identity = world.place, OpensslCertificate(world.folder, "phone")
    kamailio, phone = TransportAddress(place.core_host, MSRP_PORT), TransportAddress(place.ue_host, 7654)
    phone_path, core_path = own_path(phone, "phone", secure=True), own_path(kamailio, "core", secure=False)
    fingerprints = (identity.fingerprint,)
    offer = Told(
        address=phone,
        setup="actpass",
        path=phone_path,
        cema=False,
        secure=True,
        fingerprints=fingerprints,
        e2ae="requested",
    )
    answer = Told(address=kamailio, setup="passive", path=core_path, cema=False, secure=False)
    with (
        KamailioMsrp(world.folder, kamailio) as judge,
        world.call(sessions.write(offer), sessions.write(answer)) as (caller, callee),
    ):
        phone_saw = await told(caller)
        (gateway,) = phone_saw.path
        with Openssl.client(world.folder, phone_saw.address, identity) as tls:
            await until(lambda: "Verify return code" in tls.output, "the TLS handshake")
            tls.send(send("abcd1234", gateway, phone_path[0]))
            await until(lambda: "-------abcd1234$" in tls.output, "Kamailio's 200")
            heard = tls.output
        await ended(caller, callee)
    assert "MSRP abcd1234 200 OK" in heard
    assert f"To-Path: {phone_path[0]}" in heard
    assert f"From-Path: {gateway}" in heard
    core_saw = description_in(callee.received(), "INVITE")
    (of_gateway,) = core_saw.path
    assert not core_saw.cema
    assert (of_gateway.secure, of_gateway.host) == (False, core_saw.address.host)
    # It counts the end of line behind the body as well.
    assert judge.judged() == [f"SEND of 7 octets to {core_path[0]} from {of_gateway}"]


async def test_the_phone_is_called_and_reads_paths_of_its_own_leg(world: World) -> None:
    path = await world.register()
    place, identity = world.place, OpensslCertificate(world.folder, "phone")
    core, phone = TransportAddress(place.core_host, MSRP_PORT), TransportAddress(place.ue_host, 7654)
    phone_path, core_path = own_path(phone, "phone", secure=True), own_path(core, "core", secure=False)
    offer = Told(address=core, setup="actpass", path=core_path, cema=False, secure=False)
    answer = Told(
        address=phone,
        setup="passive",
        path=phone_path,
        cema=False,
        secure=True,
        fingerprints=(identity.fingerprint,),
    )
    with (
        Openssl.server(world.folder, phone, identity) as tls,
        world.call(sessions.write(offer), sessions.write(answer), path=path) as (caller, callee),
    ):
        core_saw = await told(caller)
        phone_saw = description_in(callee.received(), "INVITE")
        with socket.create_connection(core_saw.address, timeout=5) as client:
            client.sendall(send("ef567890", core_saw.path[0], core_path[0]))
            await until(lambda: "-------ef567890$" in tls.output, "the core's words at the phone")
            assert f"To-Path: {phone_path[0]}\nFrom-Path: {phone_saw.path[0]}" in tls.output.replace("\r", "")
            # A path that is not the session's goes no further.
            client.settimeout(5)
            client.sendall(send("cc112233", core_path[0], core_path[0]))
            assert b"MSRP cc112233 481" in await asyncio.to_thread(client.recv, 1000)
            assert "cc112233" not in tls.output
        await ended(caller, callee)
