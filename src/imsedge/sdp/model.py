"""SDP as lines that nobody loses (RFC 8866, RFC 3264).

A ``Description`` is its session-level lines and its media; each ``Media`` is its lines, the first being
``m=``.  Lines that no rule names keep their bytes and their place.  The same model holds whole SIP
bodies and the shortened descriptions of H.248 Local and Remote, with ``$``, ``-`` and ``*`` wildcards.
"""

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace


class Line(NamedTuple):
    """``kind`` is the letter before ``=``; ``value`` all behind it, without the line end."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}={self.value}"

    @property
    def attribute(self) -> str:
        """Name of an ``a=`` line, as written; ``""`` for other lines."""
        return self.value.partition(":")[0] if self.kind == "a" else ""


class Section(Struct, frozen=True):
    """What session level and media level have in common: lines, some of them attributes."""

    lines: tuple[Line, ...]

    def first(self, kind: str) -> str | None:
        """Value of the first line of that letter."""
        return next((line.value for line in self.lines if line.kind == kind), None)

    def attribute(self, name: str) -> str | None:
        """Value of the first attribute of that name (case-insensitive); ``""`` for a bare flag."""
        return next(iter(self.attributes(name)), None)

    def attributes(self, name: str) -> tuple[str, ...]:
        """Values of all attributes of that name, in order."""
        wanted = name.lower()
        return tuple(
            line.value.partition(":")[2]
            for line in self.lines
            if line.kind == "a" and line.attribute.lower() == wanted
        )


class Media(Section, frozen=True):
    """One ``m=`` section.  The four fields of the ``m=`` line are text, as wildcards are allowed."""

    @property
    def fields(self) -> tuple[str, str, str, tuple[str, ...]]:
        """kind, port (``"7654"``, ``"7654/2"``, ``"$"``), proto, formats."""
        kind, port, proto, *formats = self.lines[0].value.split()
        return kind, port, proto, tuple(formats)

    @property
    def kind(self) -> str:
        return self.fields[0]

    @property
    def port(self) -> str:
        return self.fields[1]

    @property
    def proto(self) -> str:
        return self.fields[2]

    @property
    def formats(self) -> tuple[str, ...]:
        return self.fields[3]

    def with_fields(self, *, port: str | None = None, proto: str | None = None) -> "Media":
        """The same section with another port or proto in its ``m=`` line."""
        kind, old_port, old_proto, formats = self.fields
        value = " ".join((kind, port or old_port, proto or old_proto, *formats))
        return replace(self, lines=(Line("m", value), *self.lines[1:]))


class Description(Section, frozen=True):
    """One session description; ``lines`` are the session-level ones."""

    media: tuple[Media, ...] = ()

    def connection(self, media: Media) -> str | None:
        """The ``c=`` value that counts for ``media``: its own, else the session's."""
        return media.first("c") or self.first("c")
