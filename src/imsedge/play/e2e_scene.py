"""The e2e calls (TS 23.334 clause 6.2.10A): TLS from one UE to the other, through a gateway that sees TCP.

Each UE has a certificate of its own, or both have the same key from a KMS (``--psk``), of which the SDP says
no more than ``a=key-mgmt`` (RFC 4567).  Of MSRP who opens TCP is the TLS client, of BFCP who made the offer.
"""

import asyncio
from collections.abc import Mapping

from msgspec.structs import replace

from imsedge.core.trace import Kind
from imsedge.play import floor_scene, sessions
from imsedge.play.bearer_scene import place_call
from imsedge.play.floor_scene import PARTICIPANT, SERVER
from imsedge.play.media_end import MediaEnd
from imsedge.play.psk import SharedKey
from imsedge.play.scenes import Ensemble
from imsedge.play.secure_end import Credentials, Identity
from imsedge.play.sessions import Told, own_path
from imsedge.play.variants import Variant
from imsedge.sdp.kinds import Medium
from imsedge.security.certificates import Certificate, self_signed
from imsedge.security.tls import Role

# Of MIKEY-TICKET (RFC 6043) nothing is needed here but that it arrives.
KEY_MGMT = {"ue": "key-mgmt:mikey AQ4AAGFsaWNlAAAA", "core": "key-mgmt:mikey AQ8AAGNvcmUAAAAA"}
_KEY_OCTETS = 16


async def msrp(cast: Ensemble, answer: str, variant: Variant) -> None:
    """A message each way."""
    certificates = await _arm(cast, variant)
    offer = _told(cast, "ue", "actpass", certificates)
    reply = _told(cast, "core", answer, certificates)
    dialog, phone_calls = await place_call(cast, answer, variant, offer, reply)
    await _secure(cast, phone_is_client=phone_calls)
    await cast.converse(ue_active=phone_calls)
    await cast.hang_up(dialog)


async def bfcp(cast: Ensemble, answer: str, variant: Variant) -> None:
    """The floor is granted and given back."""
    certificates = await _arm(cast, variant)
    cast.ue_media.payload = cast.core_media.payload = Kind.BFCP
    offer = _floor(_told(cast, "ue", "actpass", certificates), PARTICIPANT)
    reply = _floor(_told(cast, "core", answer, certificates), SERVER)
    dialog, _ = await place_call(cast, answer, variant, offer, reply)
    await _secure(cast, phone_is_client=True)
    await floor_scene.talk_and_end(cast, dialog)


async def _arm(cast: Ensemble, variant: Variant) -> dict[str, Certificate]:
    """Give the core's end a certificate too, or both the same key; the certificates there are, by side."""
    keylog, core = cast.identity.keylog, self_signed("core", "core")
    first: Credentials = cast.identity
    second: Credentials = Identity(core, keylog=keylog)
    if variant.psk:
        first = second = SharedKey(bytes.fromhex(cast.ids.token(_KEY_OCTETS)), keylog)
    for end in (cast.ue_media, cast.core_media):
        await end.close()
    cast.ue_media = MediaEnd(cast.hosts[0], cast.tap, first)
    cast.core_media = MediaEnd(cast.hosts[1], cast.tap, second)
    cast.ue_path, cast.core_path = (
        own_path(end.local, cast.ids.token(4), secure=True) for end in (cast.ue_media, cast.core_media)
    )
    return {} if variant.psk else {"ue": cast.certificate, "core": core}


def _told(cast: Ensemble, side: str, setup: str, certificates: Mapping[str, Certificate]) -> Told:
    """As it would say it to the other UE: nothing of it is for the network."""
    told, own = replace(cast.told(side, setup), secure=True), certificates.get(side)
    if own is None:
        return replace(told, lines=(KEY_MGMT[side],), fingerprints=())
    return replace(told, fingerprints=(own.fingerprint(),))


def _floor(told: Told, lines: tuple[str, ...]) -> Told:
    return replace(told, medium=Medium.BFCP, path=(), lines=(*lines, *told.lines))


async def _secure(cast: Ensemble, *, phone_is_client: bool) -> None:
    """Each trusts the certificate that the other one has announced."""
    (_, offered), (_, answered) = (map(sessions.read, pair) for pair in cast.passed)
    role, other = (Role.CLIENT, Role.SERVER) if phone_is_client else (Role.SERVER, Role.CLIENT)
    await asyncio.gather(
        cast.ue_media.secure(role, answered.fingerprints), cast.core_media.secure(other, offered.fingerprints)
    )
