"""MSRP secured at the edge, floor control secured end to end, and audio, in one call through real daemons.

Offers come again and again; each must leave alone what it does not change.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Kind
from imsedge.play.chat import Chat
from imsedge.play.phone import Dialog
from imsedge.play.scenes import Ensemble
from imsedge.sdp.attributes import read_address, read_fingerprints, read_path
from imsedge.sdp.model import Description
from imsedge.sdp.parser import read_description
from imsedge.security.certificates import self_signed
from imsedge.security.tls import Role
from kit.daemons import until
from kit.system import PATIENCE, Sink, System, ends, listening, system

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("no_leaks")]

ANCHORED = {"policy": {"tcp": {"anchor": "always"}}}
MSRP, BFCP, AUDIO = range(3)
# TLS of the two parties is none of the gateway's business: any octets will do.
HELLO, REPLY = b"\x16\x03\x01 hello of the phone", b"\x16\x03\x03 hello of the core"


class Mixed:
    """The call: what both say, and the ends of the media.  ``version`` counts what was said."""

    def __init__(self, cast: Ensemble, floor: TransportAddress, sink: Sink) -> None:
        self.cast, self.floor, self.sink = cast, floor, sink
        self.dialog: Dialog | None = None
        self.version = 0
        self.use = "new"
        self.answered_use = "new"
        self.floor_port = {"ue": 7000, "core": floor.port}
        self.hold = "sendrecv"
        self.seen: dict[str, Description] = {}
        self.certificate = self_signed("floor", "floor").fingerprint()

    def says(self, side: str, setup: str, use: str) -> str:
        """Three media; the phone asks for security at the edge for the first one only."""
        cast, phone = self.cast, side == "ue"
        host, media = cast.hosts[not phone], cast.ue_media if phone else cast.core_media
        path = (cast.ue_path if phone else cast.core_path)[0]
        lines = [
            "v=0",
            f"o=- 1 {self.version} IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=message {media.local.port} {'TCP/TLS/MSRP' if phone else 'TCP/MSRP'} *",
            f"a=setup:{setup}",
            f"a=path:{path}",
            *([f"a=fingerprint:{cast.certificate.fingerprint()}", "a=3ge2ae:requested"] if phone else []),
            f"m=application {self.floor_port[side]} TCP/TLS/BFCP *",
            f"a=setup:{setup}",
            f"a=connection:{use}",
            f"a=fingerprint:{self.certificate}",
            f"m=audio {4000 if phone else 5000} RTP/AVP 0",
            f"a={self.hold}",
        ]
        return "".join(f"{line}\r\n" for line in lines)

    async def exchange(self) -> None:
        """One offer of the phone and its answer."""
        self.version += 1
        cast, offer = self.cast, self.says("ue", "actpass", self.use)
        if self.dialog is None:
            asking = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
        else:
            asking = asyncio.create_task(self._again(self.dialog, offer))  # type: ignore[arg-type]
        invite = await cast.core.expect("INVITE")
        self.seen["core"] = read_description(invite.request.body)
        cast.core.answer(invite, self.says("core", "passive", self.answered_use))
        response, self.dialog = await asking
        self.seen["ue"] = read_description(response.body)
        await cast.core.expect("ACK")

    async def _again(self, dialog: Dialog, offer: str) -> tuple[object, Dialog]:
        return await self.cast.ue.offer_again(dialog, offer), dialog

    def place(self, side: str, index: int) -> TransportAddress:
        """Where a party has to send."""
        address = read_address(self.seen[side], self.seen[side].media[index])
        assert address is not None
        return address

    async def begin_chat(self) -> tuple[Chat, Chat]:
        """MSRP: the phone calls, and is the TLS client."""
        cast, told = self.cast, self.seen["ue"]
        accepting = asyncio.create_task(cast.core_media.accept())
        await cast.ue_media.connect(self.place("ue", MSRP))
        await cast.ue_media.secure(Role.CLIENT, read_fingerprints(told, told.media[MSRP]))
        await accepting
        ue = Chat(cast.ue_media, cast.ue_path[0], read_path(told.media[MSRP]), cast.ids, strict=True)
        core_told = read_path(self.seen["core"].media[MSRP])
        core = Chat(cast.core_media, cast.core_path[0], core_told, cast.ids, strict=True)
        await core.begin(active=False)
        await ue.begin(active=True)
        return ue, core

    @contextmanager
    def floor_call(self) -> Iterator[socket.socket]:
        """The phone's floor control connection, over which something has passed each way."""
        with socket.create_connection(self.place("ue", BFCP), timeout=PATIENCE) as phone:
            yield phone

    async def floor_talk(self, phone: socket.socket) -> None:
        """Something passes each way."""
        heard = len(self.sink.octets)
        phone.sendall(HELLO)
        await until(lambda: self.sink.octets[heard:] == HELLO, PATIENCE)
        assert self.sink.writer is not None
        self.sink.writer.write(REPLY)
        assert await asyncio.to_thread(phone.recv, 100) == REPLY


@asynccontextmanager
async def mixed_call() -> AsyncIterator[tuple[System, Mixed]]:
    async with system(alg=ANCHORED) as world, ends(world.place) as cast:
        await cast.register()
        before = world.held()
        async with listening(world.place.core_host) as (sink, floor):
            made = Mixed(cast, floor, sink)
            await made.exchange()
            yield world, made
            assert made.dialog is not None
            await cast.hang_up(made.dialog)
            await world.returns_to(before)


def orders(world: System) -> int:
    """H.248 messages about the call so far."""
    return sum(crossing.kind is Kind.H248 and b"edia" in crossing.data for crossing in world.stage.crossings)


async def chatted(ue: Chat, core: Chat, text: str) -> None:
    await ue.say(text)
    assert await core.heard() == text


async def test_each_medium_goes_its_own_way_and_stays_on_it() -> None:
    async with mixed_call() as (world, call):
        access, core = (world.own.agw.realms.by_name[name].addresses for name in ("access", "core"))
        for index in (MSRP, BFCP):
            assert call.place("ue", index).host in access
            assert call.place("core", index).host in core
        # Audio passes by: each party reads the other's own address.
        assert call.place("ue", AUDIO) == (world.place.core_host, 5000)
        assert call.place("core", AUDIO) == (world.place.ue_host, 4000)
        ue, peer = await call.begin_chat()
        with call.floor_call() as phone:
            await call.floor_talk(phone)
            await chatted(ue, peer, "one")
            # Audio on hold, and connections that are to stay: the gateway is not even asked.
            count, places = orders(world), [call.place("ue", index) for index in (MSRP, BFCP)]
            call.use, call.answered_use, call.hold = "existing", "existing", "sendonly"
            await call.exchange()
            assert orders(world) == count
            assert [call.place("ue", index) for index in (MSRP, BFCP)] == places
            await call.floor_talk(phone)
            await chatted(ue, peer, "two")
        await ue.end()
        await peer.end()


async def test_a_new_connection_for_floor_control_leaves_the_messages_alone() -> None:
    async with mixed_call() as (_, call):
        ue, peer = await call.begin_chat()
        with call.floor_call() as first:
            await call.floor_talk(first)
            # The core wants one, though the phone would have kept it: at the addresses that were told.
            place, call.use, call.answered_use = call.place("ue", BFCP), "existing", "new"
            await call.exchange()
            assert call.place("ue", BFCP) == place
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.to_thread(first.recv, 1) == b""
            with call.floor_call() as second:
                await call.floor_talk(second)
                assert call.sink.connections == 2
                # The phone wants one: at another address.
                call.use = "new"
                await call.exchange()
                assert call.place("ue", BFCP) != place
                with call.floor_call() as third:
                    await call.floor_talk(third)
                    assert call.sink.connections == 3
                    # And then no floor control any more.
                    call.floor_port = dict.fromkeys(call.floor_port, 0)
                    await call.exchange()
                    assert call.seen["ue"].media[BFCP].port == "0"
                    with contextlib.suppress(ConnectionResetError):
                        assert await asyncio.to_thread(third.recv, 1) == b""
        await chatted(ue, peer, "still there")
        await ue.end()
        await peer.end()
