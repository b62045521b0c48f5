"""Audio and video of one call at an RTP proxy, such as rtpengine, that is asked over NG.

The proxy sees nothing but these media: they are cut out of a description that is about to leave, and what the
proxy makes of them is put back.  So it cannot do harm to media over TCP or to fax, which it does not know or
knows otherwise.  An exchange that says of them what the one before has said is not asked about again.

The proxy knows the parties by the sides they are on: answers of forked calls take each other's place.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from imsedge.alg.policy import Policy
from imsedge.alg.procedures import Side
from imsedge.core.errors import RemoteError
from imsedge.ng.bencode import Value
from imsedge.ng.client import Ask
from imsedge.sdp.model import Description, Line, Media
from imsedge.sdp.parser import read_description
from imsedge.sdp.writer import write_description

MAX_AGREED = 8
"""What the proxy has said about one exchange: previews of an answer may come again and again."""


class ProxyTag(NamedTuple):
    """Which call asked, and its how manieth question it was; 0: nobody waits."""

    call: int
    number: int


class _Said(NamedTuple):
    """One party's word about its audio and video."""

    side: Side
    offers: bool
    text: str


class _Open(NamedTuple):
    description: Description
    indexes: tuple[int, ...]
    said: _Said


class RtpMedia:
    """``call`` numbers the call, ``call_id`` names it to the proxy; one question at a time."""

    def __init__(self, policy: Policy, call: int, call_id: str) -> None:
        self._policy = policy
        self._call, self._name = call, f"{call_id}/{call}"
        self._number = 0
        self._open: _Open | None = None
        self._agreed: dict[_Said, tuple[Media, ...]] = {}
        self._first = ""  # who offered first, once the proxy knows the call

    @property
    def remembered(self) -> int:
        """Media that the proxy has changed."""
        return len(self._agreed)

    def begin(self, text: str, side: Side, *, offers: bool | None) -> Ask | str | None:
        """The description as it may leave at once, or what to ask first.

        ``text`` comes from ``side``; ``offers`` is ``None`` for what has been said before: of that only what
        is in force may leave, so it may be ``None``.  ``RemoteError`` when it cannot be read.
        """
        if not self._policy.rtp_proxy:
            return text
        description = read_description(text)
        indexes = tuple(index for index, media in enumerate(description.media) if is_rtp(media))
        used = any(description.media[index].port != "0" for index in indexes)
        if not indexes or not (used or self._first):
            return text
        part = replace(description, media=tuple(description.media[index] for index in indexes))
        word = _without_origin(part)
        for said in (_Said(side, known, word) for known in (True, False) if offers in (known, None)):
            if said in self._agreed:
                return write_description(_put_back(description, indexes, self._agreed[said]))
        if offers is None:
            return None
        if offers:
            self._agreed.clear()
        self._number += 1
        self._open = _Open(description, indexes, _Said(side, offers, word))
        return Ask(ProxyTag(self._call, self._number), self._question(side, part, offers=offers))

    def take(self, tag: ProxyTag, answer: dict[str, Value] | None) -> str | None:
        """The description as it leaves; ``None``: nobody waits for this.  ``RemoteError`` 503."""
        asked, self._open = self._open, None
        if asked is None or tag.number != self._number:
            self._open = asked
            return None
        if answer is None:
            raise RemoteError(503, "the RTP proxy does not answer")
        if answer.get("result") != "ok":
            raise RemoteError(503, f"the RTP proxy refuses: {answer.get('error-reason', 'no reason')}")
        media = _read_media(answer.get("sdp"), len(asked.indexes))
        self._agreed[asked.said] = media
        if len(self._agreed) > MAX_AGREED:
            del self._agreed[next(iter(self._agreed))]
        return write_description(_put_back(asked.description, asked.indexes, media))

    def end(self) -> list[Ask]:
        """The call is over."""
        self._open = None
        if not self._first:
            return []
        question: dict[str, Value] = {
            "command": "delete",
            "call-id": self._name,
            "from-tag": self._first,
            "delete-delay": 0,
        }
        self._first = ""
        return [Ask(ProxyTag(self._call, 0), question)]

    def _question(self, side: Side, part: Description, *, offers: bool) -> dict[str, Value]:
        offerer = side if offers else side.other
        self._first = self._first or offerer.value
        question: dict[str, Value] = {
            "command": "offer" if offers else "answer",
            "call-id": self._name,
            "from-tag": offerer.value,
            "sdp": write_description(part),
        }
        if not offers:
            question["to-tag"] = side.value
        interfaces = self._policy.rtp_interfaces
        if offers and interfaces:
            question["direction"] = [interfaces[side], interfaces[side.other]]
        return question


def is_rtp(media: Media) -> bool:
    """Whether RTP carries it, secured or not."""
    return "RTP" in media.proto.upper().split("/")


def _without_origin(part: Description) -> str:
    """The version in ``o=`` counts changes of any media."""
    return write_description(replace(part, lines=tuple(line for line in part.lines if line.kind != "o")))


def _read_media(sdp: Value | None, count: int) -> tuple[Media, ...]:
    """The media of the proxy's description, each with a ``c=`` of its own."""
    if not isinstance(sdp, str):
        raise RemoteError(503, "the RTP proxy returns no description")
    try:
        description = read_description(sdp)
    except RemoteError as error:
        raise RemoteError(503, f"the RTP proxy returns no usable description: {error.reason}") from error
    if len(description.media) != count:
        raise RemoteError(503, "the RTP proxy returns another number of media")
    return tuple(_grounded(media, description.first("c")) for media in description.media)


def _grounded(media: Media, connection: str | None) -> Media:
    if media.first("c") is not None or connection is None:
        return media
    behind = next((n for n, line in enumerate(media.lines) if line.kind not in "mi"), len(media.lines))
    return replace(media, lines=(*media.lines[:behind], Line("c", connection), *media.lines[behind:]))


def _put_back(description: Description, indexes: Sequence[int], media: Sequence[Media]) -> Description:
    """Media that the proxy has changed, in their places."""
    changed = dict(zip(indexes, media, strict=True))
    sections = tuple(changed.get(index, section) for index, section in enumerate(description.media))
    return replace(description, media=sections)
