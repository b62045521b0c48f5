"""Address reporting ``adr``: the remote address that was latched (H.248.37)."""

from imsedge.h248.packages.model import Event, Package, Param
from imsedge.h248.packages.types import Integer, Text
from imsedge.h248.packages.weak import number

ADDRESS = Param("nrsa", number("event adr/rsac nrsa"), Text())
PORT = Param("nrsp", number("event adr/rsac nrsp"), Integer(0, 65_535))
SOURCE_CHANGED = Event("adr/rsac", number("event adr/rsac"), observed=(ADDRESS, PORT))

PACKAGE = Package(
    name="adr",
    id=0x00AC,
    version=1,
    title="Address reporting",
    source="H.248.37",
    extends="ipnapt",
    events=(SOURCE_CHANGED,),
)
