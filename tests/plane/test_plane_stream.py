"""Two endpoints as one stream: proxy, merge, what comes late, what one end does to the other."""

import contextlib
import socket
import time

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.wire import WorkerSettings
from imsedge.core.address import TransportAddress
from imsedge.plane.plane import Plane
from imsedge.security.tls import Role
from kit.plane_rig import HOST, UE, PlaneRig, nothing_arrives, port_share, receive_all, receive_exactly, tls

pytestmark = pytest.mark.system
TCP = m.Transport.TCP


def plain(**settings: object) -> m.EndpointSettings:
    return m.EndpointSettings(transport=TCP, **settings)  # type: ignore[arg-type]


def free_port() -> int:
    with socket.create_server((HOST, 0)) as sock:
        return int(sock.getsockname()[1])


def test_proxy_calls_the_other_side_from_the_advertised_port() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, TCP)
        rig.call(access)
        assert rig.accept(listener).getpeername() == core.local
        assert rig.expect(m.Connecting, core.endpoint).remote == backend


def test_nobody_else_is_heard_where_we_have_called() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        endpoint = rig.open(1, TCP, remote=backend)
        rig.do(m.StartTcp(endpoint.endpoint))
        rig.accept(listener)
        rig.expect(m.Established, endpoint.endpoint)
        with pytest.raises(ConnectionRefusedError):
            rig.call(endpoint)


def test_early_payload_waits_for_the_remote_address() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(None, TCP)
        caller = rig.call(access)
        caller.sendall(b"before anybody is there")
        rig.expect(m.Established, access.endpoint)
        assert not rig.seen(m.Connecting, core.endpoint)
        rig.do(m.Configure(core.endpoint, plain(remote=backend, setup=m.Setup.ACTIVE)))
        assert receive_exactly(rig.accept(listener), 23) == b"before anybody is there"


def test_port_nine_is_not_called() -> None:
    with PlaneRig() as rig:
        access, core = rig.pair(TransportAddress(HOST, 9), TCP)
        rig.call(access)
        rig.expect(m.Established, access.endpoint)
        time.sleep(0.05)
        assert not rig.seen(m.Connecting, core.endpoint)


def test_merge_joins_two_callers() -> None:
    with PlaneRig() as rig:
        one = rig.open(1, TCP, setup=m.Setup.PASSIVE)
        other = rig.open(1, TCP, setup=m.Setup.PASSIVE)
        first = rig.call(one)
        first.sendall(b"hello")
        second = rig.call(other)
        assert receive_exactly(second, 5) == b"hello"
        second.sendall(b"hi")
        assert receive_exactly(first, 2) == b"hi"


def test_both_active_is_two_orders() -> None:
    with PlaneRig() as rig:
        listeners = [rig.listen() for _ in range(2)]
        ends = [rig.open(1, TCP, remote=address, setup=m.Setup.ACTIVE) for _, address in listeners]
        rig.do(m.StartTcp(ends[0].endpoint))
        one, other = (rig.accept(listener) for listener, _ in listeners)
        one.sendall(b"across")
        assert receive_exactly(other, 6) == b"across"


def test_simultaneous_open_is_one_connection() -> None:
    """Both SYNs are out before either is answered (RFC 9293 clause 3.5)."""
    with PlaneRig() as rig:
        first = rig.open(1, TCP, incoming=m.Incoming.DISCARD)
        second = rig.open(2, TCP, incoming=m.Incoming.DISCARD, remote=first.local)
        rig.do(m.Configure(first.endpoint, plain(incoming=m.Incoming.DISCARD, remote=second.local)))
        rig.do(m.StartTcp(first.endpoint), m.StartTcp(second.endpoint))
        for own, peer in ((first, second), (second, first)):
            established = rig.expect(m.Established, own.endpoint)
            assert (established.local, established.remote) == (own.local, peer.local)


def test_nobody_answers_there() -> None:
    with PlaneRig() as rig:
        access, core = rig.pair(TransportAddress(HOST, free_port()), TCP)
        caller = rig.call(access)
        assert rig.expect(m.Failed, core.endpoint).cause is m.FailureCause.TCP_REFUSED
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.LINKED_LEG
        with pytest.raises(ConnectionResetError):
            receive_all(caller)


def test_the_network_is_not_reachable() -> None:
    with PlaneRig() as rig:
        endpoint = rig.open(1, TCP, remote=TransportAddress("255.255.255.255", 4000))
        rig.do(m.StartTcp(endpoint.endpoint))
        assert rig.expect(m.Failed, endpoint.endpoint).cause is m.FailureCause.TCP_UNREACHABLE


def test_a_silent_remote_side_times_out() -> None:
    with PlaneRig(connect_limit=0.05) as rig:
        silent = rig.open(1, TCP, incoming=m.Incoming.DISCARD)
        endpoint = rig.open(2, TCP, remote=silent.local)
        rig.do(m.StartTcp(endpoint.endpoint))
        assert rig.expect(m.Failed, endpoint.endpoint).cause is m.FailureCause.TCP_TIMEOUT


def test_an_order_without_a_remote_address_fails() -> None:
    with PlaneRig() as rig:
        endpoint = rig.open(1, TCP)
        rig.do(m.StartTcp(endpoint.endpoint))
        failed = rig.expect(m.Failed, endpoint.endpoint)
        assert (failed.cause, failed.detail) == (
            m.FailureCause.TCP_UNREACHABLE,
            "the remote address is not known",
        )


def test_after_the_end_a_new_word_of_the_signalling_allows_a_new_connection() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, TCP)
        rig.call(access).shutdown(socket.SHUT_WR)
        called = rig.accept(listener)
        assert receive_all(called) == b""
        called.close()
        rig.expect(m.Closed, access.endpoint)
        with pytest.raises(ConnectionRefusedError):
            rig.call(access)
        for end, settings in ((access, plain()), (core, plain(remote=backend, setup=m.Setup.PASSIVE))):
            rig.do(m.Configure(end.endpoint, settings))
        again = rig.call(access)
        rig.expect(m.Established, access.endpoint, 2)
        again.sendall(b"again")
        rig.call(core)
        rig.until(lambda: rig.counters(core.endpoint).octets_sent == 5, "octets of the second connection")
        assert rig.counters(core.endpoint).connections == 2


def test_one_end_can_be_replaced_while_the_other_is_up() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access = rig.open(1, TCP)
        core = rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
        caller = rig.call(access)
        called = rig.accept(listener)
        caller.sendall(b"one")
        assert receive_exactly(called, 3) == b"one"
        rig.do(m.Release(core.endpoint))
        assert receive_all(called) == b""
        caller.sendall(b"two")
        with nothing_arrives(caller):
            rig.open(1, TCP, remote=backend, setup=m.Setup.ACTIVE)
            assert receive_exactly(rig.accept(listener), 3) == b"two"
        assert rig.counters(access.endpoint).octets_received == 6


def test_a_leg_whose_partner_is_gone_costs_nothing() -> None:
    with contextlib.closing(Plane(WorkerSettings(ports=(port_share(),)))) as plane:
        for number in (1, 2):
            plane.handle(m.Open(number, 1, 1, HOST, plain()))
        one, other = (event.local for event in plane.take() if isinstance(event, m.Opened))
        with socket.create_connection(one) as caller, socket.create_connection(other):
            for _ in range(5):
                plane.run_once(0.01)
            plane.handle(m.Release(2))
            caller.sendall(b"for whoever comes next")
            for _ in range(5):
                plane.run_once(0.01)
            began = time.monotonic()
            assert plane.run_once(0.1) == []
            assert time.monotonic() - began >= 0.1


def test_tls_on_both_legs() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        known = (UE.fingerprint(),)
        access = rig.open(1, m.Transport.TLS, fingerprints=known)
        core = rig.open(1, m.Transport.TLS, fingerprints=known, remote=backend, setup=m.Setup.ACTIVE)
        rig.do(m.StartTls(core.endpoint))
        ue = tls(rig.call(access))
        far = tls(rig.accept(listener), Role.SERVER)
        ue.do_handshake()
        far.do_handshake()
        ue.send(b"secured twice")
        assert receive_exactly(far, 13) == b"secured twice"


def test_an_endpoint_gets_another_partner_and_keeps_its_connection() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, TCP)
        first, server = rig.call(access), rig.accept(listener)
        first.sendall(b"before")
        assert receive_exactly(server, 6) == b"before"
        newcomer = rig.open(900, TCP)
        second = rig.call(newcomer)
        rig.do(m.Relink(access.endpoint, 1, 901))
        rig.expect(m.Relinked, access.endpoint)
        first.sendall(b"to nobody")
        rig.do(m.Relink(newcomer.endpoint, 1, rig.plane._link_of[core.endpoint]))
        rig.expect(m.Relinked, newcomer.endpoint)
        second.sendall(b"after")
        assert receive_exactly(server, 5) == b"after"
        server.sendall(b"back")
        assert receive_exactly(second, 4) == b"back"
        assert not rig.seen(m.Closed, access.endpoint)


def test_a_link_has_two_ends_and_no_third() -> None:
    with PlaneRig() as rig:
        one, two, three = rig.open(1), rig.open(1), rig.open(2)
        rig.do(m.Relink(three.endpoint, 1, 1))
        assert "two ends" in rig.expect(m.RelinkFailed, three.endpoint).reason
        rig.do(m.Release(one.endpoint), m.Relink(three.endpoint, 1, 1), m.Relink(two.endpoint, 1, 1))
        rig.expect(m.Relinked, three.endpoint)
        rig.expect(m.Relinked, two.endpoint)
