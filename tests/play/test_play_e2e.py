"""TLS from one built-in UE to the other, through real daemons (scene, steps and checks)."""

import pytest

from imsedge.core.errors import SettingError
from imsedge.plane.relays import can_relay
from imsedge.play import e2e_scene, e2e_steps  # noqa: F401 - proven here through the flow
from imsedge.play.e2e_checks import differences
from imsedge.play.flows import figure, play
from imsedge.play.variants import BFCP_E2E, E2E, MSRP_E2E, PLAIN, Variant, resolve

CALLS = [
    (flow, answer, Variant(psk=psk))
    for flow in sorted(E2E)
    for answer, psk in (
        ("passive", False),
        ("active", True),
        ("active", False),
    )
]


@pytest.mark.system
@pytest.mark.parametrize(
    ("flow", "answer", "variant"),
    [
        *CALLS,
        (MSRP_E2E, "passive", Variant(psk=True)),
        pytest.param(
            BFCP_E2E,
            "passive",
            Variant("relay"),
            marks=pytest.mark.skipif(
                not can_relay(), reason="stateless handling needs CAP_NET_ADMIN and nft"
            ),
        ),
    ],
)
async def test_the_gateway_does_nothing_to_it(
    flow: str, answer: str, variant: Variant, no_leaks: None
) -> None:
    report = (await play(flow, answer, variant=variant)).report
    assert [(check.name, check.detail) for check in report.checks if not check.ok] == []
    assert "the gateway has begun no handshake" in {check.name for check in report.checks}
    drawn = {step.number for step in figure(flow, answer, variant)}
    assert drawn == {event.step for event in report.events if event.step}


REFUSED = {
    "both would be clients": (MSRP_E2E, Variant("merge"), "annex D"),
    "a key without end-to-end TLS": ("msrp-e2ae-originating", Variant(psk=True), "--psk is for"),
}


@pytest.mark.parametrize(("flow", "variant", "sentence"), REFUSED.values(), ids=REFUSED)
def test_no_sense(flow: str, variant: Variant, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        resolve(flow, "active", variant)
    assert resolve(BFCP_E2E, "active", PLAIN).mode == "proxy"


OFFER = "v=0\r\nc=IN IP4 10.0.0.1\r\nm=message 7654 TCP/TLS/MSRP *\r\na=key-mgmt:mikey AQ==\r\n"
DIFFERENCES = {
    "address and port": (OFFER.replace("10.0.0.1", "192.0.2.1").replace("7654", "30000"), []),
    "family": (OFFER.replace("IP4 10.0.0.1", "IP6 ::1"), ["c=IN IP4 10.0.0.1 became c=IN IP6 ::1"]),
    "transport": (
        OFFER.replace("/TLS", ""),
        ["m=message 7654 TCP/TLS/MSRP * became m=message 7654 TCP/MSRP *"],
    ),
    "a line less": (OFFER[: OFFER.index("a=")], ["a=key-mgmt:mikey AQ== became (nothing)"]),
    "a line more": (OFFER + "a=x\r\n", ["(nothing) became a=x"]),
}


@pytest.mark.parametrize(("arrived", "found"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_what_counts_as_a_difference(arrived: str, found: list[str]) -> None:
    assert differences(OFFER, arrived) == found
