"""Local and Remote descriptors: from short SDP to what an endpoint is told, and back.

Each descriptor is one or several session descriptions (H.248.1 clause 7.1.8).  Several are alternatives;
the first that this gateway can serve is taken, which H.248.1 allows also when ReserveGroup asks for all.
One description has one ``m=`` line.  ``$`` is understood for address, port, certificate fingerprint and MSRP
path in Local and nowhere else.

MSRP is rewritten (application-aware interworking, TS 23.334 clause 5.19.5) when the transport names it and
Local has an ``a=path``: the one URI by which the peer of this termination addresses the gateway, or ``$``,
and then the gateway makes one.  Remote has the path that the peer told.  A transport that names MSRP without
a path in Local asks for no more than one that does not: payload is passed on as it is.
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import TypeVar

from msgspec import Struct

from imsedge.agw.errors import fail
from imsedge.bearer.messages import Setup, Transport
from imsedge.core.address import TransportAddress
from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import MsrpUri, read_msrp_path, write_msrp_uri
from imsedge.h248.errors import H248Error
from imsedge.sdp.attributes import read_address, read_fingerprints
from imsedge.sdp.model import Description, Line, Media
from imsedge.sdp.parser import read_descriptions
from imsedge.sdp.writer import write_description
from imsedge.security.fingerprint import PREFERENCE, Fingerprint, fingerprint_of

# The transport values of TR 29.828 clauses 5.2.1 and 5.2.2.
TRANSPORTS = {
    "TCP": Transport.TCP,
    "TCP/TLS": Transport.TLS,
    "TCP/MSRP": Transport.TCP,
    "TCP/TLS/MSRP": Transport.TLS,
    "UDP": Transport.UDP,
    "UDP/DTLS": Transport.DTLS,
}
SECURE = frozenset({Transport.TLS, Transport.DTLS})

# How TS 29.334 carries the MSRP Path of TS 23.334 clause 8 (weak: not read there).
MSRP_TRANSPORTS = frozenset({"TCP/MSRP", "TCP/TLS/MSRP"})
_PATH = "path"

CHOOSE = "$"

_FAMILIES = {"IP4": False, "IP6": True}
_SETUPS = {setup.value: setup for setup in Setup}
_DEFAULT_HASH = "sha-256"

Terms = TypeVar("Terms")


class LocalTerms(Struct, frozen=True):
    """What Local asks for.  ``host`` and ``port`` are ``None`` where the gateway chooses.

    ``open_items``: whether anything was left to the gateway, so that the answer has to carry it.
    ``path``: of MSRP that is rewritten, ``$`` where the gateway makes it; ``None``: nothing is rewritten.
    """

    description: Description
    transport: Transport
    setup: Setup
    ipv6: bool
    host: str | None
    port: int | None
    open_items: bool
    path: str | None = None


class RemoteTerms(Struct, frozen=True):
    """What Remote tells.  ``fingerprints`` is ``None`` when it names none; ``path`` is empty then."""

    text: str
    transport: Transport
    address: TransportAddress | None
    fingerprints: tuple[Fingerprint, ...] | None
    path: tuple[str, ...] = ()


def read_local(text: str, certificate: bytes | None) -> LocalTerms:
    """Raises ``H248Error`` 449, 474 or 515.  ``certificate``: our own, DER octets."""
    return _first_possible(text, lambda block: _read_local_block(block, certificate))


def read_remote(text: str) -> RemoteTerms:
    """Raises ``H248Error`` 449, 474 or 515."""
    return _first_possible(text, _read_remote_block)


def own_path(terms: LocalTerms, address: TransportAddress, session: str) -> str | None:
    """The URI of this end of an MSRP session; ``session``: what makes it one that nobody can guess."""
    if terms.path != CHOOSE:
        return terms.path
    return write_msrp_uri(address.host, address.port, session, secure=terms.transport in SECURE).text


def write_local(
    terms: LocalTerms, address: TransportAddress, certificate: bytes | None, session: str = ""
) -> str:
    """The Local descriptor with everything that was left open filled in; ``session`` as in ``own_path``."""
    (media,) = terms.description.media
    connection = f"IN IP{6 if address.is_ipv6 else 4} {address.host}"
    path = own_path(terms, address, session)

    def filled(lines: Iterable[Line]) -> tuple[Line, ...]:
        return tuple(_fill_line(line, connection, certificate, path) for line in lines)

    whole = Media(filled(media.lines)).with_fields(port=str(address.port))
    return write_description(Description(filled(terms.description.lines), (whole,)))


# --- inside -----------------------------------------------------------------------------------------


def _first_possible(text: str, read: Callable[[Description], Terms]) -> Terms:
    try:
        blocks = read_descriptions(text)
    except RemoteError as error:
        fail(474, f"SDP: {error.reason}")
    first: H248Error | None = None
    for block in blocks:
        try:
            return read(block)
        except H248Error as error:
            first = first or error
    raise first or H248Error(474, "SDP: no description")


def _read_local_block(block: Description, certificate: bytes | None) -> LocalTerms:
    media = _only_media(block)
    transport = _transport(media)
    ipv6, host = _read_connection(block, media)
    wanted = [line for line in (*block.lines, *media.lines) if line.attribute.lower() == "fingerprint"]
    for line in wanted:
        _check_local_fingerprint(line, transport, certificate)
    path = _local_path(media)
    _refuse_other_choices(block, media, path)
    return LocalTerms(
        description=block,
        transport=transport,
        setup=_setup(block, media),
        ipv6=ipv6,
        host=host,
        port=_local_port(media),
        open_items=CHOOSE in (host or CHOOSE, media.port, path) or any("$" in line.value for line in wanted),
        path=path,
    )


def _read_remote_block(block: Description) -> RemoteTerms:
    media = _only_media(block)
    if any("$" in _words(line.value) for line in (*block.lines, *media.lines)):
        fail(449, "$ is not allowed in Remote")
    transport = _transport(media)
    try:
        address = read_address(block, media)
        fingerprints = read_fingerprints(block, media) if transport in SECURE else ()
    except RemoteError as error:
        fail(449, f"Remote: {error.reason}: {_what_was_read(block, media)}")
    return RemoteTerms(
        write_description(block), transport, _reachable(address), fingerprints or None, _remote_path(media)
    )


def _what_was_read(block: Description, media: Media) -> str:
    """The lines of which one could not be understood."""
    lines = [f"c={block.connection(media)}", f"m={media.lines[0].value}"]
    lines += [f"a={x.value}" for x in (*block.lines, *media.lines) if x.attribute.lower() == "fingerprint"]
    return ", ".join(lines)


def _only_media(block: Description) -> Media:
    if len(block.media) != 1:
        fail(474, f"SDP: one m= line a stream is expected, not {len(block.media)}")
    return block.media[0]


def _transport(media: Media) -> Transport:
    transport = TRANSPORTS.get(media.proto.upper())
    if transport is None:
        fail(515, f"transport {media.proto} is not supported")
    return transport


def _setup(block: Description, media: Media) -> Setup:
    value = media.attribute("setup") or block.attribute("setup") or Setup.ACTPASS.value
    setup = _SETUPS.get(value.strip().lower())
    if setup is None:
        fail(449, f"a=setup:{value} is not supported")
    return setup


def _read_connection(block: Description, media: Media) -> tuple[bool, str | None]:
    """Whether IPv6 is wanted, and the address unless the gateway chooses it."""
    value = block.connection(media)
    fields = (value or "").split()
    if len(fields) != 3 or fields[0] != "IN" or fields[1] not in _FAMILIES:
        fail(449, f"c={value} is not an Internet address" if value else "c= line is missing in Local")
    ipv6, host = _FAMILIES[fields[1]], fields[2]
    if host == "$":
        return ipv6, None
    try:
        parsed = ip_address(host)
    except ValueError:
        fail(449, f"c={value} holds no address and no $")
    if (parsed.version == 6) != ipv6:
        fail(449, f"c={value} has another address family than it says")
    return ipv6, str(parsed)


def _local_port(media: Media) -> int | None:
    if media.port == "$":
        return None
    if not media.port.isdigit() or int(media.port) == 0:
        fail(449, f"port {media.port} is not supported in Local")
    return int(media.port)


def _check_local_fingerprint(line: Line, transport: Transport, certificate: bytes | None) -> None:
    name, digits = _fingerprint_fields(line)
    if transport not in SECURE:
        fail(449, f"a={line.value} is for secured transports only")
    if certificate is None:
        fail(500, "this realm has no certificate")
    if name not in PREFERENCE:
        fail(449, f"fingerprint hash {name} is not supported")
    if digits != "$" and line.value.partition(":")[2].strip().lower() != _own(name, certificate).lower():
        fail(449, f"a={line.value} in Local is not the fingerprint of this gateway")


def _fingerprint_fields(line: Line) -> tuple[str, str]:
    """Hash name and digits; ``a=fingerprint:$`` leaves both to us."""
    words = line.value.partition(":")[2].split()
    if words == ["$"]:
        return _DEFAULT_HASH, "$"
    return (words[0].lower(), words[1]) if len(words) == 2 else ("", "")


def _local_path(media: Media) -> str | None:
    value = _path(media)
    if value is None or value == CHOOSE:
        return value
    if len(_read_path(value)) > 1:
        fail(449, f"a=path:{value}: one URI of the gateway is expected in Local")
    return value


def _remote_path(media: Media) -> tuple[str, ...]:
    value = _path(media)
    return tuple(uri.text for uri in _read_path(value)) if value is not None else ()


def _path(media: Media) -> str | None:
    value = media.attribute(_PATH) if media.proto.upper() in MSRP_TRANSPORTS else None
    return None if value is None else value.strip()


def _read_path(value: str) -> tuple[MsrpUri, ...]:
    try:
        return read_msrp_path(value)
    except RemoteError as error:
        fail(449, f"a=path:{value}: {error.reason}")


def _own(name: str, certificate: bytes) -> str:
    return str(fingerprint_of(certificate, name))


def _refuse_other_choices(block: Description, media: Media, path: str | None) -> None:
    for line in (*block.lines, *media.lines[1:]):
        known = line.kind == "c" or line.attribute.lower() == "fingerprint"
        known = known or (path == CHOOSE and line.attribute.lower() == _PATH)
        if not known and "$" in _words(line.value):
            fail(449, f"$ is not supported in {line.kind}={line.value}")
    if "$" in (media.kind, media.proto, *media.formats):
        fail(449, f"$ is supported for the port only in m={media.lines[0].value}")


def _words(value: str) -> list[str]:
    return value.replace(":", " ").split()


def _reachable(address: TransportAddress | None) -> TransportAddress | None:
    """The unspecified address and port 0 name nobody; a multicast group cannot be a TCP peer."""
    if address is None:
        return None
    host = ip_address(address.host)
    if host.is_multicast:
        fail(449, f"{address.host} is a multicast address")
    return None if host.is_unspecified or address.port == 0 else address


def _fill_line(line: Line, connection: str, certificate: bytes | None, path: str | None) -> Line:
    if line.kind == "c":
        return Line("c", connection)
    if path is not None and line.attribute.lower() == _PATH:
        return Line("a", f"path:{path}")
    if line.attribute.lower() == "fingerprint" and "$" in line.value and certificate is not None:
        name, _ = _fingerprint_fields(line)
        return Line("a", f"fingerprint:{_own(name, certificate)}")
    return line
