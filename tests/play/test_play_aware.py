"""Flows whose UEs follow RFC 4975 to the letter: the gateway rewrites paths, tshark reads both legs."""

import re
import subprocess
from pathlib import Path

import pytest

from imsedge.core.errors import SettingError
from imsedge.core.trace import Kind
from imsedge.play.checks import paths_apart
from imsedge.play.flows import Performance, figure, play
from imsedge.play.pcapng import write_capture
from imsedge.play.scenes import CORE_WORDS, UE_WORDS
from imsedge.play.variants import BEARER, MSRP_E2E, Variant, resolve
from kit.casts import ensemble
from kit.peers import need

ORIGINATING, TERMINATING = "msrp-e2ae-originating", "msrp-e2ae-terminating"
AWARE = Variant(aware=True)

EVERY = [
    (ORIGINATING, "active", AWARE),
    (ORIGINATING, "passive", AWARE),
    (ORIGINATING, "active", AWARE._replace(delayed=True)),
    (TERMINATING, "active", AWARE),
    (TERMINATING, "passive", AWARE),
    (BEARER, "passive", AWARE),
    (BEARER, "active", AWARE._replace(mode="merge")),
]


@pytest.mark.system
@pytest.mark.parametrize(("flow", "answer", "variant"), EVERY)
async def test_a_flow_is_the_figures_and_paths_stay_on_their_legs(
    flow: str, answer: str, variant: Variant, no_leaks: None
) -> None:
    report = (await play(flow, answer, variant=variant)).report
    assert [(check.name, check.detail) for check in report.checks if not check.ok] == []
    drawn = {step.number for step in figure(flow, answer, variant)}
    assert drawn == {event.step for event in report.events if event.step}
    sent = [event.summary for event in report.events if event.kind is Kind.MSRP]
    assert all(" to msrp" in summary for summary in sent), "the ladder shows whom a message is to"


@pytest.fixture(params=[ORIGINATING, TERMINATING])
async def performance(request: pytest.FixtureRequest) -> Performance:
    return await play(request.param, "active", variant=AWARE)


@pytest.mark.system
@pytest.mark.interop
def test_tshark_finds_the_paths_of_each_leg_there_and_no_others(
    performance: Performance, tmp_path: Path
) -> None:
    file = tmp_path / "call.pcapng"
    file.write_bytes(write_capture(performance.crossings, performance.secrets))

    def tshark(*options: str) -> list[str]:
        command = [need("tshark"), "-n", "-r", str(file), *options]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.splitlines()

    assert tshark("-Y", "_ws.malformed") == []
    fields = ("-T", "fields", "-e", "msrp.to.path", "-e", "msrp.from.path")
    core = [line.split("\t") for line in tshark("-Y", "msrp", *fields)]
    assert len(core) >= 4, "a frame may hold a response and a request"
    assert len({frozenset(paths) for paths in core}) == 1
    assert all(path.startswith("msrp://") for path in core[0])
    stream = tshark("-Y", "tls", "-T", "fields", "-e", "tcp.stream")[0]
    access = "\n".join(tshark("-q", "-z", f"follow,tls,ascii,{stream}"))
    assert UE_WORDS in access
    assert CORE_WORDS in access
    assert len(re.findall(r"(?:To|From)-Path: msrps://", access)) == 12, "3 requests, 3 responses"
    assert "msrp://" not in access
    assert not any(path.split("/")[3] in access for path in core[0]), "not even a session id"


NO_SENSE = {
    "TLS that passes through": (MSRP_E2E, AWARE),
    "no MSRP": ("bfcp-e2ae-originating", AWARE),
    "the kernel": (BEARER, AWARE._replace(mode="relay")),
}


@pytest.mark.parametrize(("flow", "variant"), NO_SENSE.values(), ids=NO_SENSE)
def test_where_nobody_can_rewrite(flow: str, variant: Variant) -> None:
    with pytest.raises(SettingError, match="--aware is for"):
        resolve(flow, "passive", variant)


async def test_a_path_of_the_other_leg_is_noticed() -> None:
    cast = await ensemble()
    cast.aware = True
    cast.seen_by_ue, cast.seen_by_core = cast.told("core", "active"), cast.told("ue", "active")
    broken = {check.name for check in paths_apart(cast) if not check.ok}
    assert broken == {
        "the messages to ue carried the paths of its own leg",
        "the messages to core carried the paths of its own leg",
        "no description told a path of the other leg",
    }
