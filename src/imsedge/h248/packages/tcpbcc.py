"""TCP basic connection control ``tcpbcc`` (H.248.89), after the pattern of ``gb``.

``mode`` and ``incoming`` are ours: how the TCP of two terminations is coupled (TR 29.828 clause 4.3), and
whether a connection that the peer opens is accepted, its SYN left without an answer until further notice
(``discard``), or until the other termination is connected (``hold``).
"""

from imsedge.h248.packages.model import Event, Package, Param, Property, SignalKey
from imsedge.h248.packages.types import Enumeration, Text
from imsedge.h248.packages.weak import number

MODE = Property("tcpbcc/mode", number("property tcpbcc/mode"), Enumeration(relay=1, proxy=2, merge=3))
INCOMING = Property(
    "tcpbcc/incoming",
    number("property tcpbcc/incoming"),
    Enumeration(accept=1, discard=2, hold=3),
    default="accept",
)

TYPE = Param("Type", number("event tcpbcc/BNCChange Type"), Enumeration(Est=1, Mod=2, Cut=3, Mfail=4))
CAUSE = Param("cause", number("event tcpbcc/BNCChange cause"), Text(200))
BNC_CHANGE = Event(
    "tcpbcc/BNCChange", number("event tcpbcc/BNCChange"), requested=(TYPE,), observed=(TYPE, CAUSE)
)
EST_BNC = SignalKey("tcpbcc/EstBNC", number("signal tcpbcc/EstBNC"))
REL_BNC = SignalKey("tcpbcc/RelBNC", number("signal tcpbcc/RelBNC"))

PACKAGE = Package(
    name="tcpbcc",
    id=0x0115,
    version=1,
    title="TCP basic connection control",
    source="H.248.89",
    properties=(MODE, INCOMING),
    events=(BNC_CHANGE,),
    signals=(EST_BNC, REL_BNC),
)
