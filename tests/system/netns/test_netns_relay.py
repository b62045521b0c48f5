"""Stateless TCP handling (TS 23.334 clause 5.16.1): one connection, end to end, through the kernel's NAT."""

import pytest

from imsedge.core.address import TransportAddress
from kit.networks import CORE, PARTY, PHONE, STRANGER, World, until
from kit.segments import RST, untouched

pytestmark = pytest.mark.system

RELAY = "tcpbcc/mode = relay"


def test_sequence_numbers_and_options_are_the_same_at_both_ends(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", control=RELAY, remote=TransportAddress(PHONE, 4711))
    core = net.controller.add("core", context=access.context, control=RELAY, remote=party)
    phone = net.call(net.phone, PHONE, access.local, 4711, wait=True)
    callee, caller = listener.accept()
    with callee:
        assert caller == tuple(core.local), "the party sees the gateway's address of the core side"
        phone.sendall(b"there")
        assert callee.recv(100) == b"there"
        callee.sendall(b"and back")
        assert phone.recv(100) == b"and back"
        phone.close()
        assert callee.recv(100) == b""
    until(lambda: net.wires.kinds("core").count("> FIN"), "both ends to close")
    outside, inside = net.wires.segments("phone"), net.wires.segments("core")
    assert untouched(outside) == untouched(inside), str(net.wires)
    assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "> DATA", "< DATA", "> FIN", "< FIN"]
    assert outside[0].options
    assert {one.target.host for one in inside if one.source.host == CORE} == {PARTY}
    assert outside[0].time <= inside[0].time, "the SYN goes through"
    assert outside[1].time >= inside[1].time, "the SYN-ACK is the party's own"


def test_a_reset_goes_through_as_it_is(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    listener.close()
    access = net.controller.add("access", control=RELAY, remote=TransportAddress(PHONE, 4711))
    net.controller.add("core", context=access.context, control=RELAY, remote=party)
    with pytest.raises(ConnectionRefusedError):
        net.call(net.phone, PHONE, access.local, 4711, wait=True)
    assert untouched(net.wires.segments("phone")) == untouched(net.wires.segments("core")), str(net.wires)
    assert net.wires.segments("phone")[1].flags & RST


def test_who_is_not_allowed_meets_silence(net: World) -> None:
    _, party = net.listen(net.core, PARTY)
    access = net.controller.add(
        "access", control=f"{RELAY}, gm/saf = ON", remote=TransportAddress(PHONE, 4711)
    )
    net.controller.add("core", context=access.context, control=RELAY, remote=party)
    net.call(net.stranger, STRANGER, access.local)
    net.call(net.phone, PHONE, access.local, wait=True)
    assert net.wires.kinds("stranger") == ["> SYN"], str(net.wires)
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK"]


def test_what_is_relayed_ends_with_the_call(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", control=RELAY, remote=TransportAddress(PHONE, 4711))
    core = net.controller.add("core", context=access.context, control=RELAY, remote=party)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    callee = net.accept(listener)
    net.controller.subtract(access)
    net.controller.subtract(core)
    phone.sendall(b"too late")
    with pytest.raises(ConnectionResetError):
        phone.recv(1)
    assert "< DATA" not in net.wires.kinds("core"), str(net.wires)
    callee.close()
