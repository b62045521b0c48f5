"""Figure y.2.1 as the two built-in UEs live it: TCP that the gateway does not look into, in every variant."""

import asyncio
from typing import Any

from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.play import sessions
from imsedge.play.phone import Dialog
from imsedge.play.scenes import Ensemble, begin_to_connect, unless_refused
from imsedge.play.sessions import DISCARD_PORT, Told, own_path
from imsedge.play.variants import PASSIVE, RELAY, Variant

HIDDEN = TransportAddress("192.168.178.20", DISCARD_PORT)
"""What a phone behind a NAT believes to be; its connections come from elsewhere."""


async def tcp_bearer(cast: Ensemble, answer: str, variant: Variant) -> None:
    """The phone calls the core; both speak MSRP in clear."""
    cast.ue_path = own_path(cast.ue_media.local, cast.ids.token(4), secure=False)
    dialog, phone_calls = await place_call(
        cast, answer, variant, _phone(cast, variant), cast.told("core", answer)
    )
    await cast.converse(ue_active=phone_calls)
    await cast.hang_up(dialog)


async def place_call(
    cast: Ensemble, answer: str, variant: Variant, offered: Told, answered: Told
) -> tuple[Dialog, bool]:
    """The figure until TCP is up on both sides; also whether it was the phone that opened its own."""
    offer, reply = sessions.write(offered), sessions.write(answered)
    calling = cast.begin(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
    invite = await unless_refused(cast.begin(cast.core.expect("INVITE")), calling)
    cast.seen_by_core = sessions.read(invite.request.body)
    gateway = cast.seen_by_core.address
    opening = await _before_the_answer(cast, answer, variant, gateway)
    cast.core.answer(invite, reply)
    response, dialog = await calling
    cast.passed = [(offer.encode(), invite.request.body), (reply.encode(), response.body)]
    cast.seen_by_ue = sessions.read(response.body)
    phone_calls = cast.seen_by_ue.setup == PASSIVE
    called = None if phone_calls else cast.begin(cast.ue_media.accept())
    await cast.core.expect("ACK")
    if opening is None:
        opening = cast.begin(cast.core_media.connect(gateway))
    if phone_calls:
        if variant.mode != RELAY:
            await opening  # the figure's order; with stateless handling the phone's call makes the other one
        await cast.ue_media.connect(cast.seen_by_ue.address)
    await asyncio.gather(opening, *([called] if called else []))
    if variant.mode != RELAY:
        await cast.reported()
    return dialog, phone_calls


async def _before_the_answer(
    cast: Ensemble, answer: str, variant: Variant, gateway: TransportAddress
) -> asyncio.Task[Any] | None:
    """What the core's phone has begun when it answers; ``None``: it calls later."""
    if variant.delayed:
        return await begin_to_connect(cast, cast.core_media, gateway)
    if variant.simultaneous:
        return cast.begin(_cross(cast, gateway))
    return cast.begin(cast.core_media.accept()) if answer == PASSIVE else None


async def _cross(cast: Ensemble, gateway: TransportAddress) -> None:
    """The gateway's SYN is on its way when ours goes out: one connection comes of both (RFC 9293 3.5)."""
    await cast.core_media.knocked(gateway)
    await cast.core_media.connect(gateway)


def _phone(cast: Ensemble, variant: Variant) -> Told:
    told = replace(cast.told("ue", "actpass"), secure=False, fingerprints=())
    return replace(told, address=HIDDEN) if variant.nat else told
