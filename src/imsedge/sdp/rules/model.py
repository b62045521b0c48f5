"""What an SDP rule is, and how rules are applied to one ``m=`` section.

A rule is a sentence and a row: which media it is about, which proto they get, which attributes go and which
come. Lines that no rule names keep their bytes and their place.
"""

from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from imsedge.core.errors import LocalError
from imsedge.sdp.model import Line, Media
from imsedge.security.fingerprint import Fingerprint

ANY = "*"


class Slot(Enum):
    """A value that is only known when the call is there; names a field of ``Values``."""

    FINGERPRINT = "fingerprint"
    SETUP = "setup"
    TLS_ID = "tls_id"


# The gateway cannot be trusted without its fingerprint, so a missing one is our bug; the others may be
# absent.
_REQUIRED = frozenset({Slot.FINGERPRINT})


class Values(Struct, frozen=True, kw_only=True):
    """``fingerprint``: the gateway's own; ``setup``: its role; ``tls_id``: RFC 8842, if the peer used one."""

    fingerprint: Fingerprint | None = None
    setup: str | None = None
    tls_id: str | None = None


NO_VALUES = Values()


class Rule(Struct, frozen=True):
    """One row.  ``kind`` and ``proto`` compare without case; ``ANY`` matches all.

    ``becomes``: the new proto.  ``drop``: attribute names in lower case.  ``add``: attributes to append in
    this order, unless the media is refused (port 0).
    """

    name: str
    kind: str
    proto: str
    becomes: str | None = None
    drop: frozenset[str] = frozenset()
    add: tuple[tuple[str, str | Slot], ...] = ()

    def matches(self, media: Media) -> bool:
        """Whether this rule is about ``media``."""
        kind, _, proto, _ = media.fields
        return self.kind in (ANY, kind.lower()) and self.proto.lower() in (ANY, proto.lower())


class Applied(Struct, frozen=True):
    """The media after all rules, and the names of those that changed it, in order."""

    media: Media
    fired: tuple[str, ...]


def apply(rules: tuple[Rule, ...], media: Media, values: Values = NO_VALUES) -> Applied:
    """Apply ``rules`` one after the other; ``LocalError`` when a value that must be there is missing."""
    fired: list[str] = []
    for rule in rules:
        changed = _apply_one(rule, media, values) if rule.matches(media) else media
        if changed != media:
            fired.append(rule.name)
        media = changed
    return Applied(media, tuple(fired))


def drop_attributes(lines: tuple[Line, ...], names: frozenset[str]) -> tuple[Line, ...]:
    """All lines but the attributes of these (lower-case) names."""
    return tuple(line for line in lines if line.attribute.lower() not in names)


def dropped_by(rules: tuple[Rule, ...], media: Media) -> frozenset[str]:
    """Attribute names that these rules keep away from the other side, for this media."""
    return frozenset[str]().union(*(rule.drop for rule in rules if rule.matches(media)))


def _apply_one(rule: Rule, media: Media, values: Values) -> Media:
    changed = replace(media, lines=drop_attributes(media.lines, rule.drop))
    if rule.becomes is not None:
        changed = changed.with_fields(proto=rule.becomes)
    if media.port == "0":
        return changed
    added = (_line(name, value, values) for name, value in rule.add)
    return replace(changed, lines=(*changed.lines, *(line for line in added if line is not None)))


def _line(name: str, value: str | Slot, values: Values) -> Line | None:
    if isinstance(value, str):
        return Line("a", f"{name}:{value}")
    known: Fingerprint | str | None = getattr(values, value.value)
    if known is not None:
        return Line("a", f"{name}:{known}")
    if value in _REQUIRED:
        raise LocalError(f"an SDP rule needs the {value.value} of the gateway")
    return None
