"""Segmentation package ``seg``: sizes and timers of long replies over UDP (H.248.1 v3)."""

from imsedge.h248.packages.model import Package, Place, Property
from imsedge.h248.packages.types import Integer
from imsedge.h248.packages.weak import number

_SIZE = Integer(0, 65_535, unit="octets")
_MILLISECONDS = Integer(0, 2**31 - 1, unit="ms")
_STATE = Place.TERMINATION_STATE


MG_TIMER = Property(
    "seg/MGSegmentationTimerValue",
    number("property seg/MGSegmentationTimerValue"),
    _MILLISECONDS,
    place=_STATE,
)
MGC_TIMER = Property(
    "seg/MGCSegmentationTimerValue",
    number("property seg/MGCSegmentationTimerValue"),
    _MILLISECONDS,
    place=_STATE,
)
MG_MAX_PDU = Property("seg/MGMaxPDUSize", number("property seg/MGMaxPDUSize"), _SIZE, place=_STATE)
MGC_MAX_PDU = Property("seg/MGCMaxPDUSize", number("property seg/MGCMaxPDUSize"), _SIZE, place=_STATE)

PACKAGE = Package(
    name="seg",
    id=0x00A3,
    version=1,
    title="Segmentation",
    source="H.248.1 v3 Annex E",
    properties=(MG_TIMER, MGC_TIMER, MG_MAX_PDU, MGC_MAX_PDU),
)
