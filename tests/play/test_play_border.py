"""Calls between two networks, through real daemons as IBCF and TrGW (steps and checks)."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.core.ids import RandomIds
from imsedge.core.trace import Crossing, Kind
from imsedge.plane.relays import can_relay
from imsedge.play import border_checks
from imsedge.play.border_steps import CONFIGURED, JOINED, RESERVED
from imsedge.play.flows import figure, play
from imsedge.play.scenes import Ensemble
from imsedge.play.stage import Cast, Stage
from imsedge.play.steps import ALG, CORE, UE
from imsedge.play.variants import BEARER, BFCP_E2E, MSRP_E2E, PASSIVE, Variant, resolve

IX = Variant(ix=True)
OUTER_HIDDEN = "no address of the outer network is seen in the inner one"
INNER_HIDDEN = "no address of the inner network is seen in the outer one"
CALLS = [
    (BEARER, "passive", IX),
    (BEARER, "active", IX),
    (BEARER, "active", IX._replace(mode="merge")),
    (BEARER, "passive", IX._replace(aware=True)),
    (BEARER, "passive", IX._replace(simultaneous=True)),
    (MSRP_E2E, "passive", IX),
    pytest.param(
        BFCP_E2E,
        "passive",
        IX._replace(mode="relay"),
        marks=pytest.mark.skipif(not can_relay(), reason="stateless handling needs CAP_NET_ADMIN and nft"),
    ),
    (BFCP_E2E, "active", IX._replace(psk=True)),
]


@pytest.mark.system
@pytest.mark.parametrize(("flow", "answer", "variant"), CALLS)
async def test_every_step_is_seen_and_neither_network_sees_the_other(
    flow: str, answer: str, variant: Variant, no_leaks: None
) -> None:
    report = (await play(flow, answer, variant=variant)).report
    assert [(check.name, check.detail) for check in report.checks if not check.ok] == []
    checked = {check.name for check in report.checks}
    assert {OUTER_HIDDEN, INNER_HIDDEN} <= checked
    assert {event.source for event in report.events} <= {"outer", "ibcf", "trgw", "inner"}
    drawn = {step.number for step in figure(flow, answer, variant)}
    assert drawn == {event.step for event in report.events if event.step}


def test_the_side_that_called_is_reserved_last() -> None:
    numbers = [step.number for step in figure(BEARER, PASSIVE, IX)]
    assert numbers.index(RESERVED) < numbers.index(CONFIGURED) < numbers.index(JOINED)
    answered = next(
        step for step in figure(BEARER, PASSIVE, IX) if (step.source, step.destination) == (ALG, UE)
    )
    assert numbers.index(answered.number) > numbers.index(JOINED)


@pytest.mark.parametrize(
    ("flow", "variant"),
    [
        ("msrp-e2ae-originating", IX),
        ("t38-e2ae-terminating", IX),
        (BEARER, IX._replace(nat=True)),
    ],
)
def test_no_sense(flow: str, variant: Variant) -> None:
    with pytest.raises(SettingError, match="--ix is for media that pass between two networks"):
        resolve(flow, "passive", variant)


AT_UE, AT_CORE = TransportAddress("127.0.0.1", 1), TransportAddress("127.0.0.2", 1)
OUR_UE, OUR_CORE = TransportAddress("127.0.0.3", 1), TransportAddress("127.0.0.4", 1)


@pytest.mark.parametrize(
    ("line", "aware", "kept"),
    {
        "nothing of it": (b"From: <sip:a@home.test>", False, True),
        "the phone's address": (b"c=IN IP4 127.0.0.1", False, False),
        "our address there": (b"Via: SIP/2.0/UDP 127.0.0.3:1", False, False),
        "a path that messages carry": (b"a=path:msrp://127.0.0.1:1/a;tcp", False, True),
        "a path that the gateway rewrites": (b"a=path:msrp://127.0.0.1:1/a;tcp", True, False),
    }.values(),
)
async def test_what_counts_as_shown(line: bytes, aware: bool, kept: bool) -> None:
    nodes = {AT_UE: UE, AT_CORE: CORE, OUR_UE: ALG, OUR_CORE: ALG}
    stage = Stage(Cast({}, nodes))
    for source, target, own in ((OUR_CORE, AT_CORE, line), (OUR_UE, AT_UE, b"x")):
        data = b"INVITE\r\nCall-ID: %s\r\n%s\r\n" % (own[:3], own)
        stage(Crossing(0.0, Kind.SIP, source, target, "udp", "INVITE", data))
    cast = Ensemble(RandomIds(), stage, (AT_UE.host, AT_CORE.host), (OUR_UE, OUR_CORE))
    found = {check.name: check.ok for check in border_checks.of_call(cast, stage, IX._replace(aware=aware))}
    await cast.stop()
    assert found[OUTER_HIDDEN] is kept
    assert found[INNER_HIDDEN]
