"""Octets -> ``SipRequest`` or ``SipResponse`` (RFC 3261 clauses 7, 18.3, 25).

Strict where two readings would be possible (start line, one-only fields, Content-Length, numbers), tolerant
where the meaning is plain (bare LF, blanks around the colon, unknown fields).  ``read_message`` raises
``SipError`` only; when a broken request can still be answered, the error carries it.
"""

from collections.abc import Callable

from imsedge.sip.errors import SipError
from imsedge.sip.grammar import WHITESPACE, is_token, read_number
from imsedge.sip.limits import DEFAULT_LIMITS, Limits
from imsedge.sip.message import Headers, Message, SipMessage, SipRequest, SipResponse
from imsedge.sip.names import COMMA_LISTS, SINGLE, canonical

VERSION = "SIP/2.0"
CONTROLS = frozenset(map(chr, (*range(32), 127)))
_BREAKS = frozenset("\r\0")

_IDENTITY: dict[str, Callable[[Message], object]] = {
    "Via": lambda message: message.via,
    "From": lambda message: message.from_,
    "To": lambda message: message.to,
    "CSeq": lambda message: message.cseq,
    "Call-ID": lambda message: message.call_id,
}


def read_message(data: bytes, limits: Limits = DEFAULT_LIMITS) -> SipMessage:
    """One whole message: a datagram, or what ``framing.Framer`` cut out of a stream.

    Octets behind Content-Length are dropped, fewer than Content-Length are an error (clause 18.3).
    """
    head, body = split_head(data)
    if len(head) > limits.head:
        raise SipError(513, f"header section is over {limits.head} octets")
    start_line, lines = _unfold(head.decode("utf-8", "surrogateescape"))
    fields, damage = _read_fields(lines, limits)
    if len(start_line) > limits.start_line:
        damage = SipError(414, f"start line is over {limits.start_line} octets")
    headers = Headers(fields)
    if start_line[:8].upper() == VERSION + " ":
        return _read_response(start_line, headers, body, damage, limits)
    return _read_request(start_line, headers, body, damage, limits)


def split_head(data: bytes) -> tuple[bytes, bytes]:
    """Start line and header without the empty line; the rest.  Empty lines in front are skipped (7.5)."""
    data = data.lstrip(b"\r\n")
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := data.find(mark)) >= 0]
    if not ends:
        raise SipError(400, "no empty line behind the header")
    at, length = min(ends)
    return data[:at], data[at + length :]


def _unfold(head: str) -> tuple[str, list[str]]:
    """Start line and header lines; a line that begins with a blank continues the one before (7.3.1)."""
    start_line, *rest = head.split("\n")
    lines: list[list[str]] = []
    for raw in rest:
        line = raw.removesuffix("\r")
        if line[:1] in {" ", "\t"} and lines:
            lines[-1].append(line.strip(WHITESPACE))
        else:
            lines.append([line])
    return start_line.removesuffix("\r"), [" ".join(parts) for parts in lines]


def _read_fields(lines: list[str], limits: Limits) -> tuple[list[tuple[str, str]], SipError | None]:
    """The fields that are well formed, and the first thing that is not."""
    fields: list[tuple[str, str]] = []
    damage = None
    for line in lines[: limits.fields]:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if colon and is_token(name) and len(line) <= limits.field and _BREAKS.isdisjoint(value):
            fields.append((name, value.strip(WHITESPACE)))
        else:
            damage = damage or SipError(400, "bad header field", (name[:40] if is_token(name) else "header",))
    if len(lines) > limits.fields:
        damage = damage or SipError(513, f"more than {limits.fields} header fields")
    return fields, damage


def _read_request(
    line: str, headers: Headers, body: bytes, damage: SipError | None, limits: Limits
) -> SipRequest:
    parts = line.split(" ")
    # What can be answered even when the line is broken: a status needs no method but that of CSeq.
    request = SipRequest(
        method=parts[0] if is_token(parts[0]) else "BAD",
        uri=parts[1] if len(parts) > 1 else "",
        headers=headers,
        body=body,
    )
    try:
        _check_identity(request)
    except SipError as error:
        raise damage or error from None
    try:
        if damage is not None:
            raise damage
        _check_request_line(parts)
        _check_single(request)
        _check_lists(headers, limits)
        if request.cseq.method != request.method:
            raise SipError(400, "CSeq names another method", ("CSeq",))
        _ = request.max_forwards
        return request.with_body(_read_body(headers, body, limits))
    except SipError as error:
        raise SipError(error.code, error.reason, error.path, request=request) from None


def _check_request_line(parts: list[str]) -> None:
    """``Method SP Request-URI SP SIP-Version``, each blank being exactly one (RFC 4475 3.1.2.7)."""
    if len(parts) != 3 or not is_token(parts[0]) or not parts[1] or not parts[2]:
        raise SipError(400, "bad request line")
    if parts[2].upper() != VERSION:
        version = parts[2].upper().startswith("SIP/")
        raise SipError(505 if version else 400, "this is not SIP/2.0")
    if parts[1].startswith("<") or not CONTROLS.isdisjoint(parts[1]):
        raise SipError(400, "Request-URI in angle brackets, or with control characters")


def _read_response(
    line: str, headers: Headers, body: bytes, damage: SipError | None, limits: Limits
) -> SipResponse:
    _, status, *reason = line.split(" ", 2)
    if len(status) != 3 or not CONTROLS.isdisjoint(line):
        raise SipError(400, "bad status line")
    number = read_number(status, 699, "status")
    if number < 100:
        raise SipError(400, "status is below 100")
    response = SipResponse(status=number, reason="".join(reason), headers=headers)
    if damage is not None:
        raise damage
    _check_identity(response)
    _check_single(response)
    _check_lists(headers, limits)
    return response.with_body(_read_body(headers, body, limits))


def _check_identity(message: Message) -> None:
    """What every message must have to be matched and answered (clause 8.1.1)."""
    for name, reader in _IDENTITY.items():
        try:
            reader(message)
        except SipError as error:
            raise error.inside(name) from None


def _check_single(message: Message) -> None:
    seen: set[str] = set()
    for field in message.headers:
        name = canonical(field.name)
        if name in SINGLE and name in seen:
            raise SipError(400, f"{name} stands twice", (name,))
        seen.add(name)


def _check_lists(headers: Headers, limits: Limits) -> None:
    """Few fields may hold many values: count commas once, cheaply, before anybody splits them."""
    commas: dict[str, int] = {}
    for field in headers:
        name = canonical(field.name)
        if name in COMMA_LISTS:
            commas[name] = commas.get(name, 0) + 1 + field.value.count(",")
    crowded = next((name for name, count in commas.items() if count > limits.values), None)
    if crowded is not None:
        raise SipError(513, f"more than {limits.values} values", (crowded,))


def _read_body(headers: Headers, rest: bytes, limits: Limits) -> bytes:
    length = content_length(headers, limits)
    if length is None:
        length = len(rest)
    if length > limits.body:
        raise SipError(513, f"body is over {limits.body} octets")
    if length > len(rest):
        raise SipError(400, "body is shorter than Content-Length", ("Content-Length",))
    return rest[:length]


def content_length(headers: Headers, limits: Limits) -> int | None:
    """``None`` when the field is missing."""
    value = headers.get("Content-Length")
    if value is None:
        return None
    try:
        return read_number(value, max(limits.body, 10**9), "Content-Length")
    except SipError as error:
        raise error.inside("Content-Length") from None
