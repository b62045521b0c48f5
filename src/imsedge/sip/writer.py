"""``SipRequest`` or ``SipResponse`` -> octets (RFC 3261 clause 7).

Every field keeps its place and spelling.  Content-Length is the length of the body: corrected in its place,
or added at the end.
"""

from imsedge.core.errors import LocalError
from imsedge.sip.message import SipMessage, SipRequest
from imsedge.sip.names import canonical


def write_message(message: SipMessage) -> bytes:
    """The octets of one message; ``LocalError`` when a value would break the framing (a line end in it)."""
    lines = [_start_line(message)]
    length_written = False
    for name, value in message.headers:
        if canonical(name) == "Content-Length":
            if length_written:
                continue
            value, length_written = str(len(message.body)), True  # noqa: PLW2901 - the field keeps its name
        lines.append(f"{name}: {value}")
    if not length_written:
        lines.append(f"Content-Length: {len(message.body)}")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise LocalError("a line end inside a SIP header value")
    return text.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + message.body


def _start_line(message: SipMessage) -> str:
    if isinstance(message, SipRequest):
        return f"{message.method} {message.uri} SIP/2.0"
    return f"SIP/2.0 {message.status} {message.reason}"
