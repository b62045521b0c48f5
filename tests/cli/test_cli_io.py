"""Reading a file or standard input, with a limit."""

import io
from pathlib import Path

import pytest

from imsedge.cli import io as cli_io
from imsedge.core.errors import SettingError


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(b"\x00\xffabc")
    assert cli_io.read_input(str(tmp_path / "message")) == b"\x00\xffabc"


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: Is a directory"):
        cli_io.read_input(str(tmp_path))


def test_a_minus_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    assert cli_io.read_input("-") == b"from a pipe"


@pytest.mark.parametrize(("size", "taken"), [(8, True), (9, False)])
def test_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, taken: bool) -> None:
    monkeypatch.setattr(cli_io, "MAX_INPUT_OCTETS", 8)
    (tmp_path / "large").write_bytes(b"x" * size)
    if taken:
        assert len(cli_io.read_input(str(tmp_path / "large"))) == size
    else:
        with pytest.raises(SettingError, match="larger than 8 octets"):
            cli_io.read_input(str(tmp_path / "large"))
