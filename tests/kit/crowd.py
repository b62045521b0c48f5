"""Many calls: one phone that has hundreds of them, a core that answers every one and echoes its octets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.ids import IdSource, RandomIds
from imsedge.core.trace import Crossing
from imsedge.play import sessions
from imsedge.play.media_end import MediaEnd
from imsedge.play.phone import Arrived, Dialog, Phone
from imsedge.play.place import Place
from imsedge.play.scenes import DOMAIN, MECHANISM
from imsedge.play.secure_end import Identity
from imsedge.play.sessions import Told, own_path
from imsedge.security.certificates import self_signed
from imsedge.security.tls import Role
from imsedge.sip import events as ev


class Echo(asyncio.Protocol):
    """One connection of the core: sends back what comes."""

    def __init__(self, all_of_them: list["Echo"]) -> None:
        self.octets = bytearray()
        self.over = False
        all_of_them.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.octets += data
        self._transport.write(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.over = True


class Willing(Phone):
    """Says 200 to every request: registers everybody, answers every call with the same description."""

    description = ""

    def _deliver(self, output: ev.Output) -> None:
        if not isinstance(output, ev.RequestArrived):
            super()._deliver(output)
            return
        arrived = Arrived(output.request, output.key, output.flow)
        match output.request.method:
            case "INVITE":
                self.answer(arrived, self.description)
            case "REGISTER":
                self.accept(arrived, ("Contact", f"{output.request.required('Contact')};expires=3600"))
            case _:
                self.accept(arrived)


class CrowdCall(NamedTuple):
    """One of many; ``media`` is not connected yet."""

    dialog: Dialog
    media: MediaEnd
    gateway: Told

    async def talk(self, words: bytes) -> bytes:
        """Open TLS, say this, and return as many octets as came back."""
        await self.media.connect(self.gateway.address)
        await self.media.secure(Role.CLIENT, self.gateway.fingerprints)
        await self.media.send(words)
        heard = b""
        while len(heard) < len(words):
            more = await asyncio.wait_for(self.media.receive(), 20)
            assert more, "the connection was closed"
            heard += more
        return heard


class Crowd:
    """See ``crowd``."""

    def __init__(self, place: Place, ids: IdSource) -> None:
        self.echoes: list[Echo] = []
        self._media: set[MediaEnd] = set()
        self._place, self._ids = place, ids
        self._phone, self._core = Willing("alice", DOMAIN, ids), Willing("core", DOMAIN, ids)
        self._identity = Identity(self_signed("ue", "alice"))

    async def call(self) -> CrowdCall:
        """One more call, answered."""
        media = MediaEnd(self._place.ue_host, _ignore, self._identity)
        self._media.add(media)
        offer = Told(
            address=media.local,
            setup="actpass",
            path=own_path(media.local, self._ids.token(4), secure=True),
            secure=True,
            fingerprints=(self._identity.certificate.fingerprint(),),
            e2ae="requested",
        )
        response, dialog = await self._phone.invite(
            self._place.sip_access, self._core.record, sessions.write(offer)
        )
        return CrowdCall(dialog, media, sessions.read(response.body))

    async def end(self, call: CrowdCall) -> None:
        """Hang up and close."""
        await self._phone.hang_up(call.dialog)
        await call.media.close()
        self._media.discard(call.media)

    async def leave(self) -> None:
        """Close whatever is open, without a word."""
        for media in self._media:
            await media.close()


@asynccontextmanager
async def crowd(place: Place) -> AsyncIterator[Crowd]:
    """A registered phone and a core with an echo."""
    ids = RandomIds()
    made = Crowd(place, ids)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Echo(made.echoes), place.core_host, 0, backlog=512)
    address = TransportAddress(*server.sockets[0].getsockname()[:2])
    path = own_path(address, ids.token(4), secure=False)
    made._core.description = sessions.write(Told(address=address, setup="passive", path=path, secure=False))
    try:
        await made._core.start(place.next_hop)
        await made._phone.start(TransportAddress(place.ue_host, 0))
        await made._phone.register(place.sip_access, MECHANISM)
        yield made
    finally:
        server.close()
        await made.leave()
        await made._phone.stop()
        await made._core.stop()


def _ignore(_crossing: Crossing) -> None:
    """Nobody looks at these media."""
