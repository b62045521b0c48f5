"""Fuzz target of the H.248 decoder: octets are a message, or the peer is blamed with one code.

    .venv/bin/python tests/fuzz/fuzz_h248.py --seconds 600 [--seed N]

Starts from the vectors in every encoding.  With atheris installed (``pip install atheris``) and ``--atheris``
the mutations are guided by coverage; without, they are cut, doubled, swapped and flipped at random.  What
breaks the contract is written to ``fuzz-h248-failure`` and ends the run with status 1; it belongs into the
tests then.
"""

import argparse
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "src"))

from imsedge.core.errors import LocalError  # noqa: E402 - the path is set first
from imsedge.h248.codec import Encoding, decode, encode  # noqa: E402
from imsedge.h248.errors import TEXTS, H248Error  # noqa: E402

SECONDS_PER_MESSAGE = 1.0  # longer is a denial of service
PIECES = (
    b"{",
    b"}",
    b",",
    b"=",
    b"[",
    b"]",
    b":",
    b'"',
    b";",
    b"\\}",
    b"L{",
    b"DM={",
    b"\x30\x80",
    b"\x00\x00",
    b"\xff",
)


def check(data: bytes) -> None:
    """The contract; anything it raises is a finding."""
    start = time.process_time()
    try:
        message = decode(data)
    except H248Error as blame:
        if blame.code not in TEXTS:
            raise
        return
    finally:
        assert time.process_time() - start < SECONDS_PER_MESSAGE, "too slow"
    for encoding in Encoding:
        try:
            octets = encode(message, encoding)
        except LocalError:
            continue  # errors inside, names without numbers, tokens newer than the version
        try:
            same = encode(decode(octets), encoding) == octets
        except (H248Error, LocalError):
            same = False
        assert same, (data, octets)


def seeds() -> list[bytes]:
    """Every vector in every encoding that can carry it."""
    found = []
    for path in sorted((ROOT / "tests" / "vectors" / "h248").glob("*.txt")):
        message = decode(path.read_bytes())
        for encoding in Encoding:
            try:
                found.append(encode(message, encoding))
            except LocalError:
                continue
    return found


def mutated(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """One to six small accidents."""
    octets = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(octets) + 1)
        to = min(len(octets), at + dice.randint(1, 24))
        match dice.randrange(6):
            case 0:
                del octets[at:to]
            case 1:
                octets[at:at] = octets[at:to] * dice.randint(1, 4)
            case 2:
                octets[at:to] = bytes(dice.randrange(256) for _ in range(to - at))
            case 3:
                octets[at:at] = dice.choice(PIECES)
            case 4:
                other = dice.choice(others)
                start = dice.randrange(len(other))
                octets[at:to] = other[start : start + dice.randint(1, 60)]
            case 5 if at < len(octets):
                octets[at] ^= 1 << dice.randrange(8)
    return bytes(octets)


def run(seconds: float, seed: int) -> int:
    """How many inputs kept the contract."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    start, done, corpus = time.monotonic(), 0, seeds()
    while time.monotonic() - start < seconds:
        data = mutated(dice.choice(corpus), corpus, dice)
        try:
            check(data)
        except BaseException:
            Path("fuzz-h248-failure").write_bytes(data)
            raise
        done += 1
    return done


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--atheris", action="store_true")
    given = options.parse_args()
    if given.atheris:
        import atheris  # noqa: PLC0415 - only where it is asked for

        atheris.instrument_all()
        atheris.Setup([sys.argv[0], f"-max_total_time={int(given.seconds)}"], check)
        atheris.Fuzz()
    count = run(given.seconds, given.seed)
    sys.stdout.write(f"seed {given.seed}: {count} inputs, all accepted or blamed\n")


if __name__ == "__main__":
    main()
