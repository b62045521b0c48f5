"""Overload control ``ocp``: the gateway is near its limit (H.248.11)."""

from imsedge.h248.packages.model import Event, Package
from imsedge.h248.packages.weak import number

OVERLOAD = Event("ocp/mg_overload", number("event ocp/mg_overload"))

PACKAGE = Package(
    name="ocp", id=0x0051, version=1, title="Overload control", source="H.248.11", events=(OVERLOAD,)
)
