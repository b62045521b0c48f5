"""Compiling from the source: what is built is used while the source is the same, and only then."""

import fcntl
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
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
    ("compiler", "headers", "sentence"),
    [(None, "/", "there is no C compiler"), ("/usr/bin/cc", "/nowhere", "the headers of this Python")],
)
def test_what_is_missing_is_told_and_is_no_failure(
    compiler: str | None,
    headers: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tool, "TARGET", tmp_path / "compiled")
    monkeypatch.setattr(shutil, "which", lambda _: compiler)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: headers)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["compile.py"])
    assert tool.main() == 0
    assert f"not compiled: {sentence}" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["compile.py", "--path"])
    assert tool.main() == 0
    assert capsys.readouterr().out == ""


@pytest.fixture
def able(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has everything, and a tree to compile."""
    monkeypatch.setattr(tool, "why_not", lambda: None)
    monkeypatch.setattr(tool, "SOURCE", tree / "src")
    monkeypatch.setattr(tool, "TARGET", tree / "build" / "compiled")
    return tree


def test_two_at_once_do_not_meet(able: Path) -> None:
    (able / "build").mkdir()
    with (able / "build" / "compile.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert tool.make(background=True) == "not compiled: somebody else is doing it"


def test_a_folder_that_cannot_be_written_is_told(able: Path) -> None:
    (able / "build").write_text("no folder")
    assert "build cannot be written" in tool.make(background=True)


def test_mypyc_that_cannot_be_had_is_told(
    able: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "find_spec", lambda _: None)
    monkeypatch.setattr(tool, "LOCK", able / "no.lock")
    assert tool.make(background=False).startswith("not compiled: mypyc cannot be installed: ")
    assert capsys.readouterr().out.startswith("compiling the H.248 modules")


def test_what_was_started_ends_with_the_parent(tmp_path: Path) -> None:
    code = """
import os, sys, time
sys.path.insert(0, {tools!r})
import compile
sleep = "import os, time; print(os.getpid(), file=open('pid', 'w')); time.sleep(60)"
if os.fork() == 0:
    compile.run([sys.executable, "-c", sleep], compile.Path({where!r}))
while not os.path.exists({where!r} + "/pid"):
    time.sleep(0.01)
"""
    filled = code.format(tools=str(Path(tool.__file__).parent), where=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", filled], stdout=subprocess.PIPE, check=False)
    assert done.returncode == 0  # ends when the last of them has let go of the pipe
    while not (pid := (tmp_path / "pid").read_text().strip()):
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]
