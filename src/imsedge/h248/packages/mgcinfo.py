"""MGC information ``mgcinfo``: an opaque word that the gateway keeps for the controller (H.248.45)."""

from imsedge.h248.packages.model import Package, Property
from imsedge.h248.packages.types import Text
from imsedge.h248.packages.weak import number

DATA = Property("mgcinfo/db", number("property mgcinfo/db"), Text())

PACKAGE = Package(
    name="mgcinfo", id=0x00A0, version=1, title="MGC information", source="H.248.45", properties=(DATA,)
)
