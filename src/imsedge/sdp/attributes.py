"""Typed reading of the attributes that decide how a stream is anchored.

Each reader takes the description and one of its media, because most attributes may stand at session level and
count for media that have none of their own.  What cannot be used raises ``SdpError`` 488.
"""

import ipaddress
from enum import Enum

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import MsrpUri, read_msrp_path
from imsedge.sdp.errors import SdpError
from imsedge.sdp.model import Description, Media
from imsedge.security.fingerprint import Fingerprint, read_fingerprint


class Setup(Enum):
    """Who opens the TCP connection (RFC 4145 clause 4), seen from the party that wrote it."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"
    HOLDCONN = "holdconn"


class ConnectionUse(Enum):
    """``a=connection`` (RFC 4145 clause 5)."""

    NEW = "new"
    EXISTING = "existing"


class EdgeSecurity(Enum):
    """``a=3ge2ae`` (TS 24.229 clause 7.5.2)."""

    REQUESTED = "requested"
    APPLIED = "applied"


def read_setup(description: Description, media: Media) -> Setup | None:
    """``a=setup``, ``None`` when absent (``offer_answer`` knows the defaults)."""
    value = _inherited(description, media, "setup")
    if value is None:
        return None
    try:
        return Setup(value.strip().lower())
    except ValueError:
        raise SdpError(488, "unknown value of a=setup") from None


def read_connection_use(description: Description, media: Media) -> ConnectionUse | None:
    """``a=connection``, ``None`` when absent."""
    value = _inherited(description, media, "connection")
    if value is None:
        return None
    try:
        return ConnectionUse(value.strip().lower())
    except ValueError:
        raise SdpError(488, "unknown value of a=connection") from None


def read_fingerprints(description: Description, media: Media) -> tuple[Fingerprint, ...]:
    """All usable ``a=fingerprint``, the session's when the media has none (RFC 8122 clause 5).

    A hash that nobody knows or nobody may use is passed over as long as another one can be used.
    """
    lines = media.attributes("fingerprint") or description.attributes("fingerprint")
    usable: list[Fingerprint] = []
    trouble: RemoteError | None = None
    for line in lines:
        try:
            usable.append(read_fingerprint(line))
        except RemoteError as error:
            trouble = trouble or error
    if trouble is not None and not usable:
        raise SdpError(488, trouble.reason) from trouble
    return tuple(usable)


def read_path(media: Media) -> tuple[MsrpUri, ...]:
    """``a=path`` of MSRP (RFC 4975 clause 8.2), ``()`` when absent."""
    value = media.attribute("path")
    if value is None:
        return ()
    try:
        return read_msrp_path(value.strip())
    except RemoteError as error:
        raise SdpError(488, f"a=path cannot be used: {error.reason}") from error


def read_edge_security(media: Media) -> EdgeSecurity | None:
    """``a=3ge2ae`` of the media; values other than the two are ignored (TS 24.229 clause 7.5.2)."""
    for value in media.attributes("3ge2ae"):
        if value.strip().lower() in _EDGE_VALUES:
            return EdgeSecurity(value.strip().lower())
    return None


def has_cema(media: Media) -> bool:
    """Whether the sender can take an address that differs from its peer's path (RFC 6714)."""
    return media.attribute("msrp-cema") is not None


def read_address(description: Description, media: Media) -> TransportAddress | None:
    """Address and port of the media; ``None`` when either is a wildcard (H.248) or there is no ``c=``.

    Port 0 (refused) and port 9 (cannot be called, RFC 4145 clause 4.1) are returned as they are.
    """
    connection = description.connection(media)
    port = media.port.partition("/")[0]
    if connection is None or not port.isdigit():
        return None
    fields = connection.split()
    if len(fields) != 3 or fields[0] != "IN" or fields[1] not in ("IP4", "IP6"):
        raise SdpError(488, "c= line is not an Internet address")
    host = fields[2].partition("/")[0]
    if host in ("$", "-", "*"):
        return None
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        raise SdpError(488, "c= line holds a name, not an address") from None
    if f"IP{known.version}" != fields[1]:
        raise SdpError(488, "c= line has another address family than it says")
    return TransportAddress(host, int(port))


_EDGE_VALUES = frozenset(value.value for value in EdgeSecurity)


def _inherited(description: Description, media: Media, name: str) -> str | None:
    own = media.attribute(name)
    return own if own is not None else description.attribute(name)
