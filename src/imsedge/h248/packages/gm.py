"""Gate management ``gm``: who may send to a termination, and from where it sends (H.248.43 Appendix I).

Without a mask or a port the filters compare with the address and port of the Remote descriptor.
"""

from imsedge.h248.packages.model import Package, Property, StatisticKey
from imsedge.h248.packages.types import Boolean, Integer, Text
from imsedge.h248.packages.weak import number

SAF = Property("gm/saf", number("property gm/saf"), Boolean(), default=False)
SAM = Property("gm/sam", number("property gm/sam"), Text())
SPF = Property("gm/spf", number("property gm/spf"), Boolean(), default=False)
SPR = Property("gm/spr", number("property gm/spr"), Integer(0, 65_535))
SPRR = Property("gm/sprr", number("property gm/sprr"), Text())
ESAS = Property("gm/esas", number("property gm/esas"), Boolean(), default=False)
LSA = Property("gm/lsa", number("property gm/lsa"), Text())
ESPS = Property("gm/esps", number("property gm/esps"), Boolean(), default=False)
LSP = Property("gm/lsp", number("property gm/lsp"), Integer(0, 65_535))

DISCARDED_PACKETS = StatisticKey("gm/dp", number("statistic gm/dp"), Integer(0, 2**63 - 1))

PACKAGE = Package(
    name="gm",
    id=0x008C,
    version=2,
    title="Gate management",
    source="H.248.43",
    extends="rtcph",
    properties=(SAF, SAM, SPF, SPR, SPRR, ESAS, LSA, ESPS, LSP),
    statistics=(DISCARDED_PACKETS,),
)
