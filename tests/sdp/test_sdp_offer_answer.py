"""Offer beside answer: who is paired with whom, who opens TCP, what a later offer changes."""

from textwrap import dedent

import pytest

from imsedge.sdp.attributes import Setup
from imsedge.sdp.errors import SdpError
from imsedge.sdp.model import Description
from imsedge.sdp.offer_answer import (
    Change,
    Opener,
    compare_media,
    needs_new_connection,
    pair_media,
    who_opens,
)
from imsedge.sdp.parser import read_description
from imsedge.security.fingerprint import fingerprint_of

AUDIO, BFCP, MSRP, MSRPS = (
    "m=audio 4000 RTP/AVP 0",
    "m=application 5000 TCP/BFCP *",
    "m=message 6000 TCP/MSRP *",
    "m=message 6000 TCP/TLS/MSRP *",
)


def described(*lines: str) -> Description:
    return read_description("\n".join(("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", *lines)))


PAIRS = {
    "line by line": ((AUDIO, MSRP), (AUDIO, MSRP), ((0, "ACCEPTED"), (1, "ACCEPTED"))),
    "port 0 is no": ((MSRP,), (MSRP.replace("6000", "0"),), ((0, "REFUSED"),)),
    "a gateway deleted the BFCP line in the middle": (
        (AUDIO, BFCP, MSRP),
        (AUDIO, MSRP),
        ((0, "ACCEPTED"), (None, "MISSING"), (1, "ACCEPTED")),
    ),
    "nothing answered": ((AUDIO, MSRP), (), ((None, "MISSING"), (None, "MISSING"))),
    "a handset that always answers in clear": ((MSRPS,), (MSRP,), ((0, "PROTO_CHANGED"),)),
    "proto in small letters is the same": ((MSRP,), (MSRP.replace("TCP", "tcp"),), ((0, "ACCEPTED"),)),
    "two of a kind": ((MSRP, MSRP), (MSRP, MSRP), ((0, "ACCEPTED"), (1, "ACCEPTED"))),
}


@pytest.mark.parametrize(("offer", "answer", "expected"), PAIRS.values(), ids=PAIRS)
def test_pairing(
    offer: tuple[str, ...], answer: tuple[str, ...], expected: tuple[tuple[int | None, str], ...]
) -> None:
    pairs = pair_media(described(*offer), described(*answer))
    assert tuple((pair.index, pair.outcome.name) for pair in pairs) == expected
    assert [pair.offer for pair in pairs] == list(described(*offer).media)


@pytest.mark.parametrize("answer", [(MSRP, MSRP), (BFCP,), (MSRP, AUDIO)])
def test_an_answer_nobody_asked_for_is_488(answer: tuple[str, ...]) -> None:
    with pytest.raises(SdpError, match="488"):
        pair_media(described(MSRP), described(*answer))


A, P, AP, H = Setup.ACTIVE, Setup.PASSIVE, Setup.ACTPASS, Setup.HOLDCONN
EVERY = (A, P, AP, H, None)
# Rows: the offer; columns: the answer, in the order of EVERY.
# O offerer, A answerer, - nobody, x not allowed.
WHO = {A: "xOx-O", P: "Axx-x", AP: "AOx-O", H: "xxx-x", None: "xOx-O"}
OPENERS = {"O": Opener.OFFERER, "A": Opener.ANSWERER, "-": Opener.NOBODY}


@pytest.mark.parametrize("offer", EVERY)
def test_every_offer_with_every_answer(offer: Setup | None) -> None:
    for answer, letter in zip(EVERY, WHO[offer], strict=True):
        if letter == "x":
            with pytest.raises(SdpError, match="488"):
                who_opens(offer, answer)
        else:
            assert who_opens(offer, answer) is OPENERS[letter]


ONE, TWO = fingerprint_of(b"one"), fingerprint_of(b"two")
BASE = f"""\
    c=IN IP4 192.0.2.1
    m=message 7654 TCP/TLS/MSRP *
    a=path:msrps://192.0.2.1:7654/abc;tcp
    a=fingerprint:{ONE}
    a=setup:actpass"""

CHANGES = {
    "nothing": ("", "", ()),
    "another address": ("IP4 192.0.2.1", "IP4 192.0.2.2", ("ADDRESS",)),
    "another port": ("e 7654", "e 7655", ("ADDRESS",)),
    "the port of an active party is any": ("e 7654", "e 9", ()),
    "port 0": ("e 7654", "e 0", ("STOPPED",)),
    "another certificate": (str(ONE), str(TWO), ("FINGERPRINT",)),
    "the same certificate in small letters": (str(ONE), str(ONE).lower(), ()),
    "another session": ("/abc", "/abd", ("PATH",)),
    "in clear": ("TCP/TLS", "TCP", ("PROTO",)),
    "the role is not a change": ("actpass", "active", ()),
    "MSRP has no connection attribute": ("actpass", "actpass\na=connection:new", ()),
}


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES.values(), ids=CHANGES)
def test_what_a_later_offer_changes(old: str, new: str, expected: tuple[str, ...]) -> None:
    lines = dedent(BASE)
    before, after = described(lines), described(lines.replace(old, new) if old else lines)
    changes = compare_media(before, before.media[0], after, after.media[0])
    assert {change.name for change in changes} == set(expected)
    assert needs_new_connection(changes) == bool(set(expected) - {"STOPPED"})


def test_a_stopped_media_restarts() -> None:
    stopped, running = described(MSRP.replace("6000", "0")), described(MSRP)
    assert compare_media(stopped, stopped.media[0], running, running.media[0]) == {Change.RESTARTED}
    assert compare_media(stopped, stopped.media[0], stopped, stopped.media[0]) == set()


def test_bfcp_asks_for_a_new_connection_in_words() -> None:
    fresh = described(BFCP, "a=connection:new")
    again = read_description(
        "\n".join(f"{line}" for line in ("v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-", BFCP))
    )
    existing = described(BFCP, "a=connection:existing")
    newer = read_description(f"v=0\no=- 1 2 IN IP4 192.0.2.1\n{BFCP}\na=connection:new")
    assert compare_media(fresh, fresh.media[0], existing, existing.media[0]) == set()
    assert compare_media(fresh, fresh.media[0], again, again.media[0]) == set()
    assert compare_media(existing, existing.media[0], newer, newer.media[0]) == {Change.CONNECTION_NEW}
    assert compare_media(fresh, fresh.media[0], newer, newer.media[0]) == {Change.CONNECTION_NEW}
    assert compare_media(fresh, fresh.media[0], fresh, fresh.media[0]) == set()  # repeated word for word
