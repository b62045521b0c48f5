"""Who gets a connection and when: crossing SYNs, withheld SYN-ACKs, latching, silence where we call."""

import socket
import time

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane.knocks import can_hear
from kit.plane_rig import HOST, UE, PlaneRig, receive_all, receive_exactly, tls

pytestmark = pytest.mark.system
TCP = m.Transport.TCP
NO_PACKETS = "hearing a SYN without answering it needs CAP_NET_RAW"


def plain(**settings: object) -> m.EndpointSettings:
    return m.EndpointSettings(transport=TCP, **settings)  # type: ignore[arg-type]


def bound(port: int = 0) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, port))
    sock.setblocking(False)
    return sock


def address(sock: socket.socket) -> TransportAddress:
    return TransportAddress(*sock.getsockname())


def connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


# --- both call ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setup", [m.Setup.ACTIVE, m.Setup.ACTPASS])
def test_a_peer_whose_syn_was_dropped_meets_ours(setup: m.Setup) -> None:
    """Its SYN comes first and finds nobody; ours finds it in SYN-SENT (RFC 9293 clause 3.5, figure 7)."""
    with PlaneRig() as rig, bound() as peer:
        mine = rig.open(1, TCP, setup=setup, incoming=m.Incoming.DISCARD, remote=address(peer))
        assert peer.connect_ex(mine.local) != 0
        time.sleep(0.05)
        assert not connected(peer)
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0  # silence, no RST
        rig.do(m.StartTcp(mine.endpoint))
        established = rig.expect(m.Established, mine.endpoint)
        assert (established.local, established.remote) == (mine.local, address(peer))
        assert len(rig.seen(m.Established, mine.endpoint)) == 1
        assert rig.counters(mine.endpoint).dropped >= 1


def test_a_peer_that_was_faster_has_the_connection() -> None:
    """It is accepted before our order; the order finds the stream up."""
    with PlaneRig() as rig, bound() as peer:
        mine = rig.open(1, TCP, remote=address(peer))
        peer.connect_ex(mine.local)
        rig.do(m.StartTcp(mine.endpoint))
        assert rig.expect(m.Established, mine.endpoint).accepted
        time.sleep(0.05)
        assert not rig.seen(m.Failed, mine.endpoint)
        assert connected(peer)


def test_while_our_syn_is_not_answered_the_peer_may_call_from_another_port() -> None:
    with PlaneRig() as rig:
        silent = rig.open(7, TCP, incoming=m.Incoming.DISCARD)
        mine = rig.open(1, TCP, remote=silent.local)
        rig.do(m.StartTcp(mine.endpoint))
        rig.expect(m.Connecting, mine.endpoint)
        caller = rig.call(mine)
        assert rig.expect(m.Established, mine.endpoint).accepted
        assert not rig.seen(m.Refused, mine.endpoint)
        with pytest.raises(ConnectionRefusedError):
            rig.call(mine)
        assert connected(caller)


# --- the SYN-ACK waits for the other leg ----------------------------------------------------------------


@pytest.mark.skipif(not can_hear(), reason=NO_PACKETS)
def test_the_syn_is_answered_when_the_other_leg_is_up() -> None:
    with PlaneRig() as rig:
        waiting = rig.open(7, TCP, incoming=m.Incoming.DISCARD)  # a far end that takes its time
        access = rig.open(1, TCP, answering=m.Answering.LINKED_LEG)
        core = rig.open(1, TCP, remote=waiting.local, setup=m.Setup.ACTIVE)
        with bound() as caller:
            assert caller.connect_ex(access.local) != 0
            rig.expect(m.Connecting, core.endpoint)
            time.sleep(0.1)
            assert not connected(caller)
            rig.do(m.Configure(waiting.endpoint, plain()))
            core_up = rig.expect(m.Established, core.endpoint)
            access_up = rig.expect(m.Established, access.endpoint)
            assert access_up.time > core_up.time
            assert connected(caller)


@pytest.mark.skipif(not can_hear(), reason=NO_PACKETS)
def test_when_the_other_leg_is_refused_the_caller_is_too() -> None:
    with PlaneRig() as rig:
        with bound() as nobody:
            far = address(nobody)
        access = rig.open(1, TCP, answering=m.Answering.LINKED_LEG)
        core = rig.open(1, TCP, remote=far, setup=m.Setup.ACTIVE)
        with pytest.raises(ConnectionRefusedError):
            rig.call(access)
        assert rig.expect(m.Failed, core.endpoint).cause is m.FailureCause.TCP_REFUSED
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.LINKED_LEG
        rig.do(m.Configure(access.endpoint, plain()))
        rig.call(access)
        rig.expect(m.Established, access.endpoint)


@pytest.mark.skipif(not can_hear(), reason=NO_PACKETS)
def test_a_stranger_wakes_nobody_while_the_syn_ack_is_withheld() -> None:
    with PlaneRig() as rig:
        _listener, backend = rig.listen()
        only = m.SourceFilter("192.0.2.1")
        access = rig.open(1, TCP, answering=m.Answering.LINKED_LEG, source_filter=only)
        core = rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
        with bound() as stranger:
            stranger.connect_ex(access.local)
            time.sleep(0.1)
            assert not rig.seen(m.Connecting, core.endpoint)


# --- behind a NAT ---------------------------------------------------------------------------------------


def call_from(rig: PlaneRig, opened: m.Opened, host: str) -> socket.socket:
    return rig.keep(socket.create_connection(opened.local, 5, (host, 0)))


def test_the_first_source_is_the_peer_from_then_on() -> None:
    with PlaneRig() as rig:
        access = rig.open(1, TCP, latching=True)
        caller = call_from(rig, access, "127.0.0.2")
        latched = rig.expect(m.Latched, access.endpoint)
        assert latched.remote == address(caller)
        with bound() as stranger:
            stranger.connect_ex(access.local)
            time.sleep(0.1)
            assert not connected(stranger)
            assert not rig.seen(m.Refused, access.endpoint)  # the kernel did it
            rig.do(m.Configure(access.endpoint, plain()))
            with pytest.raises(ConnectionRefusedError):  # open to all again, but there is one connection
                rig.call(access)


def test_latching_is_bounded_by_the_filter() -> None:
    with PlaneRig() as rig:
        access = rig.open(1, TCP, latching=True, source_filter=m.SourceFilter("127.0.0.2/31"))
        with bound() as stranger:
            stranger.connect_ex(access.local)
            call_from(rig, access, "127.0.0.3")
            assert rig.expect(m.Latched, access.endpoint).remote.host == "127.0.0.3"
            assert not connected(stranger)


def test_relatching_gives_the_stream_to_the_next_source_and_the_other_leg_stays() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access = rig.open(1, TCP, latching=True)
        rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
        first = call_from(rig, access, "127.0.0.2")
        server = rig.accept(listener)
        first.sendall(b"one")
        assert receive_exactly(server, 3) == b"one"
        rig.do(m.Relatch(access.endpoint))
        second = call_from(rig, access, "127.0.0.3")
        assert rig.expect(m.Latched, access.endpoint, 2).remote == address(second)
        second.sendall(b"two")
        assert receive_exactly(server, 3) == b"two"
        server.sendall(b"back")
        assert receive_exactly(second, 4) == b"back"
        with pytest.raises(ConnectionResetError):
            receive_all(first)
        assert rig.counters(access.endpoint).octets_received == 6


def test_a_connection_that_is_hung_up_makes_room_for_the_next_one_and_the_other_leg_stays() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access = rig.open(1, TCP)
        rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
        first = call_from(rig, access, "127.0.0.2")
        server = rig.accept(listener)
        first.sendall(b"one")
        assert receive_exactly(server, 3) == b"one"
        rig.do(m.Hangup(access.endpoint))
        with pytest.raises(ConnectionResetError):
            receive_all(first)
        second = call_from(rig, access, "127.0.0.3")
        second.sendall(b"two")
        assert receive_exactly(server, 3) == b"two"
        server.sendall(b"back")
        assert receive_exactly(second, 4) == b"back"
        assert rig.counters(access.endpoint).connections == 2


@pytest.mark.parametrize("octets", [1, 100_000], ids=["less than a record", "more"])
@pytest.mark.parametrize("secure", [True, False], ids=["tls", "tcp"])
def test_what_a_new_connection_brings_is_whole_behind_what_was_cut_off(secure: bool, octets: int) -> None:
    """The peer of the other leg was slow, and half of a record was on its way to it."""
    with PlaneRig() as rig:
        trusted = (UE.fingerprint(),) if secure else ()
        access = rig.open(1, m.Transport.TLS if secure else TCP, fingerprints=trusted)
        core = rig.open(1, TCP)
        slow, old = rig.call(access), rig.call(core)
        phone: socket.socket | SSL.Connection = tls(slow) if secure else slow
        if isinstance(phone, SSL.Connection):
            phone.do_handshake()
        fill(old)
        rig.do(m.Hangup(core.endpoint))
        with pytest.raises(ConnectionResetError):
            receive_all(old)
        new, wanted = rig.call(core), b"n" * octets + b"end"
        new.sendall(wanted)
        got = b""
        while not got.endswith(b"end"):
            got += phone.recv(65_536)
        assert got.strip(b"o") == wanted


def fill(sock: socket.socket) -> None:
    """Until nothing more is taken, nor a while later."""
    sock.setblocking(False)
    last = time.monotonic()
    while time.monotonic() < last + 0.3:
        try:
            sock.send(b"o" * 65_536)
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    sock.setblocking(True)


def test_both_legs_hung_up_are_set_up_anew_at_the_same_addresses() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access = rig.open(1, TCP)
        core = rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
        for round_ in (b"one", b"two"):
            client = call_from(rig, access, "127.0.0.2")
            server = rig.accept(listener)
            assert server.getpeername()[1] == core.local.port
            client.sendall(round_)
            assert receive_exactly(server, 3) == round_
            for endpoint in (access, core):
                rig.do(m.Hangup(endpoint.endpoint))
            for end in (client, server):
                with pytest.raises(ConnectionResetError):
                    receive_all(end)


def test_nothing_to_hang_up() -> None:
    with PlaneRig() as rig:
        access = rig.open(1, TCP)
        rig.do(m.Hangup(access.endpoint))
        assert rig.counters(access.endpoint).connections == 0
