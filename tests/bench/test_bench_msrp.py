"""The MSRP benchmark: the arithmetic of its table, and a moment of every relay that is installed."""

import json

import pytest

from imsedge.bench import msrp
from imsedge.bench.msrp import MSRP_WORKS, MsrpResult, MsrpScore, MsrpWork
from imsedge.bench.msrp_relays import Kamailio, MsrpRelay, OurMsrp
from kit import peers

FIRST = MSRP_WORKS[0].name


def score(name: str, per_core: float, note: str = "") -> MsrpScore:
    return MsrpScore(name, FIRST, per_core=per_core, note=note)


def test_the_ratio_is_ours_to_the_peer() -> None:
    assert MsrpResult((score("imsedge", 90.0), score("Kamailio", 60.0))).ratio(FIRST) == pytest.approx(1.5)
    assert MsrpResult((score("imsedge", 90.0), score("Kamailio", 0.0, "gone"))).ratio(FIRST) is None
    assert MsrpResult((score("Kamailio", 60.0),)).ratio(FIRST) is None


def test_works_have_names_of_their_own() -> None:
    names = [work.name for work in MSRP_WORKS]
    assert names[0] == "100 octets, 50 under way"
    assert names[-1] == "8000 octets, one at a time"
    assert len(set(names)) == len(names)


def measured(monkeypatch: pytest.MonkeyPatch, *relays: MsrpRelay) -> MsrpResult:
    """A moment of one work."""
    monkeypatch.setattr(msrp, "MSRP_WORKS", (MsrpWork(100, 2, 10),))
    monkeypatch.setattr(msrp, "MSRP_RELAYS", relays)
    monkeypatch.setattr(msrp, "TURNS", 1)
    return msrp.run(seconds=0.3, json=True)


@pytest.mark.system
def test_our_worker_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (ours,) = measured(monkeypatch, OurMsrp()).scores
    assert (ours.note, ours.rate > 100, ours.per_core > 100) == ("", True, True)
    assert json.loads(capsys.readouterr().out)["scores"][0]["relay"] == "imsedge"


@pytest.mark.interop
def test_kamailio_does_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    peers.need_kamailio_module("msrp")
    (theirs,) = measured(monkeypatch, Kamailio()).scores
    assert (theirs.note, theirs.rate > 100) == ("", True)


def test_a_relay_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("imsedge.bench.msrp_relays.find", lambda _program: None)
    monkeypatch.setattr(msrp, "MSRP_WORKS", (MsrpWork(100, 1, 1),))
    monkeypatch.setattr(msrp, "MSRP_RELAYS", (Kamailio(),))
    msrp.run(seconds=0.1, json=False)
    assert "msrp module is not" in capsys.readouterr().out
