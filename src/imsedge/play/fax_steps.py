"""The order of a T.38 call, numbered like the BFCP figures; there is no TCP, and step 12 is DTLS."""

from imsedge.core.trace import Kind
from imsedge.play.steps import AGW, ALG, CORE, UE, Step

_FIRST, _SECOND, _ADDED = r"ADD req C=\$", r"ADD req C=\d", r"ADD resp C=\d"
_MOD, _MODIFIED = r"MOD req C=\d", r"MOD resp C=\d"
_ANSWER = r"200 .*\(INVITE\)"


def _reserved(caller: str, callee: str) -> tuple[Step, ...]:
    return (
        Step("1", Kind.SIP, caller, ALG, "INVITE"),
        Step("2", Kind.H248, ALG, AGW, _FIRST),
        Step("4", Kind.H248, AGW, ALG, _ADDED),
        Step("5", Kind.H248, ALG, AGW, _SECOND),
        Step("7", Kind.H248, AGW, ALG, _ADDED),
        Step("9", Kind.SIP, ALG, callee, "INVITE"),
        Step("13", Kind.SIP, callee, ALG, _ANSWER),
        Step("14", Kind.H248, ALG, AGW, _MOD),
        Step("16", Kind.H248, AGW, ALG, _MODIFIED),
    )


_ORIGINATING = (
    *_reserved(UE, CORE),
    Step("16a", Kind.H248, ALG, AGW, _MOD),
    Step("16b", Kind.H248, AGW, ALG, _MODIFIED),
    Step("18", Kind.SIP, ALG, UE, _ANSWER),
)
_TERMINATING = (*_reserved(CORE, UE), Step("18", Kind.SIP, ALG, CORE, _ANSWER))
_HELLO = "ClientHello"

FAX_FIGURES: dict[tuple[str, str], tuple[Step, ...]] = {
    ("t38-e2ae-originating", "active"): (
        *_ORIGINATING,
        Step("12", Kind.DTLS, AGW, UE, _HELLO, after=("16a",)),
    ),
    ("t38-e2ae-originating", "passive"): (
        *_ORIGINATING,
        Step("12", Kind.DTLS, UE, AGW, _HELLO, after=("18",)),
    ),
    ("t38-e2ae-terminating", "active"): (
        *_TERMINATING,
        Step("12", Kind.DTLS, UE, AGW, _HELLO, after=("9",)),
    ),
    ("t38-e2ae-terminating", "passive"): (
        *_TERMINATING,
        Step("12", Kind.DTLS, AGW, UE, _HELLO, after=("14",)),
    ),
}
