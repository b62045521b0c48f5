"""What a worker has to say, as lines of JSON on standard error; the gateway makes lines of its log of them.

``level``, ``event`` and, as far as they are known, ``endpoint`` and ``exception``.
"""

import logging
from typing import TextIO

import msgspec


class LineFormatter(logging.Formatter):
    """One record, one line."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {"level": record.levelname.lower(), "event": record.getMessage()}
        endpoint = getattr(record, "endpoint", None)
        if endpoint is not None:
            fields["endpoint"] = endpoint
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields).decode()


def log_to(stream: TextIO) -> None:
    """Everything of this process from warnings on goes there."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
