"""A description as another network may see it: no address but the gateway's and ours (TS 24.229 clause 5.10).

Media that are live have been moved to the gateway already; here goes what else tells about the network that
it comes from: the origin, connections of media that are not used, candidates, contacts of people, and any
attribute with an address in it, or with the name of a host that is known.  ``a=path`` is left to
``alg.paths``: it stands in the messages too.
"""

from collections.abc import Collection

from msgspec.structs import replace

from imsedge.core.hosts import shows_host
from imsedge.sdp.model import Description, Line, Media
from imsedge.sdp.parser import read_description
from imsedge.sdp.writer import write_description

DROPPED = frozenset(
    {"candidate", "remote-candidates", "end-of-candidates", "ice-ufrag", "ice-pwd", "ice-options", "ice-lite"}
    | {"ice-mismatch", "source-filter", "alt", "tool", "3ge2ae"}
)
"""Attributes of the network that they come from, whatever they say there."""

_PEOPLE = frozenset("iuepk")
"""Lines about a session's owner, and the obsolete key."""


def hide(text: str, host: str, names: Collection[str] = ()) -> str:
    """``host``: ours on the side where it leaves; ``names``: of hosts of the other side, in lower case.

    ``SdpError`` when it is no description.
    """
    description = read_description(text)
    relied_on = any(media.first("c") is None and media.port != "0" for media in description.media)
    lines = tuple(
        line
        for old in description.lines
        if (line := _session_line(old, host, names, relied_on=relied_on)) is not None
    )
    return write_description(Description(lines, tuple(_media(media, names) for media in description.media)))


def _session_line(line: Line, host: str, names: Collection[str], *, relied_on: bool) -> Line | None:
    match line.kind:
        case "o":
            _, session, version = (*line.value.split(), "0", "0", "0")[:3]
            return Line("o", f"- {session} {version} {_at(host)}")
        case "c":
            return line if relied_on else Line("c", _at(host))
        case "s":
            return Line("s", "-") if shows_host(line.value, names) else line
    return line if _may_leave(line, names) else None


def _media(media: Media, names: Collection[str]) -> Media:
    """One that is not used tells its kind only."""
    if media.port == "0":
        return replace(media, lines=media.lines[:1])
    stays = {"path"} if media.kind == "message" else set[str]()
    kept = (line for line in media.lines[1:] if line.kind == "c" or _may_leave(line, names, stays))
    return replace(media, lines=(media.lines[0], *kept))


def _may_leave(line: Line, names: Collection[str], stays: Collection[str] = ()) -> bool:
    name = line.attribute.lower()
    if line.kind in _PEOPLE or name in DROPPED:
        return False
    return name in stays or not shows_host(line.value, names)


def _at(host: str) -> str:
    return f"IN IP{6 if ':' in host else 4} {host}"
