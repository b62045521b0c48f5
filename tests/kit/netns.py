"""Network namespaces: machines of a test, each with a TCP of its own.

    with namespaces("phone", "gateway") as (phone, gateway):
        join(phone, "eth0", gateway, "phone")
        configure(phone, "addr add 203.0.113.10/32 peer 203.0.113.1/32 dev eth0")
        sock = phone.inside(lambda: socket.create_connection(("203.0.113.1", 4000)))

Names hold the process that made them, so runs beside each other do not meet, and what a killed run left is
found and taken away by the next one.
"""

import contextlib
import ctypes
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

from kit.peers import missing, need, run

T = TypeVar("T")

_FOLDER = Path("/run/netns")
_NAME = re.compile(r"imsedge-test-(\d+)-[0-9a-f]+-.+")
_CLONE_NEWNET = 0x4000_0000


class Namespace:
    """One machine."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: str, stdin: bytes = b"") -> bytes:
        """Standard output of a program that runs there and is expected to succeed."""
        return run(*self.prefix, *command, stdin=stdin)

    @property
    def prefix(self) -> tuple[str, ...]:
        """Before a command that shall run there; the process ends with the one that started it."""
        return (need("ip"), "netns", "exec", self.name, need("setpriv"), "--pdeathsig", "KILL")

    def inside(self, work: Callable[[], T]) -> T:
        """Do ``work`` there, in a thread of its own; sockets that it makes stay there for their life."""

        def enter() -> T:
            descriptor = os.open(_FOLDER / self.name, os.O_RDONLY)
            try:
                _enter(descriptor)
            finally:
                os.close(descriptor)
            return work()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(enter).result()


class Here(Namespace):
    """The machine that the tests run on."""

    def __init__(self) -> None:
        super().__init__("here")

    @property
    def prefix(self) -> tuple[str, ...]:
        return ()

    def inside(self, work: Callable[[], T]) -> T:
        return work()


@contextmanager
def namespaces(*machines: str) -> Iterator[tuple[Namespace, ...]]:
    """So many machines, not joined yet; gone afterwards, whatever happens, with all that runs there."""
    need_namespaces()
    _sweep()
    run_name = f"imsedge-test-{os.getpid()}-{secrets.token_hex(3)}"
    made = tuple(Namespace(f"{run_name}-{machine}") for machine in machines)
    try:
        for namespace in made:
            run(need("ip"), "netns", "add", namespace.name)
            configure(namespace, "link set lo up")
        yield made
    finally:
        for namespace in made:
            _remove(namespace.name)


def join(one: Namespace, its_link: str, other: Namespace, others_link: str) -> None:
    """A wire between two machines; each end is up under the name given."""
    run(
        *(need("ip"), "-n", one.name, "link", "add", its_link, "type", "veth"),
        *("peer", "name", others_link, "netns", other.name),
    )
    for namespace, link in ((one, its_link), (other, others_link)):
        configure(namespace, f"link set {link} up")


def configure(namespace: Namespace, *lines: str) -> None:
    """Commands of ``ip``."""
    run(need("ip"), "-n", namespace.name, "-batch", "-", stdin="\n".join(lines).encode())


def need_namespaces() -> None:
    """Skips, or in CI fails, the test that asks where no namespaces can be made."""
    need("ip")
    need("setpriv")
    reason = _reason_against()
    if reason:
        missing("network namespaces", f"network namespaces (root with CAP_SYS_ADMIN; {reason})")


@cache
def _reason_against() -> str:
    """Empty when namespaces can be made."""
    name = f"imsedge-test-{os.getpid()}-{secrets.token_hex(3)}-probe"
    done = subprocess.run([need("ip"), "netns", "add", name], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        _remove(name)
    return done.stderr.strip()


def _sweep() -> None:
    """What killed runs have left."""
    if not _FOLDER.is_dir():
        return
    for entry in _FOLDER.iterdir():
        found = _NAME.fullmatch(entry.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            _remove(entry.name)


def _remove(name: str) -> None:
    """First the processes, then the name; whatever is gone already is fine."""
    ip = need("ip")
    listed = subprocess.run([ip, "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in map(int, listed.stdout.split()):
        if pid != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    subprocess.run([ip, "netns", "del", name], capture_output=True, check=False)


def _enter(descriptor: int) -> None:
    """For this thread only (``setns(2)``; in ``os`` from Python 3.12 on)."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
