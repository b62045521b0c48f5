"""From what happens to a bearer to what the controller hears (H.248.1 clauses 7.2.7 and 7.2.8).

Nothing is reported that was not armed.  ``BNCChange`` without a ``Type`` asks for losses only (the failure
indications of TS 23.334); with ``Type`` for those named.  Losing the media plane itself takes the
termination out of service, which is a ServiceChange unless ``g/cause`` was armed.
"""

from datetime import UTC, datetime
from functools import partial

from imsedge.agw.desk import Desk
from imsedge.agw.detection import arm, buffer_events, find_event, give
from imsedge.agw.local_remote import SECURE
from imsedge.agw.messages import Report
from imsedge.agw.quiet import direction_name
from imsedge.agw.state import NO_EVENTS, Change, StreamState, Termination
from imsedge.bearer.messages import (
    AnyEvent,
    Closed,
    Established,
    Failed,
    FailureCause,
    Latched,
    Quiet,
    TlsEstablished,
    Verified,
)
from imsedge.h248.model import (
    NULL_CONTEXT,
    ROOT,
    ActionRequest,
    CommandRequest,
    ErrorDescriptor,
    Events,
    NotifyBehaviour,
    ObservedEvent,
    ObservedEvents,
    Parameter,
    RequestedEvent,
    ServiceChange,
    ServiceChangeMethod,
    TimeStamp,
    Verb,
)
from imsedge.h248.packages import adid, adr, g, hangterm, it, tcpbcc, tlsbsc

_LOSSES = ("Cut", "Mfail")

# General cause of package g (H.248.1 Annex E.1): FT temporary, FP permanent failure, NR normal release.
_GENERAL_CAUSES = {
    FailureCause.TCP_REFUSED: "FP",
    FailureCause.NO_CERTIFICATE: "FP",
    FailureCause.FINGERPRINT_MISMATCH: "FP",
    FailureCause.TLS_HANDSHAKE: "FP",
    FailureCause.MSRP: "FP",
}
_OTHER_FAILURE = "FT"
_NORMAL_RELEASE = "NR"


def report_bearer(desk: Desk, termination: Termination, stream: StreamState, event: AnyEvent) -> None:
    """Put out the Notify or ServiceChange that this event calls for, if any, and do what is embedded."""
    change = _change(desk, stream, event)
    if change is None:
        return
    if isinstance(event, Failed) and event.cause is FailureCause.PLANE:
        first, termination.out_of_service = not termination.out_of_service, True
        armed = find_event(termination.events, g.CAUSE.name, stream.id)
        if first and armed is None:
            _report(desk, termination.context, _out_of_service(termination.name))
    happened(desk, termination, change)


def happened(desk: Desk, termination: Termination, change: Change) -> None:
    """Tell it to whoever asked; in LockStep it may have to wait for the next Events descriptor."""
    if not termination.lock_step or not _keep(desk, termination, change):
        _detect(desk, termination, change)
    _go_through_buffer(desk, termination)


def arm_events(desk: Desk, termination: Termination, events: Events | None) -> None:
    """A new Events descriptor; in LockStep, what has happened meanwhile is looked at now."""
    arm(desk, termination, events)
    _go_through_buffer(desk, termination)


def _keep(desk: Desk, termination: Termination, change: Change) -> bool:
    """Clause 7.1.11: whether the event buffer is for this; the oldest stay when it is full."""
    if not _matched(desk, buffer_events(termination.event_buffer), change):
        return False
    if len(termination.buffered) < desk.settings.limits.buffered_events:
        termination.buffered.append(change)
    else:
        full = CommandRequest(Verb.NOTIFY, (termination.name,), reported=ErrorDescriptor(518))
        _report(desk, termination.context, full)
    return True


def _go_through_buffer(desk: Desk, termination: Termination) -> None:
    """Up to the first event that somebody waits for; those before are nobody's."""
    while termination.buffered and termination.events.events:
        _detect(desk, termination, termination.buffered.popleft())


def _detect(desk: Desk, termination: Termination, change: Change) -> None:
    """Notify, then let what is embedded take its place (clause 7.1.9)."""
    found = _matched(desk, termination.events, change)
    if not found:
        return
    told = tuple(seen for armed, seen in found if armed.notify is not NotifyBehaviour.NEVER)
    if told:
        notify(desk, termination, told)
    embedded = next((armed.embedded for armed, _ in found if armed.embedded is not None), None)
    following = embedded.events if embedded is not None else None
    if following is None and termination.lock_step:
        following = NO_EVENTS
    arm(desk, termination, following)
    if embedded is not None:
        for completion in give(desk, termination, embedded.signals):
            happened(desk, termination, completion)


def notify(desk: Desk, termination: Termination, observed: tuple[ObservedEvent, ...]) -> None:
    """Notify for one termination, with the request id of its Events descriptor."""
    events = ObservedEvents(termination.events.request_id or 0, observed)
    _report(desk, termination.context, CommandRequest(Verb.NOTIFY, (termination.name,), observed=events))


def notify_heartbeat(desk: Desk, termination: Termination) -> None:
    """H.248.36: nobody has asked for this termination for a while."""
    notify(desk, termination, (ObservedEvent(hangterm.HEARTBEAT.name, time=time_stamp(desk, desk.now)),))


def notify_inactivity(desk: Desk) -> None:
    """H.248.14: nothing was heard from the controller."""
    notify_root(desk, it.TIMED_OUT.name)


def notify_root(desk: Desk, name: str, parameters: tuple[Parameter, ...] = ()) -> None:
    """Notify for the gateway as a whole."""
    observed = (ObservedEvent(name, time=time_stamp(desk, desk.now), parameters=parameters),)
    events = ObservedEvents(desk.registry.root_events.request_id or 0, observed)
    _report(desk, NULL_CONTEXT, CommandRequest(Verb.NOTIFY, (ROOT,), observed=events))


def time_stamp(desk: Desk, when: float) -> TimeStamp:
    """A moment on the clock of ``now`` in UTC, to hundredths of a second."""
    moment = datetime.fromtimestamp(desk.settings.epoch + when, UTC)
    hundredths = moment.microsecond // 10_000
    return TimeStamp(moment.strftime("%Y%m%d"), f"{moment.strftime('%H%M%S')}{hundredths:02}")


def _change(desk: Desk, stream: StreamState, event: AnyEvent) -> Change | None:
    secure = stream.terms.local.transport in SECURE
    what = partial(Change, stream.id, secure, time=desk.now)
    match event:
        case Established():
            return what(tls=False, kind="Est")
        case TlsEstablished(verified=True) | Verified():
            return what(tls=True, kind="Est")
        case Latched(remote=remote):
            parameters = (adr.ADDRESS.write(remote.host), adr.PORT.write(remote.port))
            return what(tls=False, kind="", name=adr.SOURCE_CHANGED.name, parameters=parameters)
        case Quiet(ways=ways):
            direction = adid.DIRECTION.write(direction_name(ways))
            return what(tls=False, kind="", name=adid.STOPPED.name, parameters=(direction,))
        case Closed():
            return what(tls=secure, kind="Cut", cause="closed", general=_NORMAL_RELEASE)
        case Failed(cause=FailureCause.LINKED_LEG as cause):
            return what(tls=secure, kind="Cut", cause=cause.value, general=_OTHER_FAILURE)
        case Failed(cause=cause):
            general = _GENERAL_CAUSES.get(cause, _OTHER_FAILURE)
            return what(tls=cause.is_tls, kind="Mfail", cause=cause.value, general=general)
    return None


def observed_events(desk: Desk, termination: Termination) -> ObservedEvents | None:
    """What is in the event buffer (for an audit), each event under the name it was asked for."""
    events = buffer_events(termination.event_buffer)
    seen = [observed for change in termination.buffered for _, observed in _matched(desk, events, change)]
    return ObservedEvents(termination.events.request_id or 0, tuple(seen)) if seen else None


def _matched(desk: Desk, events: Events, change: Change) -> list[tuple[RequestedEvent, ObservedEvent]]:
    """The events that asked for this change, and how they are told."""
    when = partial(time_stamp, desk, change.time)  # often nobody has asked
    if change.name:
        asked = find_event(events, change.name, change.stream)
        if asked is None:
            return []
        return [(asked, ObservedEvent(change.name, change.stream, when(), change.parameters))]
    found = []
    armed = _armed_change(events, change)
    if armed is not None:
        parameters = [tcpbcc.TYPE.write(change.kind)]
        if change.cause:
            parameters.append(tcpbcc.CAUSE.write(change.cause))
        found.append((armed, ObservedEvent(armed.name, change.stream, when(), tuple(parameters))))
    cause = find_event(events, g.CAUSE.name, change.stream)
    if cause is not None and change.general is not None:
        general = g.GENERAL_CAUSE.write(change.general)
        failure = g.FAILURE_CAUSE.write(change.cause.encode())
        found.append((cause, ObservedEvent(cause.name, change.stream, when(), (general, failure))))
    return found


def _armed_change(events: Events, change: Change) -> RequestedEvent | None:
    """TLS ends with its TCP: a loss is told to whichever of the two events is armed, its own first."""
    own, other = tlsbsc.BNC_CHANGE.name, tcpbcc.BNC_CHANGE.name
    if not change.tls:
        own, other = other, own
    names = (own, other) if change.kind in _LOSSES and change.secure else (own,)
    for name in names:
        armed = find_event(events, name, change.stream)
        if armed is not None and change.kind in _wanted_kinds(armed):
            return armed
    return None


def _wanted_kinds(armed: RequestedEvent) -> tuple[str, ...]:
    for parameter in armed.parameters:
        if tcpbcc.TYPE.named(parameter.name):
            return tcpbcc.TYPE.read_all(parameter)
    return _LOSSES


def _out_of_service(name: str) -> CommandRequest:
    change = ServiceChange(ServiceChangeMethod.FORCED, "904 Termination malfunctioning")
    return CommandRequest(Verb.SERVICE_CHANGE, (name,), service_change=change)


def _report(desk: Desk, context: int, command: CommandRequest) -> None:
    desk.outputs.append(Report((ActionRequest(context, (command,)),)))
