"""Calls whose parties agreed on a session timer and then were gone; what others hear of silence."""

import pytest

from imsedge.sip.message import SipRequest
from kit.edge_bodies import OFFER, core_answer
from kit.edge_talk import EdgeTalk


def confirmed(*session_expires: str) -> EdgeTalk:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(
        200, core_answer("passive"), headers=[("Session-Expires", value) for value in session_expires]
    )
    talk.inside("ue", "ACK")
    return talk


def test_a_session_that_nobody_refreshes_is_released_on_both_sides() -> None:
    talk = confirmed("1800;refresher=uac")
    assert talk.until(1800 + 31) == []
    assert talk.until(1800 + 33)[:3] == ["gw Release", "ue BYE", "core BYE"]
    assert talk.last("core", SipRequest).headers.get("Reason") == (
        'SIP;cause=408;text="session timer expired"'
    )
    assert talk.real.is_empty()


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_refresh_winds_the_timer_up(method: str) -> None:
    talk = confirmed("90")
    talk.until(80)
    talk.inside("ue", method)
    talk.reply("core", 200, method=method, headers=[("Session-Expires", "600;refresher=uas")])
    if method == "INVITE":
        talk.inside("ue", "ACK", cseq=3)
    assert "gw Release" not in talk.until(600)
    assert "gw Release" in talk.until(80 + 600 + 33)


def test_a_refresh_without_a_timer_ends_the_timer() -> None:
    talk = confirmed("90")
    talk.inside("core", "UPDATE")
    talk.reply("ue", 200, method="UPDATE")
    assert talk.until(10_000) == []


@pytest.mark.parametrize("value", [(), ("soon",), ("99999999999",)])
def test_without_a_readable_timer_a_call_has_no_end(value: tuple[str, ...]) -> None:
    assert confirmed(*value).until(1e6) == []


def test_a_failed_refresh_changes_nothing() -> None:
    talk = confirmed("90")
    talk.inside("ue", "UPDATE")
    talk.reply("core", 422, method="UPDATE", headers=[("Min-SE", "600")])
    assert "gw Release" in talk.until(125)


@pytest.mark.parametrize("method", ["INFO", "OPTIONS"])
def test_who_waits_in_vain_for_the_answer_to_no_invite_hears_nothing(method: str) -> None:
    """RFC 4320: its own timer F has fired by then."""
    talk = confirmed()
    talk.inside("ue", method)
    assert [seen for seen in talk.until(60) if seen.startswith("ue")] == []
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
