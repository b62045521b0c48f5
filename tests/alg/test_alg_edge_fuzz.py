"""Any messages in any order, whole or damaged: the edge never fails, and never says what cannot be read.

The contract: what arrives is served, refused or dropped; what leaves is well-formed SIP (the conversation
reads every message that it is handed); when all have fallen silent, no transaction is left.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from imsedge.sip.message import SipRequest, make_response
from imsedge.sip.writer import write_message
from kit.border_talk import BorderTalk
from kit.edge_talk import ACCESS, ADDRESSES, CONTACTS, CORE, CORE_SIDE, FINGERPRINT, UE, EdgeTalk, sdp

OFFER = sdp(
    "m=message 7654 TCP/TLS/MSRP *",
    "a=setup:actpass",
    "a=path:msrps://198.51.100.7:7654/abc;tcp",
    f"a=fingerprint:{FINGERPRINT}",
    "a=3ge2ae:requested",
)
FLOOR = sdp(
    "m=application 7654 TCP/BFCP *", "a=setup:actpass", "a=candidate:1 1 TCP 1 198.51.100.7 9 typ host"
)
METHODS = ("INVITE", "REGISTER", "BYE", "UPDATE", "PRACK", "ACK", "CANCEL", "OPTIONS", "SUBSCRIBE", "INFO")
STATUSES = (100, 180, 183, 183, 200, 200, 401, 486, 503)
EXTRAS = (
    "Security-Client: msrp-tls;mediasec, ipsec-3gpp;q=0.1",
    "Security-Verify: msrp-tls;mediasec",
    f"Record-Route: <sip:p1;lr>, <sip:{CORE_SIDE};lr>",
    f"Route: <sip:{ACCESS};lr>",
    f"Route: <sip:{CORE_SIDE};lr>, <sip:p1>",
    "Proxy-Require: foo",
    "RAck: 1 1 INVITE",
    "Contact: *",
)
DAMAGE = (b"\r\n", b";", b",", b"<", b'"', b":", b"=@", b"\0", b"\xff", b" ")


def any_request(dice: Random, party: str) -> bytes:
    """Few branches, tags and Call-IDs, so that messages meet."""
    method, tags = dice.choice(METHODS), dice.sample(("a", "b", "b2"), 2)
    body = dice.choice((OFFER, FLOOR)) if dice.random() < 0.5 else ""
    lines = [
        f"{method} sip:bob@home.example SIP/2.0",
        f"Via: SIP/2.0/UDP {ADDRESSES[party]};branch=z9hG4bK{dice.randint(1, 40)};rport",
        f"From: <sip:alice@home.example>;tag={tags[0]}",
        "To: <sip:bob@home.example>" + (f";tag={tags[1]}" if dice.random() < 0.5 else ""),
        f"Call-ID: c{dice.randint(1, 2)}",
        f"CSeq: {dice.randint(1, 9)} {method}",
        f"Contact: <{CONTACTS[party]}>;expires=60",
        *dice.sample(EXTRAS, dice.randint(0, 2)),
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def any_response(dice: Random, request: SipRequest) -> bytes:
    status, kind = dice.choice(STATUSES), dice.choice(("application/sdp", "multipart/mixed;boundary=x"))
    headers = [("Contact", f"<{CONTACTS['core']}>"), ("Content-Type", kind)]
    if status == 183 and dice.random() < 0.5:
        headers += [("Require", "100rel"), ("RSeq", "1")]
    tag = dice.choice(("b", "b", "b2")) if status > 100 else None
    body = dice.choice((OFFER, FLOOR)).encode() if dice.random() < 0.6 else b""
    return write_message(make_response(request, status, to_tag=tag, headers=headers, body=body))


def damaged(dice: Random, data: bytes) -> bytes:
    for _ in range(dice.choice((0, 0, 0, 1, 3))):
        at = dice.randrange(len(data))
        data = data[:at] + dice.choice(DAMAGE) + data[at + dice.randint(0, 8) :]
    return data


@given(st.randoms(use_true_random=False))
def test_anything_in_any_order(dice: Random) -> None:
    talk = EdgeTalk()
    say_anything(talk, dice)
    assert all(call.state == "confirmed" for call in talk.edge.calls())


@settings(max_examples=settings().max_examples // 3)
@given(st.randoms(use_true_random=False))
def test_anything_in_any_order_between_two_networks(dice: Random) -> None:
    """And neither ever sees an address of the other, or is remembered for nothing."""
    talk = BorderTalk()
    say_anything(talk, dice)
    assert all(call.state == "confirmed" for call in talk.border.calls())
    assert UE.host.encode() not in talk.octets("core")
    assert CORE.host.encode() not in talk.octets("ue")
    assert bool(talk.border.remembered) is bool(talk.border.calls())


def say_anything(talk: EdgeTalk, dice: Random) -> None:
    """Until all have fallen silent."""
    for _ in range(40):
        party = dice.choice(("ue", "core"))
        pending = [message for message in talk.to[party][-20:] if isinstance(message, SipRequest)]
        answers = bool(pending) and dice.random() < 0.4
        data = any_response(dice, dice.choice(pending)) if answers else any_request(dice, party)
        talk.answers = [dice.choice(("real", "real", "hold", None)) for _ in range(4)]
        talk.hear(party, damaged(dice, data))
        if talk.held and dice.random() < 0.5:
            talk.release_held()
        talk.until(talk.now + dice.choice((0.0, 0.0, 0.3, 5.0)))
    talk.answers = []
    while talk.held:
        talk.release_held()
    talk.until(talk.now + 5_000)
    assert (talk.layer.open_clients, talk.layer.open_servers) == (0, 0)
