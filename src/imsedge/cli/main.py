"""The command ``imsedge``: one word a task, help with examples, one sentence when something cannot be done.

What a command needs is imported when it runs, so that ``imsedge --help`` and completion are quick.
"""

import os
import sys
from typing import Annotated

import typer

from imsedge import __version__
from imsedge.cli import bench, convert, daemons, inspect, play, sdp
from imsedge.core.errors import ImsedgeError

# Exit codes: 1 what was asked did not succeed, 2 it was asked wrongly.
FAILED, USAGE = 1, 2

app = typer.Typer(
    name="imsedge",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _module in (daemons, play, inspect, convert, sdp, bench):
    _module.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"imsedge {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """IMS-ALG and IMS-AGW: MSRP secured at the access edge, controlled over H.248 (3GPP TR 29.828).

    Start with `imsedge run`: gateway, controller and one demonstration call on this machine.
    """


def main() -> None:
    """Run, and turn what a user can cause into one sentence on standard error."""
    try:
        app()
    except ImsedgeError as error:
        _say(str(error))
        sys.exit(USAGE)
    except BrokenPipeError:  # the reader of our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"{where}{error.strerror or error}")
        sys.exit(FAILED)


def _say(text: str) -> None:
    for line in text.splitlines():
        print(f"imsedge: {line}", file=sys.stderr)
