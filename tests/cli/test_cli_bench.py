"""``imsedge bench``: prints what was measured."""

import subprocess
from collections.abc import Callable

import msgspec
import pytest

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.mark.system
def test_calls_as_json(imsedge: Imsedge) -> None:
    done = imsedge("bench", "calls", "--seconds", "0.5", "--concurrent", "2", "--json")
    assert done.returncode == 0, done.stderr.decode()
    result = msgspec.json.decode(done.stdout)
    assert result["calls"] > 0
    assert result["failed"] == 0


def test_limits_of_the_options(imsedge: Imsedge) -> None:
    assert imsedge("bench", "calls", "--seconds", "0").returncode == 2
