"""How connections end, and what the other leg sees of it (TS 23.334 clause 5.16.2)."""

import socket
from errno import ECONNRESET

import pytest

from imsedge.core.address import TransportAddress
from kit.networks import CONNECT_SECONDS, PARTY, PHONE, SILENT, World

pytestmark = pytest.mark.system

REPORT = ", Events = 1 { tcpbcc/BNCChange }"


def test_fin_follows_the_last_octet_and_each_direction_ends_by_itself(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", more=REPORT)
    core = net.controller.add("core", context=access.context, remote=party, more=REPORT)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    callee = net.accept(listener)
    phone.sendall(b"last words")
    phone.shutdown(socket.SHUT_WR)
    assert callee.recv(100) + callee.recv(100) == b"last words"
    callee.sendall(b"heard")
    assert phone.recv(100) == b"heard"
    callee.close()
    assert phone.recv(100) == b""
    net.controller.report(access.name, "Cut")
    net.controller.report(core.name, "Cut")
    assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "> DATA", "> FIN", "< DATA", "< FIN"], str(
        net.wires
    )
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< DATA", "< FIN", "> DATA", "> FIN"]


def test_release_by_the_controller_ends_both_legs_in_order(net: World) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access")
    core = net.controller.add("core", context=access.context, remote=party)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    callee = net.accept(listener)
    phone.sendall(b"before")
    assert callee.recv(100) == b"before"
    counted = net.controller.subtract(access), net.controller.subtract(core)
    assert phone.recv(100) == callee.recv(100) == b""
    assert "nt/or = 6" in counted[0]
    assert "nt/os = 6" in counted[1]
    assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "> DATA", "< FIN"], str(net.wires)
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< DATA", "< FIN"]


def test_a_call_that_nobody_answers_times_out(net: World) -> None:
    access = net.controller.add("access", more=REPORT)
    core = net.controller.add("core", context=access.context, remote=TransportAddress(SILENT, 4), more=REPORT)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    net.controller.report(core.name, "Mfail", "timed out")
    assert net.end_of(phone) == ECONNRESET
    calls = net.wires.segments("core")
    assert [one.kind for one in calls] == ["SYN"] * len(calls), str(net.wires)
    assert len({one.sequence for one in calls}) == 1, "the same SYN, repeated"
    assert len(calls) == 1 + int(CONNECT_SECONDS)


def test_both_ends_are_called_where_both_are_passive(net: World) -> None:
    phone_side, phone_at = net.listen(net.phone, PHONE)
    core_side, party_at = net.listen(net.core, PARTY)
    access = net.controller.add("access", setup="active", remote=phone_at)
    core = net.controller.add("core", context=access.context, setup="active", remote=party_at)
    net.controller.modify(access, signals="tcpbcc/EstBNC")
    net.controller.modify(core, signals="tcpbcc/EstBNC")
    phone, party = net.accept(phone_side), net.accept(core_side)
    phone.sendall(b"passive")
    assert party.recv(100) == b"passive"
    assert phone.getpeername() == tuple(access.local), "from the address that was advertised"
    assert net.wires.kinds("phone") == ["< SYN", "> SYN-ACK", "> DATA"], str(net.wires)
    assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< DATA"]
