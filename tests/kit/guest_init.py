"""The first process of the kernel of ``guest.py``: makes a small machine, runs one command, halts.

guest_init.py ORDER.json       see ``guest.run_tests`` for what it says
"""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_FINIT_MODULE = 313  # system call of x86-64; there need be no modprobe
_POWER_OFF = 0x4321FEDC


def mount(kind: str, place: str) -> None:
    _check(_LIBC.mount(kind.encode(), place.encode(), kind.encode(), 0, None), f"mount {place}")


def insert(modules: list[str]) -> None:
    """Load these, with what they depend on first."""
    folder = Path("/usr/lib/uml/modules", os.uname().release)
    lines = (line.partition(":") for line in (folder / "modules.dep").read_text().splitlines())
    needs = {name: others.split() for name, _, others in lines}
    loaded: set[str] = set()
    for name in (name for name in needs if Path(name).stem in modules):
        for one in (*reversed(needs[name]), name):
            if one not in loaded:
                loaded.add(one)
                with (folder / one).open("rb") as file:
                    _check(_LIBC.syscall(_FINIT_MODULE, file.fileno(), b"", 0), f"load {one}")


def _check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), what)


def main() -> None:
    order = json.loads(Path(sys.argv[1]).read_text())
    mount("proc", "/proc")
    mount("tmpfs", "/run")  # for all temporary files: those of /tmp are the host's
    insert(order["modules"])
    os.environ.update(order["environment"], HOME="/run", TMPDIR="/run", PYTHONDONTWRITEBYTECODE="1")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path(order["started"]).touch()
    subprocess.run(order["command"], cwd=order["folder"], check=False)


if __name__ == "__main__":
    try:
        main()
    finally:
        sys.stdout.flush()
        _LIBC.reboot(_POWER_OFF)
