"""Feed a parser damaged input for a while: ``tools/fuzz.py TARGET --seconds 60``; alone, it names them.

Good inputs of the target are cut, doubled, swapped, crossed and flipped at random, with the pieces of its
grammar thrown in.  Coverage guides it: what reaches a line of ours that nothing before has reached is kept
and damaged further.  ``--plain`` does without, ten times as fast and blind.  Where atheris is installed
(``pip install atheris``) it takes over, with the same inputs to start from and the same pieces.

An input that breaks the contract of ``tests/kit/fuzz_targets.py`` is written to ``fuzz-TARGET-failure`` and
ends the run with status 1; it belongs into the tests then.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from imsedge.core.errors import RemoteError  # noqa: E402 - the path is set first
from kit.fuzz_targets import TARGETS, Target  # noqa: E402

SLOW = 1.0  # seconds of processor time for one input: more is a way to stop us
SLOWER = 30  # times, while coverage is taken
LONGEST = 4  # times the longest of the good inputs: what is longer is not damaged further
MOST_ACCIDENTS = 6

TraceFunction = Callable[[FrameType, str, object], Any]


def judge(target: Target, data: bytes, slow: float = SLOW) -> None:
    """Raises what breaks the contract; ``slow``: seconds."""
    start = time.process_time()
    try:
        target.check(data)
    except RemoteError as blame:
        if not blame.reason or not isinstance(blame.code, int):
            raise AssertionError(f"an error that says nothing: {blame!r}") from None
    if time.process_time() - start > slow:
        raise AssertionError(f"more than {slow} s for {len(data)} octets")


class Coverage:
    """Lines of ours that were reached, from ``__enter__`` to ``__exit__`` and all times before."""

    def __init__(self, folder: Path = ROOT / "src") -> None:
        self._folder = str(folder)
        self._lines: set[tuple[CodeType, int]] = set()

    def __len__(self) -> int:
        return len(self._lines)

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _call(self, frame: FrameType, _event: str, _what: object) -> TraceFunction | None:
        code = frame.f_code
        made = code.co_filename == "<string>"  # the straight functions of BER
        return self._line if made or code.co_filename.startswith(self._folder) else None

    def _line(self, frame: FrameType, _event: str, _what: object) -> TraceFunction:
        self._lines.add((frame.f_code, frame.f_lineno))
        return self._line


def mutated(data: bytes, corpus: list[bytes], pieces: tuple[bytes, ...], dice: random.Random) -> bytes:
    """``data`` after some small accidents."""
    octets = bytearray(data)
    for _ in range(dice.randint(1, MOST_ACCIDENTS)):
        at = dice.randrange(len(octets) + 1)
        to = min(len(octets), at + dice.randint(1, 24))
        other = dice.choice(corpus)
        start = dice.randrange(len(other))
        octets[at:to] = dice.choice(
            (
                b"",
                octets[at:to] * dice.randint(2, 5),
                dice.randbytes(to - at),
                bytes(octets[at:to]) + dice.choice(pieces),
                dice.choice(pieces),
                other[start : start + dice.randint(1, 60)],
                bytes(octet ^ 1 << dice.randrange(8) for octet in octets[at : at + 1]) + octets[at + 1 : to],
            )
        )
    return bytes(octets)


def loop(
    target: Target,
    seconds: float,
    seed: int,
    failure: Path,
    coverage: Coverage | None = None,
    most: float = inf,
) -> int:
    """How many inputs (``most`` at most) kept the contract; the first that did not is in ``failure``."""
    dice, corpus, done = random.Random(seed), target.seeds(), 0  # noqa: S311 - repeatable on purpose
    longest = LONGEST * max(map(len, corpus))
    if coverage is not None:
        with coverage:
            for data in corpus:
                judge(target, data, SLOW * SLOWER)
    end = time.monotonic() + seconds
    while time.monotonic() < end and done < most:
        data = mutated(dice.choice(corpus), corpus, target.pieces, dice)
        known = len(coverage) if coverage is not None else 0
        try:
            if coverage is None:
                judge(target, data)
            else:
                with coverage:
                    judge(target, data, SLOW * SLOWER)
        except BaseException:
            failure.write_bytes(data)
            raise
        done += 1
        if coverage is not None and len(coverage) > known and len(data) <= longest:
            corpus.append(data)
    return done


def with_atheris(target: Target, seconds: float) -> None:
    """Never returns."""
    import atheris  # noqa: PLC0415 - only where it is

    with TemporaryDirectory() as folder:
        for number, data in enumerate(target.seeds()):
            (Path(folder) / str(number)).write_bytes(data)
        words = Path(folder) / "pieces.dict"
        words.write_text("".join(map(_quoted, target.pieces)))
        atheris.instrument_all()
        options = [f"-max_total_time={int(seconds)}", f"-dict={words}", folder]
        atheris.Setup([sys.argv[0], *options], lambda data: judge(target, data))
        atheris.Fuzz()


def _quoted(piece: bytes) -> str:
    octets = "".join([f"\\x{octet:02x}" for octet in piece])
    return f'"{octets}"\n'


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("target", nargs="?", choices=list(TARGETS))
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--plain", action="store_true", help="not guided by coverage")
    given = options.parse_args()
    if given.target is None:
        print("\n".join(TARGETS))
        return 0
    target = TARGETS[given.target]
    if find_spec("atheris") and not given.plain:
        with_atheris(target, given.seconds)
    coverage = None if given.plain else Coverage()
    failure = Path(f"fuzz-{given.target}-failure")
    try:
        done = loop(target, given.seconds, given.seed, failure, coverage)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        print(f"{given.target}: {type(error).__name__}: {error}; seed {given.seed}, input in {failure}")
        return 1
    reached = "" if coverage is None else f", {len(coverage)} lines reached"
    print(f"{given.target}: {done} inputs, seed {given.seed}: all accepted or blamed{reached}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
