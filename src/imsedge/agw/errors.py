"""Commands that fail, by the codes of H.248.8."""

from typing import NoReturn

from imsedge.core.errors import RemoteError
from imsedge.h248.model import ErrorDescriptor

_MAX_TEXT = 200  # octets of diagnostics that travel back, whatever the peer sent


class CommandError(RemoteError):
    """One command cannot be executed; ``code`` and ``reason`` become its Error descriptor."""

    @property
    def descriptor(self) -> ErrorDescriptor:
        return ErrorDescriptor(self.code, printable(self.reason))


def fail(code: int, text: str) -> NoReturn:
    """End the command with this error of H.248.8."""
    raise CommandError(code, text)


def printable(text: str) -> str:
    """Without what cannot stand in a quoted string of the text encoding (H.248.1 Annex B)."""
    clean = "".join("'" if c == '"' else c if " " <= c <= "~" else "?" for c in text)
    return clean[:_MAX_TEXT]
