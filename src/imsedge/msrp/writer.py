"""Writing MSRP messages (RFC 4975 clause 9)."""

from imsedge.core.errors import LocalError
from imsedge.msrp.model import Header, Message, Request


def write_message(message: Message) -> bytes:
    """The octets; ``LocalError`` when the body contains its own end-line (choose another transaction id)."""
    end_line = f"-------{message.transaction}".encode()
    body = message.body if isinstance(message, Request) else None
    if body is not None and end_line in body:
        raise LocalError("the body holds the end-line of its own transaction")
    parts = [f"MSRP {message.transaction} {_what(message)}\r\n".encode("utf-8", "surrogateescape")]
    parts += [_write_header(header) for header in message.headers]
    if body is not None:
        parts += [b"\r\n", body, b"\r\n"]
    parts += [end_line, message.flag.value.encode(), b"\r\n"]
    return b"".join(parts)


def _what(message: Message) -> str:
    if isinstance(message, Request):
        return message.method
    return f"{message.status:03d} {message.comment}" if message.comment else f"{message.status:03d}"


def _write_header(header: Header) -> bytes:
    return f"{header.name}: {header.value}\r\n".encode("utf-8", "surrogateescape")
