"""The fuzzing tool: every target keeps its contract for a moment, and what breaks it is found and kept."""

import sys
from pathlib import Path
from random import Random

import fuzz
import pytest
from fuzz import Coverage, judge, loop, mutated

from imsedge.core.errors import RemoteError
from kit.fuzz_targets import TARGETS, Target


@pytest.mark.parametrize("name", TARGETS)
def test_targets(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    for seed in target.seeds():
        judge(target, seed)
    assert loop(target, 0.25, 7, tmp_path / "failure") > 5
    assert not (tmp_path / "failure").exists()


def fails_on_x(data: bytes) -> None:
    if b"x" in data:
        raise KeyError("x")
    raise RemoteError(400, "no x")


BROKEN = Target(fails_on_x, lambda: [b"abc"], (b"x",))


def test_a_finding_is_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        loop(BROKEN, 5.0, 7, tmp_path / "failure")
    assert b"x" in (tmp_path / "failure").read_bytes()


MAGIC = (b"Q", b"z", b"7", b"~")


def opens_step_by_step(data: bytes) -> None:
    """A door with four locks, one behind the other."""
    if MAGIC[0] in data:
        if MAGIC[1] in data:
            if MAGIC[2] in data:
                if MAGIC[3] in data:
                    raise KeyError("open")
                raise RemoteError(403, "the fourth")
            raise RemoteError(403, "the third")
        raise RemoteError(403, "the second")
    raise RemoteError(403, "the first")


DOOR = Target(opens_step_by_step, lambda: [b"." * 40], (b".",))


def test_coverage_guides_to_what_chance_does_not_find(tmp_path: Path) -> None:
    inputs = 4_000
    with pytest.raises(KeyError, match="open"):
        loop(DOOR, 60.0, 7, tmp_path / "failure", Coverage(Path(__file__).parent), inputs)
    assert loop(DOOR, 60.0, 7, tmp_path / "failure", None, inputs) == inputs


@pytest.mark.parametrize("name", ["h248-text", "h248-ber", "tpkt", "transactions"])
def test_guided_by_coverage(name: str, tmp_path: Path) -> None:
    """Deterministic: the same inputs in every run; those that reach something new are more than the seeds."""
    coverage = Coverage()
    assert loop(TARGETS[name], 60.0, 7, tmp_path / "failure", coverage, 60) == 60
    assert len(coverage) > 30
    assert not (tmp_path / "failure").exists()


def test_the_same_seed_damages_alike() -> None:
    first, second = ([mutated(b"hello", [b"other"], (b"!",), Random(3)) for _ in range(5)] for _ in range(2))  # noqa: S311 - dice
    assert first == second


def empty(_: bytes) -> None:
    raise RemoteError(400, "")


def test_an_error_without_words_is_a_finding() -> None:
    with pytest.raises(AssertionError, match="says nothing"):
        judge(Target(empty, list, ()), b"")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ([], 0, "h248-text\n"),
        (["tpkt", "--seconds", "0.1", "--plain"], 0, "all accepted or blamed\n"),
        (["tpkt", "--seconds", "0.1"], 0, "lines reached\n"),
        (["broken", "--seconds", "5", "--plain", "--seed", "7"], 1, "broken: KeyError: 'x'; seed 7"),
    ],
)
def test_the_command(
    words: list[str],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(TARGETS, "broken", BROKEN)
    monkeypatch.setattr(sys, "argv", ["fuzz.py", *words])
    monkeypatch.setattr(fuzz, "find_spec", lambda _: None)
    assert fuzz.main() == status
    assert said in capsys.readouterr().out
