"""Congestion handling ``chp``: reduce the load by so many per cent (H.248.10)."""

from imsedge.h248.packages.model import Event, Package, Param
from imsedge.h248.packages.types import Integer

REDUCTION = Param("reduction", 0x0001, Integer(0, 100, unit="%"))
CONGESTION = Event("chp/mgcon", 0x0001, observed=(REDUCTION,))

PACKAGE = Package(
    name="chp", id=0x0029, version=1, title="Congestion handling", source="H.248.10", events=(CONGESTION,)
)
