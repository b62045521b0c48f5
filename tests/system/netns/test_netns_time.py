"""What only time shows: rates, keepalive and idle connections, as the wires see them."""

import threading
from errno import ECONNRESET
from itertools import accumulate
from pathlib import Path

import pytest

from kit.networks import CORE, PARTY, PHONE, World, until, world
from kit.segments import Segment

pytestmark = pytest.mark.system

REPORT = ", Events = 1 { tcpbcc/BNCChange }"
OCTETS = 120_000
RATES = {
    "sustained, with a burst": ("tman/sdr = 100000, tman/mbs = 20000", 100_000, 20_000),
    "peak": ("tman/pdr = 100000", 100_000, 1_000),
    "both": ("tman/pdr = 200000, tman/sdr = 100000, tman/mbs = 20000", 100_000, 20_000),
}


def octets_by_time(segments: list[Segment], host: str) -> list[tuple[float, int]]:
    """When how many had been sent by ``host``, repetitions left out."""
    seen: dict[int, Segment] = {}
    for segment in segments:
        if segment.source.host == host and segment.payload:
            seen.setdefault(segment.sequence, segment)
    kept = list(seen.values())
    sums = accumulate(len(segment.payload) for segment in kept)
    return list(zip((segment.time for segment in kept), sums, strict=True))


@pytest.mark.parametrize(("rates", "rate", "burst"), RATES.values(), ids=RATES)
def test_no_more_than_the_rate_leaves_and_nothing_is_lost(
    net: World, rates: str, rate: int, burst: int
) -> None:
    listener, party = net.listen(net.core, PARTY)
    access = net.controller.add("access", control=f"tman/pol = ON, {rates}")
    net.controller.add("core", context=access.context, remote=party)
    phone = net.call(net.phone, PHONE, access.local, wait=True)
    callee = net.accept(listener)
    payload = bytes(range(250)) * (OCTETS // 250)
    sender = threading.Thread(target=phone.sendall, args=(payload,))
    sender.start()
    got = b""
    while len(got) < OCTETS:
        got += callee.recv(OCTETS)
    sender.join()
    assert got == payload
    passed = octets_by_time(net.wires.segments("core"), CORE)
    first = passed[0][0]
    assert passed[-1][1] == OCTETS
    for when, octets in passed:
        # On a busy machine the first octets may have been read a while before they were sent.
        assert octets <= burst + rate * (when - first + 0.1), str(net.wires)


def test_peers_are_asked_for_a_sign_of_life_and_idle_connections_are_ended(tmp_path: Path) -> None:
    with world(tmp_path, media={"keepalive": 1.0, "idle_limit": 1.7}) as net:
        listener, party = net.listen(net.core, PARTY)
        access = net.controller.add("access", more=REPORT)
        core = net.controller.add("core", context=access.context, remote=party, more=REPORT)
        phone = net.call(net.phone, PHONE, access.local, wait=True)
        callee = net.accept(listener)
        until(lambda: len(probes(net, access.local.host, "phone")) >= 1, "a probe")
        for wire, host in (("phone", access.local.host), ("core", core.local.host)):
            asked = probes(net, host, wire)
            assert asked
            heard = [one for one in net.wires.segments(wire) if one.source.host != host]
            assert any(one.kind == "ACK" and one.time > asked[0].time for one in heard), str(net.wires)
        net.controller.report("tcpbcc/BNCChange", "nothing passed for too long")
        assert net.end_of(phone) == ECONNRESET
        assert net.end_of(callee) == ECONNRESET
        assert net.wires.kinds("phone") == ["> SYN", "< SYN-ACK", "< RST"], str(net.wires)
        assert net.wires.kinds("core") == ["< SYN", "> SYN-ACK", "< RST"]
        net.clear()


def probes(net: World, host: str, wire: str) -> list[Segment]:
    """Segments without payload, one octet before what comes next (RFC 9293 clause 3.8.4)."""
    sent = [segment for segment in net.wires.segments(wire) if segment.source.host == host]
    start = next(segment.sequence for segment in sent if segment.kind in ("SYN", "SYN-ACK"))
    return [segment for segment in sent if segment.kind == "ACK" and segment.sequence == start]
