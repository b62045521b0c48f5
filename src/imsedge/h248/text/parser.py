"""Text to ``Message`` (H.248.1 Annex B): messages, transactions and actions.

How much is lost to an error depends on how far the damage reaches (H.248.1 clause 8.2.2 and H.248.8):

* the message is not one: ``H248Error`` 400, 406 or 413 is raised;
* a command cannot be read: 442 or a more exact code in ``CommandRequest.error``, the next command is read;
* there is no such command, or the action itself cannot be read: code in ``ActionRequest.error``, after the
  commands before it; the rest of the action is skipped;
* the braces of a transaction do not match, or it has no id: 403 in ``TransactionRequest.error``;
* a reply cannot be read: 401 as its result, so that whoever waits for it learns of it.

What to skip is found by matching braces over the items of the scan.
"""

from collections.abc import Callable

from imsedge.h248 import errors
from imsedge.h248.dialect import PLAIN, Dialect
from imsedge.h248.errors import H248Error, describe
from imsedge.h248.limits import HIGHEST_VERSION, MAX_TRANSACTIONS
from imsedge.h248.model import (
    NULL_CONTEXT,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ContextAudit,
    ContextProperties,
    ErrorDescriptor,
    Message,
    SegmentAck,
    Transaction,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)
from imsedge.h248.text.commands import read_command_body, read_command_reply, read_error, read_verb
from imsedge.h248.text.contexts import AUDIT, PROPERTIES, read_context_audit, read_context_property
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.scanner import Item, read_header
from imsedge.h248.text.tokens import reading
from imsedge.h248.text.values import MAX_UINT16, MAX_UINT32, read_context, read_terminations

_ERROR = frozenset(reading({"Error": ""}))
_CONTEXT = frozenset(reading({"Context": ""}))
_IMM_ACK = frozenset(reading({"ImmAckRequired": ""}))
_END = frozenset(reading({"END": ""}))


def read_message(data: bytes, dialect: Dialect = PLAIN) -> Message:
    """One text message; see the module for what is raised and what is put into ``error`` fields."""
    text = data.decode("utf-8", "surrogateescape")
    header = read_header(text)
    if not 1 <= header.version <= HIGHEST_VERSION:
        raise H248Error(errors.VERSION, f"version {header.version} of H.248.1 is not known here")
    cursor = Cursor(text, header.end, dialect)
    if cursor.items[0][1].lower() in _ERROR:
        error = read_error(cursor, cursor.take())
        return Message(header.version, header.mid, error, header.auth)
    body: list[Transaction] = []
    while True:
        item = cursor.items[cursor.at]
        if not item[1] and not item[2] and not item[4]:
            break
        if len(body) >= MAX_TRANSACTIONS:
            raise H248Error(errors.TOO_MANY_TRANSACTIONS, f"more than {MAX_TRANSACTIONS} transactions")
        cursor.at += 1
        body.append(_read_transaction(cursor, item, first=not body))
    if not body:
        raise H248Error(errors.SYNTAX_MESSAGE, "a message without transactions", offset=header.end)
    return Message(header.version, header.mid, tuple(body), header.auth)


def _read_transaction(cursor: Cursor, item: Item, *, first: bool) -> Transaction:
    reader = _TRANSACTIONS.get(item[1].lower())
    if reader is not None:
        return reader(cursor, item)
    if first:
        raise H248Error(
            errors.SYNTAX_MESSAGE,
            f"{item[1][:64] or 'nothing'} is no transaction",
            offset=cursor.offset(cursor.at - 1),
        )
    failure = cursor.fail(errors.SYNTAX_TRANSACTION, f"{item[1][:64] or 'nothing'} is no transaction")
    cursor.skip_block(cursor.at - 1)
    return TransactionRequest(0, error=failure.descriptor())


# --- requests ----------------------------------------------------------------------------------------


def _read_request(cursor: Cursor, item: Item) -> TransactionRequest:
    start = cursor.at - 1
    number = 0
    try:
        number = read_number(cursor, item[3], MAX_UINT32, errors.SYNTAX_TRANSACTION)
        cursor.opened(item)
        actions = []
        more = True
        while more:
            action, more = _read_action(cursor)
            actions.append(action)
        return TransactionRequest(number, tuple(actions))
    except H248Error as failure:
        cursor.skip_block(start)
        return TransactionRequest(number, error=describe(errors.SYNTAX_TRANSACTION, failure.reason))


def _read_action(cursor: Cursor) -> tuple[ActionRequest, bool]:
    start = cursor.at
    item = cursor.take()
    if item[1].lower() not in _CONTEXT or item[2] != "=":
        raise cursor.fail(errors.SYNTAX_TRANSACTION, f"{item[1][:64] or 'nothing'} is no action")
    context = NULL_CONTEXT
    commands: list[CommandRequest] = []
    try:
        context = read_context(cursor, item[3])
        cursor.opened(item)
        properties, audit = _read_requests(cursor, commands)
        return ActionRequest(context, tuple(commands), properties, audit), cursor.more_after_block()
    except H248Error as failure:
        if failure.code == errors.SYNTAX_COMMAND:
            failure = H248Error(errors.SYNTAX_ACTION, failure.reason)
        more = cursor.skip(start)
        return ActionRequest(context, tuple(commands), error=failure.descriptor()), more


def _read_requests(
    cursor: Cursor, commands: list[CommandRequest]
) -> tuple[ContextProperties | None, ContextAudit | None]:
    """What stands between the braces of an action."""
    parts: dict[str, object] = {}
    audit: ContextAudit | None = None
    more = True
    while more:
        item = cursor.take()
        name = item[1].lower()
        if name in PROPERTIES:
            more = read_context_property(cursor, item, parts)
        elif name in AUDIT and audit is None:
            audit, more = read_context_audit(cursor, item)
        else:
            command, more = _read_command(cursor, item)
            commands.append(command)
    return (ContextProperties(**parts) if parts else None), audit  # type: ignore[arg-type]


def _read_command(cursor: Cursor, item: Item) -> tuple[CommandRequest, bool]:
    """One command; whatever is wrong behind its name and termination is kept in ``error``."""
    start = cursor.at - 1
    verb, optional, wildcard = read_verb(cursor, item[1])
    terminations, delimiter = read_terminations(cursor, item)
    blank = CommandRequest(verb, terminations, optional, wildcard)
    try:
        return read_command_body(cursor, blank, delimiter)
    except H248Error as failure:
        more = cursor.skip(start)
        error = failure.descriptor()
        return CommandRequest(verb, terminations, optional, wildcard, error=error), more


# --- replies -----------------------------------------------------------------------------------------


def _read_reply(cursor: Cursor, item: Item) -> TransactionReply:
    start = cursor.at - 1
    number, segment, last = 0, None, False
    try:
        number, segment, last = _read_segment(cursor, item[3])
        cursor.opened(item)
        part = cursor.take()
        immediate = part[1].lower() in _IMM_ACK and part[4] == ","
        if immediate:
            part = cursor.take()
        result: tuple[ActionReply, ...] | ErrorDescriptor
        if part[1].lower() in _ERROR:
            result = read_error(cursor, part)
            if cursor.more_after_block():
                raise cursor.fail(errors.PROTOCOL, "an error ends the reply")
        else:
            result = _read_action_replies(cursor, part)
    except H248Error as failure:
        cursor.skip_block(start)
        return TransactionReply(number, describe(errors.PROTOCOL, failure.reason))
    return TransactionReply(number, result, immediate, segment, last)


def _read_segment(cursor: Cursor, text: str) -> tuple[int, int | None, bool]:
    """``id``, ``id/segment`` or ``id/segment/END``."""
    number, *rest = text.split("/")
    last = len(rest) == 2 and rest[1].lower() in _END
    if len(rest) > 1 + last:
        raise cursor.fail(errors.PROTOCOL, f"{text[:64]} is no transaction and segment")
    segment = read_number(cursor, rest[0], MAX_UINT16, errors.PROTOCOL) if rest else None
    return read_number(cursor, number, MAX_UINT32, errors.PROTOCOL), segment, last


def _read_action_replies(cursor: Cursor, item: Item) -> tuple[ActionReply, ...]:
    found = []
    while True:
        if item[1].lower() not in _CONTEXT or item[2] != "=":
            raise cursor.fail(errors.PROTOCOL, f"{item[1][:64] or 'nothing'} is no action reply")
        context = read_context(cursor, item[3])
        if item[4] == "{":
            reply = _read_action_reply(cursor, context)
            more = cursor.more_after_block()
        else:
            reply = ActionReply(context)
            more = cursor.more(item[4])
        found.append(reply)
        if not more:
            return tuple(found)
        item = cursor.take()


def _read_action_reply(cursor: Cursor, context: int) -> ActionReply:
    parts: dict[str, object] = {}
    replies: list[CommandReply] = []
    error: ErrorDescriptor | None = None
    more = True
    while more:
        item = cursor.take()
        name = item[1].lower()
        if name in PROPERTIES:
            more = read_context_property(cursor, item, parts)
        elif name in _ERROR:
            error = read_error(cursor, item)
            more = cursor.more_after_block()
            if more:
                raise cursor.fail(errors.PROTOCOL, "an error ends the action")
        else:
            reply, more = read_command_reply(cursor, item)
            replies.append(reply)
    properties = ContextProperties(**parts) if parts else None  # type: ignore[arg-type]
    return ActionReply(context, tuple(replies), properties, error)


# --- the rest ----------------------------------------------------------------------------------------


def _read_pending(cursor: Cursor, item: Item) -> Transaction:
    start = cursor.at - 1
    try:
        number = read_number(cursor, item[3], MAX_UINT32, errors.SYNTAX_TRANSACTION)
        cursor.opened(item)
        if cursor.take()[1:] != ("", "", "", "}"):
            raise cursor.fail(errors.SYNTAX_TRANSACTION, "Pending holds nothing")
    except H248Error as failure:
        cursor.skip_block(start)
        return TransactionRequest(0, error=failure.descriptor())
    return TransactionPending(number)


def _read_acks(cursor: Cursor, item: Item) -> Transaction:
    """``K{1, 3-5}``."""
    start = cursor.at - 1
    try:
        cursor.opened(item)
        ranges = []
        for word in cursor.words("}", errors.SYNTAX_TRANSACTION):
            low, dash, high = word.partition("-")
            first = read_number(cursor, low, MAX_UINT32, errors.SYNTAX_TRANSACTION)
            last = read_number(cursor, high, MAX_UINT32, errors.SYNTAX_TRANSACTION) if dash else first
            ranges.append((first, last))
    except H248Error as failure:
        cursor.skip_block(start)
        return TransactionRequest(0, error=failure.descriptor())
    return TransactionAck(tuple(ranges))


def _read_segment_ack(cursor: Cursor, item: Item) -> Transaction:
    """``SM=id/segment[/END]`` (v3); nothing closes it."""
    try:
        number, segment, last = _read_segment(cursor, item[3])
        if segment is None or item[4]:
            raise cursor.fail(errors.SYNTAX_TRANSACTION, "a Segment needs its number and nothing else")
    except H248Error as failure:
        return TransactionRequest(0, error=describe(errors.SYNTAX_TRANSACTION, failure.reason))
    return SegmentAck(number, segment, last)


_READERS: dict[str, Callable[[Cursor, Item], Transaction]] = {
    "Transaction": _read_request,
    "Reply": _read_reply,
    "Pending": _read_pending,
    "TransactionResponseAck": _read_acks,
    "Segment": _read_segment_ack,
}
_TRANSACTIONS = reading(_READERS)
