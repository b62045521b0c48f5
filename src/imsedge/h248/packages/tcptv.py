"""TCP traffic volume ``tcptv``: connections of a termination (H.248.84).

The items of the Recommendation are not known here.
"""

from imsedge.h248.packages.model import Package, StatisticKey
from imsedge.h248.packages.types import Integer
from imsedge.h248.packages.weak import number

_COUNT = Integer(0, 2**63 - 1)

CONNECTIONS = StatisticKey("tcptv/con", number("statistic tcptv/con"), _COUNT)
REFUSED = StatisticKey("tcptv/ref", number("statistic tcptv/ref"), _COUNT)

PACKAGE = Package(
    name="tcptv",
    id=0x010F,
    version=1,
    title="TCP traffic volume",
    source="H.248.84",
    statistics=(CONNECTIONS, REFUSED),
)
