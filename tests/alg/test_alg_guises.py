"""One call under two sets of names."""

from imsedge.alg.guises import MAX_TAGS, Guise, with_tag
from imsedge.alg.procedures import Side
from imsedge.core.ids import CountingIds
from imsedge.sip.dialogs import Role
from imsedge.sip.message import Headers, SipRequest


def request(method: str, from_: str, to: str, call_id: str) -> SipRequest:
    fields = [("From", from_), ("To", to), ("Call-ID", call_id), ("CSeq", f"1 {method}")]
    return SipRequest(method=method, uri="sip:us", headers=Headers(fields))


INVITE = request("INVITE", "<sip:a@x>;tag=a1", "<sip:b@y>", "secret@10.0.0.1")


def made() -> Guise:
    return Guise(INVITE, Side.ACCESS, CountingIds())


def test_the_other_network_is_told_names_of_ours() -> None:
    guise = made()
    assert (guise.call_id, guise.caller_tag) == ("secret@10.0.0.1", "a1")
    assert len({guise.call_id, guise.hidden_id, guise.caller_tag, guise.hidden_tag}) == 4
    assert guise.callee_side is Side.CORE
    assert guise.sender_of(INVITE) is Role.CALLER


def test_tags_of_forks_go_there_and_back() -> None:
    guise = made()
    shown = [guise.show_tag("b1"), guise.show_tag("b2")]
    assert shown[0] != shown[1]
    assert guise.show_tag("b1") == shown[0]
    assert [guise.own_tag(tag or "") for tag in shown] == ["b1", "b2"]
    assert guise.own_tag("never given") == "never given"


def test_there_is_an_end_to_tags() -> None:
    guise = made()
    assert all(guise.show_tag(f"b{n}") for n in range(MAX_TAGS))
    assert guise.show_tag("one more") is None
    assert guise.show_tag("b0")


def test_a_request_of_the_callee_comes_under_the_callers_names() -> None:
    guise = made()
    shown = guise.show_tag("b1")
    bye = request("BYE", "<sip:b@y>;tag=b1", f"<sip:a@x>;tag={guise.hidden_tag}", guise.hidden_id)
    known = guise.from_callee(bye)
    assert (known.call_id, known.from_.tag, known.to.tag) == ("secret@10.0.0.1", shown, "a1")
    assert guise.sender_of(known) is Role.CALLEE


def test_tags_that_fit_nothing_stay() -> None:
    guise = made()
    known = guise.from_callee(request("BYE", "<sip:b@y>;tag=b9", "<sip:a@x>;tag=guess", guise.hidden_id))
    assert (known.from_.tag, known.to.tag) == ("b9", "guess")


def test_tags_of_a_field() -> None:
    assert with_tag('"A" <sip:a@x>;tag=1;x', "2") == '"A" <sip:a@x>;tag=2;x'
    assert with_tag("sip:a@x;tag=1", "") == "<sip:a@x>"
