"""Log lines: structlog, for people or as JSON, without secrets.

What peers say may stand in a line; it can neither end it nor speak to the terminal.

Lines about a call carry ``call`` (the SIP Call-ID), about H.248 ``context`` and ``termination``; the words
are the same everywhere, so that one search finds all lines of a call.
"""

import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from imsedge.daemon.settings import LogSection
from imsedge.daemon.settings_types import LogFormat

Logger = FilteringBoundLogger

# Values under these names never reach a line; PEM keys are found wherever they stand.
_SECRET_NAMES = frozenset({"authorization", "proxy_authorization", "key", "key_pem", "password", "secret"})
_PRIVATE_KEY = "PRIVATE KEY-----"
_HIDDEN = "(hidden)"


def make_logger(section: LogSection, name: str, stream: TextIO | None = None) -> Logger:
    """A logger for the daemon ``name`` (``agw``, ``alg``) that writes to ``stream``, else standard error."""
    target = stream or sys.stderr
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if section.format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    logger: Logger = structlog.wrap_logger(
        structlog.WriteLogger(target),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(section.level.value),
    )
    return logger.bind(daemon=name)


def hide_secrets(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces what must not be written, and octets by their number."""
    return {name: _harmless(name, value) for name, value in fields.items()}


def _harmless(name: str, value: object) -> object:
    if name.lower() in _SECRET_NAMES or (isinstance(value, str) and _PRIVATE_KEY in value):
        return _HIDDEN
    if isinstance(value, str) and name != "exception":
        return value if value.isprintable() else "".join(map(_visible, value))
    return f"({len(value)} octets)" if isinstance(value, bytes | bytearray) else value


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
