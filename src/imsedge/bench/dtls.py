"""``imsedge bench dtls``: fax over DTLS to UDP through our media worker, beside ``openssl s_server``.

First as many datagrams as come through, then half of that, at even distances: what the relay adds to the
delay that the network has without it.  One core carries the relay, another one the phones and the backend.
What counts is the work that one second of the relay's core does, from the processor time the kernel booked
for it, and the delay of the quietest turn: what else the machine does is not the relay's.

``openssl s_server`` is a relay of one stream when its output is a socket of UDP, so there is one a stream.
"""

import json as json_writer
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec import Struct, structs

from imsedge.bearer import messages as m
from imsedge.bench.load import compile_load, converse
from imsedge.bench.processes import cpu_seconds
from imsedge.bench.relay import prepare
from imsedge.bench.relays import PATIENCE, Bench, Ours, pinned
from imsedge.core.errors import SettingError

OCTETS = 180
"""Of a datagram: V.17 with three redundant packets."""

TURNS = 3
_FIRST_PORT = 5_100
_NETWORK = "the network alone"


class DtlsScore(Struct, frozen=True):
    """``rate``: datagrams a second as they went by; ``per_core``: a second of the relay's processor time.

    At half load: which part was ``lost``; ``median`` and ``high``: the delay in microseconds that half of the
    datagrams and 99 of 100 did not exceed.  ``note`` instead of numbers when it could not be measured.
    """

    relay: str
    rate: float = 0.0
    per_core: float = 0.0
    lost: float = 0.0
    median: float = 0.0
    high: float = 0.0
    note: str = ""

    def line(self) -> str:
        """For people."""
        if self.note:
            return f"{self.relay}: {self.note}"
        delay = f"delay at half load {self.median:,.0f} us (99 %: {self.high:,.0f} us)"
        if not self.rate:
            return f"{self.relay}: {delay}"
        work = f"{self.per_core:,.0f} datagrams/s a core ({self.rate:,.0f}/s went by)"
        return f"{self.relay}: {work}; {delay}, {self.lost:.1%} lost"


Started = AbstractContextManager[tuple[Sequence[int], Sequence[int]]]
"""Yields the processes of a relay, and its ports, one a stream."""


class DtlsRelay(Protocol):
    """``ready`` starts it on ``core``."""

    @property
    def name(self) -> str: ...

    def missing(self) -> str | None:
        """Why it cannot take part."""

    def ready(self, bench: Bench, core: int, streams: int) -> Started: ...


class _Worker(Ours):
    access = m.EndpointSettings(transport=m.Transport.DTLS)
    core = m.EndpointSettings(transport=m.Transport.UDP)


class OurDatagrams:
    """Our worker, with a pair of endpoints a stream."""

    name = "imsedge"

    def missing(self) -> str | None:
        return None

    @contextmanager
    def ready(self, bench: Bench, core: int, streams: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        with _Worker().ready(bench, core, streams) as (pid, ports):
            yield (pid,), ports


class OpensslServers:
    """One ``openssl s_server`` a stream; it demands a certificate, but compares it with nothing."""

    name = "openssl s_server"

    def missing(self) -> str | None:
        return None if shutil.which("openssl") else "openssl is not installed (Debian: openssl)"

    @contextmanager
    def ready(self, bench: Bench, core: int, streams: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        ports = range(_FIRST_PORT, _FIRST_PORT + streams)
        with ExitStack() as stack:
            with pinned(core):
                started = [stack.enter_context(_server(bench, port)) for port in ports]
            for port in ports:
                _wait_for(bench.relay_host, port)
            yield [process.pid for process in started], ports


RELAYS: tuple[DtlsRelay, ...] = (OurDatagrams(), OpensslServers())


def run(*, seconds: float, streams: int, json: bool) -> tuple[DtlsScore, ...]:
    """Measure and print.  ``SettingError`` when nothing can be measured here."""
    scores = measure(seconds, streams)
    if json:
        sys.stdout.write(json_writer.dumps([structs.asdict(score) for score in scores], indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{score.line()}\n" for score in scores))
    return scores


def measure(seconds: float, streams: int) -> tuple[DtlsScore, ...]:
    """Every relay, and last what the network does without one at the rate of our half load."""
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        load = _Load(prepare(Path(name)), Path(name), seconds / TURNS, streams, cores)
        turns = [[load.turn(relay) for relay in RELAYS] for _ in range(TURNS)]
        scores = [_score(relay, parts) for relay, *parts in zip(RELAYS, *turns, strict=True)]
        rate = next((score.rate for score in scores if score.rate), 0.0)
        if not rate:
            return tuple(scores)
        alone, _ = load.put("direct", (), [_FIRST_PORT] * streams, rate / 2)
        return (*scores, DtlsScore(_NETWORK, median=alone["median"], high=alone["high"]))


class _Turn(NamedTuple):
    """``half``: what the generator measured at half load."""

    datagrams: float = 0.0
    seconds: float = 0.0
    busy: float = 0.0
    half: Mapping[str, float] = {}
    note: str = ""


def _score(relay: DtlsRelay, turns: Sequence[_Turn]) -> DtlsScore:
    """All turns together; one that failed spoils them."""
    note = next((turn.note for turn in turns if turn.note), "")
    if note:
        return DtlsScore(relay.name, note=note)
    datagrams, busy = sum(turn.datagrams for turn in turns), sum(turn.busy for turn in turns)
    quietest = min((turn.half for turn in turns), key=lambda half: half["high"])
    return DtlsScore(
        relay=relay.name,
        rate=datagrams / sum(turn.seconds for turn in turns),
        per_core=datagrams / busy if busy else 0.0,
        lost=1 - quietest["count"] / quietest["sent"],
        median=quietest["median"],
        high=quietest["high"],
    )


class _Load:
    """The generator, and what it is put on."""

    def __init__(self, bench: Bench, folder: Path, seconds: float, streams: int, cores: list[int]) -> None:
        self._bench, self._seconds, self._streams, self._cores = bench, seconds, streams, cores
        self._program = compile_load(folder, "dtls_load")

    def turn(self, relay: DtlsRelay) -> _Turn:
        """At most, then at half of that."""
        reason = relay.missing()
        if reason is not None:
            return _Turn(note=reason)
        try:
            with relay.ready(self._bench, self._cores[0], self._streams) as (pids, ports):
                most, busy = self.put("most", pids, ports)
            rate = most["count"] / most["seconds"]
            with relay.ready(self._bench, self._cores[0], self._streams) as (pids, ports):
                half, _ = self.put("paced", pids, ports, rate / 2)
        except SettingError as error:
            return _Turn(note=str(error))
        return _Turn(most["count"], most["seconds"], busy, half)

    def put(
        self, mode: str, pids: Sequence[int], ports: Sequence[int], rate: float = 0.0
    ) -> tuple[dict[str, float], float]:
        """What the generator measured, and the processor time of these processes meanwhile."""
        bench = self._bench
        command = [
            *(str(self._program), mode, bench.relay_host, bench.backend.host, str(bench.backend.port)),
            *(str(self._streams), str(OCTETS), str(self._seconds), str(bench.ue_pem), str(int(rate))),
        ]
        pipe, began = subprocess.PIPE, list[float]()
        with (
            pinned(self._cores[-1]),
            subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process,
        ):
            try:
                numbers = converse(process, ports, self._seconds, lambda: began.append(_busy(pids)))
            finally:
                process.kill()
        return numbers, _busy(pids) - began[0]


def _busy(pids: Sequence[int]) -> float:
    return sum(map(cpu_seconds, pids))


@contextmanager
def _server(bench: Bench, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Its standard output is a socket of UDP, and each record is one write."""
    command = [
        *("openssl", "s_server", "-dtls1_2", "-quiet", "-naccept", "1", "-Verify", "1", "-verify_quiet"),
        *("-accept", f"{bench.relay_host}:{port}"),
        *("-cert", str(bench.gateway_pem), "-key", str(bench.gateway_pem)),
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(bench.backend)
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out.fileno(), stderr=subprocess.DEVNULL
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def _wait_for(host: str, port: int) -> None:
    """Until somebody holds the port."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return
        time.sleep(0.01)
    raise SettingError("openssl s_server does not start")
