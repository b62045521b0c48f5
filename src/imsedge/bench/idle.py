"""``imsedge bench idle``: memory of a secured stream on which nothing passes, beside nginx stream.

What is measured is resident memory of the relay's workers: with all streams up, less with none.  The part of
the kernel, sockets and their buffers, is the same for everybody and not in it.  Where one process may not
have descriptors enough there are more workers, as ``media.workers`` are in a gateway, and more generators.
"""

import json as json_writer
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, structs

from imsedge.bench.load import Work, compile_load, generate
from imsedge.bench.relay import prepare
from imsedge.bench.relays import NGINX, Bench, Ours, Relay, pinned
from imsedge.core.errors import SettingError
from imsedge.plane.worker import raise_descriptor_limit

# Two connections, at the relay as at the load generator; the advertised ports are held by them.
_DESCRIPTORS_A_STREAM, _DESCRIPTORS_BESIDES = 2, 100
_PAGE = os.sysconf("SC_PAGE_SIZE")


class IdleScore(Struct, frozen=True):
    """Octets; ``empty``: of one worker; ``note`` instead of numbers when it could not be measured."""

    relay: str
    streams: int
    per_stream: int = 0
    empty: int = 0
    workers: int = 1
    note: str = ""

    def line(self) -> str:
        """For people."""
        if self.note:
            return f"{self.relay}: {self.note}"
        workers = (
            f"{self.workers} worker{'s' * (self.workers > 1)} of {self.empty / (1 << 20):.1f} MiB without"
        )
        return f"{self.relay}: {self.per_stream / 1024:.1f} KiB a stream ({self.streams} streams, {workers})"


def run(*, streams: int, json: bool) -> tuple[IdleScore, ...]:
    """Measure and print.  ``SettingError`` when nothing can be measured here."""
    scores = measure(streams)
    if json:
        sys.stdout.write(json_writer.dumps([structs.asdict(score) for score in scores], indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{score.line()}\n" for score in scores))
    return scores


def split(streams: int) -> tuple[int, ...]:
    """So many streams for each worker that its descriptors are enough."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max((hard - _DESCRIPTORS_BESIDES) // _DESCRIPTORS_A_STREAM, 1)
    workers = -(-streams // most)
    return tuple(streams // workers + (index < streams % workers) for index in range(workers))


def measure(streams: int) -> tuple[IdleScore, ...]:
    """Our workers, then those of nginx."""
    raise_descriptor_limit()  # of the load generators
    with tempfile.TemporaryDirectory() as name:
        program = compile_load(Path(name))
        return tuple(_score(relay, program, Path(name), streams) for relay in (Ours(), NGINX))


def _score(relay: Relay, program: Path, folder: Path, streams: int) -> IdleScore:
    reason = relay.missing()
    if reason is not None:
        return IdleScore(relay.name, streams, note=reason)
    parts, core = split(streams), min(os.sched_getaffinity(0))
    try:
        # One that has answered is all there.
        with relay.ready(_bench(folder, relay, "empty"), core, 1) as (pid, _):
            empty = resident(pid)
        full = _fill(relay, program, folder, parts)
    except SettingError as error:
        return IdleScore(relay.name, streams, note=str(error))
    return IdleScore(relay.name, streams, (full - empty * len(parts)) // streams, empty, len(parts))


def _fill(relay: Relay, program: Path, folder: Path, parts: Sequence[int]) -> int:
    """Octets of all workers, each with its part of the streams, while all of them are up."""
    if not parts:
        return 0
    cores, total = sorted(os.sched_getaffinity(0)), list[int]()
    bench = _bench(folder, relay, str(len(parts)))
    with relay.ready(bench, cores[0], parts[0]) as (pid, ports), pinned(cores[-1]):

        def up() -> None:
            total.append(_fill(relay, program, folder, parts[1:]) + resident(pid))

        work = Work("idle", "ping", parts[0], 1, "streams")
        where = (bench.relay_host, ports)
        generate(program, work, where, bench.backend, seconds=0.0, pem=bench.ue_pem, began=up)
    return total[0]


def _bench(folder: Path, relay: Relay, name: str) -> Bench:
    """A network and certificates of its own."""
    place = folder / f"{relay.name}-{name}"
    place.mkdir()
    return prepare(place)


def resident(pid: int) -> int:
    """Octets of a process in memory (``proc(5)``, statm)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
