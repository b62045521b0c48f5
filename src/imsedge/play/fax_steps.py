"""The order of a T.38 call, numbered like the BFCP figures; there is no TCP, and step 12 is DTLS."""

from imsedge.core.trace import Kind
from imsedge.play.steps import AGW, ALG, ANSWER, CORE, MOD, MODIFIED, UE, Step, configured_once

_ORIGINATING = (
    *configured_once(UE, CORE),
    Step("16a", Kind.H248, ALG, AGW, MOD),
    Step("16b", Kind.H248, AGW, ALG, MODIFIED),
    Step("18", Kind.SIP, ALG, UE, ANSWER),
)
_TERMINATING = (*configured_once(CORE, UE), Step("18", Kind.SIP, ALG, CORE, ANSWER))
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
