"""The command as a whole: help that teaches, quick, and never a traceback."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
import typer

from imsedge import __version__
from imsedge.cli.main import app

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]


def commands(group: typer.core.TyperGroup, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            found += commands(command, (*path, name))
        else:
            found.append((*path, name))
    return found


root = typer.main.get_command(app)
assert isinstance(root, typer.core.TyperGroup)
COMMANDS = commands(root)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_teaches_with_an_example(command: tuple[str, ...]) -> None:
    found: typer.core.TyperCommand | typer.core.TyperGroup = root  # type: ignore[assignment]
    for name in command:
        assert isinstance(found, typer.core.TyperGroup)
        found = found.commands[name]  # type: ignore[assignment]
    assert f"imsedge {' '.join(command)}" in (found.help or "")


def test_the_version(imsedge: Imsedge) -> None:
    assert imsedge("--version").stdout.decode() == f"imsedge {__version__}\n"


def test_a_word_that_is_no_command_is_said_so(imsedge: Imsedge) -> None:
    done = imsedge("decode")
    assert done.returncode == 2
    assert b"No such command 'decode'" in done.stderr


def test_help_is_quick() -> None:
    """A quarter of a second of processor time: heavy libraries are loaded by the command that needs them."""
    heavy = ["pydantic", "aiohttp", "structlog", "OpenSSL", "prometheus_client"]
    code = f"import sys, imsedge.cli.main; print([m for m in {heavy} if m in sys.modules])"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=True)
    assert done.stdout == b"[]\n"
    assert time.monotonic() - started < 5  # a machine under load is no fault of ours


def test_a_reader_that_had_enough_is_no_error() -> None:
    """``imsedge ... | head -1``."""
    command = f"{sys.executable} -m imsedge --help"
    done = subprocess.run(["sh", "-c", f"{command} | head -1"], capture_output=True, timeout=30, check=False)
    assert done.stderr == b""
