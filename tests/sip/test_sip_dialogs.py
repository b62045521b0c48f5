"""A dialog seen from the middle, and requests sent into both of its ends."""

import pytest

from imsedge.sip.dialogs import Dialog, DialogId, Role, dialog_id, open_dialog
from imsedge.sip.errors import SipError
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest
from imsedge.sip.uri import SipUri
from kit.sip import CORE, EDGE, UE, request, response

INVITE = request("INVITE", "Record-Route: <sip:near;lr>, <sip:far;lr>", cseq=5)
OK_EXTRA = (
    "Contact: <sip:bob@203.0.113.4>",
    "Record-Route: <sip:icscf;lr>, <sip:scscf;lr>, <sip:call7@192.0.2.1:5060;lr>, <sip:near;lr>",
)


def is_ours(uri: SipUri) -> bool:
    return uri.address == EDGE


def opened(status: int = 200) -> Dialog:
    plain = INVITE.with_headers(INVITE.headers.without("Record-Route"))
    answer = response(plain, status, *OK_EXTRA)
    return open_dialog(INVITE, answer, is_ours, Flow("udp", UE), Flow("udp", CORE))


def test_both_ends_are_known() -> None:
    dialog = opened()
    assert dialog.id == DialogId("c1@192.0.2.7", "a1", "b1")
    assert dialog.confirmed
    assert dialog.caller.target == "sip:alice@192.0.2.7:5062"
    assert dialog.caller.route == ("<sip:near;lr>", "<sip:far;lr>")
    assert dialog.caller.cseq == 5
    assert dialog.callee.target == "sip:bob@203.0.113.4"
    assert dialog.callee.route == ("<sip:scscf;lr>", "<sip:icscf;lr>")
    assert dialog.callee.flow == Flow("udp", CORE)
    assert not opened(180).confirmed


def test_without_our_record_route_the_callee_is_next() -> None:
    answer = response(request(), 200, "Contact: <sip:bob@203.0.113.4>")
    assert open_dialog(request(), answer, is_ours).callee.route == ()


def test_without_contacts_the_addresses_are_the_targets() -> None:
    bare = request()
    bare = bare.with_headers(bare.headers.without("Contact"))
    dialog = open_dialog(bare, response(bare, 200), is_ours)
    assert (dialog.caller.target, dialog.callee.target) == ("sip:alice@home.example", "sip:bob@home.example")


def test_a_response_without_a_tag_makes_no_dialog() -> None:
    assert dialog_id(response(INVITE, 100)) is None
    with pytest.raises(SipError):
        open_dialog(INVITE, response(INVITE, 100), is_ours)


def test_a_bye_to_each_end() -> None:
    dialog, to_callee = opened().request_to(Role.CALLEE, "BYE")
    assert (to_callee.method, to_callee.uri) == ("BYE", "sip:bob@203.0.113.4")
    assert to_callee.headers.all("Route") == ("<sip:scscf;lr>", "<sip:icscf;lr>")
    assert (to_callee.from_.tag, to_callee.to.tag) == ("a1", "b1")
    assert str(to_callee.cseq) == "6 BYE"
    dialog, to_caller = dialog.request_to(Role.CALLER, "BYE")
    assert (to_caller.uri, to_caller.from_.tag, to_caller.to.tag) == ("sip:alice@192.0.2.7:5062", "b1", "a1")
    assert to_caller.headers.all("Route") == ("<sip:near;lr>", "<sip:far;lr>")
    assert str(to_caller.cseq) == "1 BYE"
    assert (dialog.caller.cseq, dialog.callee.cseq) == (6, 1)


def test_an_ack_has_the_number_of_its_invite() -> None:
    dialog, ack = opened().request_to(Role.CALLEE, "ACK", number=5)
    assert str(ack.cseq) == "5 ACK"
    assert dialog.caller.cseq == 5


def from_bob(method: str, cseq: int, *extra: str) -> SipRequest:
    asked = request(method, *extra, cseq=cseq)
    headers = asked.headers.replaced("From", "<sip:bob@home.example>;tag=b1")
    return asked.with_headers(headers.replaced("To", "<sip:alice@home.example>;tag=a1"))


def test_requests_move_target_and_number() -> None:
    dialog = opened()
    update = from_bob("UPDATE", 31)
    update = update.with_headers(update.headers.replaced("Contact", "<sip:bob@203.0.113.5>"))
    assert dialog.sender_of(update) is Role.CALLEE
    assert dialog_id(update) == dialog.id.reversed
    dialog = dialog.after_request(update, Flow("udp", EDGE))
    assert (dialog.callee.target, dialog.callee.cseq) == ("sip:bob@203.0.113.5", 31)
    assert dialog.callee.flow == Flow("udp", EDGE)
    bye = dialog.after_request(from_bob("BYE", 32))
    assert bye.callee.target == "sip:bob@203.0.113.5"
    with pytest.raises(SipError) as caught:
        bye.after_request(from_bob("INFO", 31))
    assert caught.value.code == 500
    assert bye.after_request(from_bob("ACK", 31)).callee.cseq == 32


def test_responses_move_the_target_and_confirm() -> None:
    early = opened(183)
    moved = response(INVITE, 200, "Contact: <sip:bob@203.0.113.9>")
    assert early.after_response(response(INVITE, 486), Role.CALLEE) == early
    dialog = early.after_response(moved, Role.CALLEE, Flow("tcp", CORE))
    assert dialog.confirmed
    assert dialog.callee.target == "sip:bob@203.0.113.9"
    assert dialog.callee.flow == Flow("tcp", CORE)


def test_roles() -> None:
    assert Role.CALLER.other is Role.CALLEE
    assert Role.CALLEE.other is Role.CALLER
