"""The checks of a flow can fail: each is shown a call that breaks it."""

import asyncio

from msgspec.structs import replace

from imsedge.play.checks import of_call
from imsedge.play.scenes import UE_WORDS, Ensemble
from imsedge.play.sessions import Told
from imsedge.play.stage import Cast, Stage
from kit.casts import ensemble


def broken(cast: Ensemble, flow: str = "msrp-e2ae-originating") -> set[str]:
    return {check.name for check in of_call(cast, Stage(Cast({})), (), flow, "passive") if not check.ok}


def secured(told: Told | None) -> Told:
    assert told is not None
    return told


async def test_what_a_side_must_not_see_is_noticed() -> None:
    cast = await ensemble()
    good = broken(cast)
    assert "the core saw TCP/MSRP, no fingerprint and no 3ge2ae" not in good
    cast.seen_by_core = replace(secured(cast.seen_by_core), fingerprints=(cast.certificate.fingerprint(),))
    assert broken(cast) - good == {"the core saw TCP/MSRP, no fingerprint and no 3ge2ae"}
    cast = await ensemble()
    cast.seen_by_ue = replace(secured(cast.seen_by_ue), secure=False)
    assert broken(cast) - good == {"the phone saw TCP/TLS/MSRP with the gateway's fingerprint"}
    cast = await ensemble()
    cast.seen_by_ue = replace(secured(cast.seen_by_ue), e2ae="applied")
    assert broken(cast) - good == {"3ge2ae:applied stands in the offer to the phone only"}


async def test_silence_and_missing_announcements_are_noticed() -> None:
    cast = await ensemble()
    good = broken(cast)
    cast.heard, cast.announced = [UE_WORDS], ""
    assert broken(cast) - good == {"a message went each way", "the controller announced msrp-tls"}


async def test_a_flow_of_which_nothing_crossed_has_no_good_media_and_no_orders() -> None:
    names = broken(await asyncio.wait_for(ensemble(), 5))
    assert {"only TLS records crossed the access leg", "the core leg is in clear"} <= names
    assert {"the context was subtracted", "step 2 says $ TCP - and c=IN IP4 $"} <= names
