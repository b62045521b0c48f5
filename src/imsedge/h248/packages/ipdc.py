"""IP domain connection ``ipdc``: the realm of a termination, set when it is added (H.248.41)."""

from imsedge.h248.packages.model import Package, Property
from imsedge.h248.packages.types import Text
from imsedge.h248.packages.weak import number

REALM = Property("ipdc/realm", number("property ipdc/realm"), Text(255))

PACKAGE = Package(
    name="ipdc", id=0x009D, version=1, title="IP domain connection", source="H.248.41", properties=(REALM,)
)
