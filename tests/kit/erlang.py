"""The Erlang/OTP megaco application as a peer: one run of ``tests/interop/megaco_peer.escript``."""

import asyncio
import base64
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import ActionRequest, DeviceMid, Message, TransactionRequest
from kit.peers import need_megaco

SCRIPT = Path(__file__).parent.parent / "interop" / "megaco_peer.escript"
PATIENCE = 15.0  # seconds: the Erlang machine needs up to two of them to start


def free_port(transport: str) -> int:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    protocol = socket.IPPROTO_SCTP if transport == "sctp" else 0
    with socket.socket(socket.AF_INET, kind, protocol) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Erlang:
    """One run of ``megaco_peer.escript``."""

    def __init__(self, process: asyncio.subprocess.Process, encoding: Encoding) -> None:
        self.process = process
        self.encoding = encoding

    @classmethod
    async def start(
        cls,
        role: str,
        transport: str,
        port: int,
        *options: str,
        encoding: Encoding = Encoding.COMPACT,
    ) -> "Erlang":
        pipe = asyncio.subprocess.PIPE
        words = (need_megaco(), str(SCRIPT), role, transport, str(port), f"codec={encoding.value}", *options)
        return cls(await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe), encoding)

    async def says(self, word: str) -> str:
        """What follows ``word`` in the next line that starts with it."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := (await self.process.stdout.readline()).decode():
                found, _, rest = line.strip().partition(" ")
                if found == word:
                    return rest
                assert found not in ("FAILED", "REFUSED"), line
        raise AssertionError(f"Erlang ended before it said {word}")

    async def transaction(self, word: str) -> Any:
        """The request or reply that Erlang shows."""
        body: Any = decode(base64.b64decode(await self.says(word))).body
        return body[0]

    def send(self, actions: tuple[ActionRequest, ...], version: int = 2) -> None:
        """Let Erlang send a request."""
        message = Message(version, DeviceMid("x"), (TransactionRequest(1, actions),))
        assert self.process.stdin is not None
        self.process.stdin.write(base64.b64encode(encode(message, self.encoding)) + b"\n")

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


Launch = Callable[..., Awaitable[Erlang]]
"""A fixture: takes what ``Erlang.start`` takes; whatever runs is killed after the test."""
