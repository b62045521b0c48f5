"""The gateway's side of the media plane: real worker processes, and the same interface without one."""

import asyncio
import io
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from types import UnionType

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.wire import PortShare, WorkerSettings
from imsedge.daemon import plane_pool
from imsedge.daemon.logs import make_logger
from imsedge.daemon.plane_pool import LocalPlane, MediaPlane, PlanePool, split_ports
from imsedge.daemon.settings import LogSection
from imsedge.daemon.settings_types import LogFormat
from kit.daemons import until
from kit.plane_rig import GATEWAY, HOST, UE, port_share

TCP = m.EndpointSettings(transport=m.Transport.TCP)
MakePlane = Callable[[WorkerSettings, Callable[[m.AnyEvent], None]], MediaPlane]


def processes(workers: int) -> MakePlane:
    return lambda settings, deliver: PlanePool(settings, deliver, workers=workers)


class Gateway:
    """Collects events; ``expect`` waits for one."""

    def __init__(self) -> None:
        self.events: list[m.AnyEvent] = []
        self._news = asyncio.Event()

    def deliver(self, event: m.AnyEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def expect(self, kind: type[m.Event] | UnionType, endpoint: int) -> m.AnyEvent:
        async with asyncio.timeout(10):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and event.endpoint == endpoint:
                        return event
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def running(make: MakePlane) -> AsyncIterator[tuple[MediaPlane, Gateway]]:
    gateway = Gateway()
    plane = make(WorkerSettings(ports=(port_share(),), certificates=(GATEWAY,)), gateway.deliver)
    await plane.start()
    try:
        yield plane, gateway
    finally:
        await plane.stop()


def open_endpoint(number: int, context: int) -> m.Open:
    return m.Open(number, context, context, HOST, TCP)


def test_shares_are_disjoint_and_leave_nothing_out() -> None:
    shares = split_ports((PortShare("a", 10, 19), PortShare("b", 1, 2), PortShare("a", 10, 19)), 3)
    assert shares == (
        (PortShare("a", 10, 12),),
        (PortShare("a", 13, 15), PortShare("b", 1, 1)),
        (PortShare("a", 16, 19), PortShare("b", 2, 2)),
    )


@pytest.mark.system
@pytest.mark.parametrize("make", [processes(2), LocalPlane], ids=["processes", "in this process"])
async def test_commands_go_out_and_events_come_back(make: MakePlane) -> None:
    async with running(make) as (plane, gateway):
        plane.send(open_endpoint(1, context=1))
        plane.send(open_endpoint(2, context=1))
        opened = await gateway.expect(m.Opened, 1)
        assert isinstance(opened, m.Opened)
        reader, writer = await asyncio.open_connection(*opened.local)
        await gateway.expect(m.Established, 1)
        plane.send(m.Query(1))
        await gateway.expect(m.Statistics, 1)
        plane.send(m.Release(1))
        await gateway.expect(m.Released, 1)
        plane.send(m.Query(1))
        assert await reader.read() == b""
        writer.close()


@pytest.mark.system
async def test_certificates_come_and_go_also_for_a_worker_that_is_born_later() -> None:
    gateway, numbers = Gateway(), count(1)
    pool = PlanePool(
        WorkerSettings(ports=(port_share(),), certificates=(GATEWAY,)), gateway.deliver, workers=1
    )

    async def can_show(certificate: str) -> bool:
        number, wanted = next(numbers), m.EndpointSettings(transport=m.Transport.TLS, certificate=certificate)
        pool.send(m.Open(number, number, number, HOST, wanted))
        return isinstance(await gateway.expect(m.Opened | m.OpenFailed, number), m.Opened)

    await pool.start()
    try:
        assert [await can_show("default"), await can_show("ue")] == [True, False]
        pool.present((GATEWAY, UE))
        assert [await can_show("default"), await can_show("ue")] == [True, True]
        pool.present((UE,))
        assert [await can_show("default"), await can_show("ue")] == [False, True]
        (before,) = pool.pids
        os.kill(before, signal.SIGKILL)
        await until(lambda: bool(pool.pids) and pool.pids != (before,))
        assert [await can_show("default"), await can_show("ue")] == [False, True]
    finally:
        await pool.stop()


@pytest.mark.system
async def test_what_a_worker_says_is_in_the_log_of_the_gateway() -> None:
    stream = io.StringIO()
    log = make_logger(LogSection(format=LogFormat.JSON), "agw", stream)
    pool = PlanePool(WorkerSettings(ports=(port_share(),)), lambda _: None, workers=1, log=log)
    await pool.start()
    (before,) = pool.pids
    wire = pool._workers[0]._transport
    assert wire is not None
    wire.write(b"\xff" * 8)  # an order that cannot be
    await until(lambda: bool(pool.pids) and pool.pids != (before,))
    await pool.stop()
    said = [
        (line["level"], line["event"], line["daemon"])
        for line in map(json.loads, stream.getvalue().splitlines())
    ]
    assert said[0][1].startswith("an order cannot be read")
    assert said[1:] == [("error", "a worker of the media plane died", "agw")]


def test_the_log_names_context_and_termination_of_an_endpoint() -> None:
    pool = PlanePool(WorkerSettings(ports=(port_share(),)), lambda _: None, workers=1)
    pool._homes[7], pool._labels[7] = (pool._workers[0], 12), "C12 ip/access/3/1"
    assert pool._whereabouts(7) == {"context": 12, "termination": "ip/access/3"}
    assert pool._whereabouts(8) == {}


@pytest.mark.system
async def test_the_in_process_plane_keeps_its_timers() -> None:
    gateway = Gateway()
    settings = WorkerSettings(ports=(port_share(),), certificates=(GATEWAY,), handshake_limit=0.05)
    plane = LocalPlane(settings, gateway.deliver)
    await plane.start()
    wanted = m.EndpointSettings(transport=m.Transport.TLS, fingerprints=(GATEWAY.fingerprint(),))
    plane.send(m.Open(1, 1, 1, HOST, wanted))
    opened = await gateway.expect(m.Opened, 1)
    assert isinstance(opened, m.Opened)
    _reader, writer = await asyncio.open_connection(*opened.local)
    failed = await gateway.expect(m.Failed, 1)
    assert isinstance(failed, m.Failed)
    assert failed.cause is m.FailureCause.TLS_TIMEOUT
    writer.close()
    await plane.stop()
    await plane.stop()


@pytest.mark.system
async def test_contexts_spread_and_ports_never_meet() -> None:
    async with running(processes(2)) as (plane, gateway):
        for number in range(8):
            plane.send(open_endpoint(number, context=number // 2))
        opened = [await gateway.expect(m.Opened, number) for number in range(8)]
        ports = [event.local.port for event in opened if isinstance(event, m.Opened)]
        assert len(set(ports)) == 8
        middle = (min(ports) + max(ports)) / 2
        assert {port > middle for port in ports} == {True, False}


@pytest.mark.system
async def test_a_dead_worker_takes_only_its_calls_and_is_replaced() -> None:
    async with running(processes(2)) as (plane, gateway):
        assert isinstance(plane, PlanePool)
        plane.send(open_endpoint(1, context=0))
        plane.send(open_endpoint(2, context=1))
        await gateway.expect(m.Opened, 1)
        await gateway.expect(m.Opened, 2)
        victim = plane.pids[0]
        os.kill(victim, signal.SIGKILL)
        failed = await gateway.expect(m.Failed, 1)
        assert isinstance(failed, m.Failed)
        assert failed.cause is m.FailureCause.PLANE
        await gateway.expect(m.Released, 1)
        assert not [event for event in gateway.events if isinstance(event, m.Failed) and event.endpoint == 2]
        async with asyncio.timeout(10):
            while len(plane.pids) < 2:  # noqa: ASYNC110 - nobody announces a worker that has nothing to do
                await asyncio.sleep(0.02)
        plane.send(open_endpoint(3, context=0))
        await gateway.expect(m.Opened, 3)
        assert victim not in plane.pids


@pytest.mark.system
async def test_without_a_worker_an_open_fails_at_once() -> None:
    async with running(processes(1)) as (plane, gateway):
        assert isinstance(plane, PlanePool)
        await plane.stop()
        plane.send(open_endpoint(1, context=1))
        failed = await gateway.expect(m.OpenFailed, 1)
        assert isinstance(failed, m.OpenFailed)
        assert not failed.exhausted


@pytest.mark.system
async def test_stop_takes_less_than_a_second_and_leaves_no_process() -> None:
    gateway = Gateway()
    plane = PlanePool(WorkerSettings(ports=(port_share(),)), gateway.deliver, workers=2)
    await plane.start()
    pids = plane.pids
    began = time.monotonic()
    await plane.stop()
    assert time.monotonic() - began < 1.0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.system
async def test_a_worker_that_does_not_stop_is_killed() -> None:
    gateway = Gateway()
    plane = PlanePool(WorkerSettings(ports=(port_share(),)), gateway.deliver, workers=1)
    await plane.start()
    (pid,) = plane.pids
    os.kill(pid, signal.SIGSTOP)
    await plane.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.system
async def test_an_endpoint_moves_to_contexts_of_its_worker_only() -> None:
    async with running(processes(2)) as (plane, gateway):
        for number, context in ((1, 1), (2, 2), (3, 3)):
            plane.send(open_endpoint(number, context))
            await gateway.expect(m.Opened, number)
        plane.send(m.Relink(1, 2, 9))  # the contexts of odd and even numbers are in different workers
        failed = await gateway.expect(m.RelinkFailed, 1)
        assert isinstance(failed, m.RelinkFailed)
        assert "media.workers = 1" in failed.reason
        plane.send(m.Relink(1, 3, 3))
        await gateway.expect(m.Relinked, 1)
        plane.send(m.Relink(2, 44, 9))  # a new context is where its first endpoint is
        await gateway.expect(m.Relinked, 2)
        for number in (1, 2, 3):
            plane.send(m.Release(number))
            await gateway.expect(m.Released, number)
        assert isinstance(plane, PlanePool)
        assert not plane._contexts


async def test_a_worker_that_ends_just_before_it_is_killed_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_late(process: asyncio.subprocess.Process) -> None:
        os.kill(process.pid, signal.SIGKILL)
        raise ProcessLookupError

    monkeypatch.setattr(asyncio.subprocess.Process, "kill", too_late)
    monkeypatch.setattr(plane_pool, "STOP_SECONDS", 0.0)
    async with running(processes(1)):
        pass
