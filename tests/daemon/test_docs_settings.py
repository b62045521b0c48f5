"""The settings files that the documentation shows are such files, for the daemon that they are meant for."""

import re
from pathlib import Path

import pytest

from imsedge.daemon.settings import AgwSettings
from imsedge.daemon.settings_file import load_settings, model_of, read_toml

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = {
    f"{page.name} {number}": block
    for page in sorted(DOCS.glob("*.md"))
    for number, block in enumerate(
        re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )
}


@pytest.mark.parametrize("block", SHOWN.values(), ids=SHOWN)
def test_a_file_that_is_shown_can_be_used(block: str, tmp_path: Path) -> None:
    path = tmp_path / "shown.toml"
    path.write_text(block)
    tables = read_toml(path)
    model = AgwSettings if tables.keys() == {"h248"} else model_of(tables)
    assert load_settings(model, path) != model()


def test_pages_show_some() -> None:
    assert {name.split()[0] for name in SHOWN} == {"border.md", "h248.md", "sip.md"}
