"""IP realm availability ``ipra``: which realms can be used now (H.248.41 Amendment 1)."""

from imsedge.h248.packages.model import Access, Event, Package, Param, Place, Property
from imsedge.h248.packages.types import Text
from imsedge.h248.packages.weak import number

AVAILABLE = Property(
    "ipra/ar",
    number("property ipra/ar"),
    Text(255),
    is_list=True,
    access=Access.READ_ONLY,
    place=Place.TERMINATION_STATE,
)
NEWLY_AVAILABLE = Param("nar", number("event ipra/arc nar"), Text(255), is_list=True)
NEWLY_UNAVAILABLE = Param("nur", number("event ipra/arc nur"), Text(255), is_list=True)
CHANGED = Event("ipra/arc", number("event ipra/arc"), observed=(NEWLY_AVAILABLE, NEWLY_UNAVAILABLE))

PACKAGE = Package(
    name="ipra",
    id=0x00E0,
    version=1,
    title="IP realm availability",
    source="H.248.41 Amd.1",
    extends="ipdc",
    properties=(AVAILABLE,),
    events=(CHANGED,),
)
