"""``imsedge check-config``: sentences for mistakes, a complete file for what is in force."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from imsedge.daemon.settings import AgwSettings
from imsedge.daemon.settings_file import load_settings

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]


def test_mistakes_are_sentences_and_exit_2(imsedge: Imsedge, tmp_path: Path) -> None:
    path = tmp_path / "agw.toml"
    path.write_text('[realms.access]\nlow_port = 0\n\n[media]\ntls_profile = "none"\n')
    done = imsedge("check-config", str(path))
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode().splitlines() == [
        "imsedge: realms.access.low_port: input should be greater than or equal to 1 (given: 0)",
        "imsedge: media.tls_profile: there is no TLS profile none; choose one of 3gpp, rel12 (given: 'none')",
    ]


def test_what_is_in_force_is_itself_a_settings_file(imsedge: Imsedge, tmp_path: Path) -> None:
    path = tmp_path / "agw.toml"
    path.write_text("[realms.access]\nlow_port = 25000\n[realms.core]\nlow_port = 25000\n")
    done = imsedge("check-config", str(path))
    assert done.returncode == 0
    (tmp_path / "in_force.toml").write_bytes(done.stdout)
    in_force = load_settings(AgwSettings, tmp_path / "in_force.toml")
    assert in_force == load_settings(AgwSettings, path)
    assert in_force.realms.access.low_port == 25_000


def test_a_file_of_both_kinds_needs_a_word(imsedge: Imsedge, tmp_path: Path) -> None:
    path = tmp_path / "common.toml"
    path.write_text('[log]\nlevel = "error"\n')
    assert b"say --daemon agw or --daemon alg" in imsedge("check-config", str(path)).stderr
    assert imsedge("check-config", str(path), "--daemon", "alg").returncode == 0


def test_a_daemon_with_a_bad_file_does_not_start(imsedge: Imsedge, tmp_path: Path) -> None:
    done = imsedge("agw", "--config", str(tmp_path / "missing.toml"))
    assert done.returncode == 2
    assert done.stderr.decode().endswith("missing.toml cannot be read: No such file or directory\n")
