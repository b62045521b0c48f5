"""The daemons of a benchmark: up when the block begins, gone when it ends."""

import os

import pytest

from imsedge.bench import processes
from imsedge.bench.processes import Daemons
from imsedge.core.errors import SettingError

pytestmark = pytest.mark.system


def test_they_run_inside_the_block_only() -> None:
    with Daemons() as daemons:
        pids = daemons.pids()
        assert set(pids) == {"alg", "agw", "worker0"}
    for pid in pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_daemons_that_do_not_come_up_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_ALG", '[sip]\naccess = "nonsense"\n')
    with pytest.raises(SettingError, match="alg did not come up"), Daemons():
        pass
