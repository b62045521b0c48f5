"""Traffic management ``tman``: sustained and peak rate, burst size, policing (H.248.53).

Rates in octets a second, sizes in octets.
"""

from imsedge.h248.packages.model import Package, Property
from imsedge.h248.packages.types import Boolean, Integer
from imsedge.h248.packages.weak import number

_RATE = Integer(0, 2**32 - 1, unit="octets/s")

SDR = Property("tman/sdr", number("property tman/sdr"), _RATE)
MBS = Property("tman/mbs", number("property tman/mbs"), Integer(0, 2**32 - 1, unit="octets"))
PDR = Property("tman/pdr", number("property tman/pdr"), _RATE)
DVT = Property("tman/dvt", number("property tman/dvt"), Integer(0, 2**32 - 1))
POL = Property("tman/pol", number("property tman/pol"), Boolean(), default=False)

PACKAGE = Package(
    name="tman",
    id=0x008D,
    version=1,
    title="Traffic management",
    source="H.248.53",
    properties=(SDR, MBS, PDR, DVT, POL),
)
