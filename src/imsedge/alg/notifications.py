"""What a gateway reports about a call: Notify and ServiceChange of terminations (TS 23.334 clause 8).

Events are read by the packages' keys; what nobody armed or knows is acknowledged and said in the log.
"""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from imsedge.core.errors import RemoteError
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    ObservedEvent,
    ServiceChangeResult,
    Verb,
)
from imsedge.h248.packages import adid, hangterm, tcpbcc, tlsbsc

UNKNOWN_CONTEXT = ErrorDescriptor(411, "The transaction refers to an unknown ContextId")
UNSUPPORTED_COMMAND = ErrorDescriptor(443, "Unsupported or Unknown Command")


class Kind(Enum):
    """What a report means to the call."""

    ALIVE = "the termination asks whether it is still needed"
    CONNECTED = "a bearer is up"
    RELEASED = "a bearer was closed in order"
    FAILED = "a bearer failed or the termination went out of service"
    OTHER = "something that concerns nobody"


class Finding(NamedTuple):
    """One report.  ``stream`` 0: the whole termination."""

    kind: Kind
    termination: str
    stream: int
    text: str


_CHANGES = (tcpbcc, tlsbsc)
_KINDS = {"Est": Kind.CONNECTED, "Mfail": Kind.FAILED, "Cut": Kind.RELEASED}


def read_reports(action: ActionRequest) -> list[Finding]:
    """All that one action reports, in order."""
    return [finding for command in _executed(action) for finding in _read_command(command)]


def accept(action: ActionRequest) -> ActionReply:
    """Acknowledge every report; anything else is not a gateway's to ask (443)."""
    replies = tuple(_reply(command) for command in _executed(action))
    return ActionReply(action.context, replies, error=action.error)


def reject(action: ActionRequest) -> ActionReply:
    """The context is nobody's (411): the gateway should release it."""
    return ActionReply(action.context, error=UNKNOWN_CONTEXT)


def _executed(action: ActionRequest) -> Iterator[CommandRequest]:
    """Up to the first command that fails and is not optional (H.248.1 clause 8.2.1)."""
    for command in action.commands:
        yield command
        if _reply(command).error is not None and not command.optional:
            return


def _reply(command: CommandRequest) -> CommandReply:
    if command.error is not None:
        return CommandReply(command.verb, command.terminations, (command.error,))
    if command.verb is Verb.NOTIFY:
        return CommandReply(command.verb, command.terminations)
    if command.verb is Verb.SERVICE_CHANGE:
        return CommandReply(command.verb, command.terminations, service_change=ServiceChangeResult())
    return CommandReply(command.verb, command.terminations, (UNSUPPORTED_COMMAND,))


def _read_command(command: CommandRequest) -> list[Finding]:
    termination = command.terminations[0] if command.terminations else ""
    if command.verb is Verb.SERVICE_CHANGE and command.service_change is not None:
        change = command.service_change
        gone = change.method.lower() in {"forced", "graceful"}
        kind = Kind.FAILED if gone else Kind.OTHER
        return [Finding(kind, termination, 0, f"{change.method} {change.reason}")]
    events = command.observed.events if command.observed is not None else ()
    return [_read_event(termination, event) for event in events]


def _read_event(termination: str, event: ObservedEvent) -> Finding:
    stream = event.stream or 0
    if hangterm.HEARTBEAT.named(event.name):
        return Finding(Kind.ALIVE, termination, stream, "heartbeat")
    if adid.STOPPED.named(event.name):
        return Finding(Kind.FAILED, termination, stream, "no payload for too long")
    for package in _CHANGES:
        if package.BNC_CHANGE.named(event.name):
            try:
                kind, cause = package.TYPE.find(event.parameters), package.CAUSE.find(event.parameters)
            except RemoteError as error:
                return Finding(Kind.OTHER, termination, stream, f"{event.name}: {error.reason}")
            text = f"{package.PACKAGE.name} {kind}: {cause}" if cause else f"{package.PACKAGE.name} {kind}"
            return Finding(_KINDS.get(kind or "", Kind.OTHER), termination, stream or 1, text)
    return Finding(Kind.OTHER, termination, stream, event.name)
