"""What leaves on the other side: rules and addresses applied to a whole description.

Rules speak of ``m=`` sections, but a peer may have put an attribute of the secured leg at session level,
where it counts for all media.  It must not leak to the core, and must not be lost for a stream that still
needs it (an end-to-end TLS stream beside ours): so it is taken down into the sections that rely on it, and
away from the session.
"""

import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.sdp.addresses import replace_addresses
from imsedge.sdp.kinds import classify
from imsedge.sdp.model import Description, Line, Media
from imsedge.sdp.rules import RULES, Half, Towards, Treatment
from imsedge.sdp.rules.e2ae import SECURED_LEG
from imsedge.sdp.rules.model import NO_VALUES, Values, apply, drop_attributes, dropped_by
from imsedge.sdp.rules.transparent import BOTH_WAYS

TURNED = "the direction of TCP changes at the gateway"
"""Reported beside the rules, when ``a=setup`` leaves with another value."""

ROUTED = "the MSRP path leads to the gateway"
"""Reported beside the rules, when ``a=path`` leaves with another value."""


_CEMA = frozenset({"msrp-cema"})


class Plan(Struct, frozen=True, kw_only=True):
    """What happens to one media.  ``address``: the gateway's on the other side; ``None``: refused.

    ``setup``, ``path``: what ``a=setup`` and ``a=path`` say there; ``None``: what they said here.
    """

    treatment: Treatment
    address: TransportAddress | None
    values: Values = NO_VALUES
    setup: str | None = None
    path: str | None = None


class Transformed(Struct, frozen=True):
    """The description that leaves, and for each of its media the names of the rules that changed it."""

    description: Description
    fired: tuple[tuple[str, ...], ...]


def transform(
    description: Description, plans: Mapping[int, Plan], towards: Towards, half: Half
) -> Transformed:
    """Apply ``plans`` (by index of the media); media without one pass as they are, but for ``3ge2ae``."""
    if not all(0 <= index < len(description.media) for index in plans):
        raise LocalError("there is a plan for a media that the description does not have")
    rules = {index: RULES[plan.treatment, towards, half] for index, plan in plans.items()}
    dropped = {index: dropped_by(rules[index], description.media[index]) for index in plans}
    level = _take_down(description, dropped)
    sections: list[Media] = []
    fired: list[tuple[str, ...]] = []
    for index, media in enumerate(level.media):
        plan = plans.get(index)
        if plan is None:
            passing = apply(BOTH_WAYS, media)
            sections.append(passing.media)
            fired.append(passing.fired)
            continue
        section = media if plan.address is not None else media.with_fields(port="0")
        applied = apply(rules[index], section, plan.values)
        directed = _directed(applied.media, plan)
        routed = _routed(directed, plan)
        changes = ((TURNED, directed != applied.media), (ROUTED, routed != directed))
        sections.append(routed)
        fired.append((*applied.fired, *(name for name, happened in changes if happened)))
    addresses = {index: plan.address for index, plan in plans.items() if plan.address is not None}
    return Transformed(replace_addresses(replace(level, media=tuple(sections)), addresses), tuple(fired))


_EDGE_LINE = re.compile(r"^a=3ge2ae(?=[:\s]|\Z)[^\r\n]*(?:\r\n|\r|\n|\Z)", re.IGNORECASE | re.MULTILINE)


def without_edge_security(text: str) -> str:
    """A description that is not read here, without ``3ge2ae``: who is told ``applied`` believes its edge."""
    return _EDGE_LINE.sub("", text)


def _directed(media: Media, plan: Plan) -> Media:
    """With the plan's ``a=setup`` in the place of its own; one at session level is outweighed."""
    if plan.setup is None or plan.address is None:
        return media
    return _with_attribute(media, "setup", plan.setup)


def _routed(media: Media, plan: Plan) -> Media:
    """With the plan's ``a=path``, which fits the address: so nobody needs RFC 6714, whose mark goes."""
    if plan.path is None or plan.address is None:
        return media
    return _with_attribute(replace(media, lines=drop_attributes(media.lines, _CEMA)), "path", plan.path)


def _with_attribute(media: Media, name: str, value: str) -> Media:
    line = Line("a", f"{name}:{value}")
    found = [old.attribute.lower() == name for old in media.lines]
    if not any(found):
        return replace(media, lines=(*media.lines, line))
    lines = (line if is_it else old for old, is_it in zip(media.lines, found, strict=True))
    return replace(media, lines=tuple(lines))


def refuse(media: Media) -> Media:
    """The ``m=`` line that answers an offered media with no (RFC 3264 clause 6): port 0, no attributes."""
    refused = media.with_fields(port="0")
    return replace(refused, lines=refused.lines[:1])


def _take_down(description: Description, dropped: Mapping[int, frozenset[str]]) -> Description:
    """Move session-level attributes that some media must lose into the media that may keep them."""
    doomed = frozenset[str]().union(*dropped.values())
    moving = tuple(line for line in description.lines if line.attribute.lower() in doomed)
    if not moving:
        return description
    media = tuple(
        _inherit(section, moving, dropped.get(index, frozenset()))
        for index, section in enumerate(description.media)
    )
    return replace(description, lines=drop_attributes(description.lines, doomed), media=media)


def _inherit(media: Media, moving: tuple[Line, ...], lost: frozenset[str]) -> Media:
    if media.port == "0":
        return media
    if not classify(media).secure:
        lost |= SECURED_LEG  # it means nothing to a clear media, and would tell the core about the access leg
    taken = tuple(
        line
        for line in moving
        if line.attribute.lower() not in lost and media.attribute(line.attribute) is None
    )
    return replace(media, lines=(*media.lines, *taken))
