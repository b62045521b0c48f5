"""Commands and peers in any order, with real sockets: at the end nothing is left."""

import socket
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from imsedge.bearer import messages as m
from imsedge.bearer.wire import WorkerSettings
from imsedge.core.address import TransportAddress
from imsedge.plane import tcp
from imsedge.plane.knocks import can_hear
from imsedge.plane.plane import Plane
from kit.plane_rig import GATEWAY, HOST, UE, port_share

pytestmark = pytest.mark.system

ENDPOINTS, LINKS, PORTS = 4, 3, 3
FILTERS = (None, m.SourceFilter(HOST), m.SourceFilter("192.0.2.1"), m.SourceFilter("no address"))
ANSWERING = tuple(m.Answering) if can_hear() else (m.Answering.AT_ONCE,)

Step = tuple[str, object]


def wanted(backend: TransportAddress) -> SearchStrategy[m.EndpointSettings]:
    return st.builds(
        m.EndpointSettings,
        transport=st.sampled_from((m.Transport.TCP, m.Transport.TLS)),
        remote=st.sampled_from((None, backend, TransportAddress(HOST, 9), TransportAddress(HOST, 1))),
        setup=st.sampled_from(m.Setup),
        mode=st.sampled_from((m.Mode.SEND_RECEIVE, m.Mode.SEND_RECEIVE, m.Mode.INACTIVE)),
        incoming=st.sampled_from((m.Incoming.ACCEPT, m.Incoming.ACCEPT, m.Incoming.DISCARD)),
        forward_incoming=st.booleans(),
        source_filter=st.sampled_from(FILTERS),
        fingerprints=st.sampled_from((None, (UE.fingerprint(),))),
        answering=st.sampled_from(ANSWERING),
        latching=st.booleans(),
        quiet_limit=st.sampled_from((0.0, 0.001)),
        policing=st.sampled_from((None, m.Policing(peak=1_000))),
    )


def steps(backend: TransportAddress) -> SearchStrategy[list[Step]]:
    """What the gateway orders, what peers do, and turns of the loop in between."""
    number, link = st.integers(1, ENDPOINTS), st.integers(1, LINKS)
    orders: SearchStrategy[m.AnyCommand] = st.one_of(
        st.builds(m.Open, number, link, link, st.just(HOST), wanted(backend)),
        st.builds(m.Open, number, link, link, st.just(HOST), wanted(backend)),
        st.builds(m.Configure, number, wanted(backend)),
        st.builds(m.StartTcp, number),
        st.builds(m.StartTls, number),
        st.builds(m.Relink, number, link, link),
        st.builds(m.Relatch, number),
        st.builds(m.Hangup, number),
        st.builds(m.Query, number),
        st.builds(m.Release, number),
    )
    peers = st.tuples(st.sampled_from(("call", "send", "finish", "reset", "accept")), st.integers(0, 7))
    turns = st.tuples(st.just("turn"), st.none())
    return st.lists(st.one_of(st.tuples(st.just("order"), orders), peers, turns), max_size=40)


class Stage:
    """The plane, and peers that never wait."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        made = WorkerSettings(ports=(port_share(PORTS),), certificates=(GATEWAY,), port_rest=0.0)
        self.plane = Plane(made)
        self.events: list[m.AnyEvent] = []
        self.peers: list[socket.socket] = []
        self.orders: list[m.AnyCommand] = []

    def play(self, kind: str, what: object) -> None:
        if kind == "order":
            self.orders.append(what)  # type: ignore[arg-type]
            self.plane.handle(what)  # type: ignore[arg-type]
        elif kind == "call":
            self._call(int(str(what)))
        elif kind == "accept":
            self._accept()
        elif kind != "turn" and self.peers:
            self._act(kind, self.peers[int(str(what)) % len(self.peers)])
        self.events += self.plane.take() if kind == "order" else self.plane.run_once(0)

    def _call(self, which: int) -> None:
        opened = [event.local for event in self.events if isinstance(event, m.Opened)]
        if opened:
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(opened[-1 - which % len(opened)])
            self.peers.append(sock)

    def _accept(self) -> None:
        try:
            self.peers.append(self._listener.accept()[0])
        except BlockingIOError:
            return
        self.peers[-1].setblocking(False)

    def _act(self, kind: str, peer: socket.socket) -> None:
        try:
            if kind == "send":
                peer.send(b"what is no TLS")
            elif kind == "finish":
                peer.shutdown(socket.SHUT_WR)
            else:
                self.peers.remove(peer)
                tcp.abort(peer)
        except OSError:
            return

    def end(self) -> None:
        for number in range(1, ENDPOINTS + 1):
            self.play("order", m.Release(number))
        for peer in self.peers:
            peer.close()
        while True:  # whoever still waits to be accepted
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                break


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_nothing_is_left(data: st.DataObject) -> None:
    with socket.create_server((HOST, 0), backlog=64) as listener:
        listener.setblocking(False)
        script = data.draw(steps(TransportAddress(*listener.getsockname()[:2])))
        stage = Stage(listener)
        plane, before = stage.plane, descriptors()
        try:
            for kind, what in script:
                stage.play(kind, what)
            stage.end()
            assert len(plane) == 0
            assert len(plane.loop) == 0, "something is still watched"
            assert len(plane._services.pools[HOST]) == PORTS, "a port is still taken"
            assert not plane._services.knocks._waiting
            assert descriptors() == before
            check_answers(stage)
        finally:
            plane.close()


def check_answers(stage: Stage) -> None:
    """One answer an Open, one last word an endpoint."""
    opens = sum(isinstance(order, m.Open) for order in stage.orders)
    told = Counter(type(event) for event in stage.events)
    assert told[m.Opened] + told[m.OpenFailed] == opens
    assert told[m.Released] == told[m.Opened]
    alive: set[int] = set()
    for event in stage.events:
        if isinstance(event, m.Opened):
            alive.add(event.endpoint)
        elif not isinstance(event, m.OpenFailed):
            assert event.endpoint in alive, f"{event} of an endpoint that is not there"
        if isinstance(event, m.Released):
            alive.remove(event.endpoint)
