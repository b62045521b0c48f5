"""Messages, transactions and actions in binary (H.248.1 Annex A.2), and how far an error reaches.

The reach is the same as in text (``text.parser``): what cannot be read is replaced, at its own level, by a
value that carries the error.  ``Tolerant`` does it for the elements of a list, whose ends are known by their
lengths.
"""

from collections.abc import Callable
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.ber import Choice, Octets, Sequence, SequenceOf, Type, Values, alone
from imsedge.h248.binary.commands import COMMAND, COMMAND_REPLY, REQUESTS, VERBS
from imsedge.h248.binary.contexts import CONTEXT_AUDIT, CONTEXT_PROPERTIES
from imsedge.h248.binary.events import NULL
from imsedge.h248.binary.leaves import (
    ERROR,
    MID,
    TERMINATION,
    TERMINATIONS,
    UINT16,
    UINT32,
    VERSION,
    Context,
)
from imsedge.h248.binary.tlv import SEQUENCE, element, header, wrong
from imsedge.h248.errors import H248Error, describe
from imsedge.h248.limits import HIGHEST_VERSION, MAX_TRANSACTIONS
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    AuthHeader,
    CommandRequest,
    ErrorDescriptor,
    Message,
    SegmentAck,
    Transaction,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)


class Tolerant:
    """``kind``, or in case of an error what ``instead`` makes of it; ``code`` replaces the general 400."""

    def __init__(
        self, kind: Any, code: int, instead: Callable[[Context, bytes, int, int, ErrorDescriptor], Any]
    ) -> None:
        self.tag = kind.tag
        self._kind, self._code, self._instead = kind, code, instead
        self.write = kind.write

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        """A value, with an error in it if need be."""
        try:
            return self._kind.read(context, data, start, stop)
        except H248Error as failure:
            code = self._code if failure.code == errors.SYNTAX_MESSAGE else failure.code
            return self._instead(context, data, start, stop, describe(code, failure.reason))


def _first(context: Context, data: bytes, start: int, stop: int, kind: Type) -> Any:
    """The first component of a SEQUENCE, read on its own; ``H248Error`` when not even that can be."""
    _, begin, end, _ = header(data, start, stop)
    return kind.read(context, data, begin, end)


# --- requests ------------------------------------------------------------------------------------------

_TERMINATION_KINDS = {
    name: TERMINATION if name.startswith("audit") else TERMINATIONS for _, name, _ in REQUESTS
}
_NAMES = {0xA0 | number: name for number, (_, name, _) in enumerate(REQUESTS)}


def _command_with_error(
    context: Context, data: bytes, start: int, stop: int, error: ErrorDescriptor
) -> CommandRequest:
    """Verb and terminations, if they can still be read; otherwise the action has the error."""
    _, begin, end, _ = header(data, start, stop)
    tag, begin, end, _ = header(data, begin, end)
    if tag not in _NAMES:
        raise H248Error(errors.UNKNOWN_COMMAND, f"an unknown command (octet {begin})", offset=begin)
    name = _NAMES[tag]
    found = _first(context, data, begin, end, _TERMINATION_KINDS[name])
    terminations = (found,) if isinstance(found, str) else found
    return CommandRequest(VERBS[name], terminations, error=error)


_COMMANDS = SequenceOf(Tolerant(COMMAND, errors.SYNTAX_COMMAND, _command_with_error))
_ACTION = Sequence(
    {
        "contextId": UINT32,
        "contextRequest?": CONTEXT_PROPERTIES,
        "contextAttrAuditReq?": CONTEXT_AUDIT,
        "commandRequests": _COMMANDS,
    },
    lambda _, v: ActionRequest(
        v["contextId"], v["commandRequests"], v.get("contextRequest"), v.get("contextAttrAuditReq")
    ),
    lambda _, a: _write_action(a),
)


def _write_action(a: ActionRequest) -> Values:
    if a.error is not None:
        raise LocalError("an action that could not be read cannot be sent")
    return {
        "contextId": a.context,
        "contextRequest": a.properties,
        "contextAttrAuditReq": a.audit,
        "commandRequests": a.commands,
    }


def _action_with_error(
    context: Context, data: bytes, start: int, stop: int, error: ErrorDescriptor
) -> ActionRequest:
    return ActionRequest(_first(context, data, start, stop, UINT32), error=error)


def _write_request(_: Context, r: TransactionRequest) -> Values:
    if r.error is not None or not r.actions:
        raise LocalError(f"transaction {r.id} holds no actions that could be sent")
    return {"transactionId": r.id, "actions": r.actions}


_REQUEST = Sequence(
    {
        "transactionId": UINT32,
        "actions": SequenceOf(Tolerant(_ACTION, errors.SYNTAX_ACTION, _action_with_error), least=1),
    },
    lambda _, v: TransactionRequest(v["transactionId"], v["actions"]),
    _write_request,
)


def _readable_id(context: Context, data: bytes, start: int, stop: int) -> int:
    try:
        found: int = _first(context, data, start, stop, UINT32)
    except H248Error:
        return 0
    return found


def _request_with_error(
    context: Context, data: bytes, start: int, stop: int, error: ErrorDescriptor
) -> TransactionRequest:
    return TransactionRequest(_readable_id(context, data, start, stop), error=error)


def _reply_with_error(
    context: Context, data: bytes, start: int, stop: int, error: ErrorDescriptor
) -> TransactionReply:
    blame = error if error.code == errors.PROTOCOL else describe(errors.PROTOCOL, error.text)
    return TransactionReply(_readable_id(context, data, start, stop), blame)


# --- replies and the rest ------------------------------------------------------------------------------

_ACTION_REPLY = Sequence(
    {
        "contextId": UINT32,
        "errorDescriptor?": ERROR,
        "contextReply?": CONTEXT_PROPERTIES,
        "commandReply": SequenceOf(COMMAND_REPLY),
    },
    lambda _, v: ActionReply(
        v["contextId"], v["commandReply"], v.get("contextReply"), v.get("errorDescriptor")
    ),
    lambda _, a: {
        "contextId": a.context,
        "errorDescriptor": a.error,
        "contextReply": a.properties,
        "commandReply": a.replies,
    },
)
_REPLY = Sequence(
    {
        "transactionId": UINT32,
        "immAckRequired?": NULL,
        "transactionResult": Choice(
            ("transactionError", ERROR),
            ("actionReplies", SequenceOf(_ACTION_REPLY, least=1)),
            build=alone,
            split=lambda _, r: ("transactionError" if isinstance(r, ErrorDescriptor) else "actionReplies", r),
        ),
        "segmentNumber?": UINT16,
        "segmentationComplete?": NULL,
    },
    lambda _, v: TransactionReply(
        v["transactionId"],
        v["transactionResult"],
        "immAckRequired" in v,
        v.get("segmentNumber"),
        "segmentationComplete" in v,
    ),
    lambda _, r: {
        "transactionId": r.id,
        "immAckRequired": r.immediate_ack or None,
        "transactionResult": r.result,
        "segmentNumber": r.segment,
        "segmentationComplete": r.last or None,
    },
)
_PENDING = Sequence(
    {"transactionId": UINT32},
    lambda _, v: TransactionPending(v["transactionId"]),
    lambda _, p: {"transactionId": p.id},
)
_ACKS = SequenceOf(
    Sequence(
        {"firstAck": UINT32, "lastAck?": UINT32},
        lambda _, v: (v["firstAck"], v.get("lastAck", v["firstAck"])),
        lambda _, ids: {"firstAck": ids[0], "lastAck": ids[1] if ids[1] != ids[0] else None},
    ),
    least=1,
)
_SEGMENT = Sequence(
    {"transactionId": UINT32, "segmentNumber": UINT16, "segmentationComplete?": NULL},
    lambda _, v: SegmentAck(v["transactionId"], v["segmentNumber"], "segmentationComplete" in v),
    lambda _, s: {
        "transactionId": s.id,
        "segmentNumber": s.segment,
        "segmentationComplete": s.last or None,
    },
)
_TRANSACTION_NAMES: dict[type, str] = {
    TransactionRequest: "transactionRequest",
    TransactionPending: "transactionPending",
    TransactionReply: "transactionReply",
    TransactionAck: "transactionResponseAck",
    SegmentAck: "segmentReply",
}


def _read_transaction(_: Context, name: str, value: Any) -> Transaction:
    return TransactionAck(value) if name == "transactionResponseAck" else value


def _write_transaction(_: Context, transaction: Transaction) -> tuple[str, Any]:
    value = transaction.ranges if isinstance(transaction, TransactionAck) else transaction
    return _TRANSACTION_NAMES[type(transaction)], value


def _nameless(_: Context, __: bytes, ___: int, ____: int, error: ErrorDescriptor) -> TransactionRequest:
    return TransactionRequest(0, error=error)


_TRANSACTION = Choice(
    ("transactionRequest", Tolerant(_REQUEST, errors.SYNTAX_TRANSACTION, _request_with_error)),
    ("transactionPending", Tolerant(_PENDING, errors.SYNTAX_TRANSACTION, _nameless)),
    ("transactionReply", Tolerant(_REPLY, errors.PROTOCOL, _reply_with_error)),
    ("transactionResponseAck", _ACKS),
    ("segmentReply", Tolerant(_SEGMENT, errors.SYNTAX_TRANSACTION, _nameless)),
    build=_read_transaction,
    split=_write_transaction,
)

_BODY = Choice(
    ("messageError", ERROR),
    ("transactions", SequenceOf(_TRANSACTION, least=1)),
    build=alone,
    split=lambda _, body: ("messageError" if isinstance(body, ErrorDescriptor) else "transactions", body),
)
_MESSAGE = Sequence(
    {"version": VERSION, "mId": MID, "messageBody": _BODY},
    lambda _, v: Message(v["version"], v["mId"], v["messageBody"]),
    lambda _, m: {"version": m.version, "mId": m.mid, "messageBody": m.body},
)
_AUTH = Sequence(
    {"secParmIndex": Octets(4, 4), "seqNum": Octets(4, 4), "ad": Octets(12, 32)},
    lambda _, v: AuthHeader(
        int.from_bytes(v["secParmIndex"], "big"), int.from_bytes(v["seqNum"], "big"), v["ad"]
    ),
    lambda _, a: {
        "secParmIndex": a.security_parameter_index.to_bytes(4, "big"),
        "seqNum": a.sequence.to_bytes(4, "big"),
        "ad": a.check_value,
    },
)


_VERSIONS = frozenset(bytes((0x80, 1, version)) for version in range(1, HIGHEST_VERSION + 1))


class _Versioned:
    """Looks at the version first: what an unknown version has in its body is none of our business."""

    tag = SEQUENCE
    write = staticmethod(_MESSAGE.write)

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Message:
        if data[start : start + 3] not in _VERSIONS:  # another version, or one written otherwise
            version = _first(context, data, start, stop, VERSION)
            if not 1 <= version <= HIGHEST_VERSION:
                raise H248Error(errors.VERSION, f"version {version} of H.248.1 is not known here")
        found: Message = _MESSAGE.read(context, data, start, stop)
        return found


_ENVELOPE = Sequence(
    {"authHeader?": _AUTH, "mess": _Versioned()},
    lambda _, v: (
        Message(v["mess"].version, v["mess"].mid, v["mess"].body, v["authHeader"])
        if "authHeader" in v
        else v["mess"]
    ),
    lambda _, m: {"authHeader": m.auth, "mess": m},
)


def read_message(data: bytes, context: Context) -> Message:
    """One binary message; ``H248Error`` 400, 406 or 413 as in text."""
    tag, start, stop, following = header(data, 0, len(data))
    if tag != SEQUENCE or following != len(data):
        raise wrong("a message is one SEQUENCE and nothing else", following)
    message: Message = _ENVELOPE.read(context, data, start, stop)
    if isinstance(message.body, tuple) and len(message.body) > MAX_TRANSACTIONS:
        raise H248Error(errors.TOO_MANY_TRANSACTIONS, f"more than {MAX_TRANSACTIONS} transactions")
    return message


def write_message(message: Message, context: Context) -> bytes:
    """One binary message; ``LocalError`` when a name has no number or a value no place."""
    try:
        return element(SEQUENCE, _ENVELOPE.write(context, message))
    except UnicodeEncodeError as bad:
        raise LocalError(f"not Unicode: {bad}") from None
