"""The load generator: C source that comes with the package, compiled when needed."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError

PATIENCE = 30.0
_MESSAGE_OCTETS, _MESSAGE_CONNECTIONS = 300, 50
_WRITE_OCTETS, _BULK_CONNECTIONS = 16_384, 4


class Work(NamedTuple):
    """What is asked of a relay.  ``unit``: of the result, a second; ``scale``: how many of it are one."""

    name: str
    mode: str
    connections: int
    octets: int
    unit: str
    scale: float = 1.0


WORKS = (
    Work("messages", "ping", _MESSAGE_CONNECTIONS, _MESSAGE_OCTETS, "messages/s"),
    Work("bulk", "bulk", _BULK_CONNECTIONS, _WRITE_OCTETS, "MB/s", 1e6),
    Work("handshakes", "hs", 1, 1, "handshakes/s"),
)


class Measured(Struct, frozen=True):
    """``count`` is round trips, writes or handshakes; ``octets`` what reached the backend (bulk)."""

    count: int
    octets: int
    seconds: float

    def amount(self, work: Work) -> float:
        """In the work's unit.  A round trip is two messages through the relay."""
        if work.mode == "bulk":
            return self.octets / work.scale
        return float(self.count * (2 if work.mode == "ping" else 1))


def compile_load(folder: Path, name: str = "load") -> Path:
    """The program of that name, in ``folder``; ``SettingError`` says what to install."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SettingError("the load generator needs a C compiler; install gcc and libssl-dev")
    program = folder / name
    with as_file(files("imsedge.bench") / f"{name}.c") as source:
        command = [compiler, "-O2", str(source), "-o", str(program), "-lssl", "-lcrypto", "-lpthread"]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[0]
        raise SettingError(f"the load generator cannot be compiled, is libssl-dev installed? {reason}")
    return program


def generate(
    program: Path,
    work: Work,
    relay: tuple[str, Sequence[int]],
    backend: TransportAddress,
    *,
    seconds: float,
    pem: Path,
    began: Callable[[], None],
) -> Measured:
    """Put the work on the relay's ports; ``began`` is called when all is connected and the clock starts.

    ``SettingError`` with the generator's last words when the relay does not do the work.
    """
    host, ports = relay
    command = [
        str(program),
        work.mode,
        host,
        backend.host,
        str(backend.port),
        str(work.connections),
        str(work.octets),
        str(seconds),
        str(pem),
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            return Measured(**converse(process, ports, seconds, began))
        finally:
            process.kill()


def converse(
    process: "subprocess.Popen[str]", ports: Sequence[int], seconds: float, began: Callable[[], None]
) -> dict[str, Any]:
    """Give a load generator its ports, let it go when it is ready, and hear its numbers."""
    if process.stdin is None or process.stdout is None:
        raise SettingError("the load generator has no pipes")
    process.stdin.write(" ".join(map(str, ports)) + "\n")
    process.stdin.flush()
    if process.stdout.readline() == "ready\n":
        began()
        try:
            output, errors = process.communicate("go\n", timeout=seconds + PATIENCE)
        except subprocess.TimeoutExpired:
            raise SettingError("the load generator does not come to an end") from None
        if process.returncode == 0:
            numbers: dict[str, Any] = json.loads(output)
            return numbers
    else:
        errors = process.stderr.read() if process.stderr is not None else ""
    raise SettingError(errors.strip() or "the load generator ended without a word")
