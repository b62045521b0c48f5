"""MSRP URIs (RFC 4975 clause 6), as SDP ``a=path`` and the MSRP To-Path and From-Path carry them.

::

    MSRP-URI = msrp-scheme "://" authority ["/" session-id] ";" transport *( ";" URI-parameter)
    authority = [ userinfo "@" ] host [ ":" port ]          host may be a name, IPv4, or IPv6 in brackets
"""

import re

from msgspec import Struct

from imsedge.core.errors import RemoteError

# RFC 4975 clause 6: the port to assume when an URI has none.
DEFAULT_PORT = 2855
# An authority and an 80-octet session id fit several times; what is longer is not a path but an attack.
MAX_URI_CHARACTERS = 512
# A path through relays (RFC 4976) has one URI a hop.
MAX_PATH_URIS = 16

_URI = re.compile(
    r"(?P<scheme>msrps?)://"
    r"(?:(?P<user>[^@/;\s\[\]]*)@)?"
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<name>[A-Za-z0-9.\-_]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?P<session>[!-.0-:<-~/]+))?"
    r";(?P<transport>[A-Za-z0-9.\-!%*_+`'~]+)"
    r"(?P<parameters>(?:;[!-:<-~]+)*)",
    re.IGNORECASE | re.ASCII,
)


class MsrpUri(Struct, frozen=True):
    """``host`` without brackets; ``port`` ``None`` when not given; ``text`` as it was written.

    ``text`` is what goes on the wire again: URIs of other parties are never rewritten by accident.
    """

    secure: bool
    host: str
    port: int | None
    session: str
    transport: str
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def connect_port(self) -> int:
        """Where a TCP connection for this URI goes."""
        return DEFAULT_PORT if self.port is None else self.port

    def names_same_session(self, other: "MsrpUri") -> bool:
        """RFC 4975 clause 6.1: scheme, host, port and transport without case, session id with case."""
        return self.identity == other.identity

    @property
    def identity(self) -> tuple[bool, str, int | None, str, str]:
        """What comparison looks at; userinfo and parameters do not count."""
        return self.secure, self.host.lower(), self.port, self.session, self.transport.lower()


class MsrpPath(Struct, frozen=True):
    """Who is who on one leg of a session whose paths the gateway rewrites (TS 23.334 clause 5.19.5).

    ``own``: the one URI by which the peer of this leg addresses us; it stands alone in the ``a=path`` that
    this peer is told.  ``peer``: the URIs of the ``a=path`` that the peer told, as written, the next hop
    first; empty while it is not known.
    """

    own: str
    peer: tuple[str, ...] = ()


def write_msrp_uri(host: str, port: int, session: str, *, secure: bool) -> MsrpUri:
    """A URI of our own, over TCP."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    scheme = "msrps" if secure else "msrp"
    return MsrpUri(secure, host, port, session, "tcp", f"{scheme}://{authority}/{session};tcp")


def read_msrp_uri(text: str) -> MsrpUri:
    """One URI; ``RemoteError`` 400 when it is none."""
    if len(text) > MAX_URI_CHARACTERS:
        raise RemoteError(400, f"MSRP URI is longer than {MAX_URI_CHARACTERS} characters")
    found = _URI.fullmatch(text)
    if found is None:
        raise RemoteError(400, "not an MSRP URI")
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > 65_535:
        raise RemoteError(400, "port of the MSRP URI is not in 0..65535")
    return MsrpUri(
        secure=found["scheme"].lower() == "msrps",
        host=found["v6"] or found["name"],
        port=port,
        session=found["session"] or "",
        transport=found["transport"],
        text=text,
    )


def read_msrp_path(text: str) -> tuple[MsrpUri, ...]:
    """One or more URIs separated by spaces, the next hop first; ``RemoteError`` 400."""
    parts = text.split(" ", MAX_PATH_URIS)
    if len(parts) > MAX_PATH_URIS:
        raise RemoteError(400, f"MSRP path has more than {MAX_PATH_URIS} URIs")
    return tuple(read_msrp_uri(part) for part in parts)
