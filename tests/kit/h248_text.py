"""Short ways into the text parser for tests: one command, one descriptor, one action."""

from typing import Any

from imsedge.h248.codec import decode
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    CommandRequest,
    ErrorDescriptor,
    Message,
    Transaction,
    TransactionReply,
    TransactionRequest,
)

HEAD = "!/3 [192.0.2.1] "


def body_of(message: Message) -> tuple[Transaction, ...]:
    """The transactions of a message that is no error."""
    assert not isinstance(message.body, ErrorDescriptor)
    return message.body


def read_action(body: str) -> ActionRequest:
    """``C=1{body}`` of a request, without errors."""
    (transaction,) = body_of(decode(f"{HEAD}T=1{{C=1{{{body}}}}}".encode()))
    assert isinstance(transaction, TransactionRequest)
    assert transaction.error is None, transaction.error
    (action,) = transaction.actions
    assert action.error is None, action.error
    return action


def read_command(body: str) -> CommandRequest:
    """The only command of an action, without errors."""
    (command,) = read_action(body).commands
    assert command.error is None, command.error
    return command


def read_descriptor(body: str) -> Any:
    """The only descriptor of a Modify."""
    (descriptor,) = read_command(f"MF=t{{{body}}}").descriptors
    return descriptor


def read_action_reply(body: str) -> ActionReply:
    """``C=1{body}`` of a reply."""
    (transaction,) = body_of(decode(f"{HEAD}P=1{{C=1{{{body}}}}}".encode()))
    assert isinstance(transaction, TransactionReply)
    assert isinstance(transaction.result, tuple), transaction.result
    return transaction.result[0]
