"""The table that decides what is secured: each row by the case that only it fits."""

import pytest

from imsedge.alg.policy import Facts, Matching, OnBearerFailure, Policy, Securing, Treatment, decide
from imsedge.alg.procedures import Side
from imsedge.sdp.kinds import KINDS, UNKNOWN

UE = {"offerer": Side.ACCESS, "tls": True, "requested": True}
CORE = {"offerer": Side.CORE, "tls": False, "requested": False, "fingerprint": False}
E2AE, UNTOUCHED, REFUSE = Treatment.E2AE, Treatment.UNTOUCHED, Treatment.REFUSE

CASES = {
    "the UE asks and all is there": (UE, E2AE),
    "the UE does not ask": (UE | {"requested": False}, UNTOUCHED),
    "the UE asks without TLS": (UE | {"tls": False}, REFUSE),
    "the UE asks without registration": (UE | {"announced": False}, REFUSE),
    "the UE asks without a fingerprint": (UE | {"fingerprint": False}, REFUSE),
    "the UE asks where it is switched off": (UE | {"securing": Securing.NEVER}, REFUSE),
    "the UE asks for a medium that is not served": (UE | {"served": False}, REFUSE),
    "the UE asks without CEMA": (UE | {"matched": False}, REFUSE),
    "the UE asks with an address that cannot be used": (UE | {"usable": False}, REFUSE),
    "always: the UE need not ask nor register": (
        UE | {"requested": False, "announced": False, "securing": Securing.ALWAYS},
        E2AE,
    ),
    "always: TLS without a fingerprint is end to end": (
        UE | {"requested": False, "fingerprint": False, "securing": Securing.ALWAYS},
        UNTOUCHED,
    ),
    "always: a UE that asks without a fingerprint is refused": (
        UE | {"fingerprint": False, "securing": Securing.ALWAYS},
        REFUSE,
    ),
    "clear from the UE stays clear": (UE | {"tls": False, "requested": False}, UNTOUCHED),
    "the core offers clear to a UE that announced": (CORE, E2AE),
    "the core offers clear to a UE that did not": (CORE | {"announced": False}, UNTOUCHED),
    "always: the UE need not have announced": (
        CORE | {"announced": False, "securing": Securing.ALWAYS},
        E2AE,
    ),
    "never: the core's clear stays clear": (CORE | {"securing": Securing.NEVER}, UNTOUCHED),
    "the core offers TLS: end to end": (CORE | {"tls": True}, UNTOUCHED),
    "the core offers without CEMA": (CORE | {"matched": False}, REFUSE),
    "secured, and the UE offers again": (UE | {"anchored": True, "requested": False}, E2AE),
    "secured, and its registration is gone": (UE | {"anchored": True, "announced": False}, E2AE),
    "secured, and the UE offers clear": (UE | {"anchored": True, "tls": False}, REFUSE),
    "secured, and the core offers TLS": (CORE | {"anchored": True, "tls": True}, REFUSE),
    "secured, and switched off meanwhile": (CORE | {"anchored": True, "securing": Securing.NEVER}, E2AE),
}


@pytest.mark.parametrize(("facts", "treatment"), CASES.values(), ids=CASES)
def test_decision(facts: dict[str, object], treatment: Treatment) -> None:
    usual = {
        "served": True,
        "securing": Securing.REGISTERED,
        "fingerprint": True,
        "announced": True,
        "matched": True,
        "usable": True,
        "anchored": False,
    }
    decision = decide(Facts(**(usual | facts)))  # type: ignore[arg-type]
    assert decision.treatment is treatment
    assert decision.reason


def test_what_is_not_named_is_secured_when_registered() -> None:
    policy = Policy(securing={"bfcp-tls": Securing.NEVER})
    assert [policy.securing_of(kind) for kind in KINDS[:2]] == [Securing.REGISTERED, Securing.NEVER]
    assert policy.securing_of(UNKNOWN) is Securing.REGISTERED


def test_defaults() -> None:
    policy = Policy()
    assert policy.matching is Matching.CEMA
    assert policy.on_bearer_failure is OnBearerFailure.RELEASE
    assert not policy.delayed_establishment
