"""Ports by realm, both address families, and what the door lets through."""

import random
import socket
import time

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.wire import PortShare
from imsedge.core.address import TransportAddress
from imsedge.plane.door import Door
from imsedge.plane.knocks import addresses_of, can_hear
from kit.plane_rig import HOST, PlaneRig, port_share, receive_exactly

TCP = m.Transport.TCP
SIX = "::1"


def six_share() -> PortShare:
    low = random.randrange(10_000, 31_000)  # noqa: S311 - not a secret
    return PortShare(SIX, low, low + 200)


def plain(**settings: object) -> m.EndpointSettings:
    return m.EndpointSettings(transport=TCP, **settings)  # type: ignore[arg-type]


def test_realms_on_one_address_keep_their_own_ports() -> None:
    low = random.randrange(10_000, 31_000)  # noqa: S311
    shares = (PortShare(HOST, low, low + 50), PortShare(HOST, low + 51, low + 53))
    with PlaneRig(ports=shares) as rig:
        for number in range(1, 6):
            rig.do(m.Open(number, 1, number, HOST, plain(), "", low + 51, low + 53))
        rig.until(lambda: len(rig.events) == 5)
        opened = [event for event in rig.events if isinstance(event, m.Opened)]
        assert {event.local.port for event in opened} <= {low + 51, low + 52, low + 53}
        assert rig.expect(m.OpenFailed, 5).exhausted
        rig.do(m.Open(9, 1, 9, HOST, plain(), "", low, low + 50))
        assert rig.expect(m.Opened, 9).local.port <= low + 50


def test_an_address_that_is_not_ours() -> None:
    with PlaneRig() as rig, pytest.raises(ValueError, match="none of the addresses"):
        Door(rig.plane._services, m.Open(1, 1, 1, "192.0.2.1", plain()), lambda _sock, _source: None)


@pytest.mark.system
@pytest.mark.parametrize("access", [HOST, SIX])
def test_ipv6_on_one_side_and_ipv4_on_the_other(access: str) -> None:
    core = HOST if access == SIX else SIX
    with (
        PlaneRig(ports=(port_share(), six_share())) as rig,
        socket.create_server((core, 0), family=socket.AF_INET6 if core == SIX else socket.AF_INET) as far,
    ):
        backend = TransportAddress(*far.getsockname()[:2])
        only = m.SourceFilter(f"{access}/128" if access == SIX else f"{access}/32")
        rig.do(m.Open(1, 1, 1, access, plain(source_filter=only, dscp=0xB8)))
        rig.do(m.Open(2, 1, 1, core, plain(remote=backend, setup=m.Setup.ACTIVE, dscp=0xB8)))
        caller = rig.keep(socket.create_connection(rig.expect(m.Opened, 1).local, 5, (access, 0)))
        server = rig.keep(far.accept()[0])
        caller.sendall(b"across")
        assert receive_exactly(server, 6) == b"across"
        server.sendall(b"back")
        assert receive_exactly(caller, 4) == b"back"


@pytest.mark.system
@pytest.mark.skipif(not can_hear(), reason="hearing a SYN without answering it needs CAP_NET_RAW")
def test_a_syn_over_ipv6_is_heard_and_answered_later() -> None:
    with PlaneRig(ports=(port_share(), six_share())) as rig:
        listener, backend = rig.listen()
        rig.do(m.Open(1, 1, 1, SIX, plain(answering=m.Answering.LINKED_LEG)))
        rig.do(m.Open(2, 1, 1, HOST, plain(remote=backend, setup=m.Setup.ACTIVE)))
        caller = rig.keep(socket.create_connection(rig.expect(m.Opened, 1).local, 5))
        caller.sendall(b"six")
        assert receive_exactly(rig.accept(listener), 3) == b"six"
        assert rig.expect(m.Established, 1).time > rig.expect(m.Established, 2).time


@pytest.mark.system
def test_a_flood_of_syns_at_a_shut_gate_is_counted_in_the_kernel_and_wakes_nobody() -> None:
    with PlaneRig() as rig:
        gate = rig.open(1, TCP, mode=m.Mode.INACTIVE)
        strangers = [socket.socket() for _ in range(100)]
        for stranger in strangers:
            stranger.setblocking(False)
            stranger.connect_ex(gate.local)
        time.sleep(0.1)
        assert len(rig.plane.loop) == 0
        assert rig.counters(gate.endpoint).dropped == 100
        for stranger in strangers:
            stranger.close()


def test_addresses_are_read_from_what_the_filter_lets_through() -> None:
    ports = bytes.fromhex("1234 0050")
    four = bytes.fromhex("46000000 00000000 40060000 c0000201 c6336402") + bytes(4) + ports
    assert addresses_of(four, 4) == (
        TransportAddress("192.0.2.1", 0x1234),
        TransportAddress("198.51.100.2", 80),
    )
    hosts = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "::2")
    assert addresses_of(bytes(8) + hosts + ports, 6) == (
        TransportAddress("2001:db8::1", 0x1234),
        TransportAddress("::2", 80),
    )
