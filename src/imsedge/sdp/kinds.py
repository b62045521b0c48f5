"""What an ``m=`` line is: one row a medium, read by the controller's decisions and by the SDP rules."""

from enum import Enum

from msgspec import Struct

from imsedge.sdp.model import Media


class Medium(Enum):
    """Media that can be secured at the edge, other TCP that can be anchored, and what we leave alone."""

    MSRP = "MSRP"
    BFCP = "BFCP"
    T38 = "T.38"
    TCP = "TCP"
    OTHER = "other"


class TlsClient(Enum):
    """Who sends the ClientHello."""

    OPENER = "whoever is active"  # RFC 8122 clause 6.2, RFC 6135 clause 6; DTLS: RFC 7345 clause 4.1
    OFFERER = "whoever made the offer"  # RFC 8856 clause 8, as RFC 4583 has always had it


class MediaKind(Struct, frozen=True, kw_only=True):
    """``clear`` and ``secure`` are the proto fields of SDP; the transports are those of H.248 (TR 29.828).

    ``mechanism`` is the token announced with ``mediasec`` at registration (TS 24.229 clause 7.2A.7);
    ``None``: there is no end-to-access-edge security for it.
    """

    medium: Medium
    kind: str
    clear: str
    secure: str
    core_transport: str
    access_transport: str
    mechanism: str | None
    tls_client: TlsClient = TlsClient.OPENER

    @property
    def datagram(self) -> bool:
        """No connection: ``a=setup`` is about DTLS, and there is none in clear."""
        return self.core_transport == "UDP"


KINDS = (
    MediaKind(
        medium=Medium.MSRP,
        kind="message",
        clear="TCP/MSRP",
        secure="TCP/TLS/MSRP",
        core_transport="TCP",
        access_transport="TCP/TLS",
        mechanism="msrp-tls",
    ),
    MediaKind(
        medium=Medium.BFCP,
        kind="application",
        clear="TCP/BFCP",
        secure="TCP/TLS/BFCP",
        core_transport="TCP",
        access_transport="TCP/TLS",
        mechanism="bfcp-tls",
        tls_client=TlsClient.OFFERER,
    ),
    MediaKind(
        medium=Medium.T38,
        kind="image",
        clear="udptl",
        secure="UDP/TLS/UDPTL",
        core_transport="UDP",
        access_transport="UDP/DTLS",
        mechanism="udptl-dtls",
    ),
)

# Not told apart by a table: any other stream over TCP can be anchored, not terminated.
OTHER_TCP = MediaKind(
    medium=Medium.TCP,
    kind="",
    clear="TCP",
    secure="TCP/TLS",
    core_transport="TCP",
    access_transport="TCP",
    mechanism=None,
)
UNKNOWN = MediaKind(
    medium=Medium.OTHER,
    kind="",
    clear="",
    secure="",
    core_transport="",
    access_transport="",
    mechanism=None,
)


class Classified(Struct, frozen=True):
    """The row of a media, and whether its proto is the secure one."""

    kind: MediaKind
    secure: bool

    @property
    def medium(self) -> Medium:
        return self.kind.medium


def classify(media: Media) -> Classified:
    """Kind and proto compare without case: gateways write ``udptl`` and ``UDPTL``."""
    kind, _, proto, _ = media.fields
    for row in KINDS:
        if kind.lower() == row.kind and proto.lower() in (row.clear.lower(), row.secure.lower()):
            return Classified(row, proto.lower() == row.secure.lower())
    layers = proto.upper().split("/")
    if layers[0] == "TCP":
        return Classified(OTHER_TCP, "TLS" in layers)
    return Classified(UNKNOWN, "TLS" in layers or proto.upper().find("SAVP") >= 0)
