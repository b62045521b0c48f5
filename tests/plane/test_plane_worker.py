"""A worker process as the gateway sees it: settings, orders, events, the end."""

import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.wire import MAX_FRAME_OCTETS, WorkerSettings, event_reader, write_frame
from imsedge.plane.worker import Worker, raise_descriptor_limit
from kit.plane_rig import GATEWAY, HOST, PATIENCE, port_share

pytestmark = pytest.mark.system
TCP = m.EndpointSettings(transport=m.Transport.TCP)


@contextmanager
def worker() -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    command = [sys.executable, "-m", "imsedge.plane.worker", str(theirs.fileno())]
    with ours, subprocess.Popen(command, pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE) as process:
        theirs.close()
        try:
            yield ours, process
        finally:
            process.kill()


def start(sock: socket.socket, *orders: m.AnyCommand) -> None:
    settings = WorkerSettings(ports=(port_share(),), certificates=(GATEWAY,))
    sock.sendall(b"".join(write_frame(order) for order in (settings, *orders)))


def events(sock: socket.socket, count: int) -> list[m.AnyEvent]:
    reader = event_reader()
    found: list[m.AnyEvent] = []
    while len(found) < count:
        data = sock.recv(65_536)
        assert data
        found += reader.feed(data)
    return found


def test_orders_in_one_write_are_obeyed_in_order() -> None:
    with worker() as (sock, _process):
        start(sock, m.Open(1, 1, 1, HOST, TCP), m.Query(1), m.Release(1))
        kinds = [type(event) for event in events(sock, 3)]
        assert kinds == [m.Opened, m.Statistics, m.Released]


def test_the_end_of_the_stream_is_the_end_of_the_worker() -> None:
    with worker() as (sock, process):
        start(sock, m.Open(1, 1, 1, HOST, TCP))
        (opened,) = events(sock, 1)
        sock.close()
        assert process.wait(PATIENCE) == 0
        assert isinstance(opened, m.Opened)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(opened.local)


def test_the_end_before_the_settings_is_the_end_as_well() -> None:
    with worker() as (sock, process):
        sock.close()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("first", [True, False], ids=["instead of settings", "after the settings"])
def test_an_order_that_cannot_be_read_ends_the_worker_with_a_reason(first: bool) -> None:
    with worker() as (sock, process):
        if not first:
            start(sock)
        sock.sendall((MAX_FRAME_OCTETS + 1).to_bytes(4, "big"))
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert b"an order cannot be read" in process.stderr.read()


def test_settings_do_not_change_while_it_runs() -> None:
    with worker() as (sock, _process):
        start(sock, m.Open(1, 1, 1, HOST, TCP))
        start(sock, m.Query(1))
        assert [type(event) for event in events(sock, 2)] == [m.Opened, m.Statistics]


def test_a_gateway_that_stops_reading_loses_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsedge.plane.worker.MAX_UNREAD_OCTETS", 1_000)
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    with ours, theirs:
        start(ours, m.Open(1, 1, 1, HOST, TCP), *(m.Query(1) for _ in range(2_000)))
        Worker(theirs).run()  # comes back


def test_events_that_wait_arrive_when_the_gateway_reads_again() -> None:
    with worker() as (sock, _process):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        queries = 20_000
        start(sock, m.Open(1, 1, 1, HOST, TCP))
        sock.sendall(b"".join(write_frame(m.Query(1)) for _ in range(queries)))
        assert len(events(sock, queries + 1)) == queries + 1


def test_the_descriptor_limit_is_raised() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[1]), before[1]))
        assert raise_descriptor_limit() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
