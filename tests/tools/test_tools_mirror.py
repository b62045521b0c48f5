"""The mirror gate: what counts as behaviour, and what as its proof."""

from pathlib import Path

import mirror
import pytest


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project: ``write(path, text)`` makes its files."""
    monkeypatch.setattr(mirror, "SOURCE", tmp_path / "src")
    monkeypatch.setattr(mirror, "TESTS", tmp_path / "tests")
    monkeypatch.setattr(mirror, "EXCEPTIONS", {})
    write(tmp_path / "src/sip/parser.py", "def read() -> None: ...\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_module_without_a_test_is_named(project: Path) -> None:
    assert mirror.complaints() == ["src/imsedge/sip/parser.py is proven by no test file of its package"]


def test_a_test_proves_by_its_name(project: Path) -> None:
    write(project / "tests/sip/test_sip_parser.py", "")
    assert mirror.complaints() == []


@pytest.mark.parametrize(
    "line",
    ["from imsedge.sip.parser import read", "from imsedge.sip import parser", "import imsedge.sip.parser"],
)
def test_a_test_proves_by_its_import(project: Path, line: str) -> None:
    write(project / "tests/sip/test_sip_torture.py", f"{line}\n")
    assert mirror.complaints() == []


def test_a_test_of_another_package_proves_nothing(project: Path) -> None:
    write(project / "tests/sdp/test_sdp_parser.py", "from imsedge.sip.parser import read\n")
    assert len(mirror.complaints()) == 1


def test_values_need_no_proof(project: Path) -> None:
    write(project / "src/sip/parser.py", "LIMIT = 5\n\n\nclass Message:\n    text: str\n")
    assert mirror.complaints() == []


def test_an_exception_for_nothing_is_stale(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "EXCEPTIONS", {"sip/parser.py": "why", "sip/gone.py": "why"})
    assert mirror.complaints() == ["tools/mirror.py: exception sip/gone.py names no module"]
