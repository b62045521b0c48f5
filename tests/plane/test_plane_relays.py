"""Stateless TCP handling by the kernel: in a network namespace of its own, where there is the right to it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.messages import SourceFilter
from imsedge.bearer.wire import PortShare
from imsedge.core.address import TransportAddress
from imsedge.plane import nft, relays
from imsedge.plane.nft import Passage, Way
from imsedge.plane.nftables import RelayError
from kit.peers import IN_NAMESPACE
from kit.plane_rig import HOST, PlaneRig, port_share, receive_all, receive_exactly

TCP = m.Transport.TCP
LOCAL, TARGET = TransportAddress("10.0.0.1", 20_000), TransportAddress("192.0.2.7", 5_000)
SOURCE = TransportAddress("10.1.0.1", 30_000)
WAY = Way(5, LOCAL, TARGET, SOURCE, SourceFilter("192.0.2.0/24", 1, 99))
SHARE = PortShare("10.0.0.1", 20_000, 20_099)


def test_the_mark_is_ours_and_has_the_number_in_it() -> None:
    assert nft.mark_of(5) == 0x4900_0005
    assert nft.mark_of((1 << 24) + 5) == 0x4900_0005


def test_a_way_is_made_with_all_its_lines() -> None:
    assert nft.begin("t", WAY).splitlines() == [
        "add element ip t marks { 10.0.0.1 . 20000 : 0x49000005 }",
        "add element ip t back { 0x49000005 : 10.1.0.1 . 30000 }",
        "add element ip t held { 10.0.0.1 . 20000 }",
        "add element ip t heard { 0x49000005 }",
        "add element ip t said { 0x49000005 }",
        "add element ip t gate { 0x49000005 : accept }",
        "add element ip t there { 192.0.2.0/24 . 1-99 . 10.0.0.1 . 20000 : 192.0.2.7 . 5000 }",
    ]


def test_a_shut_way_leads_nowhere_and_an_ended_one_refuses() -> None:
    shut = WAY._replace(passage=Passage.SHUT)
    assert "there" not in nft.begin("t", shut)
    assert "delete element ip t there" in nft.change("t", WAY, shut)
    assert "add element ip t there" in nft.change("t", shut, WAY)
    assert "add" not in nft.end("t", WAY), "without a gate it is refused"
    assert "there" not in nft.end("t", shut)


def test_any_source_of_ipv6() -> None:
    six = TransportAddress("2001:db8::1", 9_000)
    way = Way(1, six, six, six, SourceFilter())
    assert "ip6 t there { ::/0 . 0-65535 . 2001:db8::1 . 9000 :" in nft.begin("t", way)


def test_a_kernel_that_does_not_forward_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "_lines", lambda _path: ["0"])
    monkeypatch.setattr(relays, "is_installed", lambda: True)
    files = {"/proc/self/status": ["CapEff:\tffff"], "/proc/sys/net/ipv6/conf/all/forwarding": ["1"]}
    monkeypatch.setattr(relays, "_lines", lambda path: files.get(path, ["0"]))
    assert relays.obstacle(("10.0.0.1",)) == "net.ipv4.ip_forward is 0, so the kernel forwards nothing"
    assert relays.obstacle(("127.0.0.1",)) == ""
    assert relays.obstacle(("10.0.0.1", "2001:db8::1"), ipv6=True) == ""
    with pytest.raises(RelayError, match=r"net.ipv4.ip_forward is 0"):
        relays.Relays((SHARE,)).lead(WAY)


def test_without_a_capability_nothing_else_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "_lines", lambda _path: ["CapEff:\t0"])
    assert relays.obstacle(("10.0.0.1",)) == "CAP_NET_ADMIN is missing"


def test_without_a_way_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "is_installed", lambda: False)
    idle = relays.Relays((SHARE,))
    idle.end(5)
    idle.forget(5)
    assert idle.counters(5) == (0, 0, 0)
    assert not relays.can_relay()
    with pytest.raises(RelayError):
        idle.lead(WAY)
    with pytest.raises(RelayError, match="address family"):
        idle.lead(WAY._replace(target=TransportAddress("2001:db8::1", 1)))
    assert len(idle) == 0
    idle.close()


# --- in a namespace ---------------------------------------------------------------------------------------


def can_make_namespaces() -> bool:
    return relays.can_relay() and not subprocess.run(["unshare", "-n", "true"], check=False).returncode


@pytest.mark.system
@pytest.mark.skipif(not can_make_namespaces(), reason="stateless handling needs CAP_NET_ADMIN and nft")
def test_all_of_this_in_a_namespace() -> None:
    """The firewall of the machine that runs the tests is none of our business."""
    command = [sys.executable, "-m", "pytest", __file__, "-q", "-p", "no:cacheprovider", "-m", "inside"]
    up = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
    done = subprocess.run(
        up, capture_output=True, text=True, env={**os.environ, IN_NAMESPACE: "1"}, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


inside = pytest.mark.inside


def stateless(**settings: object) -> m.EndpointSettings:
    return m.EndpointSettings(transport=TCP, handling=m.Handling.STATELESS, **settings)  # type: ignore[arg-type]


def pair(rig: PlaneRig, backend: TransportAddress, **access: object) -> tuple[m.Opened, m.Opened]:
    ends = []
    for number, settings in ((1, stateless(**access)), (2, stateless(remote=backend))):
        rig.do(m.Open(number, 1, 1, HOST, settings))
        ends.append(rig.expect(m.Opened, number))
    return ends[0], ends[1]


def tables() -> str:
    return subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout


@pytest.mark.system
@inside
def test_inside_one_connection_end_to_end() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = pair(rig, backend)
        caller = rig.call(access)
        server = rig.accept(listener)
        assert server.getpeername() == core.local  # as the peer of an AGW sees it
        caller.sendall(b"there")
        assert receive_exactly(server, 5) == b"there"
        server.sendall(b"and back")
        assert receive_exactly(caller, 8) == b"and back"
        counters = rig.counters(access.endpoint)
        assert counters.octets_received > 5
        assert counters.octets_sent > 8
        assert not rig.seen(m.Established, access.endpoint)
        assert rig.plane._services.relays.octets(access.endpoint) > 13
        server.close()
        assert receive_all(caller) == b""


@pytest.mark.system
@inside
def test_inside_strangers_and_shut_gates_meet_silence() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        only = m.SourceFilter("127.0.0.9")
        access, _core = pair(rig, backend, source_filter=only)
        with socket.socket() as stranger:
            stranger.setblocking(False)
            stranger.connect_ex(access.local)
            time.sleep(0.2)
            assert stranger.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            assert rig.counters(access.endpoint).dropped >= 1
            rig.do(m.Configure(access.endpoint, stateless()))
            rig.accept(listener)  # with the repetition of its SYN
            rig.do(m.Configure(access.endpoint, stateless(mode=m.Mode.INACTIVE)))
            stranger.send(b"not now")
            time.sleep(0.1)
            rig.do(m.Configure(access.endpoint, stateless()))


@pytest.mark.system
@inside
def test_inside_release_ends_what_was_there_with_rst() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = pair(rig, backend)
        caller = rig.call(access)
        server = rig.accept(listener)
        caller.sendall(b"x")
        receive_exactly(server, 1)
        rig.do(m.Release(access.endpoint))
        assert rig.expect(m.Released, access.endpoint).counters.octets_received > 1
        caller.sendall(b"more")
        with pytest.raises(ConnectionResetError):
            receive_all(caller)


@pytest.mark.system
@inside
def test_inside_what_a_killed_worker_has_left_is_refused_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    share = port_share()
    monkeypatch.setattr(os, "getpid", lambda: 4_194_998)  # of no process
    with PlaneRig(ports=(share,)) as killed:
        listener, backend = killed.listen()
        access, _core = pair(killed, backend)
        caller = killed.call(access)
        server = killed.accept(listener)
        monkeypatch.undo()
        with PlaneRig(ports=(share,)) as following:
            following.plane.take_over()
            assert "imsedge_4194998" not in tables()
            caller.sendall(b"is anybody there?")
            with pytest.raises(ConnectionResetError):
                receive_all(caller)
            assert following.plane._services.relays.table in tables()
        server.close()


@pytest.mark.system
@inside
def test_inside_an_unknown_remote_leads_nowhere_until_told() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        for number in (1, 2):
            rig.do(m.Open(number, 1, 1, HOST, stateless()))
        access = rig.expect(m.Opened, 1)
        with socket.socket() as early:  # its SYN meets silence, and the repeated one finds the way
            early.setblocking(False)
            early.connect_ex(access.local)
            rig.do(m.Configure(2, stateless(remote=backend)))
            rig.accept(listener)


@pytest.mark.system
@inside
def test_inside_an_end_gets_another_partner_and_its_counters_go_on() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = pair(rig, backend)
        rig.call(access)
        rig.accept(listener)
        before = rig.counters(access.endpoint).octets_received
        rig.do(m.Release(core.endpoint))
        rig.do(m.Open(3, 1, 1, HOST, stateless(remote=backend)))
        rig.expect(m.Opened, 3)
        rig.call(access)
        rig.accept(listener)
        assert rig.counters(access.endpoint).octets_received > before > 0
        assert not rig.seen(m.Failed, access.endpoint)


@pytest.mark.system
@inside
def test_inside_ipv6_has_a_table_of_its_own_and_families_are_not_mixed() -> None:
    with (
        PlaneRig(ports=(PortShare("::1", 9_000, 9_009), PortShare(HOST, 9_000, 9_009))) as rig,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as far,
    ):
        backend = TransportAddress(*far.getsockname()[:2])
        for number in (1, 2):
            rig.do(m.Open(number, 1, 1, "::1", stateless(remote=backend if number == 2 else None)))
        caller = rig.keep(socket.create_connection(rig.expect(m.Opened, 1).local, 5))
        server = rig.keep(far.accept()[0])
        caller.sendall(b"six")
        assert receive_exactly(server, 3) == b"six"
        rig.do(m.Open(3, 2, 2, HOST, stateless()), m.Open(4, 2, 2, "::1", stateless(remote=backend)))
        failed = rig.expect(m.Failed, 3)
        assert failed.detail == "stateless handling keeps the address family"


@pytest.mark.system
@inside
def test_inside_modes_may_change() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = pair(rig, backend)
        aware = m.EndpointSettings(transport=TCP, remote=backend)
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TCP)), m.Configure(2, aware))
        rig.call(access)
        assert rig.accept(listener).getpeername() == core.local
        rig.expect(m.Established, access.endpoint)


@pytest.mark.system
@inside
def test_inside_tables_go_with_their_worker_and_those_of_a_killed_one_with_the_next() -> None:
    left = "imsedge_4194999"  # no such process
    assert not Path("/proc/4194999").exists()
    subprocess.run(["nft", "add", "table", "ip", left], check=True)
    with PlaneRig() as rig:
        _listener, backend = rig.listen()
        pair(rig, backend)
        relays.sweep()
        assert left not in tables()
        assert rig.plane._services.relays.table in tables()
    assert "imsedge_" not in tables()
