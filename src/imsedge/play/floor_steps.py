"""Figures 5.2.1.3.2.1 and 5.2.1.3.3.1: which arrow of a BFCP call carries which step number.

Beside MSRP's figures they have one Configure, towards the answerer; no TLS direction has to be told after the
answer.  Step 12 is the ClientHello of whoever offered towards the access side.
"""

from imsedge.core.trace import Kind
from imsedge.play.steps import AGW, ALG, ANSWER, CORE, UE, Step, configured_once

_SYN, _REPEATED = r"SYN(?! ACK)", r"SYN \(repeated\)"


def _signalling(caller: str, callee: str) -> tuple[Step, ...]:
    return (*configured_once(caller, callee), Step("18", Kind.SIP, ALG, caller, ANSWER))


def _opened_by(opener: str, other: str, begins: str) -> tuple[Step, ...]:
    return (
        Step("10", Kind.TCP, opener, AGW, _SYN, after=(begins,)),
        Step("11", Kind.TCP, AGW, other, _SYN, after=("10",)),
    )


def _delayed(opener: str, other: str) -> tuple[Step, ...]:
    """The early call meets silence; what comes after step 14 is let in."""
    return (
        Step("10", Kind.TCP, opener, AGW, _SYN, after=("9",)),
        Step("10'", Kind.TCP, opener, AGW, _REPEATED, after=("10", "14")),
        Step("11'", Kind.TCP, AGW, other, _SYN, after=("10'",)),
    )


_ORIGINATING, _TERMINATING = _signalling(UE, CORE), _signalling(CORE, UE)

FLOOR_FIGURES: dict[tuple[str, str], tuple[Step, ...]] = {
    # The peer in the core calls, the gateway calls the UE, and the UE is the TLS client nevertheless.
    ("bfcp-e2ae-originating", "active"): (
        *_ORIGINATING,
        *_opened_by(CORE, UE, "9"),
        Step("12", Kind.TLS, UE, AGW, "ClientHello", after=("11",)),
    ),
    ("bfcp-e2ae-originating", "passive"): (
        *_ORIGINATING,
        *_opened_by(UE, CORE, "18"),
        Step("12", Kind.TLS, UE, AGW, "ClientHello", after=("10",)),
    ),
    # UE B calls, and the gateway is the TLS client nevertheless.
    ("bfcp-e2ae-terminating", "active"): (
        *_TERMINATING,
        *_opened_by(UE, CORE, "9"),
        Step("12", Kind.TLS, AGW, UE, "ClientHello", after=("2", "10")),
    ),
    ("bfcp-e2ae-terminating", "passive"): (
        *_TERMINATING,
        *_opened_by(CORE, UE, "18"),
        Step("12", Kind.TLS, AGW, UE, "ClientHello", after=("11",)),
    ),
}

FLOOR_DELAYED: dict[str, tuple[Step, ...]] = {
    "bfcp-e2ae-originating": (
        *_ORIGINATING,
        *_delayed(CORE, UE),
        Step("12", Kind.TLS, UE, AGW, "ClientHello", after=("11'",)),
    ),
    "bfcp-e2ae-terminating": (
        *_TERMINATING,
        *_delayed(UE, CORE),
        Step("12", Kind.TLS, AGW, UE, "ClientHello", after=("10'",)),
    ),
}
