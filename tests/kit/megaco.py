"""Erlang/OTP megaco as a judge of H.248 messages: one run for many messages."""

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kit.peers import need_megaco

_SCRIPT = Path(__file__).parent.parent / "interop" / "megaco_codec.escript"


class Verdict(NamedTuple):
    """``again``: the message as OTP encodes it; empty when it refuses it, and then ``reason`` says why."""

    again: tuple[bytes, ...]
    reason: str = ""


def judge(kind: str, messages: Sequence[bytes], folder: Path) -> list[Verdict]:
    """What OTP makes of each message; ``kind`` is ``text`` or ``ber``, ``folder`` is for a temporary file."""
    escript = need_megaco()
    source = folder / "messages"
    source.write_bytes(b"".join(struct.pack(">I", len(message)) + message for message in messages))
    run = subprocess.run(
        [escript, str(_SCRIPT), kind, str(source)], capture_output=True, timeout=60, check=True
    )
    frames = _split(run.stdout)
    return [
        Verdict((first, second)) if first else Verdict((), second.decode("latin-1"))
        for first, second in zip(frames[::2], frames[1::2], strict=True)
    ]


def _split(data: bytes) -> list[bytes]:
    frames = []
    while data:
        (size,) = struct.unpack(">I", data[:4])
        frames.append(data[4 : 4 + size])
        data = data[4 + size :]
    return frames
