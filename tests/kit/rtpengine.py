"""rtpengine, for audio and video."""

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from imsedge.core.address import TransportAddress
from imsedge.ng.bencode import read
from kit.peers import need, stop


class Rtpengine:
    """In user space, with an interface ``pub`` and one ``priv``; leaves the ``with`` block stopped."""

    def __init__(self, folder: Path, ng: TransportAddress, pub: str, priv: str) -> None:
        self.ng = ng
        self._log = folder / "rtpengine.log"
        self._command = [need("rtpengine"), "--table=-1", "--foreground", "--log-stderr", "--log-level=6"]
        self._command += [f"--interface=pub/{pub}", f"--interface=priv/{priv}", f"--listen-ng={ng}"]
        self._command += ["--port-min=31000", "--port-max=31200", "--num-threads=1"]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + 15
        while self.ask("ping") != {"result": "pong"}:
            running = self._process.poll() is None and time.monotonic() < until
            assert running, f"rtpengine does not answer\n{self._log.read_text(errors='replace')[-3000:]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop(self._process)

    def ask(self, command: str) -> object:
        """A question without parameters; ``None``: no answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            try:
                sock.connect(self.ng)
                sock.send(f"judge{time.monotonic_ns()} d7:command{len(command)}:{command}e".encode())
                return read(sock.recv(65_535).partition(b" ")[2])
            except OSError:
                return None

    def calls(self) -> list[object]:
        """Names of the calls it holds."""
        answer = self.ask("list")
        found = answer.get("calls", []) if isinstance(answer, dict) else []
        return found if isinstance(found, list) else []
