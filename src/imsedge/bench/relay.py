"""``imsedge bench relay``: our media worker beside nginx stream, HAProxy and stunnel, on the same work.

One core carries the relay, another one the load generator and the backend.  What is compared is the work that
one second of the relay's core does, from the processor time the kernel booked for it: so the number means the
same whether the relay or the generator was the slower one.  The relays take turns.
"""

import json as json_writer
import os
import resource
import secrets
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, structs
from rich.console import Console
from rich.table import Table

from imsedge.bench.load import WORKS, Work, compile_load, generate
from imsedge.bench.processes import cpu_seconds
from imsedge.bench.relays import RELAYS, Bench, Ours, Relay, pinned
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.security.certificates import Certificate, self_signed

TURNS = 3
# Pairs of endpoints that wait for the handshakes; our worker serves one connection an endpoint.
_HANDSHAKES_A_SECOND = 2_500
_MOST_PAIRS = 9_000
_DESCRIPTORS_A_PAIR, _DESCRIPTORS_BESIDES = 2, 100


class Score(Struct, frozen=True):
    """``rate``: a second as it went by; ``per_core``: a second of the relay's processor time.

    ``share`` of its core that the relay was busy; ``note`` instead of numbers when it could not be measured.
    """

    relay: str
    work: str
    unit: str
    rate: float = 0.0
    per_core: float = 0.0
    share: float = 0.0
    note: str = ""


class RelayResult(Struct, frozen=True):
    """Every relay on every work."""

    scores: tuple[Score, ...]

    def find(self, relay: str, work: str) -> Score | None:
        """Only one that was measured."""
        found = (score for score in self.scores if (score.relay, score.work) == (relay, work))
        return next((score for score in found if not score.note), None)

    def ratio(self, work: str) -> float | None:
        """Ours to the best peer's, by core."""
        ours = self.find(Ours.name, work)
        peers = (self.find(relay.name, work) for relay in RELAYS if relay.name != Ours.name)
        best = max((score.per_core for score in peers if score is not None), default=0.0)
        return ours.per_core / best if ours is not None and best else None


def run(*, seconds: float, json: bool) -> RelayResult:
    """Measure, ``seconds`` a relay and work, and print: a table, or JSON.

    ``SettingError`` when nothing can be measured here.
    """
    result = measure(seconds)
    if json:
        ratios = {work.name: result.ratio(work.name) for work in WORKS}
        scores = [structs.asdict(score) for score in result.scores]
        sys.stdout.write(json_writer.dumps({"scores": scores, "ratios": ratios}, indent=2) + "\n")
    else:
        Console().print(_table(result))
    return result


def measure(seconds: float) -> RelayResult:
    """Every relay that is installed, on every work.

    They take turns, so that what else the machine does in the meantime meets all of them.
    """
    cores = sorted(os.sched_getaffinity(0))
    scores: list[Score] = []
    with tempfile.TemporaryDirectory() as name:
        bench = prepare(Path(name))
        program = compile_load(bench.folder)
        for work in WORKS:
            turns = [
                [_turn(relay, work, bench, program, seconds / TURNS, cores) for relay in RELAYS]
                for _ in range(TURNS)
            ]
            scores += [_score(relay, work, parts) for relay, *parts in zip(RELAYS, *turns, strict=True)]
    return RelayResult(tuple(scores))


def prepare(folder: Path) -> Bench:
    """A loopback network of our own, so that every port is free."""
    network = f"127.{1 + secrets.randbelow(250)}.{1 + secrets.randbelow(250)}"
    with socket.create_server((f"{network}.2", 0)) as reserved:
        backend = TransportAddress(*reserved.getsockname())
    made = Bench(folder, f"{network}.1", backend, self_signed("default", "gateway"), self_signed("ue", "ue"))
    for path, certificate in ((made.gateway_pem, made.gateway), (made.ue_pem, made.ue)):
        _write_pem(path, certificate)
    return made


def _write_pem(path: Path, certificate: Certificate) -> None:
    path.touch(mode=0o600)
    path.write_bytes(certificate.pem + certificate.key_pem)


class _Turn(NamedTuple):
    """``amount`` in the work's unit; times in seconds."""

    amount: float = 0.0
    seconds: float = 0.0
    busy: float = 0.0
    note: str = ""


def _turn(relay: Relay, work: Work, bench: Bench, program: Path, seconds: float, cores: list[int]) -> _Turn:
    reason = relay.missing()
    if reason is not None:
        return _Turn(note=reason)
    connections = _pairs(seconds) if work.mode == "hs" else work.connections
    try:
        with relay.ready(bench, cores[0], connections) as (pid, ports), pinned(cores[-1]):
            started: list[float] = []
            measured = generate(
                program,
                work,
                (bench.relay_host, ports),
                bench.backend,
                seconds=seconds,
                pem=bench.ue_pem,
                began=lambda: started.append(cpu_seconds(pid)),
            )
            busy = cpu_seconds(pid) - started[0]
    except SettingError as error:
        return _Turn(note=str(error))
    return _Turn(measured.amount(work), measured.seconds, busy)


def _score(relay: Relay, work: Work, turns: Sequence[_Turn]) -> Score:
    """All turns together; one that failed spoils them."""
    note = next((turn.note for turn in turns if turn.note), "")
    if note:
        return Score(relay.name, work.name, work.unit, note=note)
    amount = sum(turn.amount for turn in turns)
    seconds = sum(turn.seconds for turn in turns)
    busy = sum(turn.busy for turn in turns)
    return Score(
        relay.name, work.name, work.unit, amount / seconds, amount / busy if busy else 0.0, busy / seconds
    )


def _pairs(seconds: float) -> int:
    """As many as handshakes can be expected, and as descriptors allow."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = (hard - _DESCRIPTORS_BESIDES) // _DESCRIPTORS_A_PAIR
    return max(1, min(int(_HANDSHAKES_A_SECOND * seconds), _MOST_PAIRS, allowed))


def _table(result: RelayResult) -> Table:
    table = Table(title="TLS with client certificates to TCP: work a second of one core (share of it in use)")
    table.add_column("relay")
    for work in WORKS:
        table.add_column(work.unit, justify="right")
    for relay in RELAYS:
        table.add_row(relay.name, *(_cell(result, relay.name, work) for work in WORKS))
    table.add_section()
    ratios = (result.ratio(work.name) for work in WORKS)
    table.add_row(
        f"{Ours.name} / best peer", *(f"{ratio:.2f}" if ratio is not None else "-" for ratio in ratios)
    )
    notes = dict.fromkeys(f"{score.relay}: {score.note}" for score in result.scores if score.note)
    if notes:
        table.caption = "\n".join(notes)
    return table


def _cell(result: RelayResult, relay: str, work: Work) -> str:
    score = result.find(relay, work.name)
    return f"{score.per_core:,.0f} [dim]({score.share:.0%})[/]" if score is not None else "-"
