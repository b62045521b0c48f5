"""IP NAPT traversal ``ipnapt``: learn the remote address from what arrives (H.248.37)."""

from imsedge.h248.packages.model import Package, Param, SignalKey
from imsedge.h248.packages.types import Enumeration
from imsedge.h248.packages.weak import number

NAPT = Param("napt", number("signal ipnapt/latch napt"), Enumeration(OFF=0, LATCH=1, RELATCH=2))
LATCH = SignalKey("ipnapt/latch", number("signal ipnapt/latch"), parameters=(NAPT,))

PACKAGE = Package(
    name="ipnapt", id=0x0099, version=1, title="IP NAPT traversal", source="H.248.37", signals=(LATCH,)
)
