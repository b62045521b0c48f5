"""A fax machine behind a real NAT, whichever end of DTLS it is: what it sends first tells where it is."""

import re
import socket

import pytest

from imsedge.core.address import TransportAddress
from imsedge.security.certificates import self_signed
from imsedge.security.tls import Role
from kit.dtls import DtlsPeer
from kit.netns import Namespace
from kit.networks import HOME, PARTY, World

pytestmark = pytest.mark.system

PORT = 6004
PHONE = self_signed("phone")
TERMINATION = re.compile(r"Context = (\d+).*c=IN IP4 (\S+)\s.*m=- (\d+)", re.DOTALL)


def bound(machine: Namespace, host: str) -> socket.socket:
    sock = machine.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind((host, PORT))
    sock.settimeout(10.0)
    return sock


def added(
    net: World, context: str, realm: str, proto: str, host: str, more: str, signals: str = ""
) -> tuple[str, TransportAddress]:
    """Context and address of a termination whose peer is at ``host``, port 9 behind the NAT."""
    port = PORT if realm == "core" else 9
    answer = net.controller.ask(
        f"Context = {context} {{ Add = $ {{ Media {{ Stream = 1 {{"
        f' LocalControl {{ Mode = SendReceive, ipdc/realm = "{realm}" }},'
        f" Local {{ v=0\nc=IN IP4 $\nm=- $ {proto} -\n}},"
        f" Remote {{ v=0\nc=IN IP4 {host}\nm=- {port} {proto} -\n{more}}} }} }}{signals} }} }}"
    )
    found = TERMINATION.search(answer)
    assert found, answer
    return found[1], TransportAddress(found[2], int(found[3]))


@pytest.mark.parametrize("role", Role)
def test_a_fax_behind_a_nat(net: World, role: Role) -> None:
    start = ", tlsbsc/EstBNC" if role is Role.SERVER else ""
    signals = f", Signals {{ ipnapt/latch {{ napt = LATCH }}{start} }}"
    fingerprint = f"a=fingerprint:{PHONE.fingerprint()}\n"
    context, outer = added(net, "$", "access", "UDP/DTLS", HOME, fingerprint, signals)
    _, inner = added(net, context, "core", "UDP", PARTY, "")
    with bound(net.home, HOME) as own, bound(net.core, PARTY) as machine:
        phone = DtlsPeer(own, PHONE, role)
        if role is Role.SERVER:
            own.sendto(b"\0", tuple(outer))  # opens the NAT
        phone.shake(outer)
        phone.send(b"from behind the NAT")
        assert machine.recvfrom(1 << 16) == (b"from behind the NAT", tuple(inner))
        machine.sendto(b"and back", tuple(inner))
        assert phone.receive() == b"and back"
