"""Compiling from the source: what is built is used while the source is the same, and only then."""

import shutil
import subprocess
import sys
from pathlib import Path

import compile as tool
import pytest


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src" / "imsedge").mkdir(parents=True)
    (tmp_path / "src" / "imsedge" / "__init__.py").write_text("")
    (tmp_path / "src" / "imsedge" / "hot.py").write_text("def twice(n: int) -> int:\n    return n + n\n")
    return tmp_path


@pytest.mark.system
@pytest.mark.skipif(tool.why_not() is not None, reason=str(tool.why_not()))
def test_a_build_runs_and_is_current_until_the_source_changes(tree: Path) -> None:
    source, target = tree / "src", tree / "build" / "compiled"
    target.parent.mkdir()
    assert tool.build(source, target, ("imsedge/hot.py",)) is None
    assert tool.is_current(source, target)
    code = "import imsedge.hot as hot; print(hot.twice(21), hot.__file__.endswith('.py'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["42", "False"]
    (source / "imsedge" / "hot.py").write_text("x = 1\n")
    assert not tool.is_current(source, target)


@pytest.mark.skipif(tool.why_not() is not None, reason=str(tool.why_not()))
def test_what_does_not_compile_leaves_nothing(tree: Path) -> None:
    source, target = tree / "src", tree / "compiled"
    (source / "imsedge" / "hot.py").write_text("def wrong() -> int:\n    return 'x'\n")
    assert "hot.py:2" in str(tool.build(source, target, ("imsedge/hot.py",)))
    assert [path.name for path in tree.iterdir()] == ["src"]


def test_the_hot_modules_are_there_and_declarations_are_not_among_them() -> None:
    hot = tool.hot_modules(tool.SOURCE)
    assert "imsedge/h248/text/parser.py" in hot
    assert "imsedge/h248/transactions/events.py" not in hot
    assert not [name for name in hot if name.endswith("__init__.py")]


@pytest.mark.parametrize(
    ("missing", "sentence"), [("mypyc", "mypyc is not installed"), ("gcc", "there is no C compiler")]
)
def test_what_is_missing_is_told_and_is_no_failure(
    missing: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tool, "TARGET", tmp_path / "compiled")
    monkeypatch.setattr(tool, "find_spec", lambda name: None if name == missing else object())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["compile.py"])
    assert tool.main() == 0
    assert f"not compiled: {sentence}" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["compile.py", "--path"])
    assert tool.main() == 0
    assert capsys.readouterr().out == ""
