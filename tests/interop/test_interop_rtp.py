"""Audio through rtpengine beside messages through our gateway, in one call."""

import asyncio
import socket
from pathlib import Path

import pytest

from imsedge.core.address import TransportAddress
from imsedge.play import sessions
from imsedge.play.phone import PhoneError
from imsedge.play.scenes import Ensemble
from imsedge.sdp.attributes import read_address
from imsedge.sdp.parser import read_description
from kit.daemons import until
from kit.rtpengine import Rtpengine
from kit.system import PATIENCE, ends, offer_of, own_world, system

pytestmark = [pytest.mark.system, pytest.mark.interop]

RTP = bytes.fromhex("800000010000000100000001") + b"a sample of audio"


def audio_socket(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    sock.settimeout(0.2)
    return sock


def with_audio(text: str, sock: socket.socket) -> str:
    return f"{text}m=audio {sock.getsockname()[1]} RTP/AVP 0\r\na=sendrecv\r\n"


async def passes(sender: socket.socket, to: TransportAddress, receiver: socket.socket) -> TransportAddress:
    """RTP arrives; from where.  The proxy may need a packet of either party first."""

    def attempt() -> TransportAddress | None:
        sender.sendto(RTP, to)
        try:
            octets, source = receiver.recvfrom(2000)
        except TimeoutError:
            return None
        return TransportAddress(*source) if octets == RTP else None

    for _ in range(int(PATIENCE / 0.2)):
        found = await asyncio.to_thread(attempt)
        if found is not None:
            return found
    raise AssertionError("no RTP arrived")


def audio_of(body: bytes) -> TransportAddress:
    description = read_description(body)
    address = read_address(description, description.media[-1])
    assert address is not None
    return address


async def call(cast: Ensemble, ue: socket.socket, core: socket.socket) -> None:
    """Both ways through the proxy, each party seeing the interface of its own side."""
    offer = with_audio(sessions.write(offer_of(cast)), ue)
    calling = asyncio.create_task(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
    invite = await cast.core.expect("INVITE")
    cast.core.answer(invite, with_audio(sessions.write(cast.told("core", "passive")), core))
    response, dialog = await calling
    await cast.core.expect("ACK")
    to_proxy, from_proxy = audio_of(response.body), audio_of(invite.request.body)
    assert await passes(ue, to_proxy, core) == from_proxy
    assert await passes(core, from_proxy, ue) == to_proxy
    told = sessions.read(response.body)
    assert told.secure, "the messages are none of the proxy's business"
    assert told.address.host not in (to_proxy.host, from_proxy.host)
    await cast.hang_up(dialog)


async def test_audio_goes_through_rtpengine_and_messages_through_the_gateway(tmp_path: Path) -> None:
    place = own_world().place
    network = place.ue_host.rsplit(".", 1)[0]
    pub, priv = f"{network}.60", f"{network}.61"
    ng = TransportAddress(f"{network}.62", 2223)
    rtp = {"proxy": f"udp:{ng}", "access": "pub", "core": "priv"}
    with Rtpengine(tmp_path, ng, pub, priv) as proxy:
        async with system(alg={"policy": {"rtp": rtp}}) as world, ends(world.place) as cast:
            await cast.register()
            with audio_socket(world.place.ue_host) as ue, audio_socket(world.place.core_host) as core:
                await call(cast, ue, core)
            await until(lambda: proxy.calls() == [], PATIENCE)


async def test_a_proxy_that_is_not_there_has_audio_refused_and_the_rest_served() -> None:
    rtp = {"proxy": "udp:127.0.0.1:9"}
    async with system(alg={"policy": {"rtp": rtp}}) as world, ends(world.place) as cast:
        await cast.register()
        before = world.held()
        with audio_socket(world.place.ue_host) as ue:
            offer = with_audio(sessions.write(offer_of(cast)), ue)
            with pytest.raises(PhoneError, match="503"):
                await cast.ue.invite(cast.ue_proxy, cast.core.record, offer)
        await world.returns_to(before)
