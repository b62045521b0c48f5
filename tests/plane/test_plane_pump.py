"""Payload: nothing lost, nothing reordered, nothing piled up; both ways, to the last octet and the FIN."""

import contextlib
import hashlib
import resource
import socket
import struct
import threading
import time

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.plane.buffer import BUFFER_OCTETS
from kit.plane_rig import UE, PlaneRig, nothing_arrives, receive_all, receive_exactly, tls

pytestmark = pytest.mark.system
KNOWN = (UE.fingerprint(),)
TCP = m.Transport.TCP
BLOCK = bytes(range(256)) * 256
BULK = 100_000_000
RESET = struct.pack("ii", 1, 0)


def reset(sock: socket.socket) -> None:
    """Close with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()


def fill(sock: socket.socket) -> None:
    """Send until nobody takes any more."""
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.send(BLOCK)


def plain_pair(rig: PlaneRig) -> tuple[socket.socket, socket.socket, m.Opened, m.Opened]:
    """A peer that called, a peer that was called, and the endpoints between them."""
    listener, backend = rig.listen()
    access, core = rig.pair(backend, TCP)
    caller = rig.call(access)
    return caller, rig.accept(listener), access, core


def test_a_hundred_megabytes_through_tls_to_a_slow_reader() -> None:
    """Memory stays where it was: the sender is made to wait, not the plane to store."""
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, fingerprints=KNOWN)
        ue = tls(rig.call(access))
        ue.do_handshake()
        server = rig.accept(listener)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = hashlib.sha256()

        def send() -> None:
            for _ in range(0, BULK, len(BLOCK)):
                ue.sendall(BLOCK)
                sent.update(BLOCK)
            ue.shutdown()

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(0.3)  # nobody reads yet
        held = rig.counters(access.endpoint).octets_received - rig.counters(core.endpoint).octets_sent
        assert held <= BUFFER_OCTETS
        got = hashlib.sha256()
        for block in iter(lambda: server.recv(1 << 20), b""):
            got.update(block)
        sender.join()
        assert got.digest() == sent.digest()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


def test_both_directions_at_full_speed_do_not_disturb_each_other() -> None:
    octets = 20_000_000
    with PlaneRig() as rig:
        caller, called, access, core = plain_pair(rig)
        data = BLOCK * (octets // len(BLOCK))

        def send(sock: socket.socket) -> None:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

        senders = [threading.Thread(target=send, args=(sock,)) for sock in (caller, called)]
        results: dict[socket.socket, bytes] = {}
        readers = [
            threading.Thread(target=lambda sock=sock: results.update({sock: receive_all(sock)}))
            for sock in (caller, called)
        ]
        for thread in senders + readers:
            thread.start()
        for thread in senders + readers:
            thread.join()
        assert results[caller] == results[called] == data
        rig.expect(m.Closed, access.endpoint)
        rig.expect(m.Closed, core.endpoint)


def test_one_octet_at_a_time() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, fingerprints=KNOWN)
        ue = tls(rig.call(access))
        ue.do_handshake()
        server = rig.accept(listener)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in BLOCK[:256]:
            ue.send(bytes([octet]))
            server.send(bytes([octet]))
        assert receive_exactly(server, 256) == BLOCK[:256]
        assert receive_exactly(ue, 256) == BLOCK[:256]


def test_a_handshake_one_octet_at_a_time() -> None:
    """The ClientHello in single octets: a record is read when it is complete."""
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        sock = rig.call(access)
        ours, theirs = socket.socketpair()
        ue = tls(ours)
        worker = threading.Thread(target=ue.do_handshake)
        worker.start()
        theirs.settimeout(0.2)
        sock.settimeout(0.2)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while worker.is_alive():
            for source, sink in ((theirs, sock), (sock, theirs)):
                try:
                    for octet in source.recv(65_536):
                        sink.send(bytes([octet]))
                except TimeoutError:
                    continue
        rig.expect(m.TlsEstablished, access.endpoint)
        ours.close()
        theirs.close()


@pytest.mark.parametrize("first", ["caller", "called"])
def test_half_close_lets_the_other_direction_go_on(first: str) -> None:
    with PlaneRig() as rig:
        caller, called, access, core = plain_pair(rig)
        one, other = (caller, called) if first == "caller" else (called, caller)
        one.sendall(b"question")
        one.shutdown(socket.SHUT_WR)
        assert receive_all(other) == b"question"
        other.sendall(b"answer")
        assert receive_exactly(one, 6) == b"answer"
        assert not rig.seen(m.Closed, access.endpoint)
        other.shutdown(socket.SHUT_WR)
        assert receive_all(one) == b""
        rig.expect(m.Closed, access.endpoint)
        rig.expect(m.Closed, core.endpoint)


def test_close_notify_becomes_a_fin_after_the_last_octet() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, fingerprints=KNOWN)
        ue = tls(rig.call(access))
        ue.do_handshake()
        ue.sendall(BLOCK)
        ue.shutdown()
        server = rig.accept(listener)
        assert receive_all(server) == BLOCK
        server.sendall(b"last words")
        server.close()
        assert receive_exactly(ue, 10) == b"last words"
        rig.expect(m.Closed, access.endpoint)


def test_a_fin_becomes_a_close_notify() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, fingerprints=KNOWN)
        ue = tls(rig.call(access))
        ue.do_handshake()
        server = rig.accept(listener)
        server.sendall(b"end")
        server.close()
        assert receive_exactly(ue, 3) == b"end"
        with pytest.raises(SSL.ZeroReturnError):
            ue.recv(1)


def test_after_close_notify_the_other_direction_ends_in_time() -> None:
    with PlaneRig(linger_limit=0.1) as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, fingerprints=KNOWN)
        ue = tls(rig.call(access))
        ue.do_handshake()
        server = rig.accept(listener)
        ue.shutdown()
        assert receive_all(server) == b""
        rig.expect(m.Closed, access.endpoint)  # though the core side never ends
        rig.expect(m.Closed, core.endpoint)


@pytest.mark.parametrize("first", ["caller", "called"])
def test_a_reset_in_the_middle_resets_the_other_leg(first: str) -> None:
    with PlaneRig() as rig:
        caller, called, access, core = plain_pair(rig)
        one, other = (caller, called) if first == "caller" else (called, caller)
        mine, linked = (access, core) if first == "caller" else (core, access)
        one.sendall(b"half a mess")
        assert receive_exactly(other, 11) == b"half a mess"
        reset(one)
        with pytest.raises(ConnectionResetError):
            receive_all(other)
        assert rig.expect(m.Failed, mine.endpoint).cause is m.FailureCause.TCP_RESET
        assert rig.expect(m.Failed, linked.endpoint).cause is m.FailureCause.LINKED_LEG


def test_a_reset_of_a_peer_that_never_read() -> None:
    with PlaneRig() as rig:
        caller, called, access, core = plain_pair(rig)
        fill(caller)
        reset(called)
        assert rig.expect(m.Failed, core.endpoint).cause is m.FailureCause.TCP_RESET
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.LINKED_LEG


def test_a_reset_while_nobody_reads_is_noticed() -> None:
    with PlaneRig() as rig:
        caller, called, access, _core = plain_pair(rig)
        fill(caller)
        time.sleep(0.05)
        reset(caller)
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.TCP_RESET
        with pytest.raises(ConnectionResetError):
            receive_all(called)


def test_a_reset_after_the_last_word_is_an_orderly_end() -> None:
    with PlaneRig() as rig:
        caller, called, access, core = plain_pair(rig)
        caller.sendall(b"bye")
        caller.shutdown(socket.SHUT_WR)
        assert receive_all(called) == b"bye"
        caller.close()
        called.sendall(BLOCK)
        time.sleep(0.05)
        called.sendall(BLOCK)
        rig.expect(m.Closed, access.endpoint)
        rig.expect(m.Closed, core.endpoint)
        assert not rig.seen(m.Failed, access.endpoint)


def test_a_peer_that_never_reads_harms_nobody_else() -> None:
    with PlaneRig() as rig:
        blocked, _silent, _access, _core = plain_pair(rig)
        fill(blocked)
        caller, called, _, _ = plain_pair(rig)
        for _ in range(50):
            caller.sendall(b"still quick")
            assert receive_exactly(called, 11) == b"still quick"


def test_a_leg_that_ended_before_the_other_came_loses_nothing() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access = rig.open(900, TCP)
        caller = rig.call(access)
        caller.sendall(b"for later")
        caller.shutdown(socket.SHUT_WR)
        rig.expect(m.Established, access.endpoint)
        core = rig.open(900, TCP, remote=backend, setup=m.Setup.ACTIVE)
        called = rig.accept(listener)
        assert receive_all(called) == b"for later"
        called.close()
        rig.expect(m.Closed, core.endpoint)
        rig.expect(m.Closed, access.endpoint)


GATES = {
    m.Mode.INACTIVE: (False, False),
    m.Mode.SEND_ONLY: (False, True),
    m.Mode.RECEIVE_ONLY: (True, False),
    m.Mode.SEND_RECEIVE: (True, True),
}


@pytest.mark.parametrize(("mode", "passes"), GATES.items(), ids=lambda value: getattr(value, "value", ""))
def test_the_mode_is_a_gate_and_what_waits_is_not_lost(mode: m.Mode, passes: tuple[bool, bool]) -> None:
    with PlaneRig() as rig:
        caller, called, access, _core = plain_pair(rig)
        wanted = m.EndpointSettings(transport=TCP, mode=mode)
        rig.do(m.Configure(access.endpoint, wanted))
        caller.sendall(b"in")
        called.sendall(b"out")
        for sock, octets, may_pass in ((called, b"in", passes[0]), (caller, b"out", passes[1])):
            if may_pass:
                assert receive_exactly(sock, len(octets)) == octets
            else:
                with nothing_arrives(sock):
                    time.sleep(0.05)
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TCP)))
        for sock, octets, may_pass in ((called, b"in", passes[0]), (caller, b"out", passes[1])):
            if not may_pass:
                assert receive_exactly(sock, len(octets)) == octets


def test_counters_and_their_last_value() -> None:
    with PlaneRig() as rig:
        caller, called, access, core = plain_pair(rig)
        caller.sendall(b"12345")
        assert receive_exactly(called, 5) == b"12345"
        called.sendall(b"123")
        assert receive_exactly(caller, 3) == b"123"
        now = rig.counters(access.endpoint)
        assert (now.octets_received, now.octets_sent, now.connections) == (5, 3, 1)
        rig.do(m.Release(access.endpoint), m.Release(core.endpoint))
        last = rig.expect(m.Released, core.endpoint).counters
        assert (last.octets_received, last.octets_sent, last.connections) == (3, 5, 1)
