"""RTCP handling ``rtcph``: is the port above reserved for RTCP? (H.248.57)"""

from imsedge.h248.packages.model import Package, Property
from imsedge.h248.packages.types import Boolean
from imsedge.h248.packages.weak import number

RSB = Property("rtcph/rsb", number("property rtcph/rsb"), Boolean(), default=True)

PACKAGE = Package(
    name="rtcph", id=0x00B5, version=1, title="RTCP handling", source="H.248.57", properties=(RSB,)
)
