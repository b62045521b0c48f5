"""Secrets go into a file that only its owner can read, or nowhere."""

import os
from pathlib import Path

import pytest

from imsedge.core.errors import SettingError
from imsedge.security.key_log import check_key_log, open_key_log


def test_lines_of_several_writers_follow_each_other(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    check_key_log(path)
    assert path.stat().st_mode & 0o777 == 0o600
    one, other = open_key_log(path), open_key_log(path)
    for write, line in ((one, b"CLIENT_RANDOM a b"), (other, b"CLIENT_RANDOM c d"), (one, b"e")):
        write(line)
    assert path.read_bytes() == b"CLIENT_RANDOM a b\nCLIENT_RANDOM c d\ne\n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secrets"
    path.touch()
    path.chmod(mode)
    for use in (check_key_log, open_key_log):
        with pytest.raises(SettingError, match="chmod 600"):
            use(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(tmp_path / "elsewhere")
    os.mkfifo(pipe, 0o600)
    for path in (link, pipe, tmp_path, tmp_path / "no" / "folder"):
        with pytest.raises(SettingError):
            check_key_log(path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns it can read it."""
    path = tmp_path / "secrets"
    path.touch(0o600)
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    with pytest.raises(SettingError, match="a file of ours"):
        check_key_log(path)
