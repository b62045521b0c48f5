"""Session timers (RFC 4028) as a proxy in the middle sees them: they are not asked for, but obeyed.

Both parties negotiate ``Session-Expires`` through us, unchanged.  Once a 2xx to INVITE or UPDATE has agreed
on an interval, its refreshes pass here too.  The party that waits in vain for one sends BYE a third of the
interval (at most 32 s) before its end; when not even that comes, both are gone, and with them the reason to
hold a context.  A call without ``Session-Expires`` is never ended so: ``policy.inactivity`` is for those.
"""

from imsedge.core.machine import NEVER
from imsedge.sip.errors import SipError
from imsedge.sip.grammar import read_number
from imsedge.sip.message import SipRequest, SipResponse

_REFRESHING = frozenset({"INVITE", "UPDATE"})

_UNKNOWN_SESSION = frozenset({408, 481})

GRACE = 32.0
"""Seconds after the end of the interval: a BYE that was sent in time may be repeated for so long."""


def has_lost_session(request: SipRequest, response: SipResponse) -> bool:
    """Whether who answers so, or not at all, has no such session any more (RFC 3261 clause 12.2.1.2)."""
    return request.method in _REFRESHING and response.status in _UNKNOWN_SESSION


def ends_at(request: SipRequest, response: SipResponse, now: float) -> float | None:
    """When the session ends unless it is refreshed, ``NEVER`` without a timer; ``None``: nothing new."""
    if request.method not in _REFRESHING or not 200 <= response.status < 300:
        return None
    value = response.headers.get("Session-Expires")
    if value is None:
        return NEVER
    try:
        interval = read_number(value.partition(";")[0].strip(), 2**32 - 1, "Session-Expires")
    except SipError:
        return NEVER
    return now + interval + GRACE
