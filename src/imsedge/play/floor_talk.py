"""A floor control conversation between two built-in UEs: Hello, a floor that is granted, and given back."""

import asyncio

from imsedge.bfcp.floors import FloorServer, Participant, describe
from imsedge.bfcp.model import Group, Kind, Message
from imsedge.bfcp.parser import Parser
from imsedge.bfcp.writer import write_message
from imsedge.play.media_end import MediaEnd
from imsedge.play.secure_end import MediaError

CONFERENCE, USER, FLOOR = 4321, 1234, 1

SECONDS = 10.0


class FloorLine:
    """Whole BFCP messages over a media end, each seen as an arrow."""

    def __init__(self, end: MediaEnd) -> None:
        self._end = end
        self._parser = Parser()
        self._read: list[Message] = []

    async def send(self, message: Message) -> None:
        """Send one."""
        self._end.note(describe(message), sent=True)
        await self._end.send(write_message(message))

    async def receive(self) -> Message:
        """The next one; ``MediaError`` when the peer ends."""
        while not self._read:
            octets = await self._end.receive()
            if not octets:
                raise MediaError("the connection ended before a BFCP message")
            self._read += self._parser.feed(octets)
        message = self._read.pop(0)
        self._end.note(describe(message), sent=False)
        return message


async def serve(line: FloorLine, server: FloorServer) -> None:
    """Answer until cancelled, or the peer ends."""
    while True:
        await line.send(server.answer(await line.receive()))


async def take_part(line: FloorLine) -> list[str]:
    """Hello, FloorRequest, FloorRelease; what the server answered, as ``describe`` says it."""
    participant = Participant(CONFERENCE, USER)
    heard = [await _ask(line, participant, participant.hello())]
    granted = await _ask(line, participant, participant.ask(FLOOR))
    information = granted.find(Kind.FLOOR_REQUEST_INFORMATION)
    if not isinstance(information, Group):
        raise MediaError("the answer to FloorRequest has no FLOOR-REQUEST-INFORMATION")
    heard += [granted, await _ask(line, participant, participant.give_back(information.id))]
    return [describe(message) for message in heard]


async def _ask(line: FloorLine, participant: Participant, request: Message) -> Message:
    await line.send(request)
    return participant.check(request, await asyncio.wait_for(line.receive(), SECONDS))
