"""Who opens TCP on each side: the table of the module, row by row, and the modes that follow."""

import pytest

from imsedge.alg.directions import Steer, first_mode, offered_on, settle
from imsedge.alg.procedures import Side, TcpMode
from imsedge.sdp.attributes import Setup
from imsedge.sdp.errors import SdpError

ACTIVE, PASSIVE, ACTPASS = Setup.ACTIVE, Setup.PASSIVE, Setup.ACTPASS
UE, CORE = Side.ACCESS, Side.CORE
PROXY, MERGE, RELAY = TcpMode.PROXY, TcpMode.MERGE, TcpMode.RELAY
NATTED_UE, NATTED_CALLEE = Steer(UE, natted=True), Steer(CORE, natted=True)

# who steers, offer, offer as it leaves, answer, answer as it leaves, whom the gateway calls, mode
CASES = {
    "copied: the answerer calls": (Steer(UE), ACTPASS, ACTPASS, ACTIVE, ACTIVE, {UE}, PROXY),
    "copied: the offerer calls": (Steer(UE), ACTPASS, ACTPASS, PASSIVE, PASSIVE, {CORE}, PROXY),
    "copied: the offerer only calls": (Steer(CORE), ACTIVE, ACTIVE, PASSIVE, PASSIVE, {UE}, PROXY),
    "copied: the offerer only waits": (Steer(CORE), PASSIVE, PASSIVE, ACTIVE, ACTIVE, {CORE}, PROXY),
    "relay": (Steer(UE, mode=RELAY), ACTPASS, ACTPASS, ACTIVE, ACTIVE, {UE}, RELAY),
    "NAT: the UE calls anyhow": (NATTED_UE, ACTIVE, ACTIVE, PASSIVE, PASSIVE, {CORE}, PROXY),
    "NAT: the UE must call, the core waits": (NATTED_UE, ACTPASS, ACTPASS, PASSIVE, PASSIVE, {CORE}, PROXY),
    "NAT: the UE must call, the core calls": (NATTED_UE, ACTPASS, ACTPASS, ACTIVE, PASSIVE, set(), MERGE),
    "NAT: the UE only waits": (NATTED_UE, PASSIVE, PASSIVE, ACTIVE, ACTIVE, {UE}, PROXY),
    "NAT: a UE is offered passive": (NATTED_CALLEE, PASSIVE, PASSIVE, ACTIVE, ACTIVE, {CORE}, PROXY),
    "NAT: a UE must call": (NATTED_CALLEE, ACTPASS, PASSIVE, ACTIVE, ACTIVE, {CORE}, PROXY),
    "NAT: both must call": (NATTED_CALLEE, ACTIVE, PASSIVE, ACTIVE, PASSIVE, set(), MERGE),
    "NAT: MSRP is offered actpass": (
        NATTED_CALLEE._replace(polite=True),
        ACTIVE,
        ACTPASS,
        ACTIVE,
        PASSIVE,
        set(),
        MERGE,
    ),
    "NAT: MSRP that waits nevertheless": (
        NATTED_CALLEE._replace(polite=True),
        ACTIVE,
        ACTPASS,
        PASSIVE,
        PASSIVE,
        {UE},
        PROXY,
    ),
    "NAT and relay: nobody could be relayed": (
        NATTED_UE._replace(mode=RELAY),
        ACTPASS,
        ACTPASS,
        ACTIVE,
        PASSIVE,
        set(),
        MERGE,
    ),
    "merge by policy": (Steer(UE, mode=MERGE), ACTPASS, PASSIVE, ACTIVE, PASSIVE, set(), MERGE),
    "merge by policy, and the offerer only waits": (
        Steer(UE, mode=MERGE),
        PASSIVE,
        PASSIVE,
        ACTIVE,
        ACTIVE,
        {UE},
        PROXY,
    ),
    "merge by policy, MSRP that waits": (
        Steer(UE, mode=MERGE, polite=True),
        ACTIVE,
        ACTPASS,
        PASSIVE,
        PASSIVE,
        {CORE},
        PROXY,
    ),
    "annex D: the UE is the only caller": (
        NATTED_UE._replace(collides=True),
        ACTPASS,
        ACTIVE,
        PASSIVE,
        PASSIVE,
        {CORE},
        PROXY,
    ),
    "annex D: no merge by policy": (
        Steer(UE, mode=MERGE, collides=True),
        ACTPASS,
        ACTPASS,
        ACTIVE,
        ACTIVE,
        {UE},
        PROXY,
    ),
    "annex D: let pass": (
        NATTED_CALLEE._replace(collides=True),
        ACTIVE,
        ACTIVE,
        PASSIVE,
        PASSIVE,
        {UE},
        PROXY,
    ),
}


@pytest.mark.parametrize(
    ("steer", "offered", "sent", "answered", "told", "called", "mode"), CASES.values(), ids=CASES
)
def test_directions(
    steer: Steer,
    offered: Setup,
    sent: Setup,
    answered: Setup,
    told: Setup,
    called: frozenset[Side],
    mode: TcpMode,
) -> None:
    assert offered_on(offered, steer) is sent
    outlook = settle(offered, sent, answered, steer)
    assert (outlook.told, outlook.called, outlook.mode) == (told, called, mode)


def test_annex_d_is_seen_with_the_offer() -> None:
    collides = Steer(CORE, natted=True, collides=True)
    assert collides.is_hopeless(ACTIVE)
    assert not collides.is_hopeless(ACTPASS)
    assert not collides._replace(natted=False).is_hopeless(ACTIVE)
    assert not collides._replace(offerer=UE).is_hopeless(ACTIVE)


def test_what_is_known_of_the_mode_with_the_offer() -> None:
    assert first_mode(ACTIVE, NATTED_CALLEE) is MERGE  # TS 23.334 clause 6.2.18.4
    assert first_mode(ACTPASS, NATTED_UE) is None
    assert first_mode(ACTPASS, Steer(UE, mode=RELAY)) is RELAY
    assert first_mode(ACTPASS, Steer(UE)) is None


@pytest.mark.parametrize("answered", [Setup.HOLDCONN, Setup.ACTIVE, Setup.ACTPASS])
def test_an_answer_that_fits_no_offer(answered: Setup) -> None:
    with pytest.raises(SdpError):
        settle(ACTIVE, ACTIVE, answered, Steer(UE))
