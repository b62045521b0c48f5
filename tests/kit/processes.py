"""A daemon in a process of its own, for tests that kill it."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from imsedge.daemon.settings import AgwSettings, AlgSettings
from kit.procfs import children
from kit.system import environment


class DaemonProcess:
    """``imsedge agw`` or ``imsedge alg`` as leader of a process group; can be started again after its end."""

    def __init__(
        self, settings: AgwSettings | AlgSettings, folder: Path, prefix: tuple[str, ...] = ()
    ) -> None:
        self._settings = settings
        self._prefix = prefix
        self._name = "agw" if isinstance(settings, AgwSettings) else "alg"
        self._environment = os.environ | environment(settings)
        self._log = folder / f"{self._name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """A new process; whether it is ready shows at its peers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "imsedge", self._name],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to the whole group: the daemon and its workers, at once."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def kill_alone(self) -> None:
        """SIGKILL to the daemon only; its workers have to notice."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)
        self._process = None

    async def stops(self, number: signal.Signals) -> int:
        """Its exit code after this signal; ``TimeoutExpired`` after a second."""
        self.signal(number)
        assert self._process is not None
        code = await asyncio.to_thread(self._process.wait, 1.0)
        self._process = None
        return code

    def signal(self, number: signal.Signals) -> None:
        """To the daemon only."""
        os.kill(self.pid, number)

    @property
    def pid(self) -> int:
        """Of the daemon."""
        assert self._process is not None
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """Of the gateway's media plane."""
        return children(self.pid)

    def page(self, path: str) -> bytes:
        """What its status endpoint shows there; empty while it says no, or nothing."""
        listen = self._settings.status.listen
        assert listen is not None
        connection = http.client.HTTPConnection(listen.host, listen.port, timeout=1)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read() if response.status == http.HTTPStatus.OK else b""
        except OSError:
            return b""
        finally:
            connection.close()

    def is_healthy(self) -> bool:
        """Gateway: it has a controller.  Controller: it has a gateway."""
        return bool(self.page("/health"))

    @property
    def log(self) -> str:
        """All that it has written, in all its lives."""
        return self._log.read_text(errors="replace")
