"""Typed readers of the header values that routing and dialogs need (RFC 3261 clause 20).

Each reads one value (one entry of a comma list), raises ``SipError`` 400 only, and ``str()`` of the result is
a value with the same meaning.  A message's Via, From, To and CSeq are read by several layers in turn, so the
latest values are remembered.
"""

from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from imsedge.sip.errors import SipError
from imsedge.sip.grammar import (
    NO_PARAMS,
    WHITESPACE,
    Params,
    find_outside_quotes,
    is_token,
    quote,
    read_number,
    read_params,
    unquote,
)
from imsedge.sip.uri import Uri, read_host_port, read_uri, write_host_port

REMEMBERED = 512
"""Values kept by each of the busy readers: those of the messages under way, not more."""

MAGIC_COOKIE = "z9hG4bK"
"""Start of a branch that is unique by itself (RFC 3261 clause 8.1.1.7)."""


class Via(Struct, frozen=True):
    """``SIP/2.0/UDP host:port;branch=...``; ``transport`` in upper case."""

    transport: str
    host: str
    port: int | None = None
    params: Params = NO_PARAMS

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{self.params}"

    @property
    def sent_by(self) -> str:
        return write_host_port(self.host, self.port)

    @property
    def branch(self) -> str | None:
        return self.params.value("branch") or None

    @property
    def received(self) -> str | None:
        """The address that the request came from, when it differs from ``host``; without brackets."""
        value = self.params.value("received")
        return value.removeprefix("[").removesuffix("]") if value else None

    @property
    def rport(self) -> int | None:
        """The source port filled in by the next hop (RFC 3581); ``None`` when absent, empty or not a port."""
        value = self.params.value("rport")
        try:
            return read_number(value, 65_535, "rport") if value else None
        except SipError:
            return None

    def with_params(self, params: Params) -> "Via":
        return replace(self, params=params)


@lru_cache(maxsize=REMEMBERED)
def read_via(text: str) -> Via:
    """``sent-protocol LWS sent-by *( SEMI via-params )``; blanks around the slashes are legal."""
    head, semicolon, params = text.partition(";")
    protocol, version, rest = ([part.strip(WHITESPACE) for part in head.split("/", 2)] + ["", ""])[:3]
    transport, _, sent_by = rest.partition(" ") if " " in rest else rest.partition("\t")
    if protocol.upper() != "SIP" or version != "2.0" or not is_token(transport):
        raise SipError(400, "bad sent-protocol in Via")
    host, port = read_host_port(sent_by.strip(WHITESPACE))
    return Via(transport.upper(), host, port, read_params(semicolon + params, "Via"))


class CSeq(Struct, frozen=True):
    """``number`` below 2**31 (RFC 3261 clause 8.1.1.5)."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@lru_cache(maxsize=REMEMBERED)
def read_cseq(text: str) -> CSeq:
    """``1*DIGIT LWS Method``."""
    parts = text.split()
    if len(parts) != 2 or not is_token(parts[1]):
        raise SipError(400, "bad CSeq")
    return CSeq(read_number(parts[0], 2**31 - 1, "CSeq"), parts[1])


class RAck(Struct, frozen=True):
    """Which reliable provisional response a PRACK confirms (RFC 3262 clause 7.2)."""

    response: int
    cseq: CSeq

    def __str__(self) -> str:
        return f"{self.response} {self.cseq}"


def read_rack(text: str) -> RAck:
    """``response-num LWS CSeq-num LWS Method``."""
    number, _, cseq = text.strip(WHITESPACE).partition(" ")
    return RAck(read_number(number, 2**32 - 1, "RAck"), read_cseq(cseq))


class NameAddress(Struct, frozen=True):
    """From, To, Contact, Route, Record-Route, Path, P-Asserted-Identity ...

    ``display``: as written, quotes included; ``""`` when there is none.
    ``uri``: the URI as written; ``parsed`` reads it.
    ``params``: those behind the URI (tag, expires, ...), not those inside it.
    """

    uri: str
    display: str = ""
    params: Params = NO_PARAMS

    def __str__(self) -> str:
        shown = f"{self.display} " if self.display else ""
        return f"{shown}<{self.uri}>{self.params}"

    @property
    def tag(self) -> str | None:
        return self.params.value("tag") or None

    @property
    def parsed(self) -> Uri:
        return read_uri(self.uri)


@lru_cache(maxsize=REMEMBERED)
def read_name_address(text: str) -> NameAddress:
    """``( name-addr / addr-spec ) *( SEMI generic-param )``."""
    opening = find_outside_quotes(text, "<")
    if opening < 0:
        # addr-spec without brackets: parameters belong to the header (RFC 3261 clause 20.10).
        uri, semicolon, params = text.strip(WHITESPACE).partition(";")
        display = ""
    else:
        closing = text.find(">", opening)
        if closing < 0:
            raise SipError(400, "angle bracket without end")
        display, uri = text[:opening].strip(WHITESPACE), text[opening + 1 : closing].strip(WHITESPACE)
        semicolon, params = "", text[closing + 1 :]
        _check_display(display)
    uri = uri.strip(WHITESPACE)
    try:
        read_uri(uri)
    except SipError as error:
        raise SipError(400, error.reason) from None
    return NameAddress(uri, display, read_params(semicolon + params, "name-addr"))


def _check_display(display: str) -> None:
    """``*(token LWS) / quoted-string``."""
    if display.startswith('"'):
        if len(display) < 2 or not display.endswith('"') or find_outside_quotes(display + "\0", "\0") < 0:
            raise SipError(400, "bad display name")
    elif '"' in display or ">" in display:
        raise SipError(400, "bad display name")


class SipWarning(Struct, frozen=True):
    """``399 agent "text"`` (RFC 3261 clause 20.43); ``text`` without quotes."""

    code: int
    agent: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.agent} {quote(self.text)}"


def read_warning(text: str) -> SipWarning:
    """One ``warning-value``."""
    parts = text.split(None, 2)
    if len(parts) != 3 or len(parts[0]) != 3 or not parts[2].startswith('"'):
        raise SipError(400, "bad Warning")
    return SipWarning(read_number(parts[0], 999, "Warning"), parts[1], unquote(parts[2].strip(WHITESPACE)))
