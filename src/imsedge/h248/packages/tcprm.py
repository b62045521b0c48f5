"""TCP retransmission metrics ``tcprm``: how the network treated the connections (H.248.89 clause 9).

The items of the Recommendation are not known here; these are what Linux counts (``struct tcp_info``).
"""

from imsedge.h248.packages.model import Package, StatisticKey
from imsedge.h248.packages.types import Integer
from imsedge.h248.packages.weak import number

_COUNT = Integer(0, 2**63 - 1)

RETRANSMISSIONS = StatisticKey("tcprm/rs", number("statistic tcprm/rs"), _COUNT)
ROUND_TRIP = StatisticKey("tcprm/rtt", number("statistic tcprm/rtt"), Integer(0, 2**63 - 1, unit="us"))

PACKAGE = Package(
    name="tcprm",
    id=0x0116,
    version=1,
    title="TCP retransmission metrics",
    source="H.248.89",
    statistics=(RETRANSMISSIONS, ROUND_TRIP),
)
