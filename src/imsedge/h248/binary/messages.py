"""Messages, transactions and actions in binary (H.248.1 Annex A.2), and how far an error reaches.

The reach is the same as in text (``text.parser``): what cannot be read is replaced, at its own level, by a
value that carries the error.  ``Tolerant`` does it for the elements of a list, whose ends are known by their
lengths.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.ber import Around, Extensions, Octets, Type
from imsedge.h248.binary.commands import COMMAND, COMMAND_REPLY, REQUESTS
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.contexts import CONTEXT_AUDIT, CONTEXT_PROPERTIES
from imsedge.h248.binary.leaves import ERROR, MID, NULL, TERMINATION, TERMINATIONS, UINT16, UINT32, VERSION
from imsedge.h248.binary.tables import Choice, Record, Sequence, SequenceOf, by_type
from imsedge.h248.binary.tlv import SEQUENCE, element, header, wrong
from imsedge.h248.errors import H248Error, describe
from imsedge.h248.limits import HIGHEST_VERSION, MAX_TRANSACTIONS
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    AuthHeader,
    CommandRequest,
    ErrorDescriptor,
    Extension,
    Message,
    SegmentAck,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)

_Instead = Callable[[Context, bytes, int, int, ErrorDescriptor], Any]


class Tolerant(Around):
    """``kind``, or in case of an error what ``instead`` makes of it; ``code`` replaces the general 400."""

    def __init__(self, kind: Type, code: int, instead: _Instead) -> None:
        super().__init__(kind)
        self._code = code
        self._instead = instead

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        """A value, with an error in it if need be."""
        try:
            return self.inner.read(context, data, start, stop)
        except H248Error as failure:
            return self._instead(context, data, start, stop, self._blame(failure))

    def read_all(self, context: Context, known: Extensions, start: int, stop: int, path: str) -> Any:
        try:
            return self.inner.read_all(context, known, start, stop, path)
        except H248Error as failure:
            return self._instead(context, known.data, start, stop, self._blame(failure))

    def _blame(self, failure: H248Error) -> ErrorDescriptor:
        return describe(self._code if failure.code == errors.SYNTAX_MESSAGE else failure.code, failure.reason)


def _first(context: Context, data: bytes, start: int, stop: int, kind: Type) -> Any:
    """The first component of a SEQUENCE, read on its own; ``H248Error`` when not even that can be."""
    _, begin, end, _ = header(data, start, stop)
    return kind.read(context, data, begin, end)


# --- requests ------------------------------------------------------------------------------------------

_KINDS: list[Type] = [TERMINATION if name.startswith("audit") else TERMINATIONS for name in REQUESTS]
_VERBS = [verb for verb, _ in REQUESTS.values()]


def _command_with_error(
    context: Context, data: bytes, start: int, stop: int, error: ErrorDescriptor
) -> CommandRequest:
    """Verb and terminations, if they can still be read; otherwise the action has the error."""
    _, begin, end, _ = header(data, start, stop)
    tag, begin, end, _ = header(data, begin, end)
    number = tag - 0xA0
    if not 0 <= number < len(_VERBS):
        raise H248Error(errors.UNKNOWN_COMMAND, f"an unknown command (octet {begin})", offset=begin)
    found = _first(context, data, begin, end, _KINDS[number])
    terminations = (found,) if isinstance(found, str) else found
    return CommandRequest(_VERBS[number], terminations, error=error)


_COMMANDS = SequenceOf(Tolerant(COMMAND, errors.SYNTAX_COMMAND, _command_with_error))
_ACTION = Sequence(
    {
        "contextId": UINT32,
        "contextRequest?": CONTEXT_PROPERTIES,
        "contextAttrAuditReq?": CONTEXT_AUDIT,
        "commandRequests": _COMMANDS,
    },
    lambda _, context, properties, audit, commands: ActionRequest(context, commands, properties, audit),
    lambda _, action: _write_action(action),
)


def _write_action(a: ActionRequest) -> tuple[Any, ...]:
    if a.error is not None:
        raise LocalError("an action that could not be read cannot be sent")
    return a.context, a.properties, a.audit, a.commands


def _action_with_error(
    context: Context, data: bytes, start: int, stop: int, error: ErrorDescriptor
) -> ActionRequest:
    return ActionRequest(_first(context, data, start, stop, UINT32), error=error)


def _write_request(_: Context, r: TransactionRequest) -> tuple[Any, ...]:
    if r.error is not None or not r.actions:
        raise LocalError(f"transaction {r.id} holds no actions that could be sent")
    return r.id, r.actions


_REQUEST = Sequence(
    {
        "transactionId": UINT32,
        "actions": SequenceOf(Tolerant(_ACTION, errors.SYNTAX_ACTION, _action_with_error), least=1),
    },
    lambda _, number, actions: TransactionRequest(number, actions),
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

_ACTION_REPLY = Record(
    ActionReply,
    {
        "contextId": ("context", UINT32),
        "errorDescriptor?": ("error", ERROR),
        "contextReply?": ("properties", CONTEXT_PROPERTIES),
        "commandReply": ("replies", SequenceOf(COMMAND_REPLY)),
    },
)
_REPLY = Record(
    TransactionReply,
    {
        "transactionId": ("id", UINT32),
        "immAckRequired?": ("immediate_ack", NULL),
        "transactionResult": (
            "result",
            by_type(
                {
                    "transactionError": (ErrorDescriptor, ERROR),
                    "actionReplies": (tuple, SequenceOf(_ACTION_REPLY, least=1)),
                }
            ),
        ),
        "segmentNumber?": ("segment", UINT16),
        "segmentationComplete?": ("last", NULL),
    },
)
_PENDING = Record(TransactionPending, {"transactionId": ("id", UINT32)})
_ACKS = SequenceOf(
    Sequence(
        {"firstAck": UINT32, "lastAck?": UINT32},
        lambda _, first, last: (first, first if last is None else last),
        lambda _, ids: (ids[0], ids[1] if ids[1] != ids[0] else None),
    ),
    least=1,
)
_SEGMENT = Record(
    SegmentAck,
    {
        "transactionId": ("id", UINT32),
        "segmentNumber": ("segment", UINT16),
        "segmentationComplete?": ("last", NULL),
    },
)
_TRANSACTION_NAMES: dict[type, str] = {
    TransactionRequest: "transactionRequest",
    TransactionPending: "transactionPending",
    TransactionReply: "transactionReply",
    TransactionAck: "transactionResponseAck",
    SegmentAck: "segmentReply",
}


def _read_transaction(_: Context, name: str, value: Any) -> Any:
    return TransactionAck(value) if name == "transactionResponseAck" else value


def _write_transaction(_: Context, transaction: Any) -> tuple[str, Any]:
    value = transaction.ranges if isinstance(transaction, TransactionAck) else transaction
    return _TRANSACTION_NAMES[type(transaction)], value


def _nameless(_: Context, __: bytes, ___: int, ____: int, error: ErrorDescriptor) -> TransactionRequest:
    return TransactionRequest(0, error=error)


_TRANSACTION = Choice(
    {
        "transactionRequest": Tolerant(_REQUEST, errors.SYNTAX_TRANSACTION, _request_with_error),
        "transactionPending": Tolerant(_PENDING, errors.SYNTAX_TRANSACTION, _nameless),
        "transactionReply": Tolerant(_REPLY, errors.PROTOCOL, _reply_with_error),
        "transactionResponseAck": _ACKS,
        "segmentReply": Tolerant(_SEGMENT, errors.SYNTAX_TRANSACTION, _nameless),
    },
    _write_transaction,
    _read_transaction,
)
_BODY = by_type(
    {"messageError": (ErrorDescriptor, ERROR), "transactions": (tuple, SequenceOf(_TRANSACTION, least=1))}
)
_MESSAGE = Record(
    Message, {"version": ("version", VERSION), "mId": ("mid", MID), "messageBody": ("body", _BODY)}
)
_AUTH = Sequence(
    {"secParmIndex": Octets(4, 4), "seqNum": Octets(4, 4), "ad": Octets(12, 32)},
    lambda _, index, sequence, check: AuthHeader(
        int.from_bytes(index, "big"), int.from_bytes(sequence, "big"), check
    ),
    lambda _, auth: (
        auth.security_parameter_index.to_bytes(4, "big"),
        auth.sequence.to_bytes(4, "big"),
        auth.check_value,
    ),
)
_VERSIONS = frozenset([bytes((0x80, 1, version)) for version in range(1, HIGHEST_VERSION + 1)])


class _Versioned(Around):
    """Looks at the version first: what an unknown version has in its body is none of our business."""

    def read(self, context: Context, data: bytes, start: int, stop: int) -> Any:
        if data[start : start + 3] not in _VERSIONS:  # another version, or one written otherwise
            version = _first(context, data, start, stop, VERSION)
            if not 1 <= version <= HIGHEST_VERSION:
                raise H248Error(errors.VERSION, f"version {version} of H.248.1 is not known here")
        return self.inner.read(context, data, start, stop)


def _with_auth(_: Context, auth: AuthHeader | None, message: Message) -> Message:
    return message if auth is None else Message(message.version, message.mid, message.body, auth)


_ENVELOPE = Sequence(
    {"authHeader?": _AUTH, "mess": _Versioned(_MESSAGE)},
    _with_auth,
    lambda _, message: (message.auth, message),
)


def read_message(data: bytes, context: Context) -> Message:
    """One binary message; ``H248Error`` 400, 406 or 413 as in text."""
    tag, start, stop, following = header(data, 0, len(data))
    if tag != SEQUENCE or following != len(data):
        raise wrong("a message is one SEQUENCE and nothing else", following)
    context.extended = False
    message: Message = _ENVELOPE.read(context, data, start, stop)
    if isinstance(message.body, tuple) and len(message.body) > MAX_TRANSACTIONS:
        raise H248Error(errors.TOO_MANY_TRANSACTIONS, f"more than {MAX_TRANSACTIONS} transactions")
    return _with_extensions(context, data, start, stop) if context.extended else message


def _with_extensions(context: Context, data: bytes, start: int, stop: int) -> Message:
    known = Extensions(data)
    message: Message = _ENVELOPE.read_all(context, known, start, stop, "")
    return replace(message, extensions=tuple([Extension(*found) for found in sorted(known.found.items())]))


def write_message(message: Message, context: Context) -> bytes:
    """One binary message; ``LocalError`` when a name has no number or a value no place."""
    try:
        if message.extensions:
            return element(SEQUENCE, _write_extended(message, context))
        return element(SEQUENCE, _ENVELOPE.write(context, message))
    except UnicodeEncodeError as bad:
        raise LocalError(f"not Unicode: {bad}") from None


def _write_extended(message: Message, context: Context) -> bytes:
    known = Extensions(b"", {extension.path: extension.octets for extension in message.extensions})
    contents = _ENVELOPE.write_all(context, known, message, "")
    if known.found:
        raise LocalError(f"the message has no part {', '.join(known.found)} that an extension belongs to")
    return contents
