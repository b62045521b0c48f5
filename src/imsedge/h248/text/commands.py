"""Commands of requests and of replies, read from text: which descriptors each may hold is a table."""

from collections.abc import Callable

from imsedge.h248 import errors
from imsedge.h248.model import (
    AmmDescriptor,
    AuditReturn,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    ObservedEvents,
    Packages,
    ServiceChangeResult,
    Statistics,
    Verb,
)
from imsedge.h248.text.audits import read_audit, read_modem, read_mux, read_packages
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.events import read_digit_map, read_event_buffer, read_events, read_observed
from imsedge.h248.text.media import read_media, read_statistics
from imsedge.h248.text.scanner import Item
from imsedge.h248.text.services import read_service_change, read_service_change_result
from imsedge.h248.text.signals import read_signals
from imsedge.h248.text.tokens import AUDIT_ITEMS, VERBS, reading
from imsedge.h248.text.values import check_termination, read_terminations

_MAX_ERROR_CODE = 999


def _read_media(cursor: Cursor, item: Item) -> tuple[AmmDescriptor, bool]:
    cursor.opened(item)
    return read_media(cursor), cursor.more_after_block()


def _read_statistics(cursor: Cursor, item: Item) -> tuple[AmmDescriptor, bool]:
    if item[4] != "{":
        return Statistics(), cursor.more(item[4])
    return Statistics(read_statistics(cursor)), cursor.more_after_block()


def _read_digit_map(cursor: Cursor, item: Item) -> tuple[AmmDescriptor, bool]:
    return read_digit_map(cursor, item), cursor.more(item[4])


def _read_packages(cursor: Cursor, item: Item) -> tuple[Packages, bool]:
    cursor.opened(item)
    return read_packages(cursor), cursor.more_after_block()


def read_error(cursor: Cursor, item: Item) -> ErrorDescriptor:
    """``ER=nnn{"text"}``; leaves the cursor behind its closing brace."""
    code = read_number(cursor, item[3], _MAX_ERROR_CODE)
    cursor.opened(item)
    _, text, relation, _, delimiter = cursor.take()
    if relation or delimiter != "}" or (text and text[0] != '"'):
        raise cursor.fail(errors.SYNTAX_COMMAND, "an error descriptor holds one quoted text")
    return ErrorDescriptor(code, text[1:-1])


def _read_error(cursor: Cursor, item: Item) -> tuple[ErrorDescriptor, bool]:
    return read_error(cursor, item), cursor.more_after_block()


_BOTH: dict[str, Callable[[Cursor, Item], tuple[object, bool]]] = {
    "Media": _read_media,
    "Events": read_events,
    "Signals": read_signals,
    "Statistics": _read_statistics,
    "DigitMap": _read_digit_map,
    "EventBuffer": read_event_buffer,
    "Mux": read_mux,
    "Modem": read_modem,
}
_AMM = reading(_BOTH | {"Audit": read_audit})
_RETURN = reading(_BOTH | {"ObservedEvents": read_observed, "Packages": _read_packages, "Error": _read_error})
_KNOWN = frozenset(_AMM) | frozenset(_RETURN) | frozenset(reading({"Services": ""}))
_AUDIT = frozenset(reading({"Audit": ""}))
_OBSERVED = frozenset(reading({"ObservedEvents": ""}))
_ERROR = frozenset(reading({"Error": ""}))
_SERVICES = frozenset(reading({"Services": ""}))
_CONTEXT = frozenset(reading({"Context": ""}))
_AUDITING = frozenset({Verb.SUBTRACT, Verb.AUDIT_VALUE, Verb.AUDIT_CAPABILITY})


def read_verb(cursor: Cursor, name: str) -> tuple[Verb, bool, bool]:
    """``O-W-Add`` -> the verb, optional, wildcarded reply; 443 when there is no such command."""
    optional = wildcard = False
    word = name.lower()
    while word[1:2] == "-" and word[0] in "ow":
        if word[0] == "o":
            optional = True
        else:
            wildcard = True
        word = word[2:]
    verb = VERBS.get(word)
    if verb is None:
        raise cursor.fail(errors.UNKNOWN_COMMAND, f"{name[:64] or 'nothing'} is no command")
    return verb, optional, wildcard


def read_command_body(cursor: Cursor, blank: CommandRequest, delimiter: str) -> tuple[CommandRequest, bool]:
    """The descriptors behind ``Verb = termination``; and: does another command follow?"""
    verb, terminations, optional, wildcard = (
        blank.verb,
        blank.terminations,
        blank.optional,
        blank.wildcard_reply,
    )
    if delimiter != "{":
        if verb is Verb.NOTIFY or verb is Verb.SERVICE_CHANGE:
            raise cursor.fail(errors.MISSING_INFORMATION, f"{verb.value} without its descriptor")
        return blank, cursor.more(delimiter)
    if verb in _AUDITING:
        item = _expect(cursor, _AUDIT, verb)
        audit, more = read_audit(cursor, item)
        _last(cursor, verb, more=more)
        request = CommandRequest(verb, terminations, optional, wildcard, audit=audit)
    elif verb is Verb.SERVICE_CHANGE:
        cursor.opened(_expect(cursor, _SERVICES, verb))
        change = read_service_change(cursor)
        _last(cursor, verb, more=cursor.more_after_block())
        request = CommandRequest(verb, terminations, optional, wildcard, service_change=change)
    elif verb is Verb.NOTIFY:
        observed, error = _read_notify(cursor)
        request = CommandRequest(verb, terminations, optional, wildcard, observed=observed, reported=error)
    else:
        request = CommandRequest(verb, terminations, optional, wildcard, _read_amm(cursor))
    return request, cursor.more_after_block()


def _read_amm(cursor: Cursor) -> tuple[AmmDescriptor, ...]:
    found: list[AmmDescriptor] = []
    kinds = set()
    more = True
    while more:
        item = cursor.take()
        name = item[1].lower()
        reader = _AMM.get(name)
        if reader is None:
            raise cursor.fail(_stranger(name), f"{item[1][:64] or 'nothing'} in an Add, Move or Modify")
        if reader in kinds:
            raise cursor.fail(errors.DESCRIPTOR_TWICE, f"two {item[1]} descriptors")
        kinds.add(reader)
        descriptor, more = reader(cursor, item)
        found.append(descriptor)  # type: ignore[arg-type]
    return tuple(found)


def _stranger(name: str) -> int:
    """A descriptor of other commands: 447; of none: 444."""
    return errors.DESCRIPTOR_NOT_LEGAL if name in _KNOWN else errors.UNKNOWN_DESCRIPTOR


def _expect(cursor: Cursor, names: frozenset[str], verb: Verb) -> Item:
    item = cursor.take()
    name = item[1].lower()
    if name not in names:
        raise cursor.fail(_stranger(name), f"{item[1][:64] or 'nothing'} in {verb.value}")
    return item


def _last(cursor: Cursor, verb: Verb, *, more: bool) -> None:
    if more:
        raise cursor.fail(errors.SYNTAX_COMMAND, f"{verb.value} holds one descriptor only")


def _read_notify(cursor: Cursor) -> tuple[ObservedEvents | None, ErrorDescriptor | None]:
    """``OE=..{..}`` and, before version 2, ``ER=..{..}`` beside it."""
    observed: ObservedEvents | None = None
    error: ErrorDescriptor | None = None
    more = True
    while more:
        item = cursor.take()
        name = item[1].lower()
        if name in _OBSERVED and observed is None:
            observed, more = read_observed(cursor, item)
        elif name in _ERROR and error is None:
            error, more = _read_error(cursor, item)
        else:
            raise cursor.fail(_stranger(name), f"{item[1][:64] or 'nothing'} in Notify")
    return observed, error


def read_command_reply(cursor: Cursor, item: Item) -> tuple[CommandReply, bool]:
    """One command of an action reply; and: does another one follow?"""
    verb, _, _ = read_verb(cursor, item[1])
    if item[4] == "{" and item[3].lower() in _CONTEXT and verb in _AUDITING:
        return _read_listed(cursor, verb)
    terminations, delimiter = read_terminations(cursor, item)
    if delimiter != "{":
        return CommandReply(verb, terminations), cursor.more(delimiter)
    result: list[AuditReturn] = []
    change: ServiceChangeResult | None = None
    more = True
    while more:
        part = cursor.take()
        if verb is Verb.SERVICE_CHANGE and part[1].lower() in _SERVICES:
            cursor.opened(part)
            change = read_service_change_result(cursor)
            more = cursor.more_after_block()
        else:
            returned, more = _read_return(cursor, part)
            result.append(returned)
    return CommandReply(verb, terminations, tuple(result), change), cursor.more_after_block()


def _read_return(cursor: Cursor, item: Item) -> tuple[AuditReturn, bool]:
    """A descriptor, or its bare token when it holds nothing."""
    name = item[1].lower()
    token = AUDIT_ITEMS.get(name)
    if token is not None and not item[2] and item[4] not in {"{", "["}:
        return token, cursor.more(item[4])
    reader = _RETURN.get(name)
    if reader is None:
        raise cursor.fail(_stranger(name), f"{item[1][:64] or 'nothing'} in a reply")
    return reader(cursor, item)  # type: ignore[return-value]


def _read_listed(cursor: Cursor, verb: Verb) -> tuple[CommandReply, bool]:
    """``AV=C{t1,t2}``: which terminations there are; or ``AV=C{ER=..}``."""
    if cursor.items[cursor.at][1].lower() in _ERROR:
        error, more = _read_error(cursor, cursor.take())
        _last(cursor, verb, more=more)
        return CommandReply(verb, (), (error,), listed=True), cursor.more_after_block()
    names = tuple([check_termination(cursor, name) for name in cursor.words("}")])
    return CommandReply(verb, names, listed=True), cursor.more_after_block()
