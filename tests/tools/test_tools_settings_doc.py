"""The settings document: every row of the table is in it, and a stale one is noticed."""

import sys
from pathlib import Path

import pytest
import settings_doc


def test_a_row_shows_default_unit_meaning_and_check() -> None:
    text = settings_doc.document()
    row = "| `port_rest` | `2.0` | s | How long a freed port is left alone. | ≥ 0, ≤ 300 |"
    assert row in text.splitlines()
    assert "### `[policy.securing]`" in text
    assert "`registered`, `always`, `never`" in text


def test_a_section_shows_the_defaults_of_its_place() -> None:
    agw, _, alg = settings_doc.document().partition("## Controller")
    assert "| `listen` | `127.0.0.1:2946` |" in agw
    assert "| `listen` | `127.0.0.1:2944` |" in alg


def test_a_stale_document_is_noticed_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "docs" / "settings.md"
    monkeypatch.setattr(settings_doc, "TARGET", target)
    monkeypatch.setattr(sys, "argv", ["settings_doc.py", "--check"])
    assert settings_doc.main() == 1
    assert "run tools/settings_doc.py" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["settings_doc.py"])
    assert settings_doc.main() == 0
    monkeypatch.setattr(sys, "argv", ["settings_doc.py", "--check"])
    assert settings_doc.main() == 0
