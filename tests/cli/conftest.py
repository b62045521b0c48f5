"""Running ``imsedge`` as a user does."""

import subprocess
import sys
from collections.abc import Callable

import pytest

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """What starts ``imsedge`` starts processes."""
    if "imsedge" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.system)


@pytest.fixture
def imsedge() -> Imsedge:
    """``imsedge("h248", "decode", stdin=b"...")``: the finished process."""

    def run(
        *arguments: str, stdin: bytes = b"", stdout: int = subprocess.PIPE
    ) -> "subprocess.CompletedProcess[bytes]":
        done = subprocess.run(
            [sys.executable, "-m", "imsedge", *arguments],
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done

    return run
