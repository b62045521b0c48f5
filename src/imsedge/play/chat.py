"""An MSRP conversation of a built-in UE: the session machine on its media end."""

import asyncio
import time

from imsedge.core.ids import IdSource
from imsedge.core.msrp_uri import MsrpUri
from imsedge.msrp import session as ms
from imsedge.msrp.model import Message, Request
from imsedge.play.media_end import MediaEnd
from imsedge.play.secure_end import MediaError

SECONDS = 10.0


class Chat:
    """Runs from ``begin`` until ``end``; messages are awaited one by one.

    ``strict``: the whole URI must be ours, as RFC 4975 has it; behind an application-agnostic gateway paths
    keep the other side's scheme.  ``met``: the paths of all that came in, as (To-Path, From-Path).
    """

    def __init__(
        self,
        end: MediaEnd,
        local: MsrpUri,
        remote: tuple[MsrpUri, ...],
        ids: IdSource,
        *,
        strict: bool = False,
    ) -> None:
        self._end = end
        self._ids = ids
        self._strict = strict
        match = ms.SessionMatch.URI if strict else ms.SessionMatch.SESSION_ID
        self._session = ms.Session(local, remote, ids, match=match)
        self.met: list[tuple[str, str]] = []
        self._incoming: asyncio.Queue[ms.Incoming] = asyncio.Queue()
        self._outcome: asyncio.Queue[ms.Delivered | ms.NotDelivered] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None

    async def begin(self, *, active: bool) -> None:
        """The connection is up and verified; who opened it sends first (RFC 6135 clause 4.4)."""
        await self._feed(ms.Connected(active))
        self._reader = asyncio.create_task(self._read())

    async def say(self, text: str) -> None:
        """Send a message and wait for its 200; ``MediaError`` when it is not delivered."""
        message = ms.Send(self._ids.token(8), "text/plain", text.encode())
        await self._feed(message)
        outcome = await asyncio.wait_for(self._outcome.get(), SECONDS)
        if isinstance(outcome, ms.NotDelivered):
            raise MediaError(f"the message was not delivered: {outcome.code}")

    async def heard(self) -> str:
        """The next message with a body."""
        while True:
            message = await asyncio.wait_for(self._incoming.get(), SECONDS)
            if message.body:
                return message.body.decode()

    async def end(self) -> None:
        """Close the connection."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._end.close()

    async def _read(self) -> None:
        while octets := await self._end.receive():
            await self._feed(ms.Received(octets))
        await self._feed(ms.Disconnected())

    async def _feed(self, event: ms.Input) -> None:
        for output in self._session.handle(event, time.monotonic()):
            match output:
                case ms.Transmit(data=data, message=message):
                    self._end.note(self._describe(message), sent=True)
                    await self._end.send(data)
                case ms.Heard(message=message):
                    self._end.note(self._describe(message), sent=False)
                    self.met.append((_path(message.to_path), _path(message.from_path)))
                case ms.Incoming():
                    self._incoming.put_nowait(output)
                case ms.Delivered() | ms.NotDelivered():
                    self._outcome.put_nowait(output)
                case _:
                    pass

    def _describe(self, message: Message) -> str:
        """With its To-Path where that is of interest, because it differs from leg to leg."""
        return f"{describe(message)} to {_path(message.to_path)}" if self._strict else describe(message)


def _path(uris: tuple[MsrpUri, ...]) -> str:
    return " ".join(uri.text for uri in uris)


def describe(message: Message) -> str:
    """``SEND (5 octets)``, ``SEND`` for the first one without a body, ``200 OK``."""
    if isinstance(message, Request):
        return f"{message.method} ({len(message.body)} octets)" if message.body else message.method
    return f"{message.status} {message.comment}".rstrip()
