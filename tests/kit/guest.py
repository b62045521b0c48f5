"""A Linux kernel as a user process (Debian: user-mode-linux) that runs our tests where this kernel cannot.

It sees the files of this machine, has a loopback network of its own and the protocols that its modules
bring.  ``run_tests`` boots it, lets ``guest_init.py`` run pytest as its only process, and reads the report.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from kit.peers import REQUIRE, need

ROOT = Path(__file__).resolve().parents[2]
_INIT = Path(__file__).with_name("guest_init.py")
_BOOT = ("mem=1G", "rootfstype=hostfs", "rootflags=/", "rw", "con=null", "con0=fd:0,fd:1", "quiet")
_PATIENCE = 280.0  # seconds: it needs about one to boot


class Outcome(NamedTuple):
    """What the tests did; ``bad`` are those that failed, with the reason.  ``console`` is for people."""

    passed: tuple[str, ...]
    skipped: tuple[str, ...]
    bad: dict[str, str]
    console: str


def run_tests(folder: Path, modules: tuple[str, ...], *arguments: str) -> Outcome:
    """Run pytest with ``arguments`` on a kernel that has loaded ``modules``; ``folder`` takes what it writes.

    Skips, or in CI fails, where the kernel is not installed; skips where it may not run (no ptrace).
    """
    kernel = need("linux.uml")
    order, report = folder / "order.json", folder / "report.xml"
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", f"--junitxml={report}"]
    environment = {key: value for key, value in os.environ.items() if key in {"PATH", "LANG", REQUIRE}}
    order.write_text(
        json.dumps(
            {
                "modules": modules,
                "command": [*words, *arguments],
                "folder": str(ROOT),
                "environment": environment,
                "started": str(folder / "started"),
            }
        )
    )
    console = _boot(kernel, folder, order)
    if not (folder / "started").exists():
        pytest.skip(f"not judged: a kernel as a user process does not run here: {console[-300:]}")
    assert report.exists(), console
    return _read(report, console)


def _boot(kernel: str, folder: Path, order: Path) -> str:
    """Everything that its console says until it halts."""
    command = (kernel, *_BOOT, f"uml_dir={folder}", "umid=guest", f"init={sys.executable}", "--")
    process = subprocess.Popen(
        (*command, str(_INIT), str(order)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=_PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return said.decode(errors="replace")


def _read(report: Path, console: str) -> Outcome:
    passed: list[str] = []
    skipped: list[str] = []
    bad: dict[str, str] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - our own pytest wrote it
        name = f"{case.get('classname')}.{case.get('name')}"
        complaint = next((found for found in case if found.tag in {"failure", "error"}), None)
        if complaint is not None:
            bad[name] = f"{complaint.get('message')}\n{complaint.text}"
        elif case.find("skipped") is not None:
            skipped.append(name)
        else:
            passed.append(name)
    return Outcome(tuple(passed), tuple(skipped), bad, console)
