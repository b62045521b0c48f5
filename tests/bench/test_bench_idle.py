"""Memory of idle streams: few of them, and what the numbers mean."""

import json
import os
import shutil

import pytest

from imsedge.bench import idle
from imsedge.bench.idle import IdleScore, resident, split


def test_a_line_says_it_all() -> None:
    score = IdleScore("imsedge", 100, 40 * 1024, 30 << 20)
    assert score.line() == "imsedge: 40.0 KiB a stream (100 streams, 1 worker of 30.0 MiB without)"
    assert IdleScore("nginx", 100, note="nginx is not installed").line() == "nginx: nginx is not installed"


def test_descriptors_bound_the_streams_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _which: (50, 500))
    assert split(200) == (200,)
    assert split(201) == (101, 100)
    assert split(601) == (151, 150, 150, 150)


def test_a_process_is_in_memory() -> None:
    assert resident(os.getpid()) > 1 << 20


@pytest.mark.system
@pytest.mark.skipif(shutil.which("gcc") is None, reason="the load generator needs gcc")
def test_a_few_streams_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    ours, _nginx = idle.run(streams=50, json=True)
    assert (ours.relay, ours.note) == ("imsedge", "")
    assert 0 < ours.per_stream < 1 << 20
    assert json.loads(capsys.readouterr().out)[0]["streams"] == 50
