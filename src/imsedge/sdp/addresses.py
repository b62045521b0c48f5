"""Putting the gateway's addresses into a description: ``c=`` and port, nothing else.

``o=`` stays: it names the session, not a place (RFC 8866 clause 5.2), and peers compare it.  A ``c=`` at
session level is replaced where it stands as long as every media that relies on it moves to the same address;
else media get a ``c=`` of their own, and the session's stays for the media that are not ours to move.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.sdp.model import Description, Line, Media

# RFC 8866 clause 5: in a media section c= comes behind m= and i=.
_BEFORE_CONNECTION = ("m", "i")


def replace_addresses(description: Description, addresses: Mapping[int, TransportAddress]) -> Description:
    """A description whose media of these indexes are at these addresses; the others stay where they are."""
    shared = _shared_host(description, addresses)
    media = tuple(
        _place(section, addresses[index], inherits=addresses[index].host == shared)
        if index in addresses
        else section
        for index, section in enumerate(description.media)
    )
    lines = description.lines if shared is None else _set_connection(description.lines, shared)
    return replace(description, lines=lines, media=media)


def _shared_host(description: Description, addresses: Mapping[int, TransportAddress]) -> str | None:
    """The host that the session's ``c=`` can change to, ``None`` when it must stay as it is."""
    if description.first("c") is None:
        return None
    relying = {
        addresses[index].host if index in addresses else None
        for index, section in enumerate(description.media)
        if section.first("c") is None and section.port != "0"
    }
    return relying.pop() if len(relying) == 1 else None


def _place(media: Media, address: TransportAddress, *, inherits: bool) -> Media:
    moved = media.with_fields(port=str(address.port))
    if media.first("c") is not None:
        return replace(moved, lines=_set_connection(moved.lines, address.host))
    if inherits:
        return moved
    behind = next(
        (n for n, line in enumerate(moved.lines) if line.kind not in _BEFORE_CONNECTION), len(moved.lines)
    )
    lines = (*moved.lines[:behind], _connection(address.host), *moved.lines[behind:])
    return replace(moved, lines=lines)


def _set_connection(lines: tuple[Line, ...], host: str) -> tuple[Line, ...]:
    """All ``c=`` lines become one, in the place of the first."""
    first = next(number for number, line in enumerate(lines) if line.kind == "c")
    kept = tuple(line for line in lines[first + 1 :] if line.kind != "c")
    return (*lines[:first], _connection(host), *kept)


def _connection(host: str) -> Line:
    return Line("c", f"IN IP{6 if ':' in host else 4} {host}")
