"""Overload control and congestion handling (H.248.11 ``ocp``, H.248.10 ``chp``).

The load is the fullest of what is limited: contexts, and transactions being executed.  While it is high, each
Add brings ``ocp/mg_overload`` beside its reply, and each change of the level ``chp/mgcon`` with the reduction
of new calls that is asked of the controller; both if armed at ROOT.
"""

from imsedge.agw.desk import Desk
from imsedge.agw.detection import find_event
from imsedge.agw.notifications import notify_root
from imsedge.h248.packages import chp, ocp

_LEVELS = ((0.98, 100), (0.95, 75), (0.9, 50), (0.8, 25))
"""From which load on how many per cent of the new calls should not come."""


def load(desk: Desk) -> float:
    """0 is idle, 1 is full."""
    contexts, limits = len(desk.registry.contexts), desk.settings.limits
    return max(contexts / max(limits.contexts, 1), desk.executing / max(limits.executions, 1))


def reduction(loaded: float) -> int:
    """Per cent of new calls that are too many."""
    return next((percent for level, percent in _LEVELS if loaded >= level), 0)


def notice_add(desk: Desk) -> None:
    """A new termination is asked for."""
    armed = find_event(desk.registry.root_events, ocp.OVERLOAD.name)
    if armed is not None and reduction(load(desk)):
        notify_root(desk, ocp.OVERLOAD.name)
    notice_level(desk)


def notice_level(desk: Desk) -> None:
    """Call when there may be more or less to do than before."""
    if find_event(desk.registry.root_events, chp.CONGESTION.name) is None:
        return
    percent = reduction(load(desk))
    if percent != desk.reduction:
        desk.reduction = percent
        notify_root(desk, chp.CONGESTION.name, (chp.REDUCTION.write(percent),))
