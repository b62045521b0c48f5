"""Writing SDP: every line as it is held, always with CRLF (RFC 8866 clause 5)."""

from collections.abc import Iterable

from imsedge.sdp.model import Description, Line, Media


def write_description(description: Description) -> str:
    """The whole text; for SIP bodies use ``write_octets``."""
    return _write_lines(description.lines) + "".join(write_media(media) for media in description.media)


def write_media(media: Media) -> str:
    """One ``m=`` section."""
    return _write_lines(media.lines)


def write_octets(description: Description) -> bytes:
    """A SIP body; octets that were not UTF-8 come out as they came in."""
    return write_description(description).encode("utf-8", "surrogateescape")


def _write_lines(lines: Iterable[Line]) -> str:
    return "".join(f"{line.kind}={line.value}\r\n" for line in lines)
