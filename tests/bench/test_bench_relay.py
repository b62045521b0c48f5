"""The relay benchmark: the arithmetic of its table, and a short run of every relay that is installed."""

import json
import shutil
from pathlib import Path

import pytest

from imsedge.bench import load, relay, relays
from imsedge.bench.load import WORKS, Measured, compile_load
from imsedge.bench.relay import RelayResult, Score, run
from imsedge.core.errors import SettingError
from kit import peers

PING, BULK, HANDSHAKES = WORKS


def score(name: str, per_core: float, note: str = "") -> Score:
    return Score(name, PING.name, PING.unit, per_core=per_core, note=note)


def test_the_ratio_is_to_the_best_peer() -> None:
    result = RelayResult((score("imsedge", 90.0), score("nginx", 100.0), score("HAProxy", 80.0)))
    assert result.ratio(PING.name) == pytest.approx(0.9)
    assert result.ratio(BULK.name) is None


def test_a_peer_that_was_not_measured_does_not_count() -> None:
    result = RelayResult((score("imsedge", 90.0), score("nginx", 0.0, "not installed")))
    assert result.ratio(PING.name) is None
    assert result.find("nginx", PING.name) is None


def test_amounts_in_the_unit_of_the_work() -> None:
    measured = Measured(count=10, octets=5_000_000, seconds=2.0)
    assert measured.amount(PING) == 20.0  # there and back
    assert measured.amount(BULK) == 5.0
    assert measured.amount(HANDSHAKES) == 10.0


def test_without_a_compiler_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(SettingError, match="install gcc and libssl-dev"):
        compile_load(tmp_path)


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: "false")
    with pytest.raises(SettingError, match="cannot be compiled"):
        compile_load(tmp_path)


@pytest.mark.system
def test_a_relay_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    peers.need("gcc")
    broken = relays.NGINX._replace(name="broken", program="false", arguments=())
    gone = relays.NGINX._replace(name="gone", program="no-such-program")
    monkeypatch.setattr(relay, "RELAYS", (broken, gone))
    scores = relay.measure(0.1).scores
    assert {one.note for one in scores if one.relay == "broken"} == {"it does not start: "}
    assert all("no-such-program is not installed" in one.note for one in scores if one.relay == "gone")


@pytest.mark.system
@pytest.mark.interop
def test_every_relay_does_every_work(capsys: pytest.CaptureFixture[str]) -> None:
    for program in ("gcc", "nginx", "haproxy", "stunnel4"):
        peers.need(program)
    run(seconds=0.2, json=True)
    result = json.loads(capsys.readouterr().out)
    assert [one["note"] for one in result["scores"]] == [""] * len(relays.RELAYS) * len(WORKS)
    assert all(one["per_core"] > 0 for one in result["scores"])
    assert set(result["ratios"]) == {"messages", "bulk", "handshakes"}


@pytest.mark.system
def test_the_table_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    peers.need("gcc")
    gone = relays.NGINX._replace(name="gone", program="no-such-program")
    monkeypatch.setattr(relay, "RELAYS", (relays.Ours(), gone))
    run(seconds=0.1, json=False)
    shown = capsys.readouterr().out
    assert "imsedge" in shown
    assert "no-such-program is not installed" in shown


def test_the_source_of_the_generator_comes_with_the_package() -> None:
    assert (Path(load.__file__).parent / "load.c").exists()
