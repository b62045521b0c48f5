"""SIP and other URIs (RFC 3261 clause 19.1, RFC 3966), written back as they were read."""

from ipaddress import AddressValueError, IPv6Address

from msgspec import Struct
from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.sip.errors import SipError
from imsedge.sip.grammar import NO_PARAMS, TOKEN, Params, read_number, read_params

_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")
_FORBIDDEN = frozenset(' \t\r\n<>"')
_HOST = TOKEN - frozenset("!%*+`'~")

DEFAULT_PORTS = {"sip": 5060, "sips": 5061}


class SipUri(Struct, frozen=True, kw_only=True):
    """``sip:`` or ``sips:``.

    ``user``: with its password, escapes as written; ``None`` when there is no ``@``.
    ``host``: a name or an address, IPv6 without brackets, case as written.
    ``headers``: what follows ``?``, as written.
    """

    scheme: str = "sip"
    user: str | None = None
    host: str
    port: int | None = None
    params: Params = NO_PARAMS
    headers: str | None = None

    def __str__(self) -> str:
        user = "" if self.user is None else f"{self.user}@"
        headers = "" if self.headers is None else f"?{self.headers}"
        return f"{self.scheme}:{user}{write_host_port(self.host, self.port)}{self.params}{headers}"

    @property
    def is_loose(self) -> bool:
        """Carries ``lr`` (RFC 3261 clause 16.12)."""
        return self.params.has("lr")

    @property
    def transport(self) -> str:
        """``udp``, ``tcp`` or ``tls``: what the URI asks for (RFC 3263 clause 4.1 without DNS)."""
        asked = (self.params.value("transport") or "").lower()
        if self.scheme == "sips" or asked == "tls":
            return "tls"
        return asked or "udp"

    @property
    def address(self) -> TransportAddress:
        """Where it points: ``maddr`` or host, port or the default of the transport."""
        port = self.port if self.port is not None else (5061 if self.transport == "tls" else 5060)
        return TransportAddress(self.params.value("maddr") or self.host, port)

    def with_params(self, params: Params) -> "SipUri":
        return replace(self, params=params)


class OtherUri(Struct, frozen=True):
    """``tel:``, ``urn:`` and whatever else: scheme and the rest, as written."""

    scheme: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | OtherUri


def write_host_port(host: str, port: int | None) -> str:
    """``hostport`` with the brackets that IPv6 needs."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def read_uri(text: str) -> Uri:
    """An absolute URI without angle brackets; ``SipError`` 416 without a scheme, 400 when broken."""
    scheme, colon, rest = text.partition(":")
    if not colon or not scheme or not _SCHEME.issuperset(scheme):
        raise SipError(416, "URI without a scheme")
    if not rest or not _FORBIDDEN.isdisjoint(text):
        raise SipError(400, "URI is empty or has blanks in it")
    if scheme.lower() not in DEFAULT_PORTS:
        return OtherUri(scheme, rest)
    return _read_sip_uri(scheme.lower(), rest)


def read_sip_uri(text: str) -> SipUri:
    """A ``sip:`` or ``sips:`` URI; ``SipError`` 416 for any other scheme."""
    uri = read_uri(text)
    if not isinstance(uri, SipUri):
        raise SipError(416, "only sip and sips URIs can be routed")
    return uri


def _read_sip_uri(scheme: str, rest: str) -> SipUri:
    # "@" cannot stand unescaped in parameters or headers, and the user part may hold ";" and "?":
    # the user part therefore ends at the last "@" (RFC 3261 clause 19.1.1, RFC 4475 clause 3.1.1.1).
    user, at, tail = rest.rpartition("@")
    if at and not user:
        raise SipError(400, "URI with an empty user part")
    tail, question, headers = tail.partition("?")
    host_port, semicolon, params = tail.partition(";")
    host, port = read_host_port(host_port)
    return SipUri(
        scheme=scheme,
        user=user if at else None,
        host=host,
        port=port,
        params=read_params(semicolon + params, "URI"),
        headers=headers if question else None,
    )


def read_host_port(text: str) -> tuple[str, int | None]:
    """``hostport``: a name, an IPv4 address or a bracketed IPv6 reference, and perhaps a port."""
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise SipError(400, "bad IPv6 reference")
        _check_ipv6(host)
        port, colon = port[1:], port[:1]
    else:
        host, colon, port = text.partition(":")
        host, port = host.strip(), port.strip()
        if not host or not _HOST.issuperset(host):
            raise SipError(400, "bad host name")
    return host, read_number(port, 65_535, "port") if colon else None


def _check_ipv6(host: str) -> None:
    try:
        IPv6Address(host)
    except (AddressValueError, ValueError):
        raise SipError(400, "bad IPv6 reference") from None
