"""Two hundred calls at once, a thousand in sequence: afterwards everything is as it was before.

Descriptors, ports, contexts, calls and transactions to the last one; memory within a tolerance, because
allocators keep some of what they had.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from imsedge.daemon.alg import AlgDaemon
from imsedge.daemon.service import running
from kit.crowd import Crowd, CrowdCall, crowd
from kit.daemons import until
from kit.processes import DaemonProcess
from kit.procfs import descriptors, held_in, resident_kilobytes
from kit.system import PATIENCE, System, Tables, gateway_count, own_world, system

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

AT_ONCE = 200
IN_SEQUENCE = int(os.environ.get("IMSEDGE_TEST_CALLS", "1000"))
# Longer than a transaction is remembered, so that there are as many at once as later.
WARM_UP = 600
# Each of so many calls in sequence has media; a TLS handshake costs as much as ten calls.
MEDIA_EVERY = 10
# What a process may have grown by, after all that, in kilobytes: caches that fill up to their limit (names of
# terminations) and fragments of the allocator.  A call that leaks costs more than ten kilobytes.
TOLERANCE = 8_192
# Until the last SIP transaction (64*T1) and the last H.248 reply (LONG-TIMER) are forgotten.
SETTLING = 4.0

# Timers that are short, so that the last transaction is over soon: 64*T1 is 3.2 s.
SHORT: Tables = {"h248": {"timers": {"long_timer": 1.0}}, "sip": {"timers": {"t1": 0.05, "t4": 0.1}}}
SHORT_AGW: Tables = {"h248": {"timers": {"long_timer": 1.0}}}
FEW_PORTS: Tables = {
    **SHORT_AGW,
    "realms": {
        "access": {"low_port": 20_000, "high_port": 20_049},
        "core": {"low_port": 20_000, "high_port": 20_049},
    },
    "media": {"port_rest": 0.1},
}


def transactions(world: System) -> dict[str, int]:
    """How many transactions each machine of the two daemons has or remembers."""
    sip: Any = world.alg._sip
    controller: Any = world.alg._h248
    gateway: Any = world.agw._association
    layer = sip._driver._machine
    ours, theirs = controller._driver._machine.transactions, gateway.transactions
    return {
        "SIP servers": layer.open_servers,
        "SIP clients": layer.open_clients,
        "H.248 requests": ours.outstanding + theirs.outstanding,
        "H.248 replies": ours.remembered[0] + theirs.remembered[0],
    }


def is_idle(world: System) -> bool:
    """Nothing is remembered but the last sign of life between gateway and controller."""
    now = transactions(world)
    return now.pop("H.248 replies") <= 1 and not any(now.values())


async def test_two_hundred_calls_at_once_hear_only_themselves_and_leave_nothing() -> None:
    async with system(SHORT, SHORT_AGW) as world, crowd(world.place) as many:
        before = world.held()
        calls = await asyncio.gather(*(many.call() for _ in range(AT_ONCE)))
        load = world.agw.gateway.load()
        assert (world.calls, load.contexts, load.terminations) == (AT_ONCE, AT_ONCE, 2 * AT_ONCE)
        assert transactions(world)["SIP servers"] > AT_ONCE // 2  # the first may be forgotten already
        assert len({call.gateway.address for call in calls}) == AT_ONCE
        words = [f"words of call {number} ".encode() * 100 for number in range(AT_ONCE)]
        heard = await asyncio.gather(*(call.talk(said) for call, said in zip(calls, words, strict=True)))
        assert heard == words
        assert sorted(bytes(echo.octets) for echo in many.echoes) == sorted(words)
        await asyncio.gather(*(many.end(call) for call in calls))
        await until(lambda: all(echo.over for echo in many.echoes), PATIENCE)
        await world.returns_to(before)
        await until(lambda: is_idle(world), PATIENCE)


async def test_a_hundred_failing_handshakes_at_once_leave_nothing() -> None:
    """Each costs its own call: both ends get a BYE."""
    async with system(SHORT, SHORT_AGW) as world, crowd(world.place) as many:
        before = world.held()
        calls = await asyncio.gather(*(many.call() for _ in range(AT_ONCE // 2)))
        await asyncio.gather(*(_clear_text(call) for call in calls))
        await until(lambda: all(echo.over for echo in many.echoes), PATIENCE)
        assert not any(echo.octets for echo in many.echoes)
        await world.returns_to(before)


async def _clear_text(call: CrowdCall) -> None:
    """MSRP without TLS, until the gateway closes."""
    await call.media.connect(call.gateway.address)
    await call.media.send(b"MSRP a1b2 SEND\r\n")
    while await call.media.receive():
        pass
    await call.media.close()


async def test_a_gateway_killed_with_a_hundred_calls_has_every_one_released(tmp_path: Path) -> None:
    own = own_world(SHORT, SHORT_AGW)
    alg = AlgDaemon(own.alg)
    async with running([alg]):
        with DaemonProcess(own.agw, tmp_path) as gateway:
            await until(lambda: gateway_count(alg) == 1, PATIENCE)
            async with crowd(own.place) as many:
                calls = await asyncio.gather(*(many.call() for _ in range(AT_ONCE // 2)))
                assert alg._held().calls == len(calls)
                gateway.kill()
                gateway.start()
                await until(lambda: alg._held()[::2] == (0, 1), PATIENCE)
                await many.end(await many.call())


class Watched:
    """Both daemons as processes, and what they hold according to themselves and to the kernel."""

    def __init__(self, alg: DaemonProcess, agw: DaemonProcess, hosts: set[str]) -> None:
        self._alg, self._agw, self._hosts = alg, agw, hosts

    @property
    def pids(self) -> dict[str, int]:
        (worker,) = self._agw.workers
        return {"controller": self._alg.pid, "gateway": self._agw.pid, "worker": worker}

    async def held(self) -> dict[str, object]:
        """Equal before and after, or something has leaked."""
        await asyncio.sleep(0.1)  # the connection that asked last is closed by then
        opened = {name: descriptors(pid) for name, pid in self.pids.items()}
        agw, alg = (msgspec.json.decode(daemon.page("/status") or b"{}") for daemon in (self._agw, self._alg))
        counts = {name: agw.get(name) for name in ("contexts", "terminations", "endpoints", "executing")}
        return counts | opened | {"calls": alg.get("calls"), "media": held_in(self._hosts)}

    def memory(self) -> dict[str, int]:
        """Kilobytes, by process."""
        return {name: resident_kilobytes(pid) for name, pid in self.pids.items()}


async def in_sequence(many: Crowd, count: int) -> None:
    """One call after the other; each tenth talks."""
    for number in range(count):
        call = await many.call()
        if number % MEDIA_EVERY == 0:
            assert await call.talk(b"hello") == b"hello"
        await many.end(call)


@pytest.mark.timeout(600)
@pytest.mark.long
async def test_a_thousand_calls_in_sequence_leave_everything_as_it_was(tmp_path: Path) -> None:
    """Through fifty ports, so that each one has to come back twenty times."""
    own = own_world(SHORT, FEW_PORTS)
    realms = own.agw.realms
    with DaemonProcess(own.alg, tmp_path) as alg, DaemonProcess(own.agw, tmp_path) as agw:
        await until(alg.is_healthy, PATIENCE)
        watched = Watched(alg, agw, {*realms.access.addresses, *realms.core.addresses})
        async with crowd(own.place) as many:
            await in_sequence(many, WARM_UP)
            await asyncio.sleep(SETTLING)
            before, memory = await watched.held(), watched.memory()
            await in_sequence(many, IN_SEQUENCE)
            await asyncio.sleep(SETTLING)
            assert await watched.held() == before
            grown = {name: size - memory[name] for name, size in watched.memory().items()}
    assert max(grown.values()) < TOLERANCE, grown
    assert (alg.log, agw.log) == ("", "")
