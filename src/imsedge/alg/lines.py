"""What is known of an anchored m-line: the parties at its ends, and the H.248 stream that carries it."""

from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from imsedge.alg.paths import Paths
from imsedge.alg.procedures import Side, StreamAck
from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import MsrpUri
from imsedge.sdp.attributes import read_address, read_fingerprints, read_path
from imsedge.sdp.errors import SdpError
from imsedge.sdp.kinds import MediaKind
from imsedge.sdp.model import Description, Media
from imsedge.sdp.offer_answer import DISCARD_PORT
from imsedge.sdp.rules import Treatment as Rules
from imsedge.security.fingerprint import Fingerprint

_PASSING = "TCP"


class Peer(NamedTuple):
    """The party at one end of a stream, as its description says.

    ``path``: of MSRP that is rewritten here.
    """

    address: TransportAddress
    fingerprints: tuple[Fingerprint, ...] = ()
    tls_id: str = ""
    path: str = ""

    def is_same(self, other: "Peer | None") -> bool:
        """Whether it is the same party in the same place, and the same session.

        Port 9 and the port of the connection mean the same place (RFC 4145 clause 4.1), the unspecified
        address (hold, RFC 3264 clause 8.4) no other one.
        """
        if other is None:
            return False
        here, there = self.address, other.address
        ports = {here.port, there.port}
        stayed = here.host == there.host and (len(ports) == 1 or DISCARD_PORT in ports)
        # Another certificate or another tls-id is another association (RFC 8842 clause 4).
        associated = (set(self.fingerprints), self.tls_id) == (set(other.fingerprints), other.tls_id)
        return (stayed or self.is_on_hold) and associated and self.path == other.path

    @property
    def is_on_hold(self) -> bool:
        """It tells no place, as RFC 2543 did."""
        return ip_address(self.address.host).is_unspecified

    def since(self, before: "Peer | None") -> "Peer":
        """Where it is, also while it is on hold."""
        return self._replace(address=before.address) if before is not None and self.is_on_hold else self


class Line(Struct, frozen=True, kw_only=True):
    """An anchored m-line, and the H.248 stream that carries it.

    ``rules``: E2AE when TLS ends in the gateway, else nothing but addresses changes.  ``paths``: what becomes
    of MSRP's.  ``local``, ``own_paths``, ``fingerprint``: what the gateway chose.  ``tls_id``: ours, if any.
    ``told``: what its terminations know of the peers.  ``said``: what each party wrote when that was agreed.
    ``closed``: the connection was there and is no more.
    """

    index: int
    stream: int
    kind: MediaKind
    rules: Rules = Rules.E2AE
    paths: Paths = Paths.NONE
    local: dict[Side, TransportAddress] = {}
    own_paths: dict[Side, str] = {}
    fingerprint: Fingerprint | None = None
    tls_id: str = ""
    told: dict[Side, Peer] = {}
    said: dict[Side, str] = {}
    closed: bool = False

    @property
    def is_secured(self) -> bool:
        """TLS ends in the gateway."""
        return self.rules is Rules.E2AE

    @property
    def is_agreed(self) -> bool:
        """An answer was there: the parties have a connection, or are about to have it."""
        return len(self.told) == len(Side)

    @property
    def is_aware(self) -> bool:
        """The gateway knows that it is MSRP, and rewrites its paths."""
        return self.paths is Paths.REWRITTEN

    def learn(self, side: Side, chosen: StreamAck) -> "Line":
        """With what the gateway chose for ``side``."""
        return replace(
            self,
            local=self.local if chosen.local is None else {**self.local, side: chosen.local},
            own_paths={**self.own_paths, side: chosen.path} if chosen.path else self.own_paths,
            fingerprint=chosen.fingerprint or self.fingerprint,
        )

    def does_for(self, other: "Line") -> bool:
        """Whether the stream of this line is what ``other`` would need."""
        return (self.kind, self.rules, self.is_aware) == (other.kind, other.rules, other.is_aware)

    def transport(self, side: Side) -> str:
        """The H.248 transport of this stream on that side; what passes through is TCP or UDP."""
        if self.is_aware:
            return self.kind.secure if self.is_secured and side is Side.ACCESS else self.kind.clear
        if not self.is_secured:
            return self.kind.core_transport if self.kind.datagram else _PASSING
        return self.kind.access_transport if side is Side.ACCESS else self.kind.core_transport


def read_peer(description: Description, media: Media, side: Side, rules: Rules, paths: Paths) -> Peer:
    """Who is at ``side`` of an anchored m-line; ``SdpError`` 488 when that cannot be told."""
    path = read_path(media) if paths is Paths.REWRITTEN else ()
    if paths is Paths.REWRITTEN and not path:
        raise SdpError(488, "MSRP without a path")
    address = _called(path, read_address(description, media))
    if address is None:
        raise SdpError(488, "anchored stream without an address")
    ends_here = side is Side.ACCESS and rules is Rules.E2AE
    fingerprints = read_fingerprints(description, media) if ends_here else ()
    if ends_here and not fingerprints:
        raise SdpError(488, "secured stream without a certificate fingerprint")
    if rules is Rules.E2E:  # none of our business, but another one means another connection
        with suppress(RemoteError):
            fingerprints = read_fingerprints(description, media)
    tls_id = media.attribute("tls-id") if ends_here or rules is Rules.E2E else None
    return Peer(address, fingerprints, tls_id or "", " ".join(uri.text for uri in path))


def _called(path: tuple[MsrpUri, ...], address: TransportAddress | None) -> TransportAddress | None:
    """Who is called is named by the first URI, which may be a relay's (RFC 4975 clause 5.1).

    ``c=`` and ``m=`` count when that is a name, which they have to be the address of (clause 8.1), and port 9
    in ``m=`` always: nobody is called then.
    """
    if address is None or not path:
        return address
    first = path[0]
    try:
        host = str(ip_address(first.host))
    except ValueError:
        return address
    port = DISCARD_PORT if address.port == DISCARD_PORT else first.connect_port
    return TransportAddress(host, port)
