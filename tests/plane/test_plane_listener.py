"""Who gets in: discard, source filter, second connections, ports that are not free."""

import socket
import time

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.wire import PortShare
from imsedge.core.address import TransportAddress
from imsedge.plane import listener as module
from imsedge.plane import syn_filter, tcp
from imsedge.plane.endpoint import REFUSALS_REPORTED
from imsedge.plane.listener import Listener
from imsedge.plane.loop import Loop
from kit.plane_rig import HOST, UE, PlaneRig, port_share, receive_all, receive_exactly, tls

pytestmark = pytest.mark.system
TCP = m.Transport.TCP


def plain(**settings: object) -> m.EndpointSettings:
    return m.EndpointSettings(transport=TCP, **settings)  # type: ignore[arg-type]


def dial(opened: m.Opened, source_port: int = 0) -> socket.socket:
    """A SYN goes out; nobody waits for the answer."""
    sock = socket.socket()
    sock.bind((HOST, source_port))
    sock.setblocking(False)
    assert sock.connect_ex(opened.local) != 0
    return sock


def is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def can_be_had(address: TransportAddress) -> bool:
    """Whether another program may bind it."""
    with socket.socket() as other:
        try:
            other.bind(address)
        except OSError:
            return False
    return True


def is_waiting(sock: socket.socket) -> bool:
    """Neither SYN-ACK nor RST came back."""
    return not is_connected(sock) and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


DISCARDING = {
    "ordered": plain(incoming=m.Incoming.DISCARD),
    "gate closed": plain(mode=m.Mode.INACTIVE),
}


@pytest.mark.parametrize("settings", DISCARDING.values(), ids=DISCARDING)
def test_a_discarded_syn_meets_silence_and_its_repetition_gets_in(settings: m.EndpointSettings) -> None:
    """TR 29.828 clause 4.4.2: neither SYN-ACK nor RST, and nothing on the other leg; then Configure."""
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, TCP, incoming=settings.incoming, mode=settings.mode)
        sock = dial(access)
        time.sleep(0.3)
        assert is_waiting(sock)
        assert not rig.seen(m.Connecting, core.endpoint)
        rig.do(m.Configure(access.endpoint, plain()))
        rig.expect(m.Established, access.endpoint)  # with the repetition, after a second
        assert is_connected(sock)
        sock.send(b"in at last")
        assert receive_exactly(rig.accept(listener), 10) == b"in at last"
        sock.close()


def test_only_the_source_that_is_let_through_gets_in() -> None:
    with PlaneRig() as rig:
        with socket.create_server((HOST, 0)) as reserved:
            port = reserved.getsockname()[1]
        wanted = m.SourceFilter(f"{HOST}/32", port, port)
        access = rig.open(1, TCP, source_filter=wanted)
        stranger = dial(access)
        time.sleep(0.1)
        assert is_waiting(stranger)
        friend = dial(access, port)
        rig.expect(m.Established, access.endpoint)
        assert is_connected(friend)
        assert is_waiting(stranger)
        stranger.close()
        friend.close()


def test_a_filter_that_changes_leaves_the_connection_alone() -> None:
    """Accepted sockets inherit the filter of their listener; it is taken off."""
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        link = 700
        access = rig.open(link, TCP, source_filter=m.SourceFilter(f"{HOST}/32", 1, 65_000))
        rig.open(link, TCP, remote=backend, setup=m.Setup.ACTIVE)
        caller = rig.call(access)
        called = rig.accept(listener)
        rig.do(m.Configure(access.endpoint, plain(source_filter=m.SourceFilter("192.0.2.1"))))
        caller.sendall(b"still here")
        assert receive_exactly(called, 10) == b"still here"


def test_the_signalled_peer_takes_the_place_of_a_stranger_who_was_faster() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        known = {"fingerprints": (UE.fingerprint(),), "remote": TransportAddress("127.0.0.9", 9)}
        access, core = rig.pair(backend, m.Transport.TLS, **known)
        stranger = rig.call(access)
        rig.expect(m.Established, core.endpoint)
        called = rig.accept(listener)
        peer = rig.keep(socket.create_connection(access.local, 5, ("127.0.0.9", 0)))
        refused = rig.expect(m.Refused, access.endpoint)
        assert (refused.remote, refused.reason) == (
            TransportAddress(*stranger.getsockname()),
            "the signalled peer itself has come",
        )
        with pytest.raises(ConnectionResetError):
            receive_all(stranger)
        secured = tls(peer)
        secured.sendall(b"me at last")
        assert receive_exactly(called, 10) == b"me at last"
        assert len(rig.seen(m.Established, core.endpoint)) == 1, "the other leg stays"


def test_nobody_takes_the_place_of_the_signalled_peer_nor_of_one_that_is_trusted() -> None:
    known = {"fingerprints": (UE.fingerprint(),), "remote": TransportAddress("127.0.0.9", 9)}
    with PlaneRig() as rig:
        for number, source in ((1, "127.0.0.9"), (2, HOST)):
            access = rig.open(number, m.Transport.TLS, **known)
            first = rig.keep(socket.create_connection(access.local, 5, (source, 0)))
            rig.expect(m.Established, access.endpoint)
            if source == HOST:
                tls(first).do_handshake()
                rig.expect(m.TlsEstablished, access.endpoint)
            with pytest.raises(ConnectionError):
                receive_all(rig.keep(socket.create_connection(access.local, 5, ("127.0.0.9", 0))))
            assert not rig.seen(m.Failed, access.endpoint)


@pytest.fixture
def no_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that wants CAP_NET_ADMIN for filters."""

    def forbid(_sock: socket.socket, _steps: object) -> None:
        raise PermissionError(1, "filters are forbidden")

    monkeypatch.setattr(syn_filter, "attach", forbid)


@pytest.mark.usefixtures("no_filters")
def test_where_filters_are_forbidden_nobody_is_answered_who_is_not_wanted() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, TCP, mode=m.Mode.INACTIVE)  # the core side calls
        for shut in (access, core):
            with pytest.raises(ConnectionRefusedError):
                rig.call(shut)
        rig.do(m.Configure(access.endpoint, plain()))
        caller = rig.call(access)
        caller.sendall(b"open now")
        assert receive_exactly(rig.accept(listener), 8) == b"open now"


@pytest.mark.usefixtures("no_filters")
def test_where_filters_are_forbidden_a_wrong_source_is_refused_once_connected() -> None:
    with PlaneRig() as rig:
        access = rig.open(1, TCP, source_filter=m.SourceFilter("192.0.2.1"))
        with pytest.raises(ConnectionResetError):
            receive_all(rig.call(access))
        assert rig.expect(m.Refused, access.endpoint).reason == "the source may not connect"


def test_an_unreadable_filter_is_no_open_door() -> None:
    with PlaneRig() as rig:
        settings = plain(source_filter=m.SourceFilter("not an address"))
        rig.do(m.Open(1, 1, 1, HOST, settings))
        assert "not an address" in rig.expect(m.OpenFailed, 1).reason


def test_a_second_connection_is_refused_by_the_kernel_and_the_first_lives() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, TCP)
        first = rig.call(access)
        called = rig.accept(listener)
        rig.until(lambda: len(rig.plane.loop) == 2, "the listeners to go")
        with pytest.raises(ConnectionRefusedError):
            rig.call(access)
        assert not rig.seen(m.Refused, access.endpoint)
        first.sendall(b"unharmed")
        assert receive_exactly(called, 8) == b"unharmed"


def test_an_order_for_silence_brings_the_listener_back_beside_the_connection() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, TCP)
        first = rig.call(access)
        called = rig.accept(listener)
        rig.until(lambda: len(rig.plane.loop) == 2, "the listeners to go")
        rig.do(m.Configure(access.endpoint, plain(incoming=m.Incoming.DISCARD)))
        stranger = dial(access)
        time.sleep(0.1)
        assert is_waiting(stranger)
        assert rig.counters(access.endpoint).dropped == 1
        rig.do(m.Configure(access.endpoint, plain()))
        assert rig.counters(access.endpoint).dropped == 1, "counted on, though that listener is gone"
        first.sendall(b"unharmed")
        assert receive_exactly(called, 8) == b"unharmed"
        stranger.close()


def test_a_port_stays_ours_until_release_whatever_becomes_of_its_connection() -> None:
    share = port_share(2)
    with PlaneRig(ports=(share,)) as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, TCP)
        caller = rig.call(access)
        called = rig.accept(listener)
        rig.until(lambda: len(rig.plane.loop) == 2, "the listeners to go")
        assert not can_be_had(access.local)
        tcp.abort(caller)
        rig.expect(m.Failed, access.endpoint)
        assert not can_be_had(access.local)
        rig.do(m.Configure(access.endpoint, plain()))
        rig.call(access)
        rig.expect(m.Established, access.endpoint, 2)
        called.close()


def test_a_second_connection_during_the_handshake_is_refused_and_reported() -> None:
    with PlaneRig() as rig:
        access = rig.open(1, m.Transport.TLS)
        first = rig.call(access)
        rig.expect(m.Established, access.endpoint)
        for _ in range(REFUSALS_REPORTED + 2):
            with pytest.raises(ConnectionResetError):  # which may be quicker than connect() comes back
                receive_all(rig.call(access))
        assert rig.expect(m.Refused, access.endpoint).reason == "a second connection on one stream"
        assert len(rig.seen(m.Refused, access.endpoint)) == REFUSALS_REPORTED
        assert not rig.seen(m.Failed, access.endpoint)
        first.close()


def test_a_port_that_somebody_else_uses_is_passed_over() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with PlaneRig(ports=(PortShare(HOST, port, port + 3),)) as rig:
            assert rig.open(1, TCP).local.port in range(port + 1, port + 4)


def test_a_port_that_another_plane_uses_is_passed_over() -> None:
    share = port_share(2)
    with PlaneRig(ports=(share,)) as one, PlaneRig(ports=(share,)) as other:
        assert one.open(1, TCP).local != other.open(1, TCP).local


def test_no_port_is_left() -> None:
    with PlaneRig(ports=(port_share(1),), port_rest=60.0) as rig:
        only = rig.open(1, TCP)
        rig.do(m.Open(2, 1, 1, HOST, plain()))
        assert rig.expect(m.OpenFailed, 2).exhausted
        rig.do(m.Release(only.endpoint), m.Open(3, 1, 1, HOST, plain()))
        assert rig.expect(m.OpenFailed, 3).exhausted  # it rests


def test_without_descriptors_it_looks_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """EMFILE leaves the caller in the queue, and a level-triggered loop must not spin on it."""
    monkeypatch.setattr(module, "PAUSE", 0.01)
    loop, came = Loop(), []
    listener = Listener(loop, HOST, 0, lambda sock, source: came.append((sock, source)))
    listener.listen()
    real, listener.socket = listener.socket, _OutOfDescriptors(listener.socket)  # type: ignore[assignment]
    caller = socket.create_connection(listener.local)
    loop.turn(1.0)
    loop.turn(0)
    assert not came
    listener.socket = real
    while not came:
        loop.turn(1.0)
    listener.close()
    came[0][0].close()
    caller.close()
    loop.close()


class _OutOfDescriptors:
    def __init__(self, sock: socket.socket) -> None:
        self.fileno, self.getsockname = sock.fileno, sock.getsockname

    def accept(self) -> None:
        raise OSError(24, "too many open files")
