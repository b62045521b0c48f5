"""Whole H.248 transactions: a request on a socket, executed, its reply on the socket.

Our transaction layer and the Erlang/OTP megaco application answer the same requests with the same replies;
one plain socket asks both, so many at a time.  What counts is the processor time of the one who answers: it
does not depend on who else runs on the machine.
"""

import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from imsedge.bench.h248_messages import PAIRS
from imsedge.bench.processes import cpu_seconds
from imsedge.core.errors import SettingError
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.framing import HEADER, TpktReader, write_tpkt
from imsedge.h248.model import Message, TransactionRequest

OUTSTANDING = 32  # requests at a time
PATIENCE = 5.0  # seconds for a reply
_WARM_UP = 0.3  # of the measured time
_SCRIPT = Path(__file__).with_name("h248_server.escript")
_FIRST_ID = 0x41424344  # four octets in BER and ten digits in text, and so are those after it
_TEXT_ID, _BER_ID = str(_FIRST_ID).encode(), _FIRST_ID.to_bytes(4)


class TransactionRate(Struct, frozen=True):
    """Transactions a second of processor time of the one who answers, and of the clock."""

    transport: str
    encoding: str
    ours: float
    ours_wall: float
    peer: float | None = None
    peer_wall: float | None = None

    def line(self) -> str:
        """For people."""
        ours = f"{self.transport} {self.encoding:8} {self.ours:7.0f} transactions a processor second"
        if self.peer is None:
            return f"{ours}; no Erlang megaco here to compare with"
        return f"{ours}; Erlang megaco {self.peer:7.0f}: ratio {self.ours / self.peer:.2f}"


def run(seconds: float = 2.0) -> list[TransactionRate]:
    """One row for each transport and encoding; ``seconds`` of measuring for each number."""
    return [_measure(transport, encoding, seconds) for transport in ("udp", "tcp") for encoding in Encoding]


def _measure(transport: str, encoding: Encoding, seconds: float) -> TransactionRate:
    words = [transport, encoding.value]
    with serving([sys.executable, "-m", "imsedge.bench.h248_server", *words]) as (process, port):
        ours, ours_wall = _rate(process.pid, transport, encoding, port, seconds)
    row = TransactionRate(transport, encoding.value, ours, ours_wall)
    if shutil.which("escript") is None:
        return row
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(struct.pack(">I", len(octets)) + octets for octets in _written(encoding)))
            file.flush()
            with serving(["escript", str(_SCRIPT), *words, file.name]) as (process, port):
                peer, peer_wall = _rate(process.pid, transport, encoding, port, seconds)
    except SettingError:  # an Erlang without megaco
        return row
    return replace(row, peer=peer, peer_wall=peer_wall)


def _written(encoding: Encoding) -> list[bytes]:
    return [encode(decode(octets), encoding) for pair in PAIRS for octets in pair]


@contextmanager
def serving(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process that prints its port first; ``SettingError`` when it does not."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        try:
            said = process.stdout.readline() if process.stdout else b""
            if not said.strip().isdigit():
                raise SettingError(f"{command[0]} does not come up")
            yield process, int(said)
        finally:
            process.kill()


def _rate(pid: int, transport: str, encoding: Encoding, port: int, seconds: float) -> tuple[float, float]:
    with _Asker(transport, encoding, port) as asker:
        asker.ask(seconds * _WARM_UP)
        cpu, clock = cpu_seconds(pid), time.perf_counter()
        done = asker.ask(seconds)
        elapsed = time.perf_counter() - clock
        spent = cpu_seconds(pid) - cpu
    return done / max(spent, 0.01), done / elapsed


class _Asker:
    """Keeps ``OUTSTANDING`` requests on their way."""

    def __init__(self, transport: str, encoding: Encoding, port: int) -> None:
        self._stream = transport == "tcp"
        kind = socket.SOCK_STREAM if self._stream else socket.SOCK_DGRAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(("127.0.0.1", port))
        if self._stream:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._mark = _TEXT_ID if encoding.is_text else _BER_ID
        self._templates = cycle([self._template(octets, encoding) for octets, _ in PAIRS])
        self._ids = count(_FIRST_ID)
        self._reader = TpktReader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, seconds: float) -> int:
        """How many transactions were complete after so long."""
        end = time.perf_counter() + seconds
        done = waiting = 0
        while time.perf_counter() < end or waiting:
            if time.perf_counter() < end:
                while waiting < OUTSTANDING:
                    self._socket.sendall(self._next())
                    waiting += 1
            replies = self._replies()
            done += replies
            waiting -= replies
        return done

    def _template(self, octets: bytes, encoding: Encoding) -> tuple[bytes, bytes]:
        message = decode(octets)
        (request,) = message.body if isinstance(message.body, tuple) else ()
        if not isinstance(request, TransactionRequest):
            raise TypeError(octets)
        marked = Message(message.version, message.mid, (replace(request, id=_FIRST_ID),))
        head, found, tail = encode(marked, encoding).partition(self._mark)
        if not found:
            raise ValueError(f"no transaction id in {encoding.value}")
        if self._stream:
            size = HEADER + len(head) + len(found) + len(tail)
            head = write_tpkt(bytes(size - HEADER))[:HEADER] + head
        return head, tail

    def _next(self) -> bytes:
        head, tail = next(self._templates)
        number = next(self._ids)
        return head + (b"%d" % number if self._mark is _TEXT_ID else number.to_bytes(4)) + tail

    def _replies(self) -> int:
        try:
            data = self._socket.recv(65_536)
        except TimeoutError:
            raise SettingError("the one who is measured stopped answering") from None
        return len(self._reader.feed(data)) if self._stream else 1
