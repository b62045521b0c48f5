"""Complete e2ae call set-ups and releases per second, through SIP and H.248.

A controller and a gateway run as processes of their own; this process plays both UEs with as little work
as it can: messages are filled-in text, answers are searched for the few fields that count.  One call is
INVITE with an e2ae offer, 200, ACK, BYE, 200; between them the controller asks the gateway for two
terminations, configures both and subtracts them.  No TCP connection is opened: that is what ``imsedge bench
relay`` measures.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from imsedge.bench.processes import Daemons, cpu_seconds
from imsedge.bench.sip_load import Callee, Caller

WARM_UP_SECONDS = 1.0


class Load(NamedTuple):
    """``concurrent``: calls that are being set up or released at any moment."""

    seconds: float = 5.0
    concurrent: int = 16


class CallsResult(Struct, frozen=True):
    """``rate``: calls a second.  Latencies of the set-up (INVITE to 200), in milliseconds.

    ``cpu_ms``: processor time per call, by process.
    """

    calls: int
    failed: int
    seconds: float
    rate: float
    setup_median_ms: float
    setup_99_ms: float
    cpu_ms: dict[str, float]

    def lines(self) -> list[str]:
        """For people."""
        cpu = ", ".join(f"{name} {value:.2f} ms" for name, value in self.cpu_ms.items())
        total = f"{self.calls} in {self.seconds:.1f} s, {self.failed} failed"
        return [
            f"calls: {self.rate:.0f} set up and released a second ({total})",
            f"set-up: median {self.setup_median_ms:.1f} ms, 99 % within {self.setup_99_ms:.1f} ms",
            f"processor time per call: {cpu}",
        ]


def run(load: Load) -> CallsResult:
    """Start everything, load it, stop everything."""
    with Daemons() as daemons:
        return asyncio.run(_measure(daemons, load))


async def _measure(daemons: Daemons, load: Load) -> CallsResult:
    loop = asyncio.get_running_loop()
    _, callee = await loop.create_datagram_endpoint(Callee, local_addr=daemons.next_hop)
    _, caller = await loop.create_datagram_endpoint(
        lambda: Caller(daemons.sip_access), local_addr=(daemons.ue_host, 0)
    )
    try:
        await caller.register()
        caller.begin(load.concurrent)
        await asyncio.sleep(WARM_UP_SECONDS)
        return await _count(daemons, caller, load.seconds)
    finally:
        caller.close()
        callee.close()


async def _count(daemons: Daemons, caller: Caller, seconds: float) -> CallsResult:
    caller.setups.clear()
    before, failed, cpu, began = caller.completed, caller.failed, _cpu(daemons), time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    calls = caller.completed - before
    used = _cpu(daemons)
    return CallsResult(
        calls=calls,
        failed=caller.failed - failed,
        seconds=took,
        rate=calls / took,
        setup_median_ms=_quantile(caller.setups, 0.5) * 1000,
        setup_99_ms=_quantile(caller.setups, 0.99) * 1000,
        cpu_ms={name: (used[name] - cpu[name]) * 1000 / max(calls, 1) for name in used},
    )


def _cpu(daemons: Daemons) -> dict[str, float]:
    return {name: cpu_seconds(pid) for name, pid in daemons.pids().items()}


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
