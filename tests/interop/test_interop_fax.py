"""Fax through whole calls: SIPp's signalling, our two daemons, and spandsp or OpenSSL's DTLS at the ends."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from OpenSSL import SSL

from imsedge.core.address import TransportAddress
from imsedge.play import sessions
from imsedge.play.e2e_checks import differences
from imsedge.play.fax_scene import LINES
from imsedge.play.sessions import Told
from imsedge.sdp.kinds import Medium
from imsedge.security.certificates import self_signed
from imsedge.security.fingerprint import Fingerprint
from imsedge.security.tls import Role
from kit.dtls import DtlsPeer
from kit.fax import ROWS, FaxMachine, draw_page, read_page
from kit.openssl import Openssl, OpensslCertificate
from kit.peers import need_spandsp
from kit.sipp_world import World, description_in, ended, sipp_world, text_in, told, until

pytestmark = [pytest.mark.interop, pytest.mark.system]

PORT = 6004
PATIENCE = 25.0
STEP = 0.0008  # seconds of a 20 ms step: 25 times as fast as a telephone line
UE = self_signed("ue")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sipp_world(tmp_path) as made:
        yield made


def phone(world: World, setup: str, fingerprint: Fingerprint, e2ae: str | None = None) -> str:
    said = Told(
        address=TransportAddress(world.place.ue_host, PORT),
        setup=setup,
        secure=True,
        medium=Medium.T38,
        lines=LINES,
        fingerprints=(fingerprint,),
        e2ae=e2ae,
    )
    return sessions.write(said)


def core(world: World) -> str:
    at = TransportAddress(world.place.core_host, PORT)
    return sessions.write(Told(address=at, setup="", secure=False, medium=Medium.T38, lines=LINES))


@contextmanager
def bound(host: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, PORT))
        sock.settimeout(PATIENCE)
        yield sock


@pytest.mark.parametrize("role", Role)
async def test_openssl_is_the_phone(world: World, role: Role) -> None:
    await world.register()
    identity = OpensslCertificate(world.folder, "phone")
    setup = "active" if role is Role.CLIENT else "passive"
    at = TransportAddress(world.place.ue_host, PORT)
    offer = phone(world, setup, identity.fingerprint, "requested")
    with bound(world.place.core_host) as machine, world.call(offer, core(world)) as (caller, callee):
        if role is Role.CLIENT:
            gateway = (await told(caller)).address
            tls = Openssl.client(world.folder, gateway, identity, "-dtls1_2", "-bind", str(at))
        else:
            tls = Openssl.server(world.folder, at, identity, "-dtls1_2")
        with tls:
            await until(lambda: "Verify return code" in tls.output or "-----END" in tls.output, "DTLS")
            inner = description_in(callee.received(), "INVITE").address
            tls.send(b"one datagram\n")
            assert await asyncio.to_thread(machine.recvfrom, 1 << 16) == (b"one datagram\n", tuple(inner))
            machine.sendto(b"and one back\n", inner)
            await until(lambda: "and one back" in tls.output, "the datagram")
        await ended(caller, callee)


@pytest.mark.parametrize(("loss", "to_phone"), [(0.0, False), (0.05, True)])
async def test_a_page_arrives_as_it_was_sent(world: World, loss: float, to_phone: bool) -> None:
    spandsp, tiff = need_spandsp()
    page, copy = world.folder / "page.tif", world.folder / "copy.tif"
    draw_page(tiff, page)
    path = await world.register()
    says = phone(world, "active", UE.fingerprint(), None if to_phone else "requested")
    offer, answer = (core(world), says) if to_phone else (says, core(world))
    with (
        bound(world.place.core_host) as machine,
        bound(world.place.ue_host) as phone_socket,
        world.call(offer, answer, path=path if to_phone else "") as (caller, callee),
    ):
        answered = await told(caller)
        offered = description_in(callee.received(), "INVITE")
        outer, inner = (offered, answered) if to_phone else (answered, offered)
        assert (outer.secure, inner.secure) == (True, False)
        outcomes = await asyncio.to_thread(
            send_page, spandsp, (page, copy), (phone_socket, outer.address), (machine, inner.address), loss
        )
        assert outcomes == (0, 0)
        await ended(caller, callee)
    rows = read_page(tiff, copy)
    assert len(rows) == ROWS
    assert rows == read_page(tiff, page)


Way = tuple[socket.socket, TransportAddress]
"""A socket, and whom it sends to."""


def send_page(
    spandsp: object, files: tuple[Path, Path], outer: Way, inner: Way, loss: float
) -> tuple[int | None, int | None]:
    """The phone sends a page to the core; how each machine thinks that it went."""
    chance = random.Random(3)  # noqa: S311 - not a secret
    phone = DtlsPeer(outer[0], UE, Role.CLIENT)
    phone.shake(outer[1])

    def from_phone(datagram: bytes) -> None:
        if chance.random() >= loss:
            phone.send(datagram)

    def from_core(datagram: bytes) -> None:
        if chance.random() >= loss:
            inner[0].sendto(datagram, inner[1])

    caller = FaxMachine(spandsp, files[0], from_phone, calls=True)
    called = FaxMachine(spandsp, files[1], from_core, calls=False)
    inner[0].setblocking(False)
    talk(phone, inner[0], caller, called)
    return caller.outcome, called.outcome


def talk(phone: DtlsPeer, core: socket.socket, caller: FaxMachine, called: FaxMachine) -> None:
    """Until both machines have hung up."""
    until = time.monotonic() + PATIENCE
    while None in (caller.outcome, called.outcome):
        assert time.monotonic() < until, "the fax does not end"
        for datagram in waiting(core):
            called.take(datagram)
        phone.socket.setblocking(False)
        for datagram in waiting(phone.socket):
            phone.tls.bio_write(datagram)
            try:
                caller.take(phone.tls.recv(1 << 16))
            except SSL.WantReadError:
                continue
        caller.step()
        called.step()
        time.sleep(STEP)


def waiting(sock: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(sock.recv(1 << 16))
        except BlockingIOError:
            return found


# --- only anchored: the gateway changes addresses, and opens nothing ---------------------------------------


@pytest.fixture
async def passing(tmp_path: Path) -> AsyncIterator[World]:
    async with sipp_world(tmp_path, udp={"anchor": "always"}) as made:
        yield made


async def test_dtls_from_end_to_end_passes_untouched(passing: World) -> None:
    place, ours, theirs = (
        passing.place,
        *(OpensslCertificate(passing.folder, name) for name in ("one", "other")),
    )
    at, core_at = TransportAddress(place.ue_host, PORT), TransportAddress(place.core_host, PORT)
    offer = phone(passing, "active", ours.fingerprint)
    answer = phone(passing, "passive", theirs.fingerprint).replace(place.ue_host, place.core_host)
    server = ["-dtls1_2", "-accept", str(core_at), "-Verify", "1", "-naccept", "1"]
    server += ["-cert", str(theirs.certificate), "-key", str(theirs.key)]
    with (
        Openssl(passing.folder, "s_server", *server, name="core") as machine,
        passing.call(offer, answer) as (caller, callee),
    ):
        gateway = (await told(caller)).address
        assert differences(offer, text_in(callee.received(), "INVITE")) == []
        assert differences(answer, text_in(caller.received(), "SIP/2.0 200")) == []
        with Openssl.client(passing.folder, gateway, ours, "-dtls1_2", "-bind", str(at)) as tls:
            await until(lambda: "Verify return code" in tls.output, "DTLS")
            tls.send(b"one datagram\n")
            await until(lambda: "one datagram" in machine.output, "the datagram")
            machine.send(b"and one back\n")
            await until(lambda: "and one back" in tls.output, "the answer")
        assert tls.peer_pem.split() == theirs.certificate.read_text().split()
        await ended(caller, callee)
    assert passing.gateway.handshakes == 0


async def test_clear_datagrams_keep_their_borders_and_strangers_stay_outside(passing: World) -> None:
    offer = core(passing).replace(passing.place.core_host, passing.place.ue_host)
    with (
        bound(passing.place.core_host) as machine,
        bound(passing.place.ue_host) as own,
        bound(passing.place.sip_access.host) as stranger,
        passing.call(offer, core(passing)) as (caller, callee),
    ):
        outer = (await told(caller)).address
        inner = description_in(callee.received(), "INVITE").address
        stranger.sendto(b"from somebody else", outer)
        for packet in (b"a", b"b" * 1_300, b"c"):
            own.sendto(packet, outer)
            assert await asyncio.to_thread(machine.recvfrom, 1 << 16) == (packet, tuple(inner))
            machine.sendto(packet, inner)
            assert await asyncio.to_thread(own.recvfrom, 1 << 16) == (packet, tuple(outer))
        await ended(caller, callee)
