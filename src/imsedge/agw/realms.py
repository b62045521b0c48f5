"""Which realms can be used at the moment (IP realm availability, H.248.41 Amendment 1, package ``ipra``).

ROOT tells all of them (``ipra/ar``), and each change when ``ipra/arc`` is armed there (TS 23.334, Realm
Availability Activate and Notification).  Terminations that are in a realm when it goes are left alone: their
bearers say themselves when they fail.
"""

from imsedge.agw.desk import Desk
from imsedge.agw.detection import find_event
from imsedge.agw.notifications import notify_root
from imsedge.h248.model import Parameter
from imsedge.h248.packages import ipra


def available_realms(desk: Desk) -> tuple[Parameter, ...]:
    """``ipra/ar``, in the order of the settings; nothing when there is none, as a list has an element."""
    names = [r.name for r in desk.settings.realms if r.name not in desk.registry.absent_realms]
    return (ipra.AVAILABLE.write_all(names),) if names else ()


def realms_changed(desk: Desk, absent: frozenset[str]) -> None:
    """``absent``: realms none of whose addresses this machine has."""
    before, desk.registry.absent_realms = desk.registry.absent_realms, absent
    come, gone = sorted(before - absent), sorted(absent - before)
    for names, what in ((come, "can be used again"), (gone, "cannot be used: none of its addresses is here")):
        for name in names:
            desk.log(f"realm {name} {what}")
    if (come or gone) and find_event(desk.registry.root_events, ipra.CHANGED.name) is not None:
        rows = ((ipra.NEWLY_AVAILABLE, come), (ipra.NEWLY_UNAVAILABLE, gone))
        notify_root(desk, ipra.CHANGED.name, tuple(key.write_all(names) for key, names in rows if names))
