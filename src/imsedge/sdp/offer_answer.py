"""Offer and answer side by side (RFC 3264, RFC 4145): what was agreed, safely.

Two rules of the standards are broken by gateways in service, so neither is relied on here:

* *an answer has one m= line for each offered one, in the same order.*  Session border controllers delete BFCP
  lines, so an answer may be shorter.  Lines are paired in order, but only when medium and ``m=`` kind fit; an
  offered line without a partner counts as refused.  What cannot be paired at all is an error, never a guess.
* *the answer keeps the proto.*  Some handsets answer ``TCP/MSRP`` whatever was offered.  That would send in
clear
  what was to be secured, so it is reported (``Outcome.PROTO_CHANGED``) and must be treated as refused.

Who opens TCP follows from both ``a=setup`` values.  The defaults are ``active`` in an offer and ``passive``
in an answer (RFC 4145 clause 4.1), which is also what an MSRP party of RFC 4975, older than ``a=setup``,
does.

=========  ==================  ============================
offer      allowed answers     TCP is opened by
=========  ==================  ============================
active     passive, holdconn   the offerer
passive    active, holdconn    the answerer
actpass    active, passive,    the answerer (active), the
           holdconn            offerer (passive)
holdconn   holdconn            nobody yet
=========  ==================  ============================
"""

from enum import Enum

from msgspec import Struct

from imsedge.sdp.attributes import (
    ConnectionUse,
    Setup,
    read_connection_use,
)
from imsedge.sdp.errors import SdpError
from imsedge.sdp.kinds import Medium, classify
from imsedge.sdp.model import Description, Media

# RFC 4145 clause 4.1: what a party that will be active writes as its port.
DISCARD_PORT = 9


# Where a=connection must not be used (RFC 6135 clause 4.3, RFC 7345 clause 4.1).
_WITHOUT_CONNECTION = frozenset({Medium.MSRP, Medium.T38})


class Outcome(Enum):
    """What became of an offered media."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    MISSING = "missing from the answer"
    PROTO_CHANGED = "answered with another transport protocol"


class Pair(Struct, frozen=True):
    """One offered media, with its answer (``None``: missing) and the index of that in the answer."""

    offer: Media
    answer: Media | None
    index: int | None
    outcome: Outcome


def pair_media(offer: Description, answer: Description) -> tuple[Pair, ...]:
    """One pair for each ``m=`` line of the offer; ``SdpError`` 488 for an answer line nobody asked for."""
    pairs: list[Pair] = []
    position = 0
    for offered in offer.media:
        answered = answer.media[position] if position < len(answer.media) else None
        if answered is None or not _fit(offered, answered):
            pairs.append(Pair(offered, None, None, Outcome.MISSING))
            continue
        pairs.append(Pair(offered, answered, position, _outcome(offered, answered)))
        position += 1
    if position < len(answer.media):
        raise SdpError(488, "answer has a media that was not offered", (f"media {position + 1}",))
    return tuple(pairs)


class Opener(Enum):
    """Who sends the TCP SYN."""

    OFFERER = "offerer"
    ANSWERER = "answerer"
    NOBODY = "nobody"


# RFC 4145 clause 4.1, all the allowed combinations.
_OPENERS: dict[tuple[Setup, Setup], Opener] = {
    (Setup.ACTIVE, Setup.PASSIVE): Opener.OFFERER,
    (Setup.PASSIVE, Setup.ACTIVE): Opener.ANSWERER,
    (Setup.ACTPASS, Setup.ACTIVE): Opener.ANSWERER,
    (Setup.ACTPASS, Setup.PASSIVE): Opener.OFFERER,
    (Setup.ACTIVE, Setup.HOLDCONN): Opener.NOBODY,
    (Setup.PASSIVE, Setup.HOLDCONN): Opener.NOBODY,
    (Setup.ACTPASS, Setup.HOLDCONN): Opener.NOBODY,
    (Setup.HOLDCONN, Setup.HOLDCONN): Opener.NOBODY,
}


def who_opens(offer: Setup | None, answer: Setup | None) -> Opener:
    """Who opens TCP; raises ``SdpError`` 488 when the answer does not fit the offer."""
    try:
        return _OPENERS[offer or Setup.ACTIVE, answer or Setup.PASSIVE]
    except KeyError:
        raise SdpError(488, "a=setup of the answer does not fit that of the offer") from None


def asks_new(after: Description, new: Media) -> bool:
    """Whether ``a=connection:new`` is there and means it.

    It is the default (RFC 4145 clause 5), but those who know it write it, and those who do not keep their
    connection: so only a written one counts, and not for media that must not write it.
    """
    if classify(new).medium in _WITHOUT_CONNECTION:
        return False
    return read_connection_use(after, new) is ConnectionUse.NEW


def _fit(offered: Media, answered: Media) -> bool:
    return offered.kind == answered.kind and classify(offered).medium is classify(answered).medium


def _outcome(offered: Media, answered: Media) -> Outcome:
    if answered.port == "0":
        return Outcome.REFUSED
    if answered.proto.lower() != offered.proto.lower():
        return Outcome.PROTO_CHANGED
    return Outcome.ACCEPTED
