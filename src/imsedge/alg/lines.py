"""What is known of an anchored m-line: the parties at its ends, and the H.248 stream that carries it."""

from typing import NamedTuple

from msgspec import Struct

from imsedge.alg.procedures import Side
from imsedge.core.address import TransportAddress
from imsedge.sdp.attributes import read_address, read_fingerprints
from imsedge.sdp.errors import SdpError
from imsedge.sdp.kinds import MediaKind
from imsedge.sdp.model import Description, Media
from imsedge.sdp.offer_answer import DISCARD_PORT
from imsedge.sdp.rules import Treatment as Rules
from imsedge.security.fingerprint import Fingerprint

_PASSING = "TCP"


class Peer(NamedTuple):
    """The party at one end of a stream, as its description says."""

    address: TransportAddress
    fingerprints: tuple[Fingerprint, ...] = ()
    tls_id: str = ""

    def is_same(self, other: "Peer | None") -> bool:
        """Port 9 and the port of the connection mean the same place (RFC 4145 clause 4.1)."""
        if other is None or self.address.host != other.address.host:
            return False
        ports = {self.address.port, other.address.port}
        here = len(ports) == 1 or DISCARD_PORT in ports
        # Another certificate or another tls-id is another association (RFC 8842 clause 4).
        return here and (set(self.fingerprints), self.tls_id) == (set(other.fingerprints), other.tls_id)


class Line(Struct, frozen=True, kw_only=True):
    """An anchored m-line, and the H.248 stream that carries it.

    ``rules``: E2AE when TLS ends in the gateway, else nothing but addresses changes.
    ``local``: what the gateway chose.  ``told``: what its terminations know of the peers.  ``said``: what
    each party wrote when that was agreed.
    """

    index: int
    stream: int
    kind: MediaKind
    rules: Rules = Rules.E2AE
    local: dict[Side, TransportAddress] = {}
    fingerprint: Fingerprint | None = None
    told: dict[Side, Peer] = {}
    said: dict[Side, str] = {}

    @property
    def is_secured(self) -> bool:
        """TLS ends in the gateway."""
        return self.rules is Rules.E2AE

    def transport(self, side: Side) -> str:
        """The H.248 transport of this stream on that side; TLS that passes through is TCP to us."""
        if not self.is_secured:
            return _PASSING
        return self.kind.access_transport if side is Side.ACCESS else self.kind.core_transport


def read_peer(description: Description, media: Media, side: Side, rules: Rules) -> Peer:
    """Who is at ``side`` of an anchored m-line; ``SdpError`` 488 when that cannot be told."""
    address = read_address(description, media)
    if address is None:
        raise SdpError(488, "anchored stream without an address")
    secured = side is Side.ACCESS and rules is Rules.E2AE
    fingerprints = read_fingerprints(description, media) if secured else ()
    if secured and not fingerprints:
        raise SdpError(488, "secured stream without a certificate fingerprint")
    return Peer(address, fingerprints, (media.attribute("tls-id") or "") if secured else "")
