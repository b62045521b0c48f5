"""Signs of life: the empty audit of ROOT, and ``it/ito`` of H.248.14 (clause 5.12.3 of TS 29.334)."""

from imsedge.h248.model import (
    NULL_CONTEXT,
    ROOT,
    ActionReply,
    ActionRequest,
    Audit,
    CommandReply,
    CommandRequest,
    Events,
    RequestedEvent,
    Verb,
)
from imsedge.h248.packages import it

_UNIT = 0.01  # seconds: it/ito{mit} counts these
INACTIVITY_REQUEST = 0x2481_4000  # request id of the order to watch, told apart from the user's own


def audit_root() -> tuple[ActionRequest, ...]:
    """``Context = - { AuditValue = ROOT { Audit { } } }``."""
    return (ActionRequest(NULL_CONTEXT, (CommandRequest(Verb.AUDIT_VALUE, (ROOT,), audit=Audit()),)),)


def watch_silence(seconds: float) -> tuple[ActionRequest, ...]:
    """Order a gateway to notify us when it hears nothing for ``seconds``."""
    event = RequestedEvent(it.TIMED_OUT.name, parameters=(it.MAXIMUM.write(round(seconds / _UNIT)),))
    events = Events(INACTIVITY_REQUEST, (event,))
    return (ActionRequest(NULL_CONTEXT, (CommandRequest(Verb.MODIFY, (ROOT,), descriptors=(events,)),)),)


def is_inactivity_notify(actions: tuple[ActionRequest, ...]) -> bool:
    """Whether this is nothing but the notification ordered by ``watch_silence``."""
    if len(actions) != 1 or len(actions[0].commands) != 1:
        return False
    observed = actions[0].commands[0].observed
    return (
        observed is not None
        and observed.request_id == INACTIVITY_REQUEST
        and all(it.TIMED_OUT.named(event.name) for event in observed.events)
    )


def reply_to_notify() -> tuple[ActionReply, ...]:
    """``Context = - { Notify = ROOT }``."""
    return (ActionReply(NULL_CONTEXT, (CommandReply(Verb.NOTIFY, (ROOT,)),)),)
