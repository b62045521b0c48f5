"""How calls end: CANCEL in every state, refusals, silence, BYE, and what comes late."""

import pytest

from imsedge.h248.association.events import GatewayLost
from kit.edge_bodies import CORE_OFFER, OFFER, core_answer, ue_answer
from kit.edge_talk import GATEWAY, EdgeTalk

RESERVED = ["gw Reserve core", "gw Reserve And Configure access"]
CONFIGURED = ["gw Configure core", "gw Configure access"]


def confirmed() -> EdgeTalk:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer("passive"))
    talk.inside("ue", "ACK")
    return talk


def nothing_is_left(talk: EdgeTalk) -> bool:
    return talk.edge.calls() == [] and talk.real.is_empty() and talk.edge.gateways()[0].calls == 0


# --- CANCEL -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [[], ["real"]], ids=["step 2", "step 5"])
def test_cancel_while_the_gateway_reserves(before: list[str]) -> None:
    talk = EdgeTalk()
    talk.answers = [*before, "hold"]
    talk.invite(OFFER)
    assert talk.cancel() == ["ue 200 CANCEL", "ue 487 INVITE"]
    assert talk.release_held() == ["gw Release"]
    assert nothing_is_left(talk)


def test_cancel_while_it_rings() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(180)
    assert talk.cancel() == ["ue 200 CANCEL", "core CANCEL"]
    assert talk.reply("core", 200, method="CANCEL") == []
    assert talk.answer(487) == ["core ACK", "ue 487 INVITE", "gw Release"]
    assert nothing_is_left(talk)


def test_cancel_before_any_response_waits_for_one() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.cancel() == ["ue 200 CANCEL"]
    assert talk.answer(180) == ["ue 180 INVITE", "core CANCEL"]


def test_cancel_that_crosses_the_200_is_too_late() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answers = ["hold"]
    assert talk.answer(200, core_answer()) == ["gw Configure core"]
    assert talk.cancel() == ["ue 200 CANCEL"]
    assert talk.release_held() == ["gw Configure access", "ue 200 INVITE"]


def test_cancel_after_an_early_answer_frees_the_media() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(183, core_answer())
    assert talk.cancel() == ["ue 200 CANCEL", "core CANCEL"]
    assert talk.answer(487) == ["core ACK", "ue 487 INVITE", "gw Release"]
    assert nothing_is_left(talk)


# --- refusals and silence ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 486, 500, 603])
def test_a_refusal_is_passed_on_and_frees_the_media(status: int) -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.answer(status) == ["core ACK", f"ue {status} INVITE", "gw Release"]
    assert nothing_is_left(talk)


def test_the_next_invite_of_the_same_call_id_is_a_new_call() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(407)
    assert talk.invite(OFFER) == [*RESERVED, "core INVITE"]


def test_the_same_invite_by_another_way_is_refused() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.invite(OFFER) == ["ue 482 INVITE"]


def test_a_core_that_says_nothing_gets_the_caller_408() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert "ue 408 INVITE" in talk.until(33)
    assert nothing_is_left(talk)


def test_timer_c_ends_a_call_that_rings_for_ever() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(180)
    assert talk.until(181)[:3] == ["gw Release", "ue 408 INVITE", "core CANCEL"]
    talk.answer(487)
    assert nothing_is_left(talk)


def test_a_2xx_after_the_end_is_hung_up() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(180)
    talk.until(181)
    assert talk.answer(200, core_answer()) == ["core ACK", "core BYE"]
    talk.reply("core", 200, method="BYE")
    assert nothing_is_left(talk)


def test_an_ended_call_whose_peer_is_silent_is_forgotten() -> None:
    talk = confirmed()
    talk.tell(GatewayLost(GATEWAY, "silence"))
    assert talk.edge.calls()[0].state == "ending"
    talk.until(40)
    assert talk.edge.calls() == []


def test_requests_after_the_end_get_481_and_a_crossing_bye_200() -> None:
    talk = confirmed()
    talk.tell(GatewayLost(GATEWAY, "silence"))
    assert talk.inside("ue", "UPDATE", OFFER) == ["ue 481 UPDATE"]
    assert talk.inside("ue", "BYE") == ["ue 200 BYE"]


# --- the rest of SIP ----------------------------------------------------------------------------------


def test_bye_in_an_early_dialog_leaves_the_end_to_the_487() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(183, core_answer())
    assert talk.inside("ue", "BYE") == ["core BYE"]
    assert talk.reply("core", 200, method="BYE") == ["ue 200 BYE"]
    assert talk.answer(487) == ["core ACK", "ue 487 INVITE", "gw Release"]
    assert nothing_is_left(talk)


def test_a_2xx_that_cannot_be_read_is_a_502() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.answer(200, core_answer(), headers=[("Content-Encoding", "gzip")]) == [
        "gw Release",
        "ue 502 INVITE",
        "core ACK",
        "core BYE",
    ]


def test_an_update_that_is_refused_or_not_answered_changes_nothing() -> None:
    talk = confirmed()
    moved = OFFER.replace("7654", "7700")
    for status in (488, 200):
        assert talk.inside("ue", "UPDATE", moved) == [*CONFIGURED, "core UPDATE"]
        assert talk.reply("core", status, method="UPDATE") == [*CONFIGURED, f"ue {status} UPDATE"]
    (call,) = talk.edge.calls()
    assert call.streams[0].access_peer == "198.51.100.7:7654"


def test_a_bad_answer_in_prack_ends_the_call() -> None:
    talk = EdgeTalk()
    talk.invite()
    talk.answer(183, CORE_OFFER, headers=[("Require", "100rel"), ("RSeq", "1")])
    assert talk.inside("ue", "PRACK", core_answer(), "RAck: 1 2 INVITE") == [
        "gw Release",
        "ue 488 PRACK",
        "ue 488 INVITE",
        "core CANCEL",
    ]


def test_a_request_that_waits_when_the_gateway_is_lost_is_answered() -> None:
    talk = confirmed()
    talk.answers = ["hold"]
    more = OFFER + OFFER[OFFER.index("m=") :].replace("7654", "7655")
    assert talk.inside("ue", "INVITE", more) == ["gw Configure core"]
    assert talk.inside("core", "INFO") == []
    assert talk.tell(GatewayLost(GATEWAY, "silence")) == [
        "ue 503 INVITE",
        "ue BYE",
        "core BYE",
        "core 481 INFO",
    ]


def test_a_2xx_that_comes_again_after_the_end_is_passed_on_without_a_description() -> None:
    talk = confirmed()
    talk.inside("ue", "BYE")
    assert talk.answer(200, core_answer("passive")) == ["ue 200 INVITE"]
    assert talk.to["ue"][-1].body == b""


def test_a_late_ack_goes_through_without_a_description() -> None:
    talk = EdgeTalk()
    talk.invite()
    talk.answer(200, CORE_OFFER)
    talk.tell(GatewayLost(GATEWAY, "silence"))
    assert talk.inside("ue", "ACK", ue_answer(), cseq=2) == ["core ACK"]
    assert talk.to["core"][-1].body == b""


def test_many_re_invites_leave_no_trace() -> None:
    talk = confirmed()
    for _ in range(20):
        talk.inside("ue", "INVITE", OFFER)
        talk.reply("core", 200, core_answer("passive"), method="INVITE")
        talk.inside("ue", "ACK")
    assert len(talk.edge._relays) <= 9
