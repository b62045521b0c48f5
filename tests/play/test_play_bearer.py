"""Figure y.2.1 in every variant, on real sockets between real daemons (scene, steps and checks)."""

import pytest

from imsedge.core.errors import SettingError
from imsedge.core.trace import Kind
from imsedge.plane.relays import can_relay
from imsedge.play import bearer_checks, bearer_scene  # noqa: F401 - proven here through the flow
from imsedge.play.bearer_steps import bearer_figure
from imsedge.play.flows import Performance, figure, play
from imsedge.play.variants import BEARER, PLAIN, Variant, resolve

VARIANTS = {
    "as drawn": ("passive", PLAIN),
    "the core calls": ("active", PLAIN),
    "merge": ("active", Variant("merge")),
    "early call dropped": ("active", Variant(delayed=True)),
    "early call dropped, merge": ("active", Variant("merge", delayed=True)),
    "calls cross": ("passive", Variant(simultaneous=True)),
    "NAT": ("passive", Variant(nat=True)),
    "NAT, both only call": ("active", Variant(nat=True)),
}


def words(performance: Performance, kind: Kind) -> list[str]:
    return [f"{event.source} {event.summary}" for event in performance.report.events if event.kind is kind]


@pytest.mark.system
@pytest.mark.parametrize(("answer", "variant"), VARIANTS.values(), ids=VARIANTS)
async def test_a_variant_is_what_the_figure_draws(answer: str, variant: Variant, no_leaks: None) -> None:
    performance = await play(BEARER, answer, variant=variant)
    assert [(check.name, check.detail) for check in performance.report.checks if not check.ok] == []
    drawn = {step.number for step in figure(BEARER, answer, variant)}
    assert drawn == {event.step for event in performance.report.events if event.step}


RELAYED = {
    "as drawn": ("passive", Variant("relay")),
    "the core calls": ("active", Variant("relay")),
    "NAT": ("passive", Variant("relay", nat=True)),
}


@pytest.mark.system
@pytest.mark.skipif(not can_relay(), reason="stateless handling needs CAP_NET_ADMIN and nft")
@pytest.mark.parametrize(("answer", "variant"), RELAYED.values(), ids=RELAYED)
async def test_the_kernel_relays(answer: str, variant: Variant, no_leaks: None) -> None:
    performance = await play(BEARER, answer, variant=variant)
    assert [(check.name, check.detail) for check in performance.report.checks if not check.ok] == []
    peer = "core" if answer == "passive" else "ue"
    acknowledged = [w for w in words(performance, Kind.TCP) if "SYN ACK" in w]
    assert acknowledged == [f"{peer} SYN ACK", "agw SYN ACK"]  # end to end: the gateway waits for the peer


async def test_a_machine_that_may_not_relay_is_told_from_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = "CAP_NET_ADMIN is missing"
    monkeypatch.setattr("imsedge.daemon.agw_setup.relay_obstacle", lambda *_, **__: missing)
    with pytest.raises(SettingError, match="perhaps by root: CAP_NET_ADMIN is missing"):
        await play(BEARER, "passive", variant=Variant("relay"))


@pytest.mark.system
@pytest.mark.parametrize("flow", ["msrp-e2ae-originating", "msrp-e2ae-terminating"])
async def test_a_secured_call_with_delayed_establishment(flow: str, no_leaks: None) -> None:
    performance = await play(flow, "active", variant=Variant(delayed=True))
    assert [(check.name, check.detail) for check in performance.report.checks if not check.ok] == []
    steps = {event.step: event for event in performance.report.events if event.step}
    assert {"10", "10'", "11'"} <= steps.keys()
    assert steps["10'"].time - steps["10"].time > 0.9  # the kernel repeats a SYN after a second
    caller = steps["10"].source
    tcp = [w for w in words(performance, Kind.TCP) if "SYN" in w and (caller in w or "ACK" in w)]
    assert [w.split(" ", 1)[1] for w in tcp][:3] == ["SYN", "SYN (repeated)", "SYN ACK"]


def test_every_variant_has_the_signalling_of_the_figure() -> None:
    signalling = {"1", "2", "4", "5", "7", "9", "10", "12", "13", "15", "18", "20"}
    for answer, variant in VARIANTS.values():
        numbers = {step.number for step in bearer_figure(answer, resolve(BEARER, answer, variant))}
        assert signalling | {"16", "21", "24", "25"} <= numbers
    relayed = {step.number for step in bearer_figure("passive", Variant("relay"))}
    assert "24" not in relayed
