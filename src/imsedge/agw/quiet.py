"""``adid/ipstop``: no application data for so long, in one direction or both (H.248.40)."""

from imsedge.bearer.messages import Ways
from imsedge.h248.model import Events, fold
from imsedge.h248.packages import adid

_WAYS = {"IN": Ways.IN, "OUT": Ways.OUT, "BOTH": Ways.BOTH}
_NAMES = {ways: name for name, ways in _WAYS.items()}


def quiet_of(events: Events, stream: int) -> tuple[float, Ways]:
    """Seconds of silence to report at this stream, 0 when nobody asks, and the direction."""
    for event in events.events:
        if fold(event.name) == fold(adid.STOPPED.name) and event.stream in (None, stream):
            limit = adid.DURATION.find(event.parameters) or 0
            return float(limit), _WAYS[adid.DIRECTION.find(event.parameters) or "BOTH"]
    return 0.0, Ways.BOTH


def direction_name(ways: Ways) -> str:
    """As the observed event says it."""
    return _NAMES[ways]
