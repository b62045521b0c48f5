"""ServiceChange parameters in binary (H.248.1 Annex A.2)."""

import re
from typing import Any

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.audits import AUDIT
from imsedge.h248.binary.ber import Enumerated, Octets, Raw
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.descriptors import NON_STANDARD
from imsedge.h248.binary.leaves import ADDRESS, MID, NULL, TEXT, TIME_STAMP, UINT32, VALUES, VERSION, clean
from imsedge.h248.binary.tables import Choice, Record, Sequence
from imsedge.h248.binary.values import read_string, write_string
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    Parameter,
    Relation,
    ServiceChange,
    ServiceChangeMethod,
    ServiceChangeResult,
)
from imsedge.h248.text.services import PROFILE

_METHODS = Enumerated(
    {
        number: method.value
        for number, method in enumerate(
            (
                ServiceChangeMethod.FAILOVER,
                ServiceChangeMethod.FORCED,
                ServiceChangeMethod.GRACEFUL,
                ServiceChangeMethod.RESTART,
                ServiceChangeMethod.DISCONNECTED,
                ServiceChangeMethod.HANDOFF,
            )
        )
    }
)


def _profile(text: str) -> str:
    if not PROFILE.fullmatch(text):
        raise H248Error(errors.SYNTAX_COMMAND, "a profile is name/version")
    return text


# Version 1 had name and version apart; every later one has ``name/version``.
_PROFILE = Sequence(
    {"profileName": TEXT, "version?": VERSION},
    lambda _, name, version: _profile(name if version is None else f"{name}/{version}"),
    lambda _, profile: (profile, None),
)


def _read_reason(value: tuple[bytes, ...]) -> str:
    return clean(read_string(value[0])) if value else ""


def _read_change(context: Context, *components: Any) -> ServiceChange:
    method, address, version, profile, reason, delay, mgc_id, timestamp, non_standard, *later = components
    audit, incomplete = later
    extension = None if non_standard is None else _read_extension(context, non_standard)
    return ServiceChange(
        method,
        _read_reason(reason),
        address,
        mgc_id,
        profile,
        version,
        delay,
        timestamp,
        () if extension is None else (extension,),
        incomplete,
        audit,
        non_standard if extension is None else None,
    )


def _write_change(context: Context, change: ServiceChange) -> tuple[Any, ...]:
    if change.method[:2].lower() in {"x-", "x+"}:
        raise LocalError(f"ServiceChange method {change.method} has no binary form")
    return (
        change.method,
        change.address,
        change.version,
        change.profile,
        (write_string(change.reason),),
        change.delay,
        change.mgc_id,
        change.timestamp,
        _write_extensions(context, change),
        change.audit,
        change.incomplete,
    )


CHANGE = Sequence(
    {
        "serviceChangeMethod": _METHODS,
        "serviceChangeAddress?": ADDRESS,
        "serviceChangeVersion?": VERSION,
        "serviceChangeProfile?": _PROFILE,
        "serviceChangeReason": VALUES,
        "serviceChangeDelay?": UINT32,
        "serviceChangeMgcId?": MID,
        "timeStamp?": TIME_STAMP,
        "nonStandardData?": NON_STANDARD,
        "serviceChangeInfo?": AUDIT,
        "serviceChangeIncompleteFlag?": NULL,
    },
    _read_change,
    _write_change,
)
RESULT = Record(
    ServiceChangeResult,
    {
        "serviceChangeMgcId?": ("mgc_id", MID),
        "serviceChangeAddress?": ("address", ADDRESS),
        "serviceChangeVersion?": ("version", VERSION),
        "serviceChangeProfile?": ("profile", _PROFILE),
        "timestamp?": ("timestamp", TIME_STAMP),
    },
)

# --- extensions ----------------------------------------------------------------------------------------

# NonStandardData: one identifier (eight characters X-...... or X+......, padded with blanks) and its data,
# the characters of the value as text has them.  Identifiers of other kinds are kept as octets.
_EXPERIMENTAL = re.compile(r"[Xx][+-][A-Za-z0-9]{1,6}", re.ASCII)
_VALUE = re.compile(r'[A-Za-z0-9+\-&!_/\'?@^`~*$\\()%|.]+|"[^"\x00-\x08\x0a-\x1f]*"', re.ASCII)
_IDENTIFIER = {"object": Octets(), "h221NonStandard": Raw(), "experimental": TEXT}
_NON_STANDARD = Sequence(
    {
        "nonStandardIdentifier": Choice(
            _IDENTIFIER, lambda _, name: ("experimental", name), lambda _, name, value: (name, value)
        ),
        "data": Octets(),
    },
    lambda _, identifier, data: (*identifier, data),
    lambda _, given: given,
)


def _read_extension(context: Context, octets: bytes) -> Parameter | None:
    """What text can say, too; ``None`` for the rest."""
    try:
        kind, name, data = _NON_STANDARD.read(context, octets, 0, len(octets))
        value = data.decode("ascii")
    except (H248Error, UnicodeDecodeError):
        return None
    if kind != "experimental" or len(name) != 8:
        return None
    extension = Parameter(name.rstrip(" "), (value,))
    same = _EXPERIMENTAL.fullmatch(extension.name) and _VALUE.fullmatch(value)
    return extension if same and _write_extension(context, extension) == octets else None


def _write_extension(context: Context, extension: Parameter) -> bytes:
    return _NON_STANDARD.write(context, (extension.name.ljust(8), extension.value.encode()))


def _write_extensions(context: Context, change: ServiceChange) -> bytes | None:
    if change.non_standard is None and not change.extensions:
        return None
    if change.non_standard is not None and not change.extensions:
        return change.non_standard
    first, *more = change.extensions
    simple = (
        first.relation is Relation.EQUAL and len(first.values) == 1 and _EXPERIMENTAL.fullmatch(first.name)
    )
    if more or change.non_standard is not None or not simple:
        names = ", ".join([extension.name for extension in change.extensions])
        raise LocalError(f"ServiceChange extensions {names}: binary has room for one, X-name = value")
    return _write_extension(context, first)
