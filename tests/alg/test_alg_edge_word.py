"""``a=3ge2ae`` is a word between a phone and its own edge (TS 24.229 clause 7.5.2)."""

import pytest

from imsedge.sip.message import SipResponse
from kit.edge_bodies import OFFER
from kit.edge_talk import EdgeTalk

FORGED = "a=3ge2ae:applied\r\n"


@pytest.mark.parametrize(("offerer", "answerer"), [("ue", "core"), ("core", "ue")])
def test_nobody_is_told_of_an_edge_that_does_nothing(offerer: str, answerer: str) -> None:
    """What passes by loses ``3ge2ae``, too: the far end must not make a phone believe in its edge."""
    talk = EdgeTalk()
    plain = OFFER.replace("a=3ge2ae:requested\r\n", "")
    talk.invite(plain + FORGED, party=offerer)
    assert talk.to[answerer][-1].body == plain.encode()
    talk.answer(200, plain + FORGED)
    assert talk.last(offerer, SipResponse).body == plain.encode()
