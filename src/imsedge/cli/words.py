"""Names and numbers of H.248 items that a peer has otherwise, for ``imsedge h248``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from imsedge.h248.binary.context import Context

Config = Annotated[
    Path | None,
    typer.Option(help="Settings whose tables h248.numbers and h248.names say what the peer has for ours."),
]


def context_of(config: Path | None) -> "Context":
    """What the peer says; without a file, what we do.  ``SettingError`` when the file is none."""
    from imsedge.daemon.control_setup import context_of_file
    from imsedge.h248.codec import DEFAULT_BINARY

    return DEFAULT_BINARY if config is None else context_of_file(config)
