"""The plane as a whole: what cannot be opened, many streams at once, nothing left behind."""

import contextlib
import gc
import os
import socket
import struct
import time

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.wire import PortShare, WorkerSettings
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.plane.conduit import Conduit
from imsedge.plane.connection import Connection
from imsedge.plane.endpoint import Endpoint
from imsedge.plane.plane import Plane
from imsedge.plane.pump import Flow
from imsedge.plane.tls import TlsChannel
from kit.plane_rig import GATEWAY, HOST, UE, PlaneRig, port_share, receive_exactly, tls

pytestmark = pytest.mark.system
TCP = m.EndpointSettings(transport=m.Transport.TCP)


def settings(transport: m.Transport = m.Transport.TCP, **others: object) -> m.EndpointSettings:
    return m.EndpointSettings(transport=transport, **others)  # type: ignore[arg-type]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a number is all we want


CANNOT_BE_OPENED = {
    "an address that is not ours": (m.Open(1, 1, 1, "192.0.2.1", TCP), "none of the addresses"),
    "UDP": (m.Open(1, 1, 1, "192.0.2.1", settings(m.Transport.UDP)), "none of the addresses"),
    "DTLS without its certificate": (
        m.Open(1, 1, 1, HOST, settings(m.Transport.DTLS, certificate="other")),
        "no certificate named other",
    ),
    "a certificate that nobody gave us": (
        m.Open(1, 1, 1, HOST, settings(m.Transport.TLS, certificate="other")),
        "no certificate named other",
    ),
}


@pytest.mark.parametrize(("command", "reason"), CANNOT_BE_OPENED.values(), ids=CANNOT_BE_OPENED)
def test_what_cannot_be_opened_says_why(command: m.Open, reason: str) -> None:
    with PlaneRig() as rig:
        rig.do(command)
        failed = rig.expect(m.OpenFailed, 1)
        assert reason in failed.reason
        assert not failed.exhausted
        assert len(rig.plane) == 0
        rig.do(m.Open(1, 1, 1, HOST, TCP))
        rig.expect(m.Opened, 1)


def test_an_address_that_the_host_does_not_have() -> None:
    with PlaneRig(ports=(PortShare("192.0.2.1", 20_000, 20_009),)) as rig:
        rig.do(m.Open(1, 1, 1, "192.0.2.1", TCP))
        assert not rig.expect(m.OpenFailed, 1).exhausted


def test_a_link_has_two_ends_and_an_endpoint_one_life() -> None:
    with PlaneRig() as rig:
        first, _second = rig.open(1), rig.open(1)
        rig.do(m.Open(99, 1, 1, HOST, TCP), m.Open(first.endpoint, 1, 2, HOST, TCP))
        assert rig.expect(m.OpenFailed, 99).reason == "the link has two ends"
        assert rig.expect(m.OpenFailed, first.endpoint).reason == "the endpoint is open already"
        assert len(rig.plane) == 2


def test_commands_for_nobody_do_nothing() -> None:
    with PlaneRig() as rig:
        rig.do(m.Configure(5, TCP), m.StartTcp(5), m.StartTls(5), m.Query(5), m.Release(5))
        endpoint = rig.open(1)
        assert [event.endpoint for event in rig.events] == [endpoint.endpoint]


def test_a_bug_ends_one_stream_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, m.Transport.TCP)
        caller = rig.call(access)
        called = rig.accept(listener)
        victim, _ = rig.pair(backend, m.Transport.TLS, fingerprints=(UE.fingerprint(),))
        monkeypatch.setattr("imsedge.plane.handshake.TlsChannel", None)
        rig.call(victim).sendall(b"\x16")
        assert rig.expect(m.Failed, victim.endpoint).cause is m.FailureCause.PLANE
        caller.sendall(b"alive")
        assert receive_exactly(called, 5) == b"alive"


def test_an_order_that_crashes_ends_one_stream_only() -> None:
    with PlaneRig() as rig:
        victim, other = rig.open(1), rig.open(2)
        rig.do(m.Configure(victim.endpoint, settings(source_filter=m.SourceFilter("nonsense"))))
        assert rig.expect(m.Failed, victim.endpoint).cause is m.FailureCause.PLANE
        rig.counters(other.endpoint)


def test_an_unknown_tls_profile_is_a_wrong_setting() -> None:
    with pytest.raises(SettingError):
        Plane(WorkerSettings(ports=(), certificates=(GATEWAY,), tls_profile="ssl3"))


@pytest.mark.parametrize("way", [socket.SHUT_WR, socket.SHUT_RDWR])
def test_a_leg_that_waits_for_the_other_costs_nothing(way: int) -> None:
    """Octets, FIN and hang-up of a leg that may not be read yet must not keep the loop busy."""
    with contextlib.closing(Plane(WorkerSettings(ports=(port_share(),)))) as plane:
        plane.handle(m.Open(1, 1, 1, HOST, TCP))
        opened = next(event for event in plane.take() if isinstance(event, m.Opened))
        with socket.create_connection(opened.local) as caller:
            plane.run_once(1.0)
            caller.sendall(b"early")
            caller.shutdown(way)
            for _ in range(5):
                plane.run_once(0.01)
            began = time.monotonic()
            assert plane.run_once(0.1) == []
            assert time.monotonic() - began >= 0.1


def test_a_reset_of_a_leg_that_waits_is_noticed() -> None:
    with PlaneRig() as rig:
        access, _core = rig.pair(None, m.Transport.TCP)
        caller = rig.call(access)
        rig.expect(m.Established, access.endpoint)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.close()
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.TCP_RESET


def test_two_hundred_secured_streams_at_once_leave_nothing_behind() -> None:
    streams = 200
    with PlaneRig(ports=(port_share(2 * streams),), port_rest=0.0) as rig:
        listener, backend = rig.listen()
        listener.listen(streams)
        gc.collect()
        before = descriptors()
        pairs = [rig.pair(backend, fingerprints=(UE.fingerprint(),)) for _ in range(streams)]
        peers = []
        for access, core in pairs:
            ue = tls(rig.call(access))
            ue.do_handshake()
            peers.append((ue, rig.accept(listener)))
            assert peers[-1][1].getpeername() == core.local
        for number, (ue, server) in enumerate(peers):
            ue.send(b"%3d" % number)
            assert receive_exactly(server, 3) == b"%3d" % number
        for access, core in pairs:
            rig.do(m.Release(access.endpoint), m.Release(core.endpoint))
        for ue, server in peers:
            assert server.recv(1) == b""
            server.close()
            ue.close()
        for access, core in pairs:
            rig.expect(m.Released, access.endpoint)
            rig.expect(m.Released, core.endpoint)
        del ue, server, peers
        gc.collect()
        assert descriptors() == before
        assert len(rig.plane) == 0
        # every port is free again: all of them can be had at once
        assert len([rig.open(10_000 + n) for n in range(2 * streams)]) == 2 * streams


def test_closed_streams_need_no_garbage_collector() -> None:
    """A cycle would keep the memory of OpenSSL until Python feels like collecting."""
    with PlaneRig(port_rest=0.0) as rig:
        gc.collect()
        gc.disable()
        try:
            known = (UE.fingerprint(),)
            for _ in range(3):
                access, core = rig.pair(None, fingerprints=known)
                sock = rig.call(access)
                tls(sock).do_handshake()
                rig.expect(m.TlsEstablished, access.endpoint)
                rig.do(m.Release(access.endpoint), m.Release(core.endpoint))
                rig.expect(m.Released, core.endpoint)
            kinds = (TlsChannel, Connection, Conduit, Flow, Endpoint)
            ours = [thing for thing in gc.get_objects() if isinstance(thing, kinds)]
        finally:
            gc.enable()
        assert ours == []


def test_ipv6_works_as_well() -> None:
    low = port_share().low
    with PlaneRig(ports=(PortShare("::1", low, low + 9),)) as rig:
        rig.do(m.Open(1, 1, 1, "::1", settings(source_filter=m.SourceFilter("::1/128"))))
        opened = rig.expect(m.Opened, 1)
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            remote = TransportAddress(*server.getsockname()[:2])
            rig.do(m.Open(2, 1, 1, "::1", settings(remote=remote, setup=m.Setup.ACTIVE)))
            rig.expect(m.Opened, 2)
            with socket.create_connection(opened.local) as caller:
                caller.sendall(b"six")
                called, source = server.accept()
                with called:
                    assert receive_exactly(called, 3) == b"six"
                assert source[:2] == rig.expect(m.Opened, 2).local
