"""ServiceChange parameters, read from text (H.248.1 clause 7.2.8)."""

import re

from imsedge.h248 import errors
from imsedge.h248.errors import H248Error
from imsedge.h248.model import Audit, AuditItem, Mid, Parameter, ServiceChange, ServiceChangeResult
from imsedge.h248.text.audits import Individual, read_audit_part
from imsedge.h248.text.cursor import Cursor, read_number
from imsedge.h248.text.scanner import Item, read_mid
from imsedge.h248.text.tokens import AUDIT_ITEMS, METHODS, reading
from imsedge.h248.text.values import (
    MAX_UINT16,
    MAX_UINT32,
    is_extension,
    read_parameter,
    read_time_stamp,
    unquoted,
)

_PARTS = reading(
    {
        "Method": "method",
        "Reason": "reason",
        "Delay": "delay",
        "ServiceChangeAddress": "address",
        "MgcIdToTry": "mgc_id",
        "Profile": "profile",
        "Version": "version",
        "ServiceChangeInc": "incomplete",
    }
)
PROFILE = re.compile(r"[A-Za-z0-9_.+\-]{1,64}/\d{1,2}", re.ASCII)
_REPLY_PARTS = frozenset({"address", "mgc_id", "profile", "version", "timestamp"})
_MAX_VERSION = 99


def read_service_change(cursor: Cursor) -> ServiceChange:
    """``SV{MT=RS, RE="901 Cold Boot", ..}``, behind its opening brace; Method and Reason must be there."""
    parts: dict[str, object] = {}
    extensions: list[Parameter] = []
    items: list[AuditItem] = []
    individual: list[Individual] = []
    more = True
    while more:
        item = cursor.take()
        if is_extension(item[1]):
            parameter, more = read_parameter(cursor, item)
            extensions.append(parameter)
        elif item[1].lower() in AUDIT_ITEMS:
            more = read_audit_part(cursor, item, items, individual)
        else:
            more = _read_part(cursor, item, parts)
    if "method" not in parts or "reason" not in parts:
        raise cursor.fail(errors.MISSING_INFORMATION, "a ServiceChange needs Method and Reason")
    audit = Audit(tuple(items), tuple(individual)) if items or individual else None
    return ServiceChange(extensions=tuple(extensions), audit=audit, **parts)  # type: ignore[arg-type]


def read_service_change_result(cursor: Cursor) -> ServiceChangeResult:
    """``SV{AD=.., V=2, ..}`` of a reply, behind its opening brace."""
    parts: dict[str, object] = {}
    while _read_part(cursor, cursor.take(), parts):
        pass
    if not parts.keys() <= _REPLY_PARTS:
        raise cursor.fail(errors.PROPERTY_ILLEGAL, "a parameter of requests stands in a reply")
    return ServiceChangeResult(**parts)  # type: ignore[arg-type]


def _read_part(cursor: Cursor, item: Item, parts: dict[str, object]) -> bool:
    """One parameter into ``parts``; is there more?"""
    _, name, relation, value, delimiter = item
    kind = _PARTS.get(name.lower())
    time = None
    if kind is None:
        time = read_time_stamp(name)
        if time is None:
            raise cursor.fail(errors.UNKNOWN_PARAMETER, f"{name[:64] or 'nothing'} in ServiceChange")
        kind = "timestamp"
    if kind in parts:
        raise cursor.fail(errors.PROPERTY_TWICE, f"{name} stands twice")
    if (kind == "address" and "mgc_id" in parts) or (kind == "mgc_id" and "address" in parts):
        raise cursor.fail(errors.PROPERTY_ILLEGAL, "ServiceChangeAddress and MgcIdToTry exclude each other")
    if time is not None:
        parts[kind] = time
    elif kind == "incomplete":
        parts[kind] = True
    elif relation != "=":
        raise cursor.fail(errors.SYNTAX_COMMAND, f"{name} has no value")
    elif kind in {"address", "mgc_id"} and delimiter == "{" and value.lower() == "mtp":
        parts[kind] = _mid(cursor, f"MTP{{{cursor.words('}')[0]}}}")
        return cursor.more_after_block()
    else:
        parts[kind] = _read_value(cursor, kind, value)
    return cursor.more(delimiter)


def _read_value(cursor: Cursor, kind: str, value: str) -> object:
    match kind:
        case "method":
            if is_extension(value):
                return value
            if method := METHODS.get(value.lower()):
                return method.value
            raise cursor.fail(errors.UNKNOWN_VALUE, f"{value[:64] or 'nothing'} is no ServiceChange method")
        case "reason":
            return unquoted(value)
        case "profile":
            if PROFILE.fullmatch(value):
                return value
            raise cursor.fail(errors.SYNTAX_COMMAND, "a Profile is name/version")
        case "version":
            return read_number(cursor, value, _MAX_VERSION)
        case "delay":
            return read_number(cursor, value, MAX_UINT32)
        case "address" if value.isdecimal():
            return read_number(cursor, value, MAX_UINT16)
    return _mid(cursor, value)


def _mid(cursor: Cursor, text: str) -> Mid:
    try:
        return read_mid(text)
    except H248Error as error:
        raise cursor.fail(errors.SYNTAX_COMMAND, error.reason) from None
