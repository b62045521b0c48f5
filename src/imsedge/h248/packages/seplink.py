"""Stream end point interlinkage ``seplink``: what happens at one end acts on the other (H.248.92)."""

from imsedge.h248.packages.model import Package, Property
from imsedge.h248.packages.types import Text
from imsedge.h248.packages.weak import number

LINK = Property("seplink/link", number("property seplink/link"), Text())

PACKAGE = Package(
    name="seplink",
    id=0x011B,
    version=1,
    title="Stream end point interlinkage",
    source="H.248.92",
    properties=(LINK,),
)
