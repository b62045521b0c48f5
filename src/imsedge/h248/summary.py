"""One line about a message, for ladders and logs."""

from imsedge.h248.codec import decode
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    ALL_CONTEXTS,
    CHOOSE_CONTEXT,
    NULL_CONTEXT,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    SegmentAck,
    Transaction,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)

_CONTEXTS = {NULL_CONTEXT: "-", CHOOSE_CONTEXT: "$", ALL_CONTEXTS: "*"}


def summary_of(data: bytes) -> str:
    """``Add $ (context $) #101``; ``reply #101: Add ip/core/1 (context 1)``; never raises."""
    try:
        body = decode(data).body
    except H248Error as error:
        return f"unreadable: {error.code} {error.reason}"
    if isinstance(body, ErrorDescriptor):
        return _error(body)
    return "; ".join(_transaction(transaction) for transaction in body)


def _transaction(transaction: Transaction) -> str:
    match transaction:
        case TransactionRequest(error=ErrorDescriptor() as error):
            return f"{_error(error)} #{transaction.id}"
        case TransactionRequest():
            return f"{', '.join(map(_request, transaction.actions))} #{transaction.id}"
        case TransactionReply(id=number, result=result):
            what = _error(result) if isinstance(result, ErrorDescriptor) else ", ".join(map(_reply, result))
            return f"reply #{number}: {what}"
        case TransactionPending():
            return f"pending #{transaction.id}"
        case TransactionAck():
            return f"ack {', '.join(map(_range, transaction.ranges))}"
        case SegmentAck():
            return f"segment {transaction.segment} of #{transaction.id}"


def _request(action: ActionRequest) -> str:
    commands = ", ".join(map(_command, action.commands)) or "audit" * (action.audit is not None)
    return f"{commands} (context {_context(action.context)})"


def _reply(action: ActionReply) -> str:
    parts = [_command_reply(reply) for reply in action.replies]
    parts += [_error(action.error)] if action.error is not None else []
    return f"{', '.join(parts)} (context {_context(action.context)})"


def _command(command: CommandRequest) -> str:
    text = f"{command.verb.value} {' '.join(command.terminations)}"
    if command.service_change is not None:
        return f"{text} {command.service_change.method} {command.service_change.reason[:3]}"
    if command.observed is not None:
        return f"{text} {' '.join(event.name for event in command.observed.events)}"
    return text


def _command_reply(reply: CommandReply) -> str:
    text = f"{reply.verb.value} {' '.join(reply.terminations)}"
    return text if reply.error is None else f"{text} {_error(reply.error)}"


def _context(number: int) -> str:
    return _CONTEXTS.get(number, str(number))


def _range(ids: tuple[int, int]) -> str:
    low, high = ids
    return f"#{low}" if low == high else f"#{low}-{high}"


def _error(error: ErrorDescriptor) -> str:
    return f"error {error.code}"
