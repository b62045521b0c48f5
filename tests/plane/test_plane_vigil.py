"""Silence: reported once, or the end of a connection; counters that tell how the network behaved."""

import socket
import time
from typing import Any

import pytest

from imsedge.bearer import messages as m
from imsedge.plane.loop import Loop
from imsedge.plane.vigil import Vigil
from kit.plane_rig import PlaneRig, receive_all, receive_exactly

TCP = m.Transport.TCP


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_silence_is_reported_once_and_counted_from_the_last_change() -> None:
    clock, values, reports = Clock(), [0], []
    loop = Loop(clock)
    Vigil(loop, 8.0, lambda: values[0], lambda: reports.append(clock.now))
    for tick in range(1, 40):
        clock.now = tick * 0.5
        values[0] += tick <= 10  # the last change is at 5 s
        loop.turn(0)
    assert len(reports) == 1
    assert 13.0 <= reports[0] <= 14.0
    loop.close()


def test_nobody_is_told_after_stop() -> None:
    clock, reports = Clock(), []
    loop = Loop(clock)
    Vigil(loop, 1.0, lambda: 0, lambda: reports.append(1)).stop()
    clock.now = 9.0
    loop.turn(0)
    assert reports == []
    loop.close()


@pytest.mark.system
def test_quiet_is_an_event_and_the_connection_stays() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access = rig.open(1, TCP, quiet_limit=0.2, quiet_ways=m.Ways.IN)
        rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
        caller = rig.call(access)
        server = rig.accept(listener)
        assert rig.expect(m.Quiet, access.endpoint).ways is m.Ways.IN
        caller.sendall(b"still here")
        assert receive_exactly(server, 10) == b"still here"
        assert not rig.seen(m.Failed, access.endpoint)


@pytest.mark.system
def test_an_idle_connection_is_lost_and_takes_the_other_leg_with_it() -> None:
    with PlaneRig(idle_limit=0.2) as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, TCP)
        caller = rig.call(access)
        server = rig.accept(listener)
        started = time.monotonic()
        while time.monotonic() < started + 0.4:
            caller.sendall(b"x")
            time.sleep(0.02)
        assert not rig.seen(m.Failed, access.endpoint)
        causes = {rig.expect(m.Failed, end.endpoint).cause for end in (access, core)}
        assert m.FailureCause.TCP_IDLE in causes
        with pytest.raises(ConnectionResetError):
            receive_all(server)


def socket_of(rig: PlaneRig, opened: m.Opened) -> socket.socket:
    endpoint: Any = rig.plane._endpoints[opened.endpoint]
    found: socket.socket = endpoint._connection._socket
    return found


@pytest.mark.system
def test_keepalive_user_timeout_and_dscp_reach_the_sockets() -> None:
    with PlaneRig(keepalive=30.0, user_timeout=20.0) as rig:
        listener, backend = rig.listen()
        access = rig.open(1, TCP, dscp=0xB8)
        core = rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE, dscp=0x28)
        rig.call(access)
        rig.accept(listener)
        rig.expect(m.Established, core.endpoint)
        for end, octet in ((access, 0xB8), (core, 0x28)):
            sock = socket_of(rig, end)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
            assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == octet
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TCP, dscp=None)))
        sock = socket_of(rig, access)
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0


@pytest.mark.system
def test_counters_know_the_round_trip_and_who_was_refused() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, TCP)
        caller = rig.call(access)
        server = rig.accept(listener)
        caller.sendall(b"there")
        receive_exactly(server, 5)
        server.sendall(b"back")
        receive_exactly(caller, 4)
        counters = rig.counters(access.endpoint)
        assert counters.round_trip_us > 0
        assert counters.retransmissions == 0
        secured = rig.open(7, m.Transport.TLS)
        rig.call(secured)
        rig.expect(m.Established, secured.endpoint)
        with pytest.raises(ConnectionResetError):
            receive_all(rig.call(secured))
        rig.expect(m.Refused, secured.endpoint)
        assert rig.counters(secured.endpoint).refused == 1
