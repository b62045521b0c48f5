"""Commands of requests and replies, and ServiceChange, in binary (H.248.1 Annex A.2)."""

from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248.binary.audits import AUDIT, AUDIT_BITS
from imsedge.h248.binary.ber import Choice, Sequence, SequenceOf, Values, alone
from imsedge.h248.binary.descriptors import MEDIA, MODEM, MUX, PACKAGES, STATISTICS
from imsedge.h248.binary.events import DIGIT_MAP, EVENT_BUFFER, EVENTS, NULL, OBSERVED_EVENTS, SIGNALS
from imsedge.h248.binary.leaves import (
    ERROR,
    SHORT,
    TERMINATION,
    TERMINATIONS,
    Context,
    Remembered,
    filled,
)
from imsedge.h248.binary.services import CHANGE, RESULT
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

_Rows = tuple[tuple[type, str, Any], ...]


def _by_type(rows: _Rows) -> Choice:
    """A CHOICE whose alternatives are told apart by the type of the value."""
    names = {kind: name for kind, name, _ in rows}

    def split(_: Context, value: Any) -> tuple[str, Any]:
        if type(value) not in names:
            raise LocalError(f"{type(value).__name__} has no place here in binary")
        return names[type(value)], value

    return Choice(*((name, kind) for _, name, kind in rows), build=alone, split=split)


DESCRIPTORS = SequenceOf(
    _by_type(
        (
            (Media, "mediaDescriptor", MEDIA),
            (Modem, "modemDescriptor", MODEM),
            (Multiplex, "muxDescriptor", MUX),
            (Events, "eventsDescriptor", EVENTS),
            (EventBuffer, "eventBufferDescriptor", EVENT_BUFFER),
            (Signals, "signalsDescriptor", SIGNALS),
            (DigitMap, "digitMapDescriptor", DIGIT_MAP),
            (Audit, "auditDescriptor", AUDIT),
            (Statistics, "statisticsDescriptor", STATISTICS),
        )
    )
)
_EMPTY = Sequence(
    {"auditToken?": AUDIT_BITS}, lambda _, v: v.get("auditToken", ()), lambda _, item: {"auditToken": (item,)}
)
_RETURNED = SequenceOf(
    _by_type(
        (
            (ErrorDescriptor, "errorDescriptor", ERROR),
            (Media, "mediaDescriptor", MEDIA),
            (Modem, "modemDescriptor", MODEM),
            (Multiplex, "muxDescriptor", MUX),
            (Events, "eventsDescriptor", EVENTS),
            (EventBuffer, "eventBufferDescriptor", EVENT_BUFFER),
            (Signals, "signalsDescriptor", SIGNALS),
            (DigitMap, "digitMapDescriptor", DIGIT_MAP),
            (ObservedEvents, "observedEventsDescriptor", OBSERVED_EVENTS),
            (Statistics, "statisticsDescriptor", STATISTICS),
            (Packages, "packagesDescriptor", PACKAGES),
            (AuditItem, "emptyDescriptors", _EMPTY),
        )
    )
)


def _flat(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """``emptyDescriptors`` may name several: each becomes an item."""
    if tuple not in map(type, items):
        return items
    return tuple([one for item in items for one in (item if isinstance(item, tuple) else (item,))])


# --- requests ------------------------------------------------------------------------------------------


def _request(rows: dict[str, Any], **fields: str) -> Sequence:
    """A command: ``terminationID`` first, then ``fields`` (field of the model=component)."""

    def read(_: Context, v: Values) -> Values:
        return {"terminations": v["terminationID"], **filled(v, **fields)}

    def write(_: Context, command: CommandRequest) -> Values:
        parts = {name: getattr(command, field) for field, name in fields.items()}
        return {"terminationID": command.terminations, **parts}

    return Sequence({"terminationID": TERMINATIONS, **rows}, read, write)


def _write_audit_request(_: Context, command: CommandRequest) -> Values:
    names = command.terminations
    return {
        "terminationID": names[0],
        "auditDescriptor": command.audit or Audit(),
        "terminationIDList": names if len(names) > 1 else None,
    }


_AMM = _request({"descriptors": DESCRIPTORS}, descriptors="descriptors")
# Commands of a few octets come again and again: what is said of a termination, the audit that keeps alive.
_SUBTRACT = Remembered(_request({"auditDescriptor?": AUDIT}, audit="auditDescriptor"), SHORT)
_AUDIT_REQUEST = Remembered(
    Sequence(
        {"terminationID": TERMINATION, "auditDescriptor": AUDIT, "terminationIDList?": TERMINATIONS},
        lambda _, v: {
            "terminations": v.get("terminationIDList") or (v["terminationID"],),
            "audit": v["auditDescriptor"],
        },
        _write_audit_request,
    ),
    SHORT,
)
REQUESTS: tuple[tuple[Verb, str, Any], ...] = (
    (Verb.ADD, "addReq", _AMM),
    (Verb.MOVE, "moveReq", _AMM),
    (Verb.MODIFY, "modReq", _AMM),
    (Verb.SUBTRACT, "subtractReq", _SUBTRACT),
    (Verb.AUDIT_CAPABILITY, "auditCapRequest", _AUDIT_REQUEST),
    (Verb.AUDIT_VALUE, "auditValueRequest", _AUDIT_REQUEST),
    (
        Verb.NOTIFY,
        "notifyReq",
        _request(
            {"observedEventsDescriptor": OBSERVED_EVENTS, "errorDescriptor?": ERROR},
            observed="observedEventsDescriptor",
            reported="errorDescriptor",
        ),
    ),
    (
        Verb.SERVICE_CHANGE,
        "serviceChangeReq",
        _request({"serviceChangeParms": CHANGE}, service_change="serviceChangeParms"),
    ),
)
VERBS = {name: verb for verb, name, _ in REQUESTS}
_REQUEST_NAMES = {verb: name for verb, name, _ in REQUESTS}


def _read_command(_: Context, v: Values) -> CommandRequest:
    name, parts = v["command"]
    optional, wildcard = "optional" in v, "wildcardReturn" in v
    return CommandRequest(VERBS[name], optional=optional, wildcard_reply=wildcard, **parts)


def _write_command(_: Context, command: CommandRequest) -> Values:
    if command.error is not None:
        raise LocalError("a command that could not be read cannot be sent")
    return {
        "command": (_REQUEST_NAMES[command.verb], command),
        "optional": command.optional or None,
        "wildcardReturn": command.wildcard_reply or None,
    }


COMMAND = Sequence(
    {
        "command": Choice(*((name, kind) for _, name, kind in REQUESTS)),
        "optional?": NULL,
        "wildcardReturn?": NULL,
    },
    _read_command,
    _write_command,
)

# --- replies -------------------------------------------------------------------------------------------

_AMMS_REPLY = Remembered(
    Sequence(
        {"terminationID": TERMINATIONS, "terminationAudit?": _RETURNED},
        lambda _, v: {"terminations": v["terminationID"], "result": _flat(v.get("terminationAudit", ()))},
        lambda _, r: {"terminationID": r.terminations, "terminationAudit": r.result or None},
    ),
    SHORT,
)
_AUDIT_REPLY = Choice(
    ("contextAuditResult", TERMINATIONS),
    ("error", ERROR),
    (
        "auditResult",
        Remembered(
            Sequence(
                {"terminationID": TERMINATION, "terminationAuditResult": _RETURNED},
                lambda _, v: {
                    "terminations": (v["terminationID"],),
                    "result": _flat(v["terminationAuditResult"]),
                },
                lambda _, r: {"terminationID": r.terminations[0], "terminationAuditResult": r.result},
            ),
            SHORT,
        ),
    ),
    (
        "auditResultTermList",
        Sequence(
            {"terminationIDList": TERMINATIONS, "terminationAuditResult": _RETURNED},
            lambda _, v: {
                "terminations": v["terminationIDList"],
                "result": _flat(v["terminationAuditResult"]),
            },
            lambda _, r: {"terminationIDList": r.terminations, "terminationAuditResult": r.result},
        ),
    ),
    build=lambda _, name, value: _read_audit_reply(name, value),
    split=lambda _, reply: _write_audit_reply(reply),
)


def _read_audit_reply(name: str, value: Any) -> Values:
    if name == "contextAuditResult":
        return {"terminations": value, "listed": True}
    return {"terminations": (), "result": (value,), "listed": True} if name == "error" else value


def _write_audit_reply(reply: CommandReply) -> tuple[str, Any]:
    if reply.listed:
        return ("error", reply.error) if reply.error else ("contextAuditResult", reply.terminations)
    return ("auditResult" if len(reply.terminations) == 1 else "auditResultTermList"), reply


def _read_change_reply(_: Context, v: Values) -> Values:
    name, value = v["serviceChangeResult"]
    parts = {"result": (value,)} if name == "errorDescriptor" else {"service_change": value}
    if value == ServiceChangeResult():
        parts = {}
    return {"terminations": v["terminationID"], **parts}


def _write_change_reply(_: Context, reply: CommandReply) -> Values:
    if reply.error is not None:
        return {"terminationID": reply.terminations, "serviceChangeResult": ("errorDescriptor", reply.error)}
    result = reply.service_change or ServiceChangeResult()
    return {"terminationID": reply.terminations, "serviceChangeResult": ("serviceChangeResParms", result)}


_NOTIFY_REPLY = Remembered(
    Sequence(
        {"terminationID": TERMINATIONS, "errorDescriptor?": ERROR},
        lambda _, v: {
            "terminations": v["terminationID"],
            "result": (v["errorDescriptor"],) if "errorDescriptor" in v else (),
        },
        lambda _, r: {"terminationID": r.terminations, "errorDescriptor": r.error},
    ),
    SHORT,
)
_CHANGE_REPLY = Sequence(
    {
        "terminationID": TERMINATIONS,
        "serviceChangeResult": Choice(("errorDescriptor", ERROR), ("serviceChangeResParms", RESULT)),
    },
    _read_change_reply,
    _write_change_reply,
)
_REPLIES: tuple[tuple[Verb, str, Any], ...] = (
    (Verb.ADD, "addReply", _AMMS_REPLY),
    (Verb.MOVE, "moveReply", _AMMS_REPLY),
    (Verb.MODIFY, "modReply", _AMMS_REPLY),
    (Verb.SUBTRACT, "subtractReply", _AMMS_REPLY),
    (Verb.AUDIT_CAPABILITY, "auditCapReply", _AUDIT_REPLY),
    (Verb.AUDIT_VALUE, "auditValueReply", _AUDIT_REPLY),
    (Verb.NOTIFY, "notifyReply", _NOTIFY_REPLY),
    (Verb.SERVICE_CHANGE, "serviceChangeReply", _CHANGE_REPLY),
)
_REPLY_VERBS = {name: verb for verb, name, _ in _REPLIES}
_REPLY_NAMES = {verb: name for verb, name, _ in _REPLIES}

COMMAND_REPLY = Choice(
    *((name, kind) for _, name, kind in _REPLIES),
    build=lambda _, name, parts: CommandReply(_REPLY_VERBS[name], **parts),
    split=lambda _, reply: (_REPLY_NAMES[reply.verb], reply),
)
