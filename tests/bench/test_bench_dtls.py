"""The DTLS benchmark: what its lines mean, and a short run beside openssl."""

import json
import shutil

import pytest

from imsedge.bench import dtls
from imsedge.bench.dtls import DtlsScore, run
from kit import peers


def test_a_line_says_it_all() -> None:
    score = DtlsScore("imsedge", 90_000.0, 180_000.0, 0.001, 14.0, 250.0)
    assert score.line() == (
        "imsedge: 180,000 datagrams/s a core (90,000/s went by);"
        " delay at half load 14 us (99 %: 250 us), 0.1% lost"
    )
    alone = DtlsScore("the network alone", median=1.0, high=2.0)
    assert alone.line() == "the network alone: delay at half load 1 us (99 %: 2 us)"
    assert DtlsScore("x", note="is not installed").line() == "x: is not installed"


@pytest.mark.system
@pytest.mark.interop
def test_both_relays_do_the_work(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(dtls, "TURNS", 1)
    for program in ("gcc", "openssl"):
        peers.need(program)
    run(seconds=0.1, streams=3, json=True)
    ours, theirs, alone = json.loads(capsys.readouterr().out)
    assert [one["note"] for one in (ours, theirs, alone)] == ["", "", ""]
    for score in (ours, theirs):
        assert score["rate"] > 0
        assert score["median"] <= score["high"]


@pytest.mark.system
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    peers.need("gcc")
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "openssl" else f"/usr/bin/{name}")
    monkeypatch.setattr(dtls, "RELAYS", (dtls.OpensslServers(),))
    assert [score.note for score in dtls.measure(0.1, 1)] == ["openssl is not installed (Debian: openssl)"]
