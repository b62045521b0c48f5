"""Numbers and names that no public source confirms: one table, so that a dialect needs a setting, no code.

The ITU-T texts of the package Recommendations were not at hand when these packages were written.  Package
numbers are from the IANA registry and certain; what stands here is not.  Text encoding uses names only, so
two imsedges always understand each other; numbers matter in binary, and names when the peer is another make.

A key is the kind, the name on the wire and, for parameters, the parameter: ``property gm/saf``, ``event
hangterm/thb timerx``.  ``catalogue.with_overrides`` takes the same keys.
"""

from enum import Enum
from typing import NamedTuple


class Trust(Enum):
    """How far a name and its number can be trusted."""

    FOUND = "found in a public source"
    RECALLED = "name recalled and fairly sure, number recalled"
    WEAK = "name and number recalled, weak"
    OURS = "chosen by this project; no public source has it"


class Weak(NamedTuple):
    """One row."""

    id: int
    trust: Trust


_R, _W, _O = Trust.RECALLED, Trust.WEAK, Trust.OURS

TABLE: dict[str, Weak] = {
    # H.248.14 inactivity timer
    "event it/ito": Weak(0x0001, _R),
    "event it/ito mit": Weak(0x0001, _R),
    # H.248.11 overload control
    "event ocp/mg_overload": Weak(0x0001, _R),
    # H.248.52 differentiated services
    "property ds/dscp": Weak(0x0001, _R),
    "property ds/tb": Weak(0x0002, _W),
    # H.248.43 gate management
    "property gm/saf": Weak(0x0001, _R),
    "property gm/sam": Weak(0x0002, _R),
    "property gm/spf": Weak(0x0003, _R),
    "property gm/spr": Weak(0x0004, _R),
    "property gm/sprr": Weak(0x0005, _R),
    "property gm/esas": Weak(0x0006, _R),
    "property gm/lsa": Weak(0x0007, _R),
    "property gm/esps": Weak(0x0008, _R),
    "property gm/lsp": Weak(0x0009, _R),
    "statistic gm/dp": Weak(0x0001, _R),
    # H.248.57 RTCP handling
    "property rtcph/rsb": Weak(0x0001, _R),
    # H.248.53 traffic management
    "property tman/sdr": Weak(0x0001, _W),
    "property tman/mbs": Weak(0x0002, _W),
    "property tman/pdr": Weak(0x0003, _W),
    "property tman/dvt": Weak(0x0004, _W),
    "property tman/pol": Weak(0x0005, _W),
    "statistic tmanr/dp": Weak(0x0001, _W),
    # H.248.37 NAPT traversal, latching and address reporting
    "signal ipnapt/latch": Weak(0x0001, _R),
    "signal ipnapt/latch napt": Weak(0x0001, _R),
    "event adr/rsac": Weak(0x0001, _R),
    "event adr/rsac nrsa": Weak(0x0001, _R),
    "event adr/rsac nrsp": Weak(0x0002, _R),
    # H.248.36 hanging termination
    "event hangterm/thb": Weak(0x0001, _R),
    "event hangterm/thb timerx": Weak(0x0001, _R),
    # H.248.40 application data inactivity
    "event adid/ipstop": Weak(0x0001, _R),
    "event adid/ipstop dt": Weak(0x0001, _R),
    "event adid/ipstop dir": Weak(0x0002, _R),
    # H.248.41 IP domain connection
    "property ipdc/realm": Weak(0x0001, _R),
    "property ipra/ar": Weak(0x0001, _R),
    "event ipra/arc": Weak(0x0001, _R),
    "event ipra/arc nar": Weak(0x0001, _R),
    "event ipra/arc nur": Weak(0x0002, _R),
    # H.248.45 MGC information
    "property mgcinfo/db": Weak(0x0001, _R),
    # H.248.1 segmentation
    "property seg/MGSegmentationTimerValue": Weak(0x0001, _R),
    "property seg/MGCSegmentationTimerValue": Weak(0x0002, _R),
    "property seg/MGMaxPDUSize": Weak(0x0003, _R),
    "property seg/MGCMaxPDUSize": Weak(0x0004, _R),
    # H.248.89 TCP basic connection control, after the pattern of Q.1950 gb
    "event tcpbcc/BNCChange": Weak(0x0001, _W),
    "event tcpbcc/BNCChange Type": Weak(0x0001, _W),
    "event tcpbcc/BNCChange cause": Weak(0x0002, _O),
    "signal tcpbcc/EstBNC": Weak(0x0001, _W),
    "signal tcpbcc/RelBNC": Weak(0x0003, _W),
    "property tcpbcc/mode": Weak(0x0001, _O),
    "property tcpbcc/incoming": Weak(0x0002, _O),
    # H.248.89 and H.248.84 statistics of TCP
    "statistic tcprm/rs": Weak(0x0001, _O),
    "statistic tcprm/rtt": Weak(0x0002, _O),
    "statistic tcptv/con": Weak(0x0001, _O),
    "statistic tcptv/ref": Weak(0x0002, _O),
    # H.248.90 TLS basic session control, the same pattern
    "event tlsbsc/BNCChange": Weak(0x0001, _W),
    "event tlsbsc/BNCChange Type": Weak(0x0001, _W),
    "event tlsbsc/BNCChange cause": Weak(0x0002, _O),
    "signal tlsbsc/EstBNC": Weak(0x0001, _W),
    "signal tlsbsc/RelBNC": Weak(0x0003, _W),
    # H.248.92 stream end point interlinkage
    "property seplink/link": Weak(0x0001, _O),
}


def number(key: str) -> int:
    """The number of a row of the table."""
    return TABLE[key].id


def trust(key: str) -> Trust:
    """What is not in the table was found in a public source."""
    return TABLE[key].trust if key in TABLE else Trust.FOUND
