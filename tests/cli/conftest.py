"""Running ``imsedge`` as a user does."""

import subprocess
import sys
from collections.abc import Callable

import pytest

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def imsedge() -> Imsedge:
    """``imsedge("h248", "decode", stdin=b"...")``: the finished process."""

    def run(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        done = subprocess.run(
            [sys.executable, "-m", "imsedge", *arguments],
            input=stdin,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done

    return run
