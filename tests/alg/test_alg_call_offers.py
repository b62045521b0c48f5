"""Offers and answers wherever SIP carries them (RFC 6337), refused ones, further ones, and forks."""

import pytest

from imsedge.alg.policy import Aware, Matching, Policy, Securing
from imsedge.sip.message import SipResponse
from kit.edge_bodies import CORE_OFFER, OFFER, core_answer, ue_answer
from kit.edge_talk import FINGERPRINT, EdgeTalk

RESERVED = ["gw Reserve core", "gw Reserve And Configure access"]
CONFIGURED = ["gw Configure core", "gw Configure access"]
RELIABLE = [("Require", "100rel"), ("RSeq", "1")]


def warning(talk: EdgeTalk, party: str = "ue") -> str:
    return talk.last(party, SipResponse).headers.get("Warning") or ""


def established(policy: Policy | None = None, setup: str = "passive") -> EdgeTalk:
    talk = EdgeTalk(policy)
    talk.invite(OFFER)
    talk.answer(200, core_answer(setup))
    talk.inside("ue", "ACK")
    return talk


# --- where the offer is -----------------------------------------------------------------------------


def test_offer_in_200_and_answer_in_ack() -> None:
    talk = EdgeTalk()
    assert talk.invite() == ["core INVITE"]
    assert talk.answer(200, CORE_OFFER) == [
        "gw Reserve access",
        "gw Reserve And Configure core",
        "ue 200 INVITE",
    ]
    assert "a=3ge2ae:applied" in talk.body("ue")
    assert talk.inside("ue", "ACK", ue_answer(), cseq=2) == ["gw Configure access", "core ACK"]
    assert not any("fingerprint" in line for line in talk.body("core"))
    assert "m=message 30001 TCP/MSRP *" in talk.body("core")


def test_offer_in_200_that_the_ack_does_not_answer_frees_the_media() -> None:
    talk = EdgeTalk()
    talk.invite()
    talk.answer(200, CORE_OFFER)
    assert talk.inside("ue", "ACK", cseq=2) == ["gw Release", "core ACK"]
    assert talk.real.is_empty()


def test_offer_in_reliable_183_and_answer_in_prack() -> None:
    talk = EdgeTalk()
    talk.invite()
    assert talk.answer(183, CORE_OFFER, headers=RELIABLE) == [
        "gw Reserve access",
        "gw Reserve And Configure core",
        "ue 183 INVITE",
    ]
    assert talk.inside("ue", "PRACK", ue_answer(), "RAck: 1 2 INVITE") == [
        "gw Configure access",
        "core PRACK",
    ]
    assert talk.reply("core", 200, method="PRACK") == ["ue 200 PRACK"]
    assert talk.answer(200) == ["ue 200 INVITE"]


def test_a_2xx_that_comes_again_brings_the_same_description_and_no_procedure() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer())
    first = talk.to["ue"][-1].body
    assert talk.answer(200, core_answer()) == ["ue 200 INVITE"]
    assert talk.to["ue"][-1].body == first


def test_preview_in_183_configures_and_the_200_repeats_it() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.answer(183, core_answer()) == [*CONFIGURED, "ue 183 INVITE"]
    early = talk.to["ue"][-1].body
    assert talk.answer(200, core_answer()) == ["ue 200 INVITE"]
    assert talk.to["ue"][-1].body == early


def test_answer_in_reliable_183_then_update_and_200_without_a_body() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.answer(183, core_answer(), headers=RELIABLE) == [*CONFIGURED, "ue 183 INVITE"]
    assert talk.inside("ue", "PRACK", "", "RAck: 1 2 INVITE") == ["core PRACK"]
    talk.reply("core", 200, method="PRACK")
    assert talk.inside("ue", "UPDATE", OFFER) == ["core UPDATE"]
    assert talk.reply("core", 200, core_answer(), method="UPDATE") == ["ue 200 UPDATE"]
    assert talk.answer(200) == ["ue 200 INVITE"]


def test_a_description_in_an_unreliable_183_to_an_invite_without_offer_is_dropped() -> None:
    talk = EdgeTalk()
    talk.invite()
    assert talk.answer(183, CORE_OFFER) == ["ue 183 INVITE"]
    assert talk.to["ue"][-1].body == b""


def test_an_early_answer_makes_the_gateway_report_connections() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(183, core_answer())
    (events,) = [d for d in talk.h248[2].commands[0].descriptors if type(d).__name__ == "Events"]
    assert [event.name for event in events.events] == ["hangterm/thb", "tcpbcc/BNCChange"]  # type: ignore[union-attr]


# --- refused ----------------------------------------------------------------------------------------

REFUSED = {
    "no fingerprint": (
        OFFER.replace(f"a=fingerprint:{FINGERPRINT}\r\n", ""),
        "no usable certificate fingerprint for e2ae security",
    ),
    "fingerprint that nobody can use": (
        OFFER.replace(FINGERPRINT, "md5 00:11"),
        "no usable certificate fingerprint for e2ae security",
    ),
    "no TLS": (OFFER.replace("TCP/TLS/MSRP", "TCP/MSRP"), "e2ae security requested without TLS"),
    "no CEMA, no path": (
        OFFER.replace("a=msrp-cema\r\n", "").replace("a=path", "a=old-path"),
        "MSRP without msrp-cema cannot pass an application-agnostic gateway",
    ),
    "holdconn": (OFFER.replace("actpass", "holdconn"), "address or setup attribute that cannot be used"),
    "a name for an address": (
        OFFER.replace("c=IN IP4 198.51.100.7", "c=IN IP4 phone.example"),
        "address or setup attribute that cannot be used",
    ),
    "another medium": (
        OFFER.replace("m=message 7654 TCP/TLS/MSRP *", "m=application 7654 TCP/TLS/XDM *"),
        "e2ae security is not possible for this medium here",
    ),
    "floor control that was not announced": (
        OFFER.replace("m=message 7654 TCP/TLS/MSRP *", "m=application 7654 TCP/TLS/BFCP *"),
        "e2ae security was not negotiated at registration",
    ),
    "not SDP": ("hello", "line is not a letter, an equals sign and text"),
}


@pytest.mark.parametrize(("offer", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_offer_that_cannot_be_served_gets_488_with_the_reason(offer: str, reason: str) -> None:
    talk = EdgeTalk()
    assert talk.invite(offer) == ["ue 488 INVITE"]
    assert warning(talk) == f'399 imsedge "{reason}"'
    assert talk.edge.calls() == []


def test_requested_without_registration_is_refused_never_sent_in_clear() -> None:
    talk = EdgeTalk(register=False)
    assert talk.invite(OFFER) == ["ue 488 INVITE"]
    assert warning(talk) == '399 imsedge "e2ae security was not negotiated at registration"'


def test_requested_where_switched_off_is_refused() -> None:
    talk = EdgeTalk(Policy(securing={"msrp-tls": Securing.NEVER}))
    assert talk.invite(OFFER) == ["ue 488 INVITE"]


def test_a_refused_line_leaves_with_port_0_when_others_live() -> None:
    talk = EdgeTalk(register=False)
    assert talk.invite(OFFER + "m=audio 4000 RTP/AVP 0\r\n") == ["core INVITE"]
    body = talk.body("core")
    assert "m=message 0 TCP/MSRP *" in body
    assert not any("3ge2ae" in line or "fingerprint" in line for line in body)
    answer = core_answer().replace("m=message 9", "m=message 0") + "m=audio 5000 RTP/AVP 0\r\n"
    assert talk.answer(200, answer) == ["ue 200 INVITE"]
    assert "m=message 0 TCP/TLS/MSRP *" in talk.body("ue")
    assert "m=audio 5000 RTP/AVP 0" in talk.body("ue")


def test_sessmatch_lets_clients_without_cema_pass() -> None:
    talk = EdgeTalk(Policy(matching=Matching.SESSMATCH))
    assert talk.invite(OFFER.replace("a=msrp-cema\r\n", "")) == [*RESERVED, "core INVITE"]


def test_always_needs_neither_registration_nor_request() -> None:
    talk = EdgeTalk(Policy(securing={"msrp-tls": Securing.ALWAYS}), register=False)
    assert talk.invite(OFFER.replace("a=3ge2ae:requested\r\n", "")) == [*RESERVED, "core INVITE"]


def test_always_on_the_terminating_side() -> None:
    talk = EdgeTalk(Policy(securing={"msrp-tls": Securing.ALWAYS}), register=False)
    assert talk.invite(CORE_OFFER, party="core")[:2] == ["gw Reserve access", "gw Reserve And Configure core"]


def test_tls_without_request_passes_end_to_end() -> None:
    talk = EdgeTalk()
    offer = OFFER.replace("a=3ge2ae:requested\r\n", "")
    assert talk.invite(offer) == ["core INVITE"]
    assert talk.to["core"][-1].body == offer.encode()


# --- answers that cannot be -------------------------------------------------------------------------

BAD_ANSWERS = {
    "TLS from the core": core_answer().replace("TCP/MSRP", "TCP/TLS/MSRP"),
    "setup that does not fit": core_answer().replace("setup:active", "setup:actpass"),
    "holdconn": core_answer().replace("setup:active", "setup:holdconn"),
    "not SDP": "hello",
    "a line that was not offered": core_answer() + "m=audio 4000 RTP/AVP 0\r\n",
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_that_cannot_be_served_ends_the_call_on_both_sides(answer: str) -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.answer(200, answer) == ["gw Release", "ue 488 INVITE", "core ACK", "core BYE"]
    talk.reply("core", 200, method="BYE")
    assert talk.edge.calls() == []
    assert talk.real.is_empty()


def test_a_ue_that_answers_in_clear_or_without_fingerprint_gets_no_call() -> None:
    for answer in (
        ue_answer().replace("TCP/TLS/MSRP", "TCP/MSRP"),
        ue_answer().replace(f"a=fingerprint:{FINGERPRINT}\r\n", ""),
    ):
        talk = EdgeTalk()
        talk.invite(CORE_OFFER, party="core")
        assert talk.answer(200, answer) == ["gw Release", "core 488 INVITE", "ue ACK", "ue BYE"]


def test_a_bad_answer_in_ack_hangs_up_both_sides() -> None:
    talk = EdgeTalk()
    talk.invite()
    talk.answer(200, CORE_OFFER)
    bad = ue_answer().replace("TCP/TLS/MSRP", "TCP/MSRP")
    assert talk.inside("ue", "ACK", bad, cseq=2) == ["gw Release", "core ACK", "ue BYE", "core BYE"]
    assert talk.to["core"][-2].body == b""


def test_an_offer_in_200_that_cannot_be_served_is_refused_to_the_caller_and_hung_up() -> None:
    talk = EdgeTalk(Policy(aware=Aware.NEVER))
    talk.invite()
    offer = CORE_OFFER.replace("a=msrp-cema\r\n", "")
    assert talk.answer(200, offer) == ["ue 488 INVITE", "core ACK", "core BYE"]


def test_an_answer_with_port_0_frees_the_media_and_goes_on() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    assert talk.answer(200, core_answer(port=0)) == ["gw Release", "ue 200 INVITE"]
    assert "m=message 0 TCP/TLS/MSRP *" in talk.body("ue")
    assert talk.real.is_empty()


def test_an_answer_that_lacks_the_line_counts_as_refusal() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER + "m=audio 4000 RTP/AVP 0\r\n")
    audio = core_answer()[: core_answer().index("m=")] + "m=audio 5000 RTP/AVP 0\r\n"
    assert talk.answer(200, audio) == ["gw Release", "ue 200 INVITE"]
    assert [line for line in talk.body("ue") if line.startswith("m=")] == [
        "m=message 0 TCP/TLS/MSRP *",
        "m=audio 5000 RTP/AVP 0",
    ]


# --- further offers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_further_offer_that_changes_nothing_leaves_all_alone(method: str) -> None:
    talk = established()
    before = talk.real.plane.open.copy()
    assert talk.inside("ue", method, OFFER) == [f"core {method}"]
    assert "m=message 30000 TCP/MSRP *" in talk.body("core")
    assert talk.reply("core", 200, core_answer("passive"), method=method) == [f"ue 200 {method}"]
    assert "m=message 30001 TCP/TLS/MSRP *" in talk.body("ue")
    assert talk.real.plane.open == before


def test_a_further_offer_of_the_core_is_offered_as_applied() -> None:
    talk = established()
    assert talk.inside("core", "INVITE", CORE_OFFER) == ["ue INVITE"]
    assert "a=3ge2ae:applied" in talk.body("ue")
    assert talk.reply("ue", 200, ue_answer("passive"), tag="a1", method="INVITE") == ["core 200 INVITE"]


def test_a_moved_ue_gets_a_new_stream_and_the_old_one_goes_with_the_answer() -> None:
    talk = established()
    assert talk.inside("ue", "INVITE", OFFER.replace("7654", "7700")) == [*CONFIGURED, "core INVITE"]
    assert "m=message 30002 TCP/MSRP *" in talk.body("core")
    assert len(talk.real.plane.open) == 4
    answer = core_answer("passive")
    assert talk.reply("core", 200, answer, method="INVITE") == [*CONFIGURED, *CONFIGURED, "ue 200 INVITE"]
    assert "m=message 30003 TCP/TLS/MSRP *" in talk.body("ue")
    assert len(talk.real.plane.open) == 2
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    assert talk.real.is_empty()


def test_a_moved_answerer_is_told_to_its_stream() -> None:
    talk = established()
    assert talk.inside("ue", "INVITE", OFFER) == ["core INVITE"]
    moved = core_answer("passive", port=2900)
    assert talk.reply("core", 200, moved, method="INVITE") == ["gw Configure core", "ue 200 INVITE"]


def test_a_moved_ue_whose_offer_is_refused_has_changed_nothing() -> None:
    talk = established()
    talk.inside("ue", "INVITE", OFFER.replace("7654", "7700"))
    assert talk.reply("core", 488, method="INVITE") == ["core ACK", *CONFIGURED, "ue 488 INVITE"]
    assert len(talk.real.plane.open) == 2
    assert talk.inside("ue", "INVITE", OFFER) == ["core INVITE"]
    assert talk.reply("core", 200, core_answer("passive"), method="INVITE") == ["ue 200 INVITE"]


def test_a_new_line_is_reserved_and_taken_back_when_refused() -> None:
    talk = established()
    more = OFFER + OFFER[OFFER.index("m=") :].replace("7654", "7655")
    assert talk.inside("ue", "INVITE", more) == ["gw Configure core", "gw Configure access", "core INVITE"]
    assert len(talk.real.plane.open) == 4
    assert talk.reply("core", 488, method="INVITE") == [
        "core ACK",
        "gw Configure core",
        "gw Configure access",
        "ue 488 INVITE",
    ]
    assert len(talk.real.plane.open) == 2


def test_a_line_closed_with_port_0_is_released_and_the_other_lives() -> None:
    talk = EdgeTalk()
    second = OFFER[OFFER.index("m=") :].replace("7654", "7655")
    answer = core_answer("passive")
    both = answer + answer[answer.index("m=") :].replace("2855", "2856")
    talk.invite(OFFER + second)
    talk.answer(200, both)
    talk.inside("ue", "ACK")
    assert talk.inside("ue", "INVITE", OFFER + second.replace("7655", "0")) == ["core INVITE"]
    assert talk.reply("core", 200, both.replace("2856", "0"), method="INVITE") == [
        "gw Configure core",
        "gw Configure access",
        "ue 200 INVITE",
    ]
    assert len(talk.real.plane.open) == 2


def test_a_secured_line_cannot_go_on_in_clear() -> None:
    talk = established()
    assert talk.inside("ue", "INVITE", OFFER.replace("TCP/TLS/MSRP", "TCP/MSRP")) == ["ue 488 INVITE"]
    assert talk.inside("core", "INVITE", CORE_OFFER.replace("TCP/MSRP", "TCP/TLS/MSRP")) == [
        "core 488 INVITE"
    ]
    assert len(talk.edge.calls()) == 1


def test_two_offers_that_cross_get_491() -> None:
    talk = established()
    assert talk.inside("ue", "INVITE", OFFER) == ["core INVITE"]
    assert talk.inside("core", "UPDATE", CORE_OFFER) == ["core 491 UPDATE"]


# --- forks ------------------------------------------------------------------------------------------


def other_answer() -> str:
    return core_answer("passive").replace("10.9.9.9", "10.9.9.8")


def test_the_first_dialog_that_answers_owns_the_media() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(183, core_answer("passive"), tag="b1")
    assert talk.answer(183, other_answer(), tag="b2") == ["ue 183 INVITE"]
    assert talk.to["ue"][-1].body == b""


def test_another_dialog_takes_over_with_its_2xx_and_nobody_else_may_connect() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(183, core_answer("passive"), tag="b1")
    assert talk.answer(200, other_answer(), tag="b2") == [*CONFIGURED, "ue 200 INVITE"]
    properties = talk.h248[-2].commands[0].descriptors[0].streams[0].control.properties  # type: ignore[union-attr]
    assert [(p.name, p.value) for p in properties][1:3] == [("gm/saf", "ON"), ("gm/sam", '"[10.9.9.8]"')]


def test_what_was_withheld_reliably_comes_with_the_2xx() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(183, core_answer("passive"), tag="b1")
    assert talk.answer(183, other_answer(), tag="b2", headers=RELIABLE) == ["ue 183 INVITE"]
    assert talk.answer(200, tag="b2") == [*CONFIGURED, "ue 200 INVITE"]
    assert "m=message 30001 TCP/TLS/MSRP *" in talk.body("ue")


def test_a_second_2xx_is_hung_up_and_the_first_call_lives() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(200, core_answer("passive"), tag="b1")
    assert talk.answer(200, other_answer(), tag="b2") == ["core ACK", "core BYE"]
    assert talk.answer(200, other_answer(), tag="b2") == ["core ACK"]
    (call,) = talk.edge.calls()
    assert call.state == "confirmed"
