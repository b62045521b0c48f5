"""The settings table's part about the border of two networks."""

from enum import Enum

from pydantic import field_validator

from imsedge.core.address import TransportAddress
from imsedge.daemon.settings_types import Address, IpAddresses, Section, Words, setting
from imsedge.sip.names import canonical

_OF_ONE_DIALOG = frozenset(
    canonical(name)
    for name in (
        *("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Length"),
        *("Route", "Record-Route", "Path", "Service-Route"),
    )
)
"""What each network has of its own: never another's, and never twice."""


class Role(Enum):
    """The controller's place in the network."""

    EDGE = "edge"
    BORDER = "border"


class BorderSection(Section):
    """The other network, with role border: it is on the side of sip.access and policy.realms.access."""

    next_hop: Address = setting(
        TransportAddress("127.0.0.1", 5081),
        "Where requests of our own network go: the border of the other one. Those of the other network go to"
        " sip.next_hop.",
    )
    next_hop_transport: str = setting("udp", "Transport to that next hop.", pattern="^(udp|tcp|tls)$")
    peers: IpAddresses = setting(
        (), "Addresses that requests of the other network may come from, beside that of next_hop."
    )
    trusted: bool = setting(
        False,
        "Both networks trust each other (RFC 3324): P-Asserted-Identity, P-Asserted-Service and P-Early-Media"
        " cross.",
    )
    fields: Words = setting(
        (),
        "Header fields that cross beside the usual ones, as long as no address stands in them, such as"
        " Identity.",
    )

    @field_validator("fields")
    @classmethod
    def _cross(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        for name in fields:
            if canonical(name) in _OF_ONE_DIALOG:
                raise ValueError(f"{name} belongs to one network and cannot cross")
        return fields
