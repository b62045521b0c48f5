"""Feed a parser damaged input for a while: ``tools/fuzz.py TARGET --seconds 60``; alone, it names them.

With atheris installed (``pip install atheris``) coverage guides the mutations; without, good inputs of the
target are cut, doubled, swapped, crossed and flipped at random, with the pieces of its grammar thrown in.

An input that breaks the contract of ``tests/kit/fuzz_targets.py`` is written to ``fuzz-TARGET-failure`` and
ends the run with status 1; it belongs into the tests then.
"""

import argparse
import random
import sys
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from imsedge.core.errors import RemoteError  # noqa: E402 - the path is set first
from kit.fuzz_targets import TARGETS, Target  # noqa: E402

SLOW = 1.0  # seconds of processor time for one input: more is a way to stop us
MOST_ACCIDENTS = 6


def judge(target: Target, data: bytes) -> None:
    """Raises what breaks the contract."""
    start = time.process_time()
    try:
        target.check(data)
    except RemoteError as blame:
        if not blame.reason or not isinstance(blame.code, int):
            raise AssertionError(f"an error that says nothing: {blame!r}") from None
    if time.process_time() - start > SLOW:
        raise AssertionError(f"more than {SLOW} s for {len(data)} octets")


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


def loop(target: Target, seconds: float, seed: int, failure: Path) -> int:
    """How many inputs kept the contract; the first that does not is written to ``failure``."""
    dice, corpus, done = random.Random(seed), target.seeds(), 0  # noqa: S311 - repeatable on purpose
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(dice.choice(corpus), corpus, target.pieces, dice)
        try:
            judge(target, data)
        except BaseException:
            failure.write_bytes(data)
            raise
        done += 1
    return done


def guided(target: Target, seconds: float) -> None:
    """With atheris, which never returns."""
    import atheris  # noqa: PLC0415 - only where it is

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-max_total_time={int(seconds)}"], lambda data: judge(target, data))
    atheris.Fuzz()


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("target", nargs="?", choices=list(TARGETS))
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--plain", action="store_true", help="without atheris, also where it is")
    given = options.parse_args()
    if given.target is None:
        print("\n".join(TARGETS))
        return 0
    target = TARGETS[given.target]
    if find_spec("atheris") and not given.plain:
        guided(target, given.seconds)
    failure = Path(f"fuzz-{given.target}-failure")
    try:
        done = loop(target, given.seconds, given.seed, failure)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        print(f"{given.target}: {type(error).__name__}: {error}; seed {given.seed}, input in {failure}")
        return 1
    print(f"{given.target}: {done} inputs, seed {given.seed}: all accepted or blamed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
