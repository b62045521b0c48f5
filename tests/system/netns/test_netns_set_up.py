"""Who calls whom and when (TR 29.828 clause 4.4, TS 23.334 clause 5.16), between real kernels."""

from errno import ECONNREFUSED

import pytest

from imsedge.core.address import TransportAddress
from kit.networks import HOME, NAT, PARTY, PHONE, STRANGER, World, until
from kit.segments import Segment

pytestmark = pytest.mark.system

REPEATED = 0.9  # seconds; the first repetition of a SYN comes after one (RFC 6298)
REPORT = "Events = 1 { tcpbcc/BNCChange { Type = Est }, adr/rsac }"


def first(segments: list[Segment], wire: str, kind: str, nth: int = 1) -> Segment:
    """Of that kind on that wire."""
    return [one for one in segments if one.wire == wire and one.kind == kind][nth - 1]


def test_a_call_that_comes_before_the_other_side_is_known_is_taken_and_passed_on_later(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", remote=TransportAddress(PHONE, 9))
    core = net.controller.add("core", context=access.context)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    phone.sendall(b"early")
    assert net.wires.segments("core") == [], "nothing crosses before it should"
    net.controller.modify(core, remote=party)
    assert net.accept(listener).recv(100) == b"early"
    assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "> DATA"]
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< DATA"]


def test_figure_y_2_1_step_by_step(net: World) -> None:
    """The answerer is called by order (steps 12 to 17), then the offerer may call (steps 18 to 22)."""
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add(
        "access", control="tcpbcc/mode = proxy, tcpbcc/incoming = discard", more=f", {REPORT}"
    )
    core = net.controller.add("core", context=access.context, more=f", {REPORT}")
    phone = net.call(net.phone, PHONE, access.local)
    net.controller.modify(core, remote=party, signals="tcpbcc/EstBNC")
    callee = net.accept(listener)
    net.controller.report(core.name, "Est")
    net.controller.modify(
        access,
        control=f'tcpbcc/incoming = accept, gm/saf = ON, gm/sam = "[{PHONE}]"',
        remote=TransportAddress(PHONE, 9),
    )
    net.answered(phone)
    net.controller.report(access.name, "Est")
    phone.sendall(b"step 25")
    assert callee.recv(100) == b"step 25"
    assert net.wires.kinds("phone") == ["> SYN", "> SYN", "< SYN-ACK", "> DATA"], str(net.wires)
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< DATA"]
    seen = net.wires.segments()
    assert first(seen, "core", "SYN-ACK").time < first(seen, "phone", "SYN-ACK").time
    assert first(seen, "phone", "DATA").time < first(seen, "core", "DATA").time


def test_discarded_calls_meet_silence_and_later_only_the_signalled_one_is_answered(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", control="tcpbcc/incoming = discard")
    net.controller.add("core", context=access.context, remote=party)
    net.call(net.stranger, STRANGER, access.local)
    phone = net.call(net.phone, PHONE, access.local)
    net.controller.modify(
        access, control="tcpbcc/incoming = accept, gm/saf = ON", remote=TransportAddress(PHONE, 9)
    )
    net.answered(phone)
    callee = net.accept(listener)
    phone.sendall(b"me")
    assert callee.recv(100) == b"me"
    until(lambda: len(net.wires.segments("stranger")) >= 2, "the stranger's repetition")
    assert set(net.wires.kinds("stranger")) == {"> SYN"}, "neither SYN-ACK nor RST for a stranger"
    assert net.wires.kinds("phone") == ["> SYN", "> SYN", "< SYN-ACK", "> DATA"], str(net.wires)
    seen = net.wires.segments()
    repeated = first(seen, "phone", "SYN", 2)
    assert repeated.time - first(seen, "phone", "SYN").time > REPEATED
    assert first(seen, "core", "SYN").time > repeated.time, "nothing on the other leg before"


def test_a_held_syn_ack_waits_for_the_other_leg(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", control="tcpbcc/mode = proxy, tcpbcc/incoming = hold")
    net.controller.add("core", context=access.context, remote=party)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    phone.sendall(b"held")
    assert net.accept(listener).recv(100) == b"held"
    assert net.wires.kinds("phone") == ["> SYN", "> SYN", "< SYN-ACK", "> DATA"], str(net.wires)
    seen = net.wires.segments()
    times = [
        first(seen, wire, kind, nth).time
        for wire, kind, nth in (
            ("phone", "SYN", 1),
            ("core", "SYN", 1),
            ("core", "SYN-ACK", 1),
            ("phone", "SYN", 2),
            ("phone", "SYN-ACK", 1),
        )
    ]
    assert times == sorted(times)


def test_a_held_call_is_refused_when_the_other_leg_is(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    listener.close()
    access = net.controller.add("access", control="tcpbcc/mode = proxy, tcpbcc/incoming = hold")
    net.controller.add("core", context=access.context, remote=party)
    assert net.end_of(net.call(net.phone, PHONE, access.local)) == ECONNREFUSED
    assert net.wires.kinds("phone") == ["> SYN", "> SYN", "< RST"], str(net.wires)
    assert net.wires.kinds("core") == ["< SYN", "> RST"]


def test_merge_joins_two_callers_of_which_one_is_behind_a_nat(net: World) -> None:
    access = net.controller.add(
        "access",
        control="tcpbcc/mode = merge",
        remote=TransportAddress(HOME, 2855),
        more=f", {REPORT}, Signals {{ ipnapt/latch {{ napt = LATCH }} }}",
    )
    core = net.controller.add("core", context=access.context, control="tcpbcc/mode = merge")
    home = net.call(net.home, HOME, access.local, 2855, wait=True)
    home.sendall(b"first")
    assert net.wires.segments("core") == [], "a merging gateway calls nobody"
    party = net.call(net.core, PARTY, core.local, wait=True)
    assert party.recv(100) == b"first"
    party.sendall(b"second")
    assert home.recv(100) == b"second"
    net.controller.report("adr/rsac", f'"{NAT}"')
    assert net.wires.kinds("nat") == ["> SYN", "< SYN-ACK", "> DATA", "< DATA"], str(net.wires)
    assert net.wires.kinds("core") == ["> SYN", "< SYN-ACK", "< DATA", "> DATA"]
    assert {one.source.host for one in net.wires.segments("nat")} == {NAT, access.local.host}


def test_who_is_latched_onto_is_the_only_one_that_may_call_again(net: World) -> None:
    access = net.controller.add(
        "access",
        control="tcpbcc/mode = merge",
        more=f", {REPORT}, Signals {{ ipnapt/latch {{ napt = LATCH }} }}",
    )
    home = net.call(net.home, HOME, access.local, wait=True)
    net.controller.report("adr/rsac")
    net.call(net.stranger, STRANGER, access.local)
    home.sendall(b"still there")
    until(lambda: len(net.wires.segments("stranger")) >= 2, "the stranger's repetition")
    assert set(net.wires.kinds("stranger")) == {"> SYN"}, str(net.wires)
    assert "< RST" not in net.wires.kinds("nat")


def test_simultaneous_open_with_a_peer_that_calls_too(net: World) -> None:
    """Both SYNs are on their way at a time: a queue in front of the phone keeps ours long enough."""
    listener, party = net.listen(net.core, PARTY)
    peer = TransportAddress(PHONE, 4711)
    access = net.controller.add("access", remote=peer)
    core = net.controller.add("core", context=access.context, remote=party)
    with net.slowly("phone"):
        net.controller.modify(access, signals="tcpbcc/EstBNC")
        net.controller.count(access)  # what was ordered before has been done then
        phone = net.call(net.phone, PHONE, access.local, peer.port, wait=True)
        net.controller.modify(core, signals="tcpbcc/EstBNC")
        phone.sendall(b"crossed")
        assert net.accept(listener).recv(100) == b"crossed"
    seen = net.wires.segments("phone")
    ours, theirs = (
        next(one for one in seen if one.kind == "SYN" and one.source.host == host)
        for host in (access.local.host, PHONE)
    )
    kinds = net.wires.kinds("phone")
    assert sorted(kinds[:4]) == ["< SYN", "< SYN-ACK", "> SYN", "> SYN-ACK"], str(net.wires)
    assert "RST" not in " ".join(kinds)
    assert (ours.source, ours.target) == (theirs.target, theirs.source)


def test_a_second_call_on_one_stream_is_refused(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access")
    net.controller.add("core", context=access.context, remote=party)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    callee = net.accept(listener)
    second = net.call(net.stranger, STRANGER, access.local)
    assert net.end_of(second) == ECONNREFUSED
    phone.sendall(b"mine")
    assert callee.recv(100) == b"mine"
    assert net.wires.kinds("stranger")[-1] == "< RST"
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< DATA"], str(net.wires)


def test_a_closed_gate_answers_nobody(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access")
    net.controller.add("core", context=access.context, remote=party)
    net.controller.modify(access, control="Mode = Inactive")
    phone = net.call(net.phone, PHONE, access.local)
    assert net.wires.kinds("phone") == ["> SYN"], str(net.wires)
    net.controller.modify(access, control="Mode = SendReceive")
    net.answered(phone)
    phone.sendall(b"open")
    assert net.accept(listener).recv(100) == b"open"
    assert net.wires.kinds("phone") == ["> SYN", "> SYN", "< SYN-ACK", "> DATA"], str(net.wires)
