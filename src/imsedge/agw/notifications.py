"""From what happens to a bearer to what the controller hears (H.248.1 clauses 7.2.7 and 7.2.8).

Nothing is reported that was not armed.  ``BNCChange`` without a ``Type`` asks for losses only (the failure
indications of TS 23.334); with ``Type`` for those named.  Losing the media plane itself takes the
termination out of service, which is a ServiceChange unless ``g/cause`` was armed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from imsedge.agw.desk import Desk
from imsedge.agw.detection import find_event
from imsedge.agw.local_remote import SECURE
from imsedge.agw.messages import Report
from imsedge.agw.state import StreamState, Termination
from imsedge.bearer.messages import (
    AnyEvent,
    Closed,
    Established,
    Failed,
    FailureCause,
    TlsEstablished,
    Verified,
)
from imsedge.h248.model import (
    NULL_CONTEXT,
    ROOT,
    ActionRequest,
    CommandRequest,
    ObservedEvent,
    ObservedEvents,
    RequestedEvent,
    ServiceChange,
    ServiceChangeMethod,
    TimeStamp,
    Verb,
)
from imsedge.h248.packages import g, hangterm, it, tcpbcc, tlsbsc

_LOSSES = ("Cut", "Mfail")

# General cause of package g (H.248.1 Annex E.1): FT temporary, FP permanent failure, NR normal release.
_GENERAL_CAUSES = {
    FailureCause.TCP_REFUSED: "FP",
    FailureCause.NO_CERTIFICATE: "FP",
    FailureCause.FINGERPRINT_MISMATCH: "FP",
    FailureCause.TLS_HANDSHAKE: "FP",
}
_OTHER_FAILURE = "FT"
_NORMAL_RELEASE = "NR"


class _Change(NamedTuple):
    """A change of a bearer connection: ``kind`` is the observed ``Type``; ``general`` of ``g/cause``."""

    tls: bool
    kind: str
    cause: str = ""
    general: str | None = None


def report_bearer(desk: Desk, termination: Termination, stream: StreamState, event: AnyEvent) -> None:
    """Put out the Notify or ServiceChange that this event calls for, if any."""
    change = _change(stream, event)
    if change is None:
        return
    observed = tuple(_observed(desk, termination, stream, change))
    if isinstance(event, Failed) and event.cause is FailureCause.PLANE:
        first, termination.out_of_service = not termination.out_of_service, True
        armed = find_event(termination.events, g.CAUSE.name, stream.id)
        if first and armed is None:
            _report(desk, termination.context, _out_of_service(termination.name))
    if observed:
        notify(desk, termination, observed)


def notify(desk: Desk, termination: Termination, observed: tuple[ObservedEvent, ...]) -> None:
    """Notify for one termination, with the request id of its Events descriptor."""
    events = ObservedEvents(termination.events.request_id or 0, observed)
    _report(desk, termination.context, CommandRequest(Verb.NOTIFY, (termination.name,), observed=events))


def notify_heartbeat(desk: Desk, termination: Termination) -> None:
    """H.248.36: nobody has asked for this termination for a while."""
    notify(desk, termination, (ObservedEvent(hangterm.HEARTBEAT.name, time=time_stamp(desk)),))


def notify_inactivity(desk: Desk) -> None:
    """H.248.14: nothing was heard from the controller."""
    observed = (ObservedEvent(it.TIMED_OUT.name, time=time_stamp(desk)),)
    events = ObservedEvents(desk.registry.root_events.request_id or 0, observed)
    _report(desk, NULL_CONTEXT, CommandRequest(Verb.NOTIFY, (ROOT,), observed=events))


def time_stamp(desk: Desk) -> TimeStamp:
    """The moment of this input in UTC, to hundredths of a second."""
    moment = datetime.fromtimestamp(desk.settings.epoch + desk.now, UTC)
    hundredths = moment.microsecond // 10_000
    return TimeStamp(moment.strftime("%Y%m%d"), f"{moment.strftime('%H%M%S')}{hundredths:02}")


def _change(stream: StreamState, event: AnyEvent) -> _Change | None:
    secure = stream.terms.local.transport in SECURE
    match event:
        case Established():
            return _Change(tls=False, kind="Est")
        case TlsEstablished(verified=True) | Verified():
            return _Change(tls=True, kind="Est")
        case Closed():
            return _Change(secure, "Cut", "closed", _NORMAL_RELEASE)
        case Failed(cause=FailureCause.LINKED_LEG as cause):
            return _Change(secure, "Cut", cause.value, _OTHER_FAILURE)
        case Failed(cause=cause):
            general = _GENERAL_CAUSES.get(cause, _OTHER_FAILURE)
            return _Change(cause.is_tls, "Mfail", cause.value, general)
    return None


def _observed(
    desk: Desk, termination: Termination, stream: StreamState, change: _Change
) -> Iterator[ObservedEvent]:
    armed = _armed_change(termination, stream, change)
    if armed is not None:
        parameters = [tcpbcc.TYPE.write(change.kind)]
        if change.cause:
            parameters.append(tcpbcc.CAUSE.write(change.cause))
        yield ObservedEvent(armed.name, stream.id, time_stamp(desk), tuple(parameters))
    cause = find_event(termination.events, g.CAUSE.name, stream.id)
    if cause is not None and change.general is not None:
        general = g.GENERAL_CAUSE.write(change.general)
        failure = g.FAILURE_CAUSE.write(change.cause.encode())
        yield ObservedEvent(cause.name, stream.id, time_stamp(desk), (general, failure))


def _armed_change(termination: Termination, stream: StreamState, change: _Change) -> RequestedEvent | None:
    """TLS ends with its TCP: a loss is told to whichever of the two events is armed, its own first."""
    own, other = tlsbsc.BNC_CHANGE.name, tcpbcc.BNC_CHANGE.name
    if not change.tls:
        own, other = other, own
    names = (own, other) if change.kind in _LOSSES and stream.terms.local.transport in SECURE else (own,)
    for name in names:
        armed = find_event(termination.events, name, stream.id)
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
