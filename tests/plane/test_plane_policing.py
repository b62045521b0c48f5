"""Token buckets, and a stream that is slowed down without losing an octet."""

import threading
import time

import pytest
from msgspec.structs import replace

from imsedge.bearer import messages as m
from imsedge.plane.policing import Bucket, buckets
from kit.plane_rig import HOST, UE, PlaneRig, receive_exactly, tls

TCP = m.Transport.TCP


def test_a_bucket_is_overdrawn_and_pays_back() -> None:
    bucket = Bucket(rate=100, depth=50, now=0.0)
    assert bucket.wait(0.0) == 0.0
    bucket.take(149, 0.0)
    assert bucket.wait(0.0) == pytest.approx(1.0)
    assert bucket.wait(1.1) == 0.0


def test_a_bucket_never_holds_more_than_its_depth() -> None:
    bucket = Bucket(rate=100, depth=50, now=0.0)
    bucket.take(50, 1_000.0)
    assert bucket.wait(1_000.0) > 0


@pytest.mark.parametrize(
    ("policing", "count"),
    [(None, 0), (m.Policing(), 0), (m.Policing(peak=9), 1), (m.Policing(9, 5, 3), 2), (m.Policing(0, 5), 1)],
)
def test_a_bucket_for_each_rate_that_is_given(policing: m.Policing | None, count: int) -> None:
    assert len(buckets(policing, 0.0)) == count


def transfer(rig: PlaneRig, policing: m.Policing | None, octets: int) -> float:
    listener, backend = rig.listen()
    access = rig.open(1, TCP, policing=policing)
    rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
    caller = rig.call(access)
    server = rig.accept(listener)
    payload = bytes(range(256)) * (octets // 256)
    sender = threading.Thread(target=caller.sendall, args=(payload,))
    started = time.monotonic()
    sender.start()
    assert receive_exactly(server, octets) == payload
    sender.join()
    return time.monotonic() - started


@pytest.mark.system
def test_a_fast_peer_is_held_to_its_sustained_rate_and_nothing_is_lost() -> None:
    with PlaneRig() as rig:
        took = transfer(rig, m.Policing(sustained=2_000_000, burst=100_000), 1 << 20)
    assert 0.3 <= took <= 2.0


@pytest.mark.system
@pytest.mark.parametrize("transport", [TCP, m.Transport.TLS])
def test_no_octet_passes_beyond_the_burst_and_a_record_that_was_cut_arrives_whole(
    transport: m.Transport,
) -> None:
    payload = bytes(range(256)) * 128
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        wanted = m.EndpointSettings(transport=transport, fingerprints=(UE.fingerprint(),))
        slow = replace(wanted, policing=m.Policing(sustained=1, burst=1_000))
        rig.do(m.Open(1, 1, 1, HOST, slow))
        rig.do(m.Open(2, 1, 1, HOST, m.EndpointSettings(transport=TCP, remote=backend, setup=m.Setup.ACTIVE)))
        caller = rig.call(rig.expect(m.Opened, 1))
        peer = caller if transport is TCP else tls(caller)
        server = rig.accept(listener)
        peer.sendall(payload)
        started = time.monotonic()
        got = receive_exactly(server, 1_000)
        time.sleep(0.1)
        assert rig.counters(1).octets_received <= 1_001 + time.monotonic() - started
        rig.do(m.Configure(1, wanted))
        assert got + receive_exactly(server, len(payload) - 1_000) == payload


@pytest.mark.system
def test_the_burst_passes_at_once() -> None:
    with PlaneRig() as rig:
        assert transfer(rig, m.Policing(sustained=10_000, burst=1 << 20), 1 << 19) < 2.0


@pytest.mark.system
def test_rates_may_change_while_the_stream_is_up() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access = rig.open(1, TCP)
        rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
        caller = rig.call(access)
        server = rig.accept(listener)
        caller.sendall(b"free")
        assert receive_exactly(server, 4) == b"free"
        slow = m.EndpointSettings(transport=TCP, policing=m.Policing(peak=100))
        rig.do(m.Configure(access.endpoint, slow))
        for _ in range(2):
            caller.sendall(b"x" * 40)
            assert receive_exactly(server, 40) == b"x" * 40
        started = time.monotonic()
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TCP)))
        caller.sendall(b"free again")
        assert receive_exactly(server, 10) == b"free again"
        assert time.monotonic() - started < 0.3
        assert rig.counters(access.endpoint).octets_received == 94
