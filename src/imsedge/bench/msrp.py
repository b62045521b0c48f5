"""``imsedge bench msrp``: SEND through our media worker, paths rewritten, beside Kamailio's ``msrp``.

One core carries the relay with all its processes, another one the clients.  What is compared is the work that
one second of processor time does, as in ``relay``.  The relays take turns.
"""

import json as json_writer
import os
import secrets
import sys
from typing import NamedTuple

from msgspec import Struct, structs
from rich.console import Console
from rich.table import Table

from imsedge.bench.msrp_load import acquaint, drive
from imsedge.bench.msrp_relays import MSRP_RELAYS, MsrpRelay, OurMsrp
from imsedge.bench.processes import cpu_seconds
from imsedge.bench.relays import pinned
from imsedge.core.errors import SettingError

TURNS = 3


class MsrpWork(NamedTuple):
    """Bodies of so many ``octets``; each of the ``pairs`` keeps ``window`` requests under way."""

    octets: int
    pairs: int
    window: int

    @property
    def name(self) -> str:
        return f"{self.octets} octets, {'one at a time' if self.window == 1 else f'{self.window} under way'}"


# Kamailio drops frames of more than about ten thousand octets.
MSRP_WORKS = (
    *(MsrpWork(octets, 4, 50) for octets in (100, 1_000, 8_000)),
    *(MsrpWork(octets, 20, 1) for octets in (100, 1_000, 8_000)),
)


class MsrpScore(Struct, frozen=True):
    """``rate``: SEND requests a second as it went by; ``per_core``: in a second of processor time.

    ``note`` instead of numbers when it could not be measured.
    """

    relay: str
    work: str
    rate: float = 0.0
    per_core: float = 0.0
    note: str = ""


class MsrpResult(Struct, frozen=True):
    """Every relay on every work."""

    scores: tuple[MsrpScore, ...]

    def find(self, relay: str, work: str) -> MsrpScore | None:
        """Only one that was measured."""
        found = (score for score in self.scores if (score.relay, score.work) == (relay, work))
        return next((score for score in found if not score.note), None)

    def ratio(self, work: str) -> float | None:
        """Ours to the best peer's, by core."""
        ours = self.find(OurMsrp.name, work)
        peers = (self.find(relay.name, work) for relay in MSRP_RELAYS if relay.name != OurMsrp.name)
        best = max((score.per_core for score in peers if score is not None), default=0.0)
        return ours.per_core / best if ours is not None and best else None


def run(*, seconds: float, json: bool) -> MsrpResult:
    """Measure, ``seconds`` a relay and work, and print: a table, or JSON."""
    result = measure(seconds)
    if json:
        ratios = {work.name: result.ratio(work.name) for work in MSRP_WORKS}
        scores = [structs.asdict(score) for score in result.scores]
        sys.stdout.write(json_writer.dumps({"scores": scores, "ratios": ratios}, indent=2) + "\n")
    else:
        Console().print(_table(result))
    return result


def measure(seconds: float) -> MsrpResult:
    """Every relay that is installed, on every work."""
    scores = []
    for work in MSRP_WORKS:
        turns = [[_turn(relay, work, seconds / TURNS) for relay in MSRP_RELAYS] for _ in range(TURNS)]
        by_relay = zip(MSRP_RELAYS, *turns, strict=True)
        scores += [_score(relay.name, work, list(parts)) for relay, *parts in by_relay]
    return MsrpResult(tuple(scores))


class _Turn(Struct, frozen=True):
    """Times in seconds."""

    count: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    note: str = ""


def _turn(relay: MsrpRelay, work: MsrpWork, seconds: float) -> _Turn:
    reason = relay.missing()
    if reason is not None:
        return _Turn(note=reason)
    cores = sorted(os.sched_getaffinity(0))
    network = f"127.{1 + secrets.randbelow(250)}.{1 + secrets.randbelow(250)}"
    try:
        with relay.ready(network, cores[0], work.pairs) as (pids, clients), pinned(cores[-1]):
            pairs = [acquaint(first, second, work.octets) for first, second in clients]
            before = sum(map(cpu_seconds, pids))
            count, elapsed = drive(pairs, work.window, seconds)
            return _Turn(count, elapsed, sum(map(cpu_seconds, pids)) - before)
    except SettingError as error:
        return _Turn(note=str(error))


def _score(relay: str, work: MsrpWork, turns: list[_Turn]) -> MsrpScore:
    """All turns together; one that failed spoils them."""
    note = next((turn.note for turn in turns if turn.note), "")
    if note:
        return MsrpScore(relay, work.name, note=note)
    count, busy = sum(turn.count for turn in turns), sum(turn.busy for turn in turns)
    rate = count / sum(turn.seconds for turn in turns)
    return MsrpScore(relay, work.name, rate, count / busy if busy else 0.0)


def _table(result: MsrpResult) -> Table:
    table = Table(title="MSRP: SEND requests in a second of one core (as it went by)")
    table.add_column("bodies")
    for relay in MSRP_RELAYS:
        table.add_column(relay.name, justify="right")
    table.add_column("ratio", justify="right")
    for work in MSRP_WORKS:
        ratio = result.ratio(work.name)
        cells = (_cell(result.find(relay.name, work.name)) for relay in MSRP_RELAYS)
        table.add_row(work.name, *cells, "-" if ratio is None else f"{ratio:.2f}")
    notes = dict.fromkeys(f"{score.relay}: {score.note}" for score in result.scores if score.note)
    if notes:
        table.caption = "\n".join(notes)
    return table


def _cell(score: MsrpScore | None) -> str:
    return "-" if score is None else f"{score.per_core:,.0f} [dim]({score.rate:,.0f})[/]"
