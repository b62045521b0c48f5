"""RTP package ``rtp``: packets, loss, jitter, delay (H.248.1 Annex E.12)."""

from imsedge.h248.packages.model import Event, Package, Param, StatisticKey
from imsedge.h248.packages.types import Integer, Text

_COUNT = Integer(0, 2**63 - 1)

PAYLOAD_TYPE = Param("rtppltype", 0x0001, Text())
PAYLOAD_TRANSITION = Event("rtp/pltrans", 0x0001, observed=(PAYLOAD_TYPE,))

PACKETS_SENT = StatisticKey("rtp/ps", 0x0004, _COUNT)
PACKETS_RECEIVED = StatisticKey("rtp/pr", 0x0005, _COUNT)
PACKET_LOSS = StatisticKey("rtp/pl", 0x0006, Text())  # per cent with a fraction: kept as it is written
JITTER = StatisticKey("rtp/jit", 0x0007, _COUNT)
DELAY = StatisticKey("rtp/delay", 0x0008, _COUNT)

PACKAGE = Package(
    name="rtp",
    id=0x000C,
    version=1,
    title="RTP",
    source="H.248.1 Annex E.12",
    extends="nt",
    events=(PAYLOAD_TRANSITION,),
    statistics=(PACKETS_SENT, PACKETS_RECEIVED, PACKET_LOSS, JITTER, DELAY),
)
