"""A controller and a gateway as processes of their own, on a loopback network of their own."""

import http.client
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError

READY_SECONDS = 10.0
STOP_SECONDS = 2.0

_ALG = """\
[h248]
listen = "{net}.40:2944"
[sip]
access = "{net}.20:5060"
core = "{net}.21:5060"
next_hop = "{net}.50:5060"
[status]
listen = "{net}.40:8244"
[log]
level = "error"
"""
_AGW = """\
[h248]
listen = "{net}.41:2944"
controllers = ["{net}.40:2944"]
[realms.access]
addresses = ["{net}.30"]
low_port = 2000
high_port = 60000
[realms.core]
addresses = ["{net}.31"]
low_port = 2000
high_port = 60000
[media]
workers = 1
[status]
listen = "{net}.41:8246"
[log]
level = "error"
"""


class Daemons:
    """``with Daemons() as daemons``: both run inside the block."""

    def __init__(self) -> None:
        network = f"127.{1 + secrets.randbelow(250)}.{1 + secrets.randbelow(250)}"
        self.ue_host = f"{network}.10"
        self.sip_access = TransportAddress(f"{network}.20", 5060)
        self.next_hop = TransportAddress(f"{network}.50", 5060)
        self.status = {
            "alg": TransportAddress(f"{network}.40", 8244),
            "agw": TransportAddress(f"{network}.41", 8246),
        }
        self._texts = {"alg": _ALG.format(net=network), "agw": _AGW.format(net=network)}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in self._texts.items():
                path = Path(folder) / f"{name}.toml"
                path.write_text(text)
                command = [sys.executable, "-m", "imsedge", name, "--config", str(path)]
                self._processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            try:
                self._wait()
            except BaseException:
                self._stop()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def pids(self) -> dict[str, int]:
        """Controller, gateway, and the gateway's media worker."""
        found = {name: process.pid for name, process in self._processes.items()}
        return found | {f"worker{index}": pid for index, pid in enumerate(children(found["agw"]))}

    def _wait(self) -> None:
        """Until a gateway is registered with the controller."""
        deadline = time.monotonic() + READY_SECONDS
        while not _is_healthy(self.status["alg"]):
            dead = [name for name, process in self._processes.items() if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                raise SettingError(f"{' and '.join(dead) or 'gateway and controller'} did not come up")
            time.sleep(0.05)

    def _stop(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def children(pid: int) -> list[int]:
    """Processes that ``pid`` has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, in user and system mode (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _is_healthy(address: TransportAddress) -> bool:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=1)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
