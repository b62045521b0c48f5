"""Generic bearer connection ``gb``: the pattern that TCP and TLS control follow (Q.1950)."""

from imsedge.h248.packages.model import Event, Package, Param, SignalKey
from imsedge.h248.packages.types import Boolean, Enumeration, OctetString

TYPE = Param("Type", 0x0001, Enumeration(Est=1, Mod=2, Cut=3, Mfail=4))
BNC_CHANGE = Event("gb/BNCChange", 0x0001, requested=(TYPE,), observed=(TYPE,))
GENERAL_CAUSE = Param("Generalcause", 0x0001, Enumeration(NR=1, UR=2, FT=3, FP=4, IW=5, UN=6))
FAILURE_CAUSE = Param("Failurecause", 0x0002, OctetString())
RESET = Param("Reset", 0x0003, Boolean())
EST_BNC = SignalKey("gb/EstBNC", 0x0001)
MOD_BNC = SignalKey("gb/ModBNC", 0x0002)
REL_BNC = SignalKey("gb/RelBNC", 0x0003, parameters=(GENERAL_CAUSE, FAILURE_CAUSE, RESET))

PACKAGE = Package(
    name="gb",
    id=0x0021,
    version=1,
    title="Generic bearer connection",
    source="Q.1950",
    events=(BNC_CHANGE,),
    signals=(EST_BNC, MOD_BNC, REL_BNC),
)
