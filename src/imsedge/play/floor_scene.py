"""The BFCP calls (TR 29.828 clause 5.2.1.3): the phone takes part, the core is the floor control server.

Who offered starts TLS, whoever opened TCP (RFC 8856 clause 8): the phone in an originating call, the gateway
in a terminating one.
"""

import asyncio

from msgspec.structs import replace

from imsedge.bfcp.floors import FloorServer
from imsedge.core.trace import Kind
from imsedge.play import sessions
from imsedge.play.floor_talk import CONFERENCE, FLOOR, USER, FloorLine, serve, take_part
from imsedge.play.phone import Dialog
from imsedge.play.scenes import Ensemble, begin_to_connect, secure_after, unless_refused
from imsedge.play.sessions import Told
from imsedge.play.variants import PLAIN, Variant
from imsedge.sdp.kinds import Medium
from imsedge.security.tls import Role

MECHANISM = "bfcp-tls;mediasec"

# What either party says of its part (RFC 8856 clause 5); all of it must reach the other one as it is.
PARTICIPANT = ("connection:new", "floorctrl:c-only")
SERVER = (
    "connection:new",
    "floorctrl:s-only",
    f"confid:{CONFERENCE}",
    f"userid:{USER}",
    f"floorid:{FLOOR} mstrm:10",
)


async def originating(cast: Ensemble, answer: str, variant: Variant = PLAIN) -> None:
    """Figure 5.2.1.3.2.1."""
    await _register(cast)
    offer = sessions.write(replace(_told(cast, "ue", "actpass"), e2ae="requested"))
    calling = cast.begin(cast.ue.invite(cast.ue_proxy, cast.core.record, offer))
    invite = await unless_refused(cast.begin(cast.core.expect("INVITE")), calling)
    cast.seen_by_core = sessions.read(invite.request.body)
    core_active = answer == "active"
    called = cast.begin((cast.ue_media if core_active else cast.core_media).accept())
    opening = None
    if core_active:
        opening = await begin_to_connect(cast, cast.core_media, cast.seen_by_core.address)
        if not variant.delayed:
            await asyncio.gather(opening, called)
    cast.core.answer(invite, sessions.write(_told(cast, "core", answer)))
    response, dialog = await calling
    cast.seen_by_ue = sessions.read(response.body)
    await cast.core.expect("ACK")
    if opening is None:
        await cast.ue_media.connect(cast.seen_by_ue.address)
    else:
        await asyncio.gather(opening, called)
    await cast.ue_media.secure(Role.CLIENT, cast.seen_by_ue.fingerprints)
    await called
    await talk_and_end(cast, dialog)


async def terminating(cast: Ensemble, answer: str, variant: Variant = PLAIN) -> None:
    """Figure 5.2.1.3.3.1."""
    contact, path = await _register(cast)
    offer = sessions.write(_told(cast, "core", "actpass"))
    calling = cast.begin(cast.core.invite(cast.core_proxy, contact, offer, path))
    invite = await unless_refused(cast.begin(cast.ue.expect("INVITE")), calling)
    seen = cast.seen_by_ue = sessions.read(invite.request.body)
    ue_active = answer == "active"
    called = cast.begin((cast.core_media if ue_active else cast.ue_media).accept())
    securing = None
    if ue_active:
        opening = await begin_to_connect(cast, cast.ue_media, seen.address)
        securing = cast.begin(secure_after(opening, cast.ue_media, Role.SERVER, seen.fingerprints))
        if not variant.delayed:
            await called
    dialog = cast.ue.answer(invite, sessions.write(_told(cast, "ue", answer)))
    response, _ = await calling
    cast.seen_by_core = sessions.read(response.body)
    await cast.ue.expect("ACK")
    if not ue_active:
        await cast.core_media.connect(cast.seen_by_core.address)
    await called
    await (securing or cast.ue_media.secure(Role.SERVER, seen.fingerprints))
    await talk_and_end(cast, dialog)


async def _register(cast: Ensemble) -> tuple[str, tuple[str, ...]]:
    cast.ue_media.payload = cast.core_media.payload = Kind.BFCP
    return await cast.register(MECHANISM)


def _told(cast: Ensemble, side: str, setup: str) -> Told:
    lines = PARTICIPANT if side == "ue" else SERVER
    return replace(cast.told(side, setup), medium=Medium.BFCP, path=(), lines=lines)


async def talk_and_end(cast: Ensemble, dialog: Dialog) -> None:
    """The phone asks for the floor and gives it back."""
    server = FloorServer(CONFERENCE, frozenset({FLOOR}))
    serving = cast.begin(serve(FloorLine(cast.core_media), server))
    cast.heard += await take_part(FloorLine(cast.ue_media))
    serving.cancel()
    await asyncio.wait({serving})
    await cast.ue_media.close()
    await cast.core_media.close()
    await cast.hang_up(dialog)
