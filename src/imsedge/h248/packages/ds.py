"""Differentiated services ``ds``: the DSCP of what leaves (H.248.52).

The eight bits of the octet, DSCP in the upper six: expedited forwarding is ``b8``.
"""

from imsedge.h248.packages.model import Package, Property
from imsedge.h248.packages.types import Boolean, OctetString
from imsedge.h248.packages.weak import number

DSCP = Property("ds/dscp", number("property ds/dscp"), OctetString(), default=b"\x00")
TAGGING = Property("ds/tb", number("property ds/tb"), Boolean())

PACKAGE = Package(
    name="ds",
    id=0x008B,
    version=2,
    title="Differentiated services",
    source="H.248.52",
    properties=(DSCP, TAGGING),
)
