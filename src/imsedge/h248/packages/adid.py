"""Application data inactivity ``adid``: no media for so long (H.248.40)."""

from imsedge.h248.packages.model import Event, Package, Param
from imsedge.h248.packages.types import Enumeration, Integer
from imsedge.h248.packages.weak import number

DURATION = Param("dt", number("event adid/ipstop dt"), Integer(0, 2**31 - 1, unit="s"))
DIRECTION = Param("dir", number("event adid/ipstop dir"), Enumeration(IN=1, OUT=2, BOTH=3))
STOPPED = Event(
    "adid/ipstop", number("event adid/ipstop"), requested=(DURATION, DIRECTION), observed=(DIRECTION,)
)

PACKAGE = Package(
    name="adid",
    id=0x009C,
    version=1,
    title="Application data inactivity",
    source="H.248.40",
    events=(STOPPED,),
)
