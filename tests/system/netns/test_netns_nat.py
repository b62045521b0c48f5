"""A phone behind a NAT box: relayed by the kernel, and found again at another address (H.248.37)."""

import pytest

from imsedge.core.address import TransportAddress
from kit.networks import CORE, HOME, NAT, PARTY, PHONE, World, until
from kit.segments import untouched

pytestmark = pytest.mark.system

RELAY = "tcpbcc/mode = relay"
REPORT = ", Events = 1 { tcpbcc/BNCChange, adr/rsac }"


def test_the_kernel_relays_a_phone_behind_a_nat(net: World) -> None:
    """Two boxes rewrite addresses, the phone's and ours; numbers and options are the phone's own."""
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", control=RELAY, remote=TransportAddress(HOME, 9))
    core = net.controller.add("core", context=access.context, control=RELAY, remote=party)
    home = net.call(net.home, HOME, access.local, wait=True)
    callee = net.accept(listener)
    assert callee.getpeername() == tuple(core.local)
    home.sendall(b"from inside")
    assert callee.recv(100) == b"from inside"
    callee.sendall(b"and back")
    assert home.recv(100) == b"and back"
    outside, inside = net.wires.segments("nat"), net.wires.segments("core")
    assert untouched(outside) == untouched(inside), str(net.wires)
    assert net.wires.kinds("nat") == ["> SYN", "< SYN-ACK", "> DATA", "< DATA"]
    assert {one.source.host for one in outside} == {NAT, access.local.host}
    assert {one.source.host for one in inside} == {CORE, PARTY}


def test_a_relayed_call_comes_through_with_its_first_syn(net: World) -> None:
    """The reply to Modify says that the rules are there."""
    for _ in range(5):
        listener, party = net.listen(net.core, PARTY)
        access = net.controller.add("access", control=RELAY)
        core = net.controller.add("core", context=access.context, control=RELAY)
        net.controller.modify(core, remote=party)
        net.call(net.phone, PHONE, access.local, wait=True)
        net.accept(listener)
        net.controller.subtract(core)
        net.controller.subtract(access)
    assert net.wires.kinds("phone").count("> SYN") == 5, str(net.wires)
    assert net.wires.kinds("core").count("< SYN") == 5


def test_a_phone_that_moves_is_latched_onto_anew_and_the_other_leg_stays(net: World) -> None:
    access = net.controller.add(
        "access",
        control="tcpbcc/mode = merge",
        more=f"{REPORT}, Signals {{ ipnapt/latch {{ napt = LATCH }} }}",
    )
    core = net.controller.add("core", context=access.context, control="tcpbcc/mode = merge")
    home = net.call(net.home, HOME, access.local, wait=True)
    party = net.call(net.core, PARTY, core.local, wait=True)
    home.sendall(b"at home")
    assert party.recv(100) == b"at home"
    moved = net.call(net.phone, PHONE, access.local)
    until(lambda: net.wires.kinds("phone") == ["> SYN"], "a SYN that nobody answers")
    net.controller.modify(access, signals="ipnapt/latch { napt = RELATCH }")
    net.answered(moved)
    net.controller.report("adr/rsac", f'"{PHONE}"')
    moved.sendall(b"outside")
    assert party.recv(100) == b"outside"
    party.sendall(b"heard")
    assert moved.recv(100) == b"heard"
    assert "< RST" in net.wires.kinds("nat"), "the older connection is over"
    assert net.wires.kinds("phone") == ["> SYN", "> SYN", "< SYN-ACK", "> DATA", "< DATA"], str(net.wires)
    assert net.wires.kinds("core") == ["> SYN", "< SYN-ACK", "< DATA", "< DATA", "> DATA"]
