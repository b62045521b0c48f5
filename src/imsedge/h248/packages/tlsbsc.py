"""TLS basic session control ``tlsbsc`` (H.248.90; H.248.93 uses it for DTLS), after the pattern of ``gb``."""

from imsedge.h248.packages.model import Event, Package, Param, SignalKey
from imsedge.h248.packages.types import Enumeration, Text
from imsedge.h248.packages.weak import number

TYPE = Param("Type", number("event tlsbsc/BNCChange Type"), Enumeration(Est=1, Mod=2, Cut=3, Mfail=4))
CAUSE = Param("cause", number("event tlsbsc/BNCChange cause"), Text(200))
BNC_CHANGE = Event(
    "tlsbsc/BNCChange", number("event tlsbsc/BNCChange"), requested=(TYPE,), observed=(TYPE, CAUSE)
)
EST_BNC = SignalKey("tlsbsc/EstBNC", number("signal tlsbsc/EstBNC"))
REL_BNC = SignalKey("tlsbsc/RelBNC", number("signal tlsbsc/RelBNC"))

PACKAGE = Package(
    name="tlsbsc",
    id=0x0117,
    version=1,
    title="TLS basic session control",
    source="H.248.90",
    events=(BNC_CHANGE,),
    signals=(EST_BNC, REL_BNC),
)
