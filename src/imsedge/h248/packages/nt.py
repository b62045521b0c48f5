"""Network package ``nt``: octets, duration, failures of the bearer (H.248.1 Annex E.11)."""

from imsedge.h248.packages.model import Event, Package, Param, Property, StatisticKey
from imsedge.h248.packages.types import Integer, Text

_COUNT = Integer(0, 2**63 - 1)

JITTER_BUFFER = Property("nt/jit", 0x0007, Integer(0, 2**31 - 1, unit="ms"))

CAUSE = Param("cs", 0x0001, Text())
NETWORK_FAILURE = Event("nt/netfail", 0x0005, observed=(CAUSE,))
THRESHOLD = Param("th", 0x0001, Integer(0, 99, unit="%"))
QUALITY_ALERT = Event("nt/qualert", 0x0006, requested=(THRESHOLD,), observed=(THRESHOLD,))

DURATION = StatisticKey("nt/dur", 0x0001, Integer(0, 2**63 - 1, unit="ms"))
OCTETS_SENT = StatisticKey("nt/os", 0x0002, _COUNT)
OCTETS_RECEIVED = StatisticKey("nt/or", 0x0003, _COUNT)

PACKAGE = Package(
    name="nt",
    id=0x000B,
    version=1,
    title="Network",
    source="H.248.1 Annex E.11",
    properties=(JITTER_BUFFER,),
    events=(NETWORK_FAILURE, QUALITY_ALERT),
    statistics=(DURATION, OCTETS_SENT, OCTETS_RECEIVED),
)
