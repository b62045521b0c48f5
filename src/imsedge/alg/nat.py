"""Is the user equipment behind a NAT?  What its signalling tells (TS 23.334 clause 6.2.18, TS 24.229 F).

Two signs count.  The Via (or the registered Contact) names a host that the message did not come from (RFC
3261 clause 18.2.1).  Or the ``c=`` line names a private address that the signalling does not come from, nor
from the neighbourhood of.  A UE with media on another public address than its signalling is left alone.
"""

from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

_HIDING: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # RFC 6598, carriers' NAT
        "169.254.0.0/16",  # RFC 3927
        "fc00::/7",  # RFC 4193
        "fe80::/10",
    )
)


class Traversal(Enum):
    """When the UE is taken to be behind a NAT: it must call us, and is known by where it calls from."""

    NEVER = "never"
    DETECTED = "detected"
    ALWAYS = "always"


class Whereabouts(NamedTuple):
    """``source``: the host that the UE's signalling comes from; ``named``: the one it says it is."""

    source: str = ""
    named: str = ""


UNKNOWN = Whereabouts()


def is_behind_nat(traversal: Traversal, place: Whereabouts, media_host: str | None = None) -> bool:
    """``media_host``: of the UE's ``c=`` line, once there is one."""
    if traversal is not Traversal.DETECTED:
        return traversal is Traversal.ALWAYS
    if _differs(place.named, place.source):
        return True
    if media_host is None or not _differs(media_host, place.source):
        return False
    block = _hiding_block(media_host)
    return block is not None and block is not _hiding_block(place.source)


def _differs(named: str, source: str) -> bool:
    """Names of hosts prove nothing, nor does the unspecified address of a stream on hold."""
    try:
        claimed, seen = ip_address(named.strip("[]")), ip_address(source.strip("[]"))
    except ValueError:
        return False
    return claimed != seen and not claimed.is_unspecified


def _hiding_block(host: str) -> IPv4Network | IPv6Network | None:
    address = ip_address(host.strip("[]"))
    return next((block for block in _HIDING if address in block), None)
