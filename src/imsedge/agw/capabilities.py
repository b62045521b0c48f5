"""AuditCapability: what could be set, whatever is set now (H.248.1 clause 7.2.6)."""

from collections.abc import Callable

from msgspec.structs import replace

from imsedge.agw import items
from imsedge.agw.audits import STATISTICS, media_of, media_part, packages_of, state_of
from imsedge.agw.desk import Scope
from imsedge.agw.detection import SIGNALS, supported_events
from imsedge.agw.local_remote import MSRP_TRANSPORTS, TRANSPORTS
from imsedge.agw.state import Termination
from imsedge.h248.model import (
    Audit,
    AuditItem,
    AuditReturn,
    BufferedEvent,
    DigitMap,
    EventBuffer,
    Events,
    LocalControl,
    Media,
    Packages,
    RequestedEvent,
    Signal,
    SignalList,
    Signals,
    Statistic,
    Statistics,
    Stream,
    StreamMode,
    fold,
)


def audit_capability(
    scope: Scope, termination: Termination | None, audit: Audit | None
) -> tuple[AuditReturn, ...]:
    """What was asked for; individual items as far as they are there.  Raises ``H248Error`` 532."""
    if audit is None:
        return ()
    whole = (_whole(scope, termination, item) for item in audit.items)
    return (*whole, *(_part(scope, termination, item) for item in audit.individual))


def _whole(scope: Scope, termination: Termination | None, item: AuditItem) -> AuditReturn:
    return _CAPABILITIES[item](scope, termination) if item in _CAPABILITIES else item


def _part(scope: Scope, termination: Termination | None, asked: AuditReturn) -> AuditReturn:
    """The elements that have the names asked for; the descriptor's own name when there are none."""
    if isinstance(asked, Media):
        return media_part(_media_capability(scope, termination), asked)
    item, field = _ELEMENTS[type(asked)]
    whole = _whole(scope, termination, item)
    if isinstance(whole, AuditItem):
        return item
    names = {fold(element.name) for element in getattr(asked, field) if not isinstance(element, SignalList)}
    found = tuple(element for element in getattr(whole, field) if fold(element.name) in names)
    return replace(whole, **{field: found}) if found else item


_ELEMENTS: dict[type, tuple[AuditItem, str]] = {
    Events: (AuditItem.EVENTS, "events"),
    EventBuffer: (AuditItem.EVENT_BUFFER, "events"),
    Signals: (AuditItem.SIGNALS, "signals"),
    Statistics: (AuditItem.STATISTICS, "items"),
    Packages: (AuditItem.PACKAGES, "items"),
    DigitMap: (AuditItem.DIGIT_MAP, ""),
}
"""What can be asked for in part, and the field that holds its elements."""


def _media_capability(scope: Scope, termination: Termination | None) -> Media:
    """One alternative a family and transport, in both descriptors, and the values each property can have."""
    if termination is None:
        return media_of(scope, termination)
    settings = scope.desk.settings
    families = [
        family
        for family, ipv6 in (("IP4", False), ("IP6", True))
        if any(realm.address(ipv6=ipv6) for realm in settings.realms)
    ]
    blocks = "".join(
        f"v=0\r\nc=IN {family} $\r\nm=- $ {name} -\r\n" + ("a=path:$\r\n" if name in MSRP_TRANSPORTS else "")
        for family in families
        for name in TRANSPORTS
    )
    values = items.capabilities(settings.abilities, (realm.name for realm in settings.realms))
    control = LocalControl(mode=StreamMode.SEND_RECEIVE, properties=values)
    stream = Stream(1, control=control, local=blocks, remote=blocks.replace("$", "-"))
    return Media((stream,), state_of(termination))


def _events_capability(_scope: Scope, termination: Termination | None) -> AuditReturn:
    names = supported_events(root=termination is None)
    return Events(0, tuple(RequestedEvent(name) for name in names))


def _buffer_capability(_scope: Scope, termination: Termination | None) -> AuditReturn:
    if termination is None:
        return AuditItem.EVENT_BUFFER
    return EventBuffer(tuple(BufferedEvent(name) for name in supported_events(root=False)))


def _signals_capability(_scope: Scope, termination: Termination | None) -> AuditReturn:
    if termination is None:
        return AuditItem.SIGNALS
    return Signals(tuple(Signal(name) for name in SIGNALS))


def _statistics_capability(_scope: Scope, termination: Termination | None) -> AuditReturn:
    if termination is None:
        return AuditItem.STATISTICS
    return Statistics(tuple(Statistic(key.name) for key, _, _ in STATISTICS))


_CAPABILITIES: dict[AuditItem, Callable[[Scope, Termination | None], AuditReturn]] = {
    AuditItem.MEDIA: _media_capability,
    AuditItem.EVENTS: _events_capability,
    AuditItem.EVENT_BUFFER: _buffer_capability,
    AuditItem.SIGNALS: _signals_capability,
    AuditItem.STATISTICS: _statistics_capability,
    AuditItem.PACKAGES: packages_of,
}
