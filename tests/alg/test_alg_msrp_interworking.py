"""Every pair of MSRP clients, secured and plain, whoever offers and whoever calls: it works or is refused.

TS 23.334 clause 5.19.1: what CEMA, session match and plain RFC 4975 need to meet.  ``kit.msrp_clients`` has
the clients, on paper.
"""

from itertools import product

import pytest

from imsedge.alg.policy import Anchoring, Aware, Matching, Policy
from imsedge.alg.procedures import Side, TcpMode
from kit.msrp_clients import Client, Meeting

EVERYBODY = ("cema", "sessmatch", "strict", "relayed")
OTHERS = EVERYBODY[1:]
SETUPS = (
    (None, None),
    ("active", "passive"),
    ("passive", "active"),
    ("actpass", "active"),
    ("actpass", "passive"),
)
RELAYING = Policy(anchoring=Anchoring.ALWAYS, tcp_mode=TcpMode.RELAY)
AUTO, NEVER, ALWAYS = (Policy(anchoring=Anchoring.ALWAYS, aware=aware) for aware in Aware)
SESSMATCH, AGNOSTIC = (
    Policy(anchoring=Anchoring.ALWAYS, matching=Matching.SESSMATCH, aware=aware)
    for aware in (Aware.AUTO, Aware.NEVER)
)


def outcomes(policy: Policy, offerer: str, answerer: str, *, secured: bool) -> set[str]:
    """What becomes of it, whoever is where and whoever calls whom."""
    found = set()
    for side, (offered, answered) in product(Side, SETUPS):
        parties = {
            place: Client(kind, place, setup, tls=secured and place is Side.ACCESS)
            for place, kind, setup in ((side, offerer, offered), (side.other, answerer, answered))
        }
        found.add(Meeting(policy, parties[side], parties[side.other]).outcome())
    return found


def rows(policy: Policy, offerers: tuple[str, ...], answerers: tuple[str, ...], *wanted: str) -> list[object]:
    """All pairs; ``wanted``: the outcome when secured and when plain, or one for both."""
    return [
        pytest.param(policy, offerer, answerer, secured, wanted[0 if secured else -1])
        for offerer, answerer, secured in product(offerers, answerers, (True, False))
    ]


@pytest.mark.parametrize(
    ("policy", "offerer", "answerer", "secured", "outcome"),
    [
        # By default: CEMA among themselves do without; the rest is rewritten, CEMA after a second offer.
        *rows(AUTO, ("cema",), ("cema",), "agnostic"),
        *rows(AUTO, ("cema",), OTHERS, "aware"),
        *rows(AUTO, OTHERS, EVERYBODY, "aware"),
        # A gateway that cannot rewrite: whoever is not served is told so, or passes by unless secured.
        *rows(NEVER, ("cema",), ("cema",), "agnostic"),
        *rows(NEVER, ("cema",), OTHERS, "refused"),
        *rows(NEVER, OTHERS, EVERYBODY, "refused", "direct"),
        # The operator wants one kind of path everywhere.
        *rows(ALWAYS, EVERYBODY, EVERYBODY, "aware"),
        # The operator knows that clients compare the session id only; CEMA may be among those who offer.
        *rows(SESSMATCH, ("sessmatch",), ("sessmatch",), "agnostic"),
        *rows(SESSMATCH, ("cema",), ("cema",), "agnostic"),
        *rows(SESSMATCH, ("cema",), ("sessmatch",), "aware"),
        *rows(SESSMATCH, ("relayed",), ("sessmatch", "strict"), "aware"),
        *rows(AGNOSTIC, ("sessmatch",), ("sessmatch",), "agnostic"),
        *rows(AGNOSTIC, ("cema",), ("sessmatch",), "refused"),
    ],
)
def test_pair(policy: Policy, offerer: str, answerer: str, secured: bool, outcome: str) -> None:
    assert outcomes(policy, offerer, answerer, secured=secured) == {outcome}


@pytest.mark.parametrize(("kind", "mode"), [("cema", TcpMode.RELAY), ("strict", TcpMode.PROXY)])
def test_a_kernel_that_relays_does_not_rewrite(kind: str, mode: TcpMode) -> None:
    caller = Client(kind, Side.ACCESS, "actpass", tls=False)
    meeting = Meeting(RELAYING, caller, Client(kind, Side.CORE, "passive", tls=False))
    assert meeting.outcome() == ("agnostic" if kind == "cema" else "aware")
    assert {stream.tcp_mode for stream in meeting.gateway.streams.values()} == {mode}
