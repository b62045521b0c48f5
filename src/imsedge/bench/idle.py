"""``imsedge bench idle``: memory of a secured stream on which nothing passes, beside nginx stream.

What is measured is resident memory of the relay's process: with all streams up, less with none.  The kernel's
part, sockets and their buffers, is the same for everybody and not in it, except that our worker holds the two
advertised ports of a stream as well.
"""

import json as json_writer
import os
import resource
import sys
import tempfile
from pathlib import Path

from msgspec import Struct, structs

from imsedge.bench.load import Work, compile_load, generate
from imsedge.bench.relay import prepare
from imsedge.bench.relays import NGINX, Bench, Ours, Relay, pinned
from imsedge.core.errors import SettingError

# Two ports and two connections; whoever relays on one port needs less.
_DESCRIPTORS_A_STREAM, _DESCRIPTORS_BESIDES = 4, 100
_PAGE = os.sysconf("SC_PAGE_SIZE")


class IdleScore(Struct, frozen=True):
    """Octets; ``note`` instead of numbers when it could not be measured."""

    relay: str
    streams: int
    per_stream: int = 0
    empty: int = 0
    note: str = ""

    def line(self) -> str:
        """For people."""
        if self.note:
            return f"{self.relay}: {self.note}"
        return (
            f"{self.relay}: {self.per_stream / 1024:.1f} KiB a stream"
            f" ({self.streams} streams, {self.empty / (1 << 20):.1f} MiB without any)"
        )


def run(*, streams: int, json: bool) -> tuple[IdleScore, ...]:
    """Measure and print; as many streams as this machine allows when it does not allow ``streams``.

    ``SettingError`` when nothing can be measured here.
    """
    scores = measure(streams)
    if json:
        sys.stdout.write(json_writer.dumps([structs.asdict(score) for score in scores], indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{score.line()}\n" for score in scores))
    return scores


def allowed(streams: int) -> int:
    """How many of so many streams the descriptors of one process are enough for."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(min(streams, (hard - _DESCRIPTORS_BESIDES) // _DESCRIPTORS_A_STREAM), 1)


def measure(streams: int) -> tuple[IdleScore, ...]:
    """Our worker, then nginx."""
    count, cores = allowed(streams), sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        bench = prepare(Path(name))
        program = compile_load(bench.folder)
        return tuple(_score(relay, bench, program, count, cores) for relay in (Ours(), NGINX))


def _score(relay: Relay, bench: Bench, program: Path, streams: int, cores: list[int]) -> IdleScore:
    reason = relay.missing()
    if reason is not None:
        return IdleScore(relay.name, streams, note=reason)
    full: list[int] = []
    work = Work("idle", "ping", streams, 1, "streams")
    try:
        with relay.ready(bench, cores[0], 1) as (pid, _):  # it has answered, so it is all there
            empty = resident(pid)
        with relay.ready(bench, cores[0], streams) as (pid, ports), pinned(cores[-1]):
            generate(
                program,
                work,
                (bench.relay_host, ports),
                bench.backend,
                seconds=0.0,
                pem=bench.ue_pem,
                began=lambda: full.append(resident(pid)),
            )
    except SettingError as error:
        return IdleScore(relay.name, streams, note=str(error))
    return IdleScore(relay.name, streams, (full[0] - empty) // streams, empty)


def resident(pid: int) -> int:
    """Octets of a process in memory (``proc(5)``, statm)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
