"""Inactivity timer ``it``: the gateway asks whether the controller is still there (H.248.14)."""

from imsedge.h248.packages.model import Event, Package, Param
from imsedge.h248.packages.types import Integer
from imsedge.h248.packages.weak import number

MAXIMUM = Param("mit", number("event it/ito mit"), Integer(0, 2**31 - 1, unit="10 ms"))
TIMED_OUT = Event("it/ito", number("event it/ito"), requested=(MAXIMUM,))

PACKAGE = Package(
    name="it", id=0x0045, version=1, title="Inactivity timer", source="H.248.14", events=(TIMED_OUT,)
)
