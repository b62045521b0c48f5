"""A real fax page by spandsp: over DTLS from the phone to the media plane, in clear UDPTL on to the core."""

import random
import socket
import time
from pathlib import Path

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.security.tls import Role
from kit.dtls import DtlsPeer
from kit.fax import ROWS, FaxMachine, draw_page, read_page
from kit.peers import need_spandsp
from kit.plane_rig import HOST, UE, PlaneRig

pytestmark = [pytest.mark.interop, pytest.mark.system]

PATIENCE = 25.0
STEP = 0.0008  # seconds of a 20 ms step: 25 times as fast as a telephone line


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_a_page_arrives_as_it_was_sent(loss: float, tmp_path: Path) -> None:
    spandsp, tiff = need_spandsp()
    page, copy = tmp_path / "page.tif", tmp_path / "copy.tif"
    draw_page(tiff, page)
    chance = random.Random(3)  # noqa: S311 - not a secret
    with PlaneRig() as rig:
        core, phone_socket = (rig.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
        for sock in (core, phone_socket):
            sock.bind((HOST, 0))
        at = TransportAddress(*core.getsockname()[:2])
        where = TransportAddress(*phone_socket.getsockname()[:2])
        access = rig.open(9, m.Transport.DTLS, remote=where, fingerprints=(UE.fingerprint(),))
        inner = rig.open(9, m.Transport.UDP, remote=at)
        phone = DtlsPeer(phone_socket, UE, Role.CLIENT)
        phone.shake(access.local)
        rig.expect(m.TlsEstablished, access.endpoint)

        def from_phone(datagram: bytes) -> None:
            if chance.random() >= loss:
                phone.send(datagram)

        def from_core(datagram: bytes) -> None:
            if chance.random() >= loss:
                core.sendto(datagram, inner.local)

        caller = FaxMachine(spandsp, page, from_phone, calls=True)
        called = FaxMachine(spandsp, copy, from_core, calls=False)
        core.setblocking(False)
        talk(phone, core, caller, called)
    assert (caller.outcome, called.outcome) == (0, 0)
    rows = read_page(tiff, copy)
    assert len(rows) == ROWS
    assert rows == read_page(tiff, page)


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
