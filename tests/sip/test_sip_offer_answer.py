"""Which message offers and which answers: the six patterns of RFC 6337, and what breaks them."""

import pytest

from imsedge.sip.dialogs import Role
from imsedge.sip.errors import SipError
from imsedge.sip.message import SipMessage, SipRequest
from imsedge.sip.offer_answer import Carrier, Meaning, Negotiation, carrier_of, has_description
from kit.sip import request, response

A, B = Role.CALLER, Role.CALLEE
REL = ("Require: 100rel", "RSeq: 1")
N, X, P, W, R = Meaning.NOTHING, Meaning.OFFER, Meaning.PREVIEW, Meaning.ANSWER, Meaning.REPEAT

Step = tuple[Role, SipMessage, Meaning]


def invite(cseq: int = 1, *, sdp: bool = True) -> SipRequest:
    return request("INVITE", cseq=cseq, sdp=sdp)


def prack(cseq: int = 2, *, sdp: bool = False) -> SipRequest:
    return request("PRACK", "RAck: 1 1 INVITE", cseq=cseq, sdp=sdp)


def update(cseq: int = 3) -> SipRequest:
    return request("UPDATE", cseq=cseq, sdp=True)


def ack(cseq: int = 1, *, sdp: bool = False) -> SipRequest:
    return request("ACK", cseq=cseq, sdp=sdp)


CONVERSATIONS: dict[str, list[Step]] = {
    "1: INVITE, 2xx, ACK": [
        (A, invite(), X),
        (B, response(invite(), 100), N),
        (B, response(invite(), 180), N),
        (B, response(invite(), 200, sdp=True), W),
        (B, response(invite(), 200, sdp=True), R),
        (A, ack(), N),
    ],
    "1 with a preview": [
        (A, invite(), X),
        (B, response(invite(), 183, sdp=True), P),
        (B, response(invite(), 180, sdp=True), P),
        (B, response(invite(), 200, sdp=True), W),
    ],
    "2: 2xx, ACK": [
        (A, invite(sdp=False), N),
        (B, response(invite(), 180), N),
        (B, response(invite(), 200, sdp=True), X),
        (B, response(invite(), 200, sdp=True), R),
        (A, ack(sdp=True), W),
        (A, ack(sdp=True), R),
    ],
    "3: INVITE, reliable 183, then UPDATE (6)": [
        (A, invite(), X),
        (B, response(invite(), 183, *REL, sdp=True), W),
        (A, prack(), N),
        (B, response(prack(), 200), N),
        (A, update(), X),
        (B, response(update(), 200, sdp=True), W),
        (B, response(invite(), 180, sdp=True), R),
        (B, response(invite(), 200, sdp=True), R),
        (A, ack(), N),
    ],
    "4: reliable 183, PRACK": [
        (A, invite(sdp=False), N),
        (B, response(invite(), 183, *REL, sdp=True), X),
        (A, prack(sdp=True), W),
        (B, response(prack(), 200), N),
        (B, response(invite(), 200), N),
    ],
    "5: PRACK, 2xx to PRACK": [
        (A, invite(), X),
        (B, response(invite(), 183, *REL, sdp=True), W),
        (A, prack(sdp=True), X),
        (B, response(prack(), 200, sdp=True), W),
    ],
    "re-INVITE from the other side": [
        (A, invite(), X),
        (B, response(invite(), 200, sdp=True), W),
        (A, ack(), N),
        (B, invite(90), X),
        (A, response(invite(90), 200, sdp=True), W),
        (B, ack(90), N),
    ],
    "a refused re-INVITE": [
        (A, invite(), X),
        (B, response(invite(), 200, sdp=True), W),
        (B, invite(90), X),
        (A, response(invite(90), 488, sdp=True), Meaning.REFUSED),
        (A, update(2), X),
        (B, response(update(2), 500), Meaning.REFUSED),
    ],
    "an answer that never comes": [
        (A, invite(), X),
        (B, response(invite(), 200), Meaning.MISSING),
        (A, ack(), N),
        (A, update(), X),
        (B, response(update(), 200), Meaning.MISSING),
    ],
    "an offer in an unreliable 1xx is none": [
        (A, invite(sdp=False), N),
        (B, response(invite(), 183, sdp=True), N),
        (B, response(invite(), 200, sdp=True), X),
        (A, ack(), Meaning.MISSING),
    ],
    "messages that carry no negotiation": [
        (A, request("INFO", sdp=True), N),
        (B, response(request("INFO"), 200, sdp=True), N),
        (A, request("BYE", cseq=9), N),
        (B, response(update(), 183, sdp=True), N),
    ],
}


@pytest.mark.parametrize("steps", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_conversation(steps: list[Step]) -> None:
    negotiation = Negotiation()
    for number, (sender, message, expected) in enumerate(steps):
        meaning, negotiation = negotiation.read(message, sender)
        assert meaning is expected, f"step {number}"
    assert negotiation.pending is None


@pytest.mark.parametrize(
    ("sender", "code"), [(B, 491), (A, 500)], ids=["glare", "a second offer before the answer"]
)
def test_a_second_offer_is_refused(sender: Role, code: int) -> None:
    _, negotiation = Negotiation().read(update(), A)
    with pytest.raises(SipError) as caught:
        negotiation.read(update(8), sender)
    assert caught.value.code == code


@pytest.mark.parametrize("message", [ack(sdp=True), response(update(), 200, sdp=True)])
def test_an_answer_to_nothing(message: SipMessage) -> None:
    with pytest.raises(SipError) as caught:
        Negotiation().read(message, A)
    assert caught.value.code == 400


def test_a_prack_that_answers_must_say_what() -> None:
    _, negotiation = Negotiation().read(response(invite(), 183, *REL, sdp=True), B)
    with pytest.raises(SipError):
        negotiation.read(request("PRACK", sdp=True), A)


def test_forks_go_on_from_the_invite() -> None:
    _, after_invite = Negotiation().read(invite(), A)
    first, _ = after_invite.read(response(invite(), 183, *REL, to_tag="b1", sdp=True), B)
    second, _ = after_invite.read(response(invite(), 200, to_tag="b2", sdp=True), B)
    assert (first, second) == (Meaning.ANSWER, Meaning.ANSWER)


def test_only_sdp_is_a_description() -> None:
    assert has_description(invite())
    assert not has_description(invite().with_body(b"x", "text/plain"))
    assert not has_description(invite().with_body(b""))
    assert has_description(invite().with_body(b"v=0", "Application/SDP; charset=x"))


def test_a_body_that_may_hide_a_description_is_refused() -> None:
    hidden = invite().with_body(b"--x", "multipart/mixed")
    assert has_description(hidden)
    with pytest.raises(SipError) as caught:
        Negotiation().read(hidden, A)
    assert caught.value.code == 400


def test_a_reliable_response_needs_its_number() -> None:
    assert carrier_of(response(invite(), 183, "Require: 100rel")) is Carrier.EARLY_1XX
    assert carrier_of(response(invite(), 183, *REL)) is Carrier.RELIABLE_1XX
