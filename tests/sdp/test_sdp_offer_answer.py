"""Offer beside answer: who is paired with whom, who opens TCP, who asks for another connection."""

import pytest

from imsedge.sdp.attributes import Setup
from imsedge.sdp.errors import SdpError
from imsedge.sdp.model import Description
from imsedge.sdp.offer_answer import (
    Opener,
    asks_new,
    pair_media,
    who_opens,
)
from imsedge.sdp.parser import read_description

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


ASKS = {
    "floor control": (BFCP, "a=connection:new", True),
    "a connection that is to stay": (BFCP, "a=connection:existing", False),
    "who says nothing keeps it": (BFCP, "a=label:1", False),
    "MSRP must not ask so": (MSRP, "a=connection:new", False),
    "nor must fax over DTLS": ("m=image 4000 UDP/TLS/UDPTL t38", "a=connection:new", False),
}


@pytest.mark.parametrize(("line", "attribute", "expected"), ASKS.values(), ids=ASKS)
def test_who_asks_for_a_new_connection(line: str, attribute: str, expected: bool) -> None:
    description = described(line, attribute)
    assert asks_new(description, description.media[0]) is expected
