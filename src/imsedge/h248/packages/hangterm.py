"""Hanging termination detection ``hangterm``: a heartbeat for each forgotten termination (H.248.36)."""

from imsedge.h248.packages.model import Event, Package, Param
from imsedge.h248.packages.types import Integer
from imsedge.h248.packages.weak import number

TIMER_X = Param("timerx", number("event hangterm/thb timerx"), Integer(0, 2**31 - 1, unit="s"))
HEARTBEAT = Event("hangterm/thb", number("event hangterm/thb"), requested=(TIMER_X,))

PACKAGE = Package(
    name="hangterm",
    id=0x0098,
    version=1,
    title="Hanging termination detection",
    source="H.248.36",
    events=(HEARTBEAT,),
)
