"""Address families and the DiffServ octet, as they are on the wire."""

import pytest

from imsedge.core.address import TransportAddress
from kit.networks import ACCESS6, PARTY, PARTY6, PHONE, PHONE6, World
from kit.segments import Segment

pytestmark = pytest.mark.system


def sent(segments: list[Segment], host: str) -> list[Segment]:
    """What this host has sent."""
    return [segment for segment in segments if segment.source.host == host]


def test_ipv6_at_the_access_and_ipv4_in_the_core(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", ipv6=True, remote=TransportAddress(PHONE6, 9))
    net.controller.add("core", context=access.context, remote=party)
    assert access.local.host == ACCESS6
    phone = net.call(net.phone, PHONE6, access.local, wait=True)
    callee = net.accept(listener)
    phone.sendall(b"six to four")
    assert callee.recv(100) == b"six to four"
    callee.sendall(b"four to six")
    assert phone.recv(100) == b"four to six"
    assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "> DATA", "< DATA"], str(net.wires)
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< DATA", "> DATA"], str(net.wires)


def test_ipv4_at_the_access_and_ipv6_in_the_core(net: World) -> None:
    listener, party = net.listen(net.core, PARTY6)
    access = net.controller.add(
        "access", control='tcpbcc/incoming = accept, gm/saf = ON, gm/sam = "[203.0.113.0]/28"'
    )
    net.controller.add("core", context=access.context, ipv6=True, remote=party)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    phone.sendall(b"four to six")
    assert net.accept(listener).recv(100) == b"four to six"


def test_an_ipv6_mask_lets_in_its_own(net: World) -> None:
    discard = 'gm/saf = ON, gm/sam = "[2001:db8:b::]/48"'
    access = net.controller.add("access", ipv6=True, control=discard)
    phone = net.call(net.phone, PHONE6, access.local)
    assert net.wires.kinds("phone") == ["> SYN"]
    net.controller.modify(access, control='gm/sam = "[2001:db8:a::]/48"')
    net.answered(phone)
    assert net.wires.kinds("phone") == ["> SYN", "> SYN", "< SYN-ACK"], str(net.wires)


@pytest.mark.parametrize("mode", ["proxy", "merge"])
def test_each_side_has_the_dscp_that_was_ordered(net: World, mode: str) -> None:
    """Expedited forwarding at the access, AF41 in the core; the peers send what they like."""
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", control=f"tcpbcc/mode = {mode}, ds/dscp = b8")
    core = net.controller.add(
        "core", context=access.context, remote=party, control=f"tcpbcc/mode = {mode}, ds/dscp = 88"
    )
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    called = mode == "proxy"
    other = net.accept(listener) if called else net.call(net.core, PARTY, core.local, wait=True)
    phone.sendall(b"marked")
    assert other.recv(100) == b"marked"
    other.sendall(b"marked too")
    assert phone.recv(100) == b"marked too"
    seen = net.wires.segments()
    assert {one.octet for one in sent(seen, access.local.host)} == {0xB8}, str(net.wires)
    assert {one.octet for one in sent(seen, core.local.host)} == {0x88}
    assert {one.octet for one in (*sent(seen, PHONE), *sent(seen, PARTY))} == {0}
    kinds = {one.kind for one in sent(seen, access.local.host)}
    assert kinds >= {"SYN-ACK", "ACK", "DATA"}
