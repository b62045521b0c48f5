"""Commands of requests and replies in binary (H.248.1 Annex A.2)."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from imsedge.core.errors import LocalError
from imsedge.h248.binary.audits import AUDIT, AUDIT_BITS
from imsedge.h248.binary.ber import Type
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.descriptors import MEDIA, MODEM, MUX, PACKAGES, STATISTICS
from imsedge.h248.binary.events import DIGIT_MAP, EVENT_BUFFER, EVENTS, OBSERVED_EVENTS, SIGNALS
from imsedge.h248.binary.leaves import ERROR, NULL, SHORT, TERMINATION, TERMINATIONS, Remembered
from imsedge.h248.binary.services import CHANGE, RESULT
from imsedge.h248.binary.tables import Choice, Record, Sequence, SequenceOf, by_type
from imsedge.h248.model import (
    Audit,
    AuditItem,
    CommandReply,
    CommandRequest,
    DigitMap,
    ErrorDescriptor,
    EventBuffer,
    Events,
    Media,
    Modem,
    Multiplex,
    ObservedEvents,
    Packages,
    ServiceChangeResult,
    Signals,
    Statistics,
    Verb,
)

# --- descriptors in commands ---------------------------------------------------------------------------

_BOTH: dict[str, tuple[type, Type]] = {
    "mediaDescriptor": (Media, MEDIA),
    "modemDescriptor": (Modem, MODEM),
    "muxDescriptor": (Multiplex, MUX),
    "eventsDescriptor": (Events, EVENTS),
    "eventBufferDescriptor": (EventBuffer, EVENT_BUFFER),
    "signalsDescriptor": (Signals, SIGNALS),
    "digitMapDescriptor": (DigitMap, DIGIT_MAP),
}
DESCRIPTORS = SequenceOf(
    by_type({**_BOTH, "auditDescriptor": (Audit, AUDIT), "statisticsDescriptor": (Statistics, STATISTICS)})
)
_EMPTY = Sequence({"auditToken?": AUDIT_BITS}, lambda _, items: items or (), lambda _, item: ((item,),))
_RETURNED = SequenceOf(
    by_type(
        {
            "errorDescriptor": (ErrorDescriptor, ERROR),
            **_BOTH,
            "observedEventsDescriptor": (ObservedEvents, OBSERVED_EVENTS),
            "statisticsDescriptor": (Statistics, STATISTICS),
            "packagesDescriptor": (Packages, PACKAGES),
            "emptyDescriptors": (AuditItem, _EMPTY),
        }
    )
)


def _flat(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """``emptyDescriptors`` may name several: each becomes an item."""
    for item in items:
        if type(item) is tuple:
            return tuple([one for item in items for one in (item if isinstance(item, tuple) else (item,))])
    return items


# --- requests ------------------------------------------------------------------------------------------


def _amm(verb: Verb) -> Type:
    rows: dict[str, tuple[str, Type]] = {
        "terminationID": ("terminations", TERMINATIONS),
        "descriptors": ("descriptors", DESCRIPTORS),
    }
    return Record(CommandRequest, rows, verb=verb)


def _write_audit_request(_: Context, command: CommandRequest) -> tuple[Any, ...]:
    names = command.terminations
    return names[0], command.audit or Audit(), names if len(names) > 1 else None


def _audit_request(verb: Verb) -> Type:
    """Short ones come again and again: what is said of a termination, the audit that keeps alive."""
    return Remembered(
        Sequence(
            {"terminationID": TERMINATION, "auditDescriptor": AUDIT, "terminationIDList?": TERMINATIONS},
            lambda _, name, audit, names: CommandRequest(verb, names or (name,), audit=audit),
            _write_audit_request,
        ),
        SHORT,
    )


REQUESTS: dict[str, tuple[Verb, Type]] = {
    "addReq": (Verb.ADD, _amm(Verb.ADD)),
    "moveReq": (Verb.MOVE, _amm(Verb.MOVE)),
    "modReq": (Verb.MODIFY, _amm(Verb.MODIFY)),
    "subtractReq": (
        Verb.SUBTRACT,
        Remembered(
            Record(
                CommandRequest,
                {"terminationID": ("terminations", TERMINATIONS), "auditDescriptor?": ("audit", AUDIT)},
                verb=Verb.SUBTRACT,
            ),
            SHORT,
        ),
    ),
    "auditCapRequest": (Verb.AUDIT_CAPABILITY, _audit_request(Verb.AUDIT_CAPABILITY)),
    "auditValueRequest": (Verb.AUDIT_VALUE, _audit_request(Verb.AUDIT_VALUE)),
    "notifyReq": (
        Verb.NOTIFY,
        Record(
            CommandRequest,
            {
                "terminationID": ("terminations", TERMINATIONS),
                "observedEventsDescriptor": ("observed", OBSERVED_EVENTS),
                "errorDescriptor?": ("reported", ERROR),
            },
            verb=Verb.NOTIFY,
        ),
    ),
    "serviceChangeReq": (
        Verb.SERVICE_CHANGE,
        Record(
            CommandRequest,
            {
                "terminationID": ("terminations", TERMINATIONS),
                "serviceChangeParms": ("service_change", CHANGE),
            },
            verb=Verb.SERVICE_CHANGE,
        ),
    ),
}
_REQUEST_NAMES = {verb: name for name, (verb, _) in REQUESTS.items()}


def _read_command(_: Context, command: CommandRequest, optional: Any, wildcard: Any) -> CommandRequest:
    if not optional and not wildcard:
        return command
    marked: CommandRequest = replace(command, optional=optional, wildcard_reply=wildcard)
    return marked


def _write_command(_: Context, command: CommandRequest) -> tuple[Any, ...]:
    if command.error is not None:
        raise LocalError("a command that could not be read cannot be sent")
    return command, command.optional, command.wildcard_reply


COMMAND = Sequence(
    {
        "command": Choice(
            {name: kind for name, (_, kind) in REQUESTS.items()},
            lambda _, command: (_REQUEST_NAMES[command.verb], command),
        ),
        "optional?": NULL,
        "wildcardReturn?": NULL,
    },
    _read_command,
    _write_command,
)

# --- replies -------------------------------------------------------------------------------------------

_Replies = Callable[[Verb], Type]


def _amms_reply(verb: Verb) -> Type:
    return Remembered(
        Sequence(
            {"terminationID": TERMINATIONS, "terminationAudit?": _RETURNED},
            lambda _, names, result: CommandReply(verb, names, _flat(result) if result else ()),
            lambda _, reply: (reply.terminations, reply.result or None),
        ),
        SHORT,
    )


def _audit_reply(verb: Verb) -> Type:
    audited: dict[str, Type] = {
        "contextAuditResult": TERMINATIONS,
        "error": ERROR,
        "auditResult": Remembered(
            Sequence(
                {"terminationID": TERMINATION, "terminationAuditResult": _RETURNED},
                lambda _, name, result: CommandReply(verb, (name,), _flat(result)),
                lambda _, reply: (reply.terminations[0], reply.result),
            ),
            SHORT,
        ),
        "auditResultTermList": Sequence(
            {"terminationIDList": TERMINATIONS, "terminationAuditResult": _RETURNED},
            lambda _, names, result: CommandReply(verb, names, _flat(result)),
            lambda _, reply: (reply.terminations, reply.result),
        ),
    }

    def build(_: Context, name: str, value: Any) -> Any:
        if name == "contextAuditResult":
            return CommandReply(verb, value, listed=True)
        return CommandReply(verb, (), (value,), listed=True) if name == "error" else value

    return Choice(audited, _split_audit_reply, build)


def _split_audit_reply(_: Context, reply: CommandReply) -> tuple[str, Any]:
    if reply.listed:
        return ("error", reply.error) if reply.error else ("contextAuditResult", reply.terminations)
    return ("auditResult" if len(reply.terminations) == 1 else "auditResultTermList"), reply


def _notify_reply(verb: Verb) -> Type:
    return Remembered(
        Sequence(
            {"terminationID": TERMINATIONS, "errorDescriptor?": ERROR},
            lambda _, names, error: CommandReply(verb, names, () if error is None else (error,)),
            lambda _, reply: (reply.terminations, reply.error),
        ),
        SHORT,
    )


def _read_change_reply(verb: Verb, names: tuple[str, ...], value: Any) -> CommandReply:
    if isinstance(value, ErrorDescriptor):
        return CommandReply(verb, names, (value,))
    return CommandReply(verb, names, service_change=None if value == ServiceChangeResult() else value)


def _change_reply(verb: Verb) -> Type:
    result = by_type(
        {"errorDescriptor": (ErrorDescriptor, ERROR), "serviceChangeResParms": (ServiceChangeResult, RESULT)}
    )
    return Sequence(
        {"terminationID": TERMINATIONS, "serviceChangeResult": result},
        lambda _, names, value: _read_change_reply(verb, names, value),
        lambda _, reply: (reply.terminations, reply.error or reply.service_change or ServiceChangeResult()),
    )


_REPLIES: dict[str, tuple[Verb, _Replies]] = {
    "addReply": (Verb.ADD, _amms_reply),
    "moveReply": (Verb.MOVE, _amms_reply),
    "modReply": (Verb.MODIFY, _amms_reply),
    "subtractReply": (Verb.SUBTRACT, _amms_reply),
    "auditCapReply": (Verb.AUDIT_CAPABILITY, _audit_reply),
    "auditValueReply": (Verb.AUDIT_VALUE, _audit_reply),
    "notifyReply": (Verb.NOTIFY, _notify_reply),
    "serviceChangeReply": (Verb.SERVICE_CHANGE, _change_reply),
}
_REPLY_NAMES = {verb: name for name, (verb, _) in _REPLIES.items()}

COMMAND_REPLY = Choice(
    {name: make(verb) for name, (verb, make) in _REPLIES.items()},
    lambda _, reply: (_REPLY_NAMES[reply.verb], reply),
)
