"""Generic package ``g``: failures and the end of signals (H.248.1 Annex E.1)."""

from imsedge.h248.packages.model import Event, Package, Param
from imsedge.h248.packages.types import Enumeration, Integer, OctetString, Text

GENERAL_CAUSE = Param("Generalcause", 0x0001, Enumeration(NR=1, UR=2, FT=3, FP=4, IW=5, UN=6))
FAILURE_CAUSE = Param("Failurecause", 0x0002, OctetString())
CAUSE = Event("g/cause", 0x0001, observed=(GENERAL_CAUSE, FAILURE_CAUSE))

SIGNAL_ID = Param("SigID", 0x0001, Text())
METHOD = Param("Meth", 0x0002, Enumeration(TO=1, EV=2, SD=3, NC=4, PI=5))
SIGNAL_LIST = Param("SLID", 0x0003, Integer(0, 65_535))
REQUEST = Param("RID", 0x0004, Integer(0, 2**32 - 1))
SIGNAL_COMPLETION = Event("g/sc", 0x0002, observed=(SIGNAL_ID, METHOD, SIGNAL_LIST, REQUEST))

PACKAGE = Package(
    name="g",
    id=0x0001,
    version=2,
    title="Generic",
    source="H.248.1 Annex E.1",
    events=(CAUSE, SIGNAL_COMPLETION),
)
