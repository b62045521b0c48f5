"""Traffic policing statistics ``tmanr`` (H.248.53)."""

from imsedge.h248.packages.model import Package, StatisticKey
from imsedge.h248.packages.types import Integer
from imsedge.h248.packages.weak import number

DISCARDED_PACKETS = StatisticKey("tmanr/dp", number("statistic tmanr/dp"), Integer(0, 2**63 - 1))

PACKAGE = Package(
    name="tmanr",
    id=0x00C8,
    version=2,
    title="Traffic management statistics",
    source="H.248.53",
    extends="tman",
    statistics=(DISCARDED_PACKETS,),
)
