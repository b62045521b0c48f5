"""Base root package ``root``: limits and timers of the whole gateway (H.248.1 Annex E.2)."""

from imsedge.h248.packages.model import Access, Package, Place, Property
from imsedge.h248.packages.types import Integer

_MILLISECONDS = Integer(0, 2**32 - 1, unit="ms")
_STATE = Place.TERMINATION_STATE

MAX_CONTEXTS = Property(
    "root/maxNumberOfContexts", 0x0001, Integer(1, 2**63 - 1), access=Access.READ_ONLY, place=_STATE
)
MAX_TERMINATIONS = Property(
    "root/maxTerminationsPerContext", 0x0002, Integer(1), access=Access.READ_ONLY, place=_STATE
)
NORMAL_MG_EXECUTION = Property("root/normalMGExecutionTime", 0x0003, _MILLISECONDS, place=_STATE)
NORMAL_MGC_EXECUTION = Property("root/normalMGCExecutionTime", 0x0004, _MILLISECONDS, place=_STATE)
MG_PROVISIONAL = Property("root/MGProvisionalResponseTimerValue", 0x0005, _MILLISECONDS, place=_STATE)
MGC_PROVISIONAL = Property("root/MGCProvisionalResponseTimerValue", 0x0006, _MILLISECONDS, place=_STATE)
MGC_PENDING_LIMIT = Property("root/MGCOriginatedPendingLimit", 0x0007, Integer(0, 2**31 - 1), place=_STATE)
MG_PENDING_LIMIT = Property("root/MGOriginatedPendingLimit", 0x0008, Integer(0, 2**31 - 1), place=_STATE)

PACKAGE = Package(
    name="root",
    id=0x0002,
    version=2,
    title="Base root",
    source="H.248.1 Annex E.2",
    properties=(
        MAX_CONTEXTS,
        MAX_TERMINATIONS,
        NORMAL_MG_EXECUTION,
        NORMAL_MGC_EXECUTION,
        MG_PROVISIONAL,
        MGC_PROVISIONAL,
        MGC_PENDING_LIMIT,
        MG_PENDING_LIMIT,
    ),
)
