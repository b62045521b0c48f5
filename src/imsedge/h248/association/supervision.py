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
    Parameter,
    RequestedEvent,
    Verb,
    fold,
)

INACTIVITY_EVENT = "it/ito"
MAXIMUM_INACTIVITY = "mit"  # in units of 10 ms
INACTIVITY_REQUEST = 0x2481_4000  # request id of the order to watch, told apart from the user's own


def audit_root() -> tuple[ActionRequest, ...]:
    """``Context = - { AuditValue = ROOT { Audit { } } }``."""
    return (ActionRequest(NULL_CONTEXT, (CommandRequest(Verb.AUDIT_VALUE, (ROOT,), audit=Audit()),)),)


def watch_silence(seconds: float) -> tuple[ActionRequest, ...]:
    """Order a gateway to notify us when it hears nothing for ``seconds``."""
    interval = Parameter(MAXIMUM_INACTIVITY, (str(round(seconds * 100)),))
    event = RequestedEvent(INACTIVITY_EVENT, parameters=(interval,))
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
        and all(fold(event.name) == INACTIVITY_EVENT for event in observed.events)
    )


def reply_to_notify() -> tuple[ActionReply, ...]:
    """``Context = - { Notify = ROOT }``."""
    return (ActionReply(NULL_CONTEXT, (CommandReply(Verb.NOTIFY, (ROOT,)),)),)
