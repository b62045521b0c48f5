"""ServiceChange parameters in binary (H.248.1 Annex A.2)."""

from imsedge.core.errors import LocalError
from imsedge.h248 import errors
from imsedge.h248.binary.audits import AUDIT
from imsedge.h248.binary.ber import Enumerated, Octets, Sequence, Values
from imsedge.h248.binary.events import NULL
from imsedge.h248.binary.leaves import (
    ADDRESS,
    MID,
    TEXT,
    TIME_STAMP,
    UINT32,
    VALUES,
    VERSION,
    Context,
    clean,
    filled,
)
from imsedge.h248.binary.values import read_string, write_string
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
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
    lambda _, v: _profile(f"{v['profileName']}/{v['version']}" if "version" in v else v["profileName"]),
    lambda _, profile: {"profileName": profile},
)


def _read_change(_: Context, v: Values) -> ServiceChange:
    parts = filled(
        v,
        address="serviceChangeAddress",
        mgc_id="serviceChangeMgcId",
        profile="serviceChangeProfile",
        version="serviceChangeVersion",
        delay="serviceChangeDelay",
        timestamp="timeStamp",
        audit="serviceChangeInfo",
        incomplete="serviceChangeIncompleteFlag",
    )
    reason = read_string(v["serviceChangeReason"][0]) if v["serviceChangeReason"] else ""
    return ServiceChange(v["serviceChangeMethod"], clean(reason), **parts)


def _write_change(_: Context, change: ServiceChange) -> Values:
    if change.extensions:
        raise LocalError("extension parameters of ServiceChange have no binary form here")
    return {
        "serviceChangeMethod": change.method,
        "serviceChangeAddress": change.address,
        "serviceChangeVersion": change.version,
        "serviceChangeProfile": change.profile,
        "serviceChangeReason": (write_string(change.reason),),
        "serviceChangeDelay": change.delay,
        "serviceChangeMgcId": change.mgc_id,
        "timeStamp": change.timestamp,
        "serviceChangeInfo": change.audit,
        "serviceChangeIncompleteFlag": change.incomplete or None,
    }


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
        "nonStandardData?": Octets(),
        "serviceChangeInfo?": AUDIT,
        "serviceChangeIncompleteFlag?": NULL,
    },
    _read_change,
    _write_change,
)


def _read_result(_: Context, v: Values) -> ServiceChangeResult:
    parts = filled(
        v,
        address="serviceChangeAddress",
        mgc_id="serviceChangeMgcId",
        profile="serviceChangeProfile",
        version="serviceChangeVersion",
        timestamp="timestamp",
    )
    return ServiceChangeResult(**parts)


RESULT = Sequence(
    {
        "serviceChangeMgcId?": MID,
        "serviceChangeAddress?": ADDRESS,
        "serviceChangeVersion?": VERSION,
        "serviceChangeProfile?": _PROFILE,
        "timestamp?": TIME_STAMP,
    },
    _read_result,
    lambda _, r: {
        "serviceChangeMgcId": r.mgc_id,
        "serviceChangeAddress": r.address,
        "serviceChangeVersion": r.version,
        "serviceChangeProfile": r.profile,
        "timestamp": r.timestamp,
    },
)
