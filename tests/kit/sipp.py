"""SIPp as SIP user agent: scenarios written in Python, run as a process, messages read back.

A scenario is a list of steps; ``[call_id]`` and the like are SIPp's own keywords.
"""

import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from imsedge.core.address import TransportAddress
from kit.peers import need

_SEPARATOR = "-----------------------------------------------"


def send(text: str, **attributes: str) -> str:
    """Send a message; ``text`` is its lines, indented or not; a blank line ends the head."""
    body = "\n".join(line.strip() for line in text.strip().splitlines())
    return f"<send{_attributes(attributes)}><![CDATA[\n{body}\n\n]]></send>"


def expect(status: int, *, optional: bool = False, **attributes: str) -> str:
    """Wait for a response."""
    given = {"response": str(status)} | ({"optional": "true"} if optional else {}) | attributes
    return f"<recv{_attributes(given)}/>"


def expect_request(method: str, **attributes: str) -> str:
    """Wait for a request."""
    return f"<recv{_attributes({'request': method} | attributes)}/>"


def pause(milliseconds: int) -> str:
    """Wait."""
    return f'<pause milliseconds="{milliseconds}"/>'


def scenario(*steps: str) -> str:
    """The XML of a scenario."""
    return "\n".join(
        ('<?xml version="1.0" encoding="UTF-8" ?>', '<scenario name="test">', *steps, "</scenario>")
    )


def _attributes(given: dict[str, str]) -> str:
    return "".join(f' {name}="{value}"' for name, value in given.items())


class Sipp:
    """One SIPp process; leaves the ``with`` block stopped, whatever happened."""

    def __init__(
        self,
        steps: Iterable[str],
        folder: Path,
        name: str,
        *,
        local: TransportAddress,
        remote: TransportAddress | None = None,
        transport: str = "u1",
        calls: int = 1,
        options: tuple[str, ...] = (),
    ) -> None:
        self.local = local
        self._messages = folder / f"{name}.log"
        self._errors = folder / f"{name}.errors"
        file = folder / f"{name}.xml"
        file.write_text(scenario(*steps))
        target = [f"{remote.host}:{remote.port}"] if remote else []
        self._command = [
            *(need("sipp"), *target, "-sf", str(file), "-t", transport, "-m", str(calls)),
            *("-i", local.host, "-p", str(local.port), "-nostdin", "-timeout_error"),
            *("-trace_msg", "-message_file", str(self._messages)),
            *("-trace_err", "-error_file", str(self._errors)),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TERM": "dumb"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)

    @property
    def ended(self) -> bool:
        """Whether SIPp has finished its calls."""
        return self._process is not None and self._process.poll() is not None

    def check(self) -> None:
        """All calls went as the scenario says; shows SIPp's own complaint otherwise."""
        assert self._process is not None
        status = self._process.wait(0)
        errors = self._errors.read_text(errors="replace") if self._errors.exists() else ""
        assert status == 0, f"SIPp ended with {status}\n{errors}\n{self._text()[-4000:]}"

    def received(self) -> list[str]:
        """The messages that came in, in order, with LF line ends."""
        return self._side("received")

    def sent(self) -> list[str]:
        """The messages that went out, in order."""
        return self._side("sent")

    def _side(self, direction: str) -> list[str]:
        found = []
        for part in self._text().split(_SEPARATOR)[1:]:
            head, _, message = part.partition("\n\n")
            if f"message {direction}" in head:
                found.append(message.strip("\n") + "\n")
        return found

    def _text(self) -> str:
        if not self._messages.exists():
            return ""
        return self._messages.read_bytes().decode(errors="replace").replace("\r\n", "\n")
