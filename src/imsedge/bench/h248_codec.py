"""How fast the H.248 codec reads and writes, beside Erlang/OTP megaco on the same messages."""

import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from msgspec import Struct

from imsedge.bench.h248_messages import MESSAGES
from imsedge.h248.binary import tables
from imsedge.h248.codec import Encoding, decode, encode

_ROUNDS = 5
_SCRIPT = Path(__file__).with_name("h248_megaco.escript")


class CodecRate(Struct, frozen=True):
    """Messages a second of processor time; the peer's are ``None`` where Erlang megaco is not installed."""

    encoding: str
    octets: float
    decode: float
    encode: float
    compiled: bool
    peer_decode: float | None = None
    peer_encode: float | None = None

    def line(self) -> str:
        """For people."""
        speed = f"decode {self.decode:7.0f}/s, encode {self.encode:7.0f}/s"
        ours = f"{self.encoding:8} {self.octets:4.0f} octets: {speed}"
        if self.peer_decode is None or self.peer_encode is None:
            return f"{ours}; no Erlang megaco here to compare with"
        ratios = f"{self.decode / self.peer_decode:.2f} and {self.encode / self.peer_encode:.2f}"
        return (
            f"{ours}; Erlang megaco {self.peer_decode:7.0f}/s and {self.peer_encode:7.0f}/s: ratios {ratios}"
        )


def run(seconds: float = 2.0) -> list[CodecRate]:
    """One row an encoding; ``seconds`` of measuring for each number."""
    return [_measure(encoding, seconds) for encoding in Encoding]


def _measure(encoding: Encoding, seconds: float) -> CodecRate:
    messages = [decode(octets) for octets in MESSAGES]
    data = [encode(message, encoding) for message in messages]
    ours_decode = _rate(lambda: [decode(octets) for octets in data], len(data), seconds)
    ours_encode = _rate(lambda: [encode(message, encoding) for message in messages], len(data), seconds)
    peer = _peer(encoding, data, seconds)
    octets = sum(map(len, data)) / len(data)
    return CodecRate(
        encoding.value, octets, ours_decode, ours_encode, are_compiled(), *(peer or (None, None))
    )


def are_compiled() -> bool:
    """Whether the hot modules come from ``tools/compile.py``; processes that we start take the same."""
    return not str(tables.__file__).endswith(".py")


def _rate(work: Callable[[], object], count: int, seconds: float) -> float:
    """Messages a second of processor time, the median of some rounds."""
    return median([_round(work, count, seconds / _ROUNDS) for _ in range(_ROUNDS)])


def _round(work: Callable[[], object], count: int, seconds: float) -> float:
    start = time.process_time()
    done = 0
    while time.process_time() - start < seconds:
        work()
        done += count
    return done / (time.process_time() - start)


def _peer(encoding: Encoding, data: list[bytes], seconds: float) -> tuple[float, float] | None:
    if shutil.which("escript") is None:
        return None
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(struct.pack(">I", len(octets)) + octets for octets in data))
        file.flush()
        command = ["escript", str(_SCRIPT), encoding.value, file.name, str(max(1, round(seconds)))]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60 + 50 * seconds, check=False)
    if run.returncode != 0:
        return None  # an Erlang without megaco
    peer_decode, peer_encode = map(float, run.stdout.split())
    return peer_decode, peer_encode
