"""Which ways of playing a flow make sense, and what they set."""

import pytest

from imsedge.agw.settings import Abilities
from imsedge.alg.directions import TcpStart
from imsedge.alg.policy import Anchoring
from imsedge.alg.procedures import TcpMode
from imsedge.core.errors import SettingError
from imsedge.core.ids import RandomIds
from imsedge.play.place import own_place
from imsedge.play.variants import BEARER, PLAIN, Variant, lacking, needed_answer, resolve, with_variant

E2AE = "msrp-e2ae-originating"

REFUSED = {
    "modes of a secured flow": (
        E2AE,
        "active",
        Variant(mode="relay"),
        "it is always a proxy",
    ),
    "a secured flow behind a NAT": (E2AE, "active", Variant(nat=True), "for the flow tcp-bearer"),
    "delayed, and nobody calls early": (BEARER, "passive", Variant(delayed=True), "--answer active"),
    "delayed e2ae, and nobody calls early": (E2AE, "passive", Variant(delayed=True), "--answer active"),
    "delayed TCP of a fax": ("t38-e2ae-terminating", "active", Variant(delayed=True), "T.38 has none"),
    "merge with one that waits": (BEARER, "passive", Variant(mode="merge"), "--answer active"),
    "two callers without merge": (BEARER, "active", Variant(mode="proxy", nat=True), "--mode merge"),
    "crossing, and the gateway does not call": (
        BEARER,
        "active",
        Variant(simultaneous=True),
        "--answer passive",
    ),
    "crossing in the kernel": (BEARER, "passive", Variant("relay", simultaneous=True), "--mode proxy"),
}


@pytest.mark.parametrize(("flow", "answer", "variant", "sentence"), REFUSED.values(), ids=REFUSED)
def test_no_sense(flow: str, answer: str, variant: Variant, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        resolve(flow, answer, variant)


def test_the_answer_follows_when_it_is_not_said() -> None:
    assert needed_answer(Variant(delayed=True)) == "active"
    assert needed_answer(Variant("merge")) == "active"
    assert needed_answer(Variant("relay", nat=True)) == ""


def test_what_a_machine_lacks_is_said_before_anything_is_played() -> None:
    poor = Abilities(relay=False, screen=False, missing={"relay": "CAP_NET_ADMIN is missing"})
    assert lacking(Variant("relay"), poor) == "CAP_NET_ADMIN is missing"
    assert lacking(Variant("proxy", delayed=True), poor) == "CAP_NET_ADMIN is needed"
    assert lacking(Variant("proxy", simultaneous=True), poor) == "CAP_NET_ADMIN is needed"
    assert lacking(Variant("proxy", nat=True), poor) == ""
    assert lacking(Variant("relay", delayed=True), Abilities(relay=True, screen=True)) == ""


def test_the_mode_follows_when_it_is_not_said() -> None:
    assert resolve(BEARER, "passive", PLAIN).mode == "proxy"
    assert resolve(BEARER, "passive", Variant(nat=True)).mode == "proxy"
    assert resolve(BEARER, "active", Variant(nat=True)).mode == "merge"
    assert resolve(BEARER, "passive", Variant("relay")).mode == "relay"


def test_what_the_controller_is_told() -> None:
    alg = own_place(RandomIds()).alg
    policy = with_variant(BEARER, "passive", Variant("relay"), alg).policy
    assert (policy.tcp.anchor, policy.tcp.mode) == (Anchoring.ALWAYS, TcpMode.RELAY)
    assert (policy.tcp.start, policy.tcp.report_connected) == (TcpStart.ORDERED, True)
    behind = with_variant(BEARER, "active", Variant("merge", nat=True), alg).policy
    assert (behind.tcp.mode, behind.tcp.start) == (TcpMode.PROXY, TcpStart.TRIGGERED)
    secured = with_variant(E2AE, "active", Variant("proxy", delayed=True), alg).policy
    assert (secured.tcp.anchor, secured.delayed_establishment) == (Anchoring.NEVER, True)
