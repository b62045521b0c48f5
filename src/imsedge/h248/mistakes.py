"""What the decoder could not read inside of a message whose rest it read."""

import re
from collections.abc import Iterator

from imsedge.core.errors import RemoteError
from imsedge.h248.model import Message, TransactionRequest

_PLACE = re.compile(r" \(octet (\d+)\)$")  # at the end of what the decoder says


def mistakes(message: Message) -> Iterator[RemoteError]:
    """In order, with the place: transactions, actions and commands that are answered with an error.

    Errors that the message reports are none.
    """
    for transaction in message.body if isinstance(message.body, tuple) else ():
        if not isinstance(transaction, TransactionRequest):
            continue
        actions = transaction.actions
        found = [transaction.error, *(action.error for action in actions)]
        found += (command.error for action in actions for command in action.commands)
        for error in found:
            if error is not None:
                place = _PLACE.search(error.text)
                yield RemoteError(
                    error.code, without_place(error.text), offset=int(place[1]) if place else None
                )


def without_place(text: str) -> str:
    """For those who say the place themselves."""
    return _PLACE.sub("", text)
