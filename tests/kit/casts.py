"""The two UEs of a flow after a call that went well, without any network."""

from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.play.scenes import CORE_WORDS, UE_WORDS, Ensemble

NOWHERE = TransportAddress("127.0.0.1", 9)


async def ensemble() -> Ensemble:
    cast = Ensemble(CountingIds(), lambda _: None, ("127.0.0.1", "127.0.0.1"), (NOWHERE, NOWHERE))
    cast.heard = [UE_WORDS, CORE_WORDS]
    cast.announced = "msrp-tls;mediasec"
    cast.seen_by_ue = cast.told("ue", "active")
    cast.seen_by_core = cast.told("core", "active")
    await cast.stop()
    return cast
