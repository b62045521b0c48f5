"""ServiceChange of a whole gateway: building and reading it, and what is negotiated in it."""

from collections.abc import Mapping
from ipaddress import ip_address

from imsedge.core.address import TransportAddress
from imsedge.h248.model import (
    NULL_CONTEXT,
    ROOT,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    DomainMid,
    ErrorDescriptor,
    IpMid,
    Mid,
    ServiceChange,
    ServiceChangeResult,
    Verb,
    fold,
)
from imsedge.h248.transactions import Result

DEFAULT_PORT = 2944  # of the text encoding, where a message identifier names none


def write_change(change: ServiceChange) -> tuple[ActionRequest, ...]:
    """``Context = - { ServiceChange = ROOT { ... } }``."""
    command = CommandRequest(Verb.SERVICE_CHANGE, (ROOT,), service_change=change)
    return (ActionRequest(NULL_CONTEXT, (command,)),)


def write_result(result: ServiceChangeResult | ErrorDescriptor) -> tuple[ActionReply, ...]:
    """The reply to ``write_change``."""
    if isinstance(result, ErrorDescriptor):
        reply = CommandReply(Verb.SERVICE_CHANGE, (ROOT,), (result,))
    else:
        reply = CommandReply(Verb.SERVICE_CHANGE, (ROOT,), service_change=result)
    return (ActionReply(NULL_CONTEXT, (reply,)),)


def read_change(actions: tuple[ActionRequest, ...]) -> ServiceChange | None:
    """The ServiceChange of ROOT, if the transaction is that and nothing else."""
    if len(actions) != 1 or len(actions[0].commands) != 1 or actions[0].error is not None:
        return None
    command = actions[0].commands[0]
    if command.verb is not Verb.SERVICE_CHANGE or command.error is not None:
        return None
    return command.service_change if [fold(t) for t in command.terminations] == [fold(ROOT)] else None


def read_mistake(actions: tuple[ActionRequest, ...]) -> ErrorDescriptor | None:
    """What is wrong with a ServiceChange that cannot be read; ``None`` when there is none such."""
    commands = (command for action in actions for command in action.commands)
    return next((c.error for c in commands if c.verb is Verb.SERVICE_CHANGE and c.error is not None), None)


def read_result(result: Result) -> ServiceChangeResult | ErrorDescriptor:
    """What the peer answered to a ServiceChange of ROOT; nothing said is an empty result."""
    if isinstance(result, ErrorDescriptor):
        return result
    for action in result:
        for reply in action.replies:
            if reply.error is not None:
                return reply.error
            if reply.service_change is not None:
                return reply.service_change
        if action.error is not None:
            return action.error
    return ServiceChangeResult()


def first_error(result: Result) -> ErrorDescriptor | None:
    """The error of the transaction as a whole, or else of its first action that ended in one."""
    if isinstance(result, ErrorDescriptor):
        return result
    return next((action.error for action in result if action.error is not None), None)


def address_of(mid: Mid | int, host: str, names: Mapping[str, TransportAddress]) -> TransportAddress | None:
    """Where a ServiceChangeAddress or ServiceChangeMgcId points to; ``None``: nobody can tell.

    A port alone means ``host``, the peer's own; ``names`` has lower-case domain and device names.
    """
    known = names.get(fold(mid.name if isinstance(mid, DomainMid) else str(mid)))
    match mid:
        case int():
            return _checked(host, mid)
        case IpMid():
            return _checked(mid.host, DEFAULT_PORT if mid.port is None else mid.port)
        case DomainMid(port=int() as port) if known is not None:
            return _checked(known.host, port)
    return known


def _checked(host: str, port: int) -> TransportAddress | None:
    """A socket refuses what this refuses, and less politely."""
    try:
        ip_address(host)
    except ValueError:
        return None
    return TransportAddress(host, port) if 0 < port <= 0xFFFF else None


def agree_profile(offered: str | None, supported: tuple[str, ...]) -> str | None:
    """The profile to answer with: the offered name in the lower of both versions.

    Anything goes when nothing is ``supported`` in particular.  Raises ``LookupError`` for a name that is
    not supported (error 461).
    """
    if offered is None or not supported:
        return offered
    name, version = split_profile(offered)
    for ours in supported:
        our_name, our_version = split_profile(ours)
        if fold(our_name) == fold(name):
            return offered if version <= our_version else f"{name}/{our_version}"
    raise LookupError(offered)


def split_profile(profile: str) -> tuple[str, int]:
    """``"ETSI_BGF/2"`` in its two parts; what has no version is version 0."""
    name, slash, version = profile.rpartition("/")
    return (name, int(version)) if slash and version.isdecimal() else (profile, 0)
