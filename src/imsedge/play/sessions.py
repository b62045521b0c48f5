"""The descriptions that the built-in UEs write and what they read in those of the other side."""

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import MsrpUri, read_msrp_path, write_msrp_uri
from imsedge.play.phone import PhoneError
from imsedge.sdp.attributes import has_cema
from imsedge.sdp.kinds import KINDS, Medium, classify
from imsedge.sdp.parser import read_description
from imsedge.security.fingerprint import Fingerprint, read_fingerprint

DISCARD_PORT = 9

_ROWS = {row.medium: row for row in KINDS}
_FORMATS = {Medium.MSRP: "*", Medium.BFCP: "*", Medium.T38: "t38"}
# Of floor control and of fax: what both ends must read the same.
_CARRIED = frozenset(
    {"connection", "floorctrl", "confid", "userid", "floorid", "bfcpver", "tls-id"}
    | {"T38FaxVersion", "T38MaxBitRate", "T38FaxRateManagement", "T38FaxMaxDatagram", "T38FaxUdpEC"}
)


class Told(Struct, frozen=True, kw_only=True):
    """One description of one media, as a UE means it or understands it.

    ``setup`` empty: there is none.  ``path``, ``cema``: of MSRP only.  ``lines``: more attributes of others.
    ``fingerprints`` empty: in clear.  ``e2ae``: the value of ``a=3ge2ae``, ``None`` when absent.
    """

    address: TransportAddress
    setup: str
    path: tuple[MsrpUri, ...] = ()
    cema: bool = True
    secure: bool
    medium: Medium = Medium.MSRP
    lines: tuple[str, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()
    e2ae: str | None = None


def own_path(address: TransportAddress, session: str, *, secure: bool) -> tuple[MsrpUri, ...]:
    """The URI of an end that listens at ``address``."""
    return (write_msrp_uri(address.host, address.port, session, secure=secure),)


def write(told: Told, version: int = 1) -> str:
    """SDP; of MSRP with CEMA (RFC 6714) the address that counts is that of ``c=`` and ``m=``."""
    host, port = told.address
    family = "IP6" if told.address.is_ipv6 else "IP4"
    row = _ROWS[told.medium]
    lines = [
        "v=0",
        f"o=- {version} {version} IN {family} {host}",
        "s=-",
        f"c=IN {family} {host}",
        "t=0 0",
        f"m={row.kind} {port} {row.secure if told.secure else row.clear} {_FORMATS[told.medium]}",
        *(["a=accept-types:text/plain"] if told.path else []),
        *([f"a=setup:{told.setup}"] if told.setup else []),
        *(["a=msrp-cema"] if told.path and told.cema else []),
        *([f"a=path:{' '.join(map(str, told.path))}"] if told.path else []),
        *(f"a={line}" for line in told.lines),
        *(f"a=fingerprint:{fingerprint}" for fingerprint in told.fingerprints),
    ]
    if told.e2ae:
        lines.append(f"a=3ge2ae:{told.e2ae}")
    return "".join(f"{line}\r\n" for line in lines)


def read(sdp: bytes) -> Told:
    """The first media that can be secured at the edge; ``PhoneError`` when a flow cannot go on with it."""
    try:
        description = read_description(sdp)
        media = next(media for media in description.media if classify(media).medium in _ROWS)
        connection = description.connection(media)
        if connection is None:
            raise PhoneError("the description has no c= line")
        medium = classify(media).medium
        return Told(
            address=TransportAddress(connection.split()[2], int(media.port)),
            setup=media.attribute("setup") or "active",
            path=read_msrp_path(media.attribute("path") or "") if medium is Medium.MSRP else (),
            cema=has_cema(media),
            secure=classify(media).secure,
            medium=medium,
            lines=tuple(line.value for line in media.lines if line.attribute in _CARRIED),
            fingerprints=tuple(map(read_fingerprint, media.attributes("fingerprint"))),
            e2ae=media.attribute("3ge2ae"),
        )
    except (RemoteError, StopIteration, IndexError) as error:
        raise PhoneError(f"the description cannot be used: {error}") from error
