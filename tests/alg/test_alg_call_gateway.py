"""The gateway says no, is lost, restarts, reports; and what waits for it."""

import pytest

from imsedge.alg.call import MAX_QUEUED
from imsedge.alg.policy import OnBearerFailure, Policy
from imsedge.h248.association.events import GatewayDown, GatewayLeaving, GatewayLost
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    ObservedEvent,
    ObservedEvents,
    Parameter,
    Verb,
)
from imsedge.h248.transactions import Failure, RequestFailed
from imsedge.sip.message import SipRequest, SipResponse
from imsedge.sip.writer import write_message
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


# --- the gateway says no ----------------------------------------------------------------------------

FULL = ErrorDescriptor(510, "Insufficient resources")
NO_PACKAGE = ErrorDescriptor(445, "Unsupported or Unknown Property")
BROKEN = ErrorDescriptor(500, "Internal software failure in MG")


@pytest.mark.parametrize(
    ("error", "status"), [(FULL, 503), (NO_PACKAGE, 488), (BROKEN, 500), (None, 503)], ids=str
)
@pytest.mark.parametrize("step", [0, 1], ids=["step 2", "step 5"])
def test_failed_reservation_refuses_the_invite(error: ErrorDescriptor | None, status: int, step: int) -> None:
    talk = EdgeTalk()
    talk.answers = [*["real"] * step, error]
    seen = talk.invite(OFFER)
    assert seen == [*RESERVED[: step + 1], *["gw Release"] * step, f"ue {status} INVITE"]
    response = talk.last("ue", SipResponse, "INVITE")
    assert (response.headers.get("Warning") or "").startswith('399 imsedge "gateway: ')
    assert ("Retry-After" in response.headers) is (status == 503)
    assert nothing_is_left(talk)


def test_line_ends_in_what_a_gateway_says_are_not_passed_on() -> None:
    """BER lets it say anything."""
    talk = EdgeTalk()
    talk.answers = [ErrorDescriptor(500, "no\r\nContact: <sip:evil@192.0.2.1>")]
    talk.invite(OFFER)
    octets = write_message(talk.last("ue", SipResponse, "INVITE"))
    assert b"\r\nContact" not in octets


@pytest.mark.parametrize("step", [0, 1], ids=["step 13", "step 16"])
def test_failed_configuration_ends_the_call_on_both_sides(step: int) -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answers = [*["real"] * step, BROKEN]
    assert talk.answer(200, core_answer()) == [
        *CONFIGURED[: step + 1],
        "gw Release",
        "ue 500 INVITE",
        "core ACK",
        "core BYE",
    ]
    talk.reply("core", 200, method="BYE")
    assert nothing_is_left(talk)


def test_failed_configuration_of_a_re_invite_ends_the_call() -> None:
    talk = confirmed()
    talk.inside("ue", "INVITE", OFFER.replace("7654", "7700"))
    talk.answers = [BROKEN]
    assert talk.reply("core", 200, core_answer("passive"), method="INVITE") == [
        "gw Configure core",
        "gw Release",
        "ue 500 INVITE",
        "ue BYE",
        "core BYE",
    ]


def test_a_reply_without_what_was_asked_for_is_a_failure_and_leaves_no_context() -> None:
    talk = EdgeTalk()
    talk.answers = [(ActionReply(9, (CommandReply(Verb.ADD, ("ip/core/1",)),)),)]
    assert talk.invite(OFFER) == ["gw Reserve core", "gw Release", "ue 500 INVITE"]
    assert talk.h248[-1].context == 9


def test_a_release_that_is_not_acknowledged_is_in_the_log() -> None:
    talk = confirmed()
    talk.answers = ["hold"]
    assert talk.inside("ue", "BYE") == ["core BYE", "gw Release"]
    talk.reply("core", 200, method="BYE")
    order = talk.held[0]
    talk.tell(RequestFailed(order.tag, 1, Failure.TIMED_OUT, None))
    assert talk.logs[-1].startswith("a gateway did not acknowledge a release")


def test_no_gateway_is_503() -> None:
    talk = EdgeTalk(gateway=False)
    assert talk.invite(OFFER) == ["ue 503 INVITE"]
    assert talk.last("ue", SipResponse).headers.get("Retry-After") == "10"


# --- the gateway goes -------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [GatewayLost(GATEWAY, "silence"), GatewayDown(GATEWAY, "905")], ids=str)
def test_a_lost_gateway_releases_its_calls_both_ways(event: GatewayLost | GatewayDown) -> None:
    talk = confirmed()
    assert talk.tell(event) == ["ue BYE", "core BYE"]
    bye = talk.last("ue", SipRequest, "BYE")
    assert bye.uri == "sip:alice@198.51.100.7:5062"
    assert (bye.from_.tag, bye.to.tag) == ("b1", "a1")
    assert (bye.headers.get("Reason") or "").startswith("SIP;cause=503;text=")
    other = talk.last("core", SipRequest, "BYE")
    assert (other.uri, other.from_.tag, other.to.tag) == ("sip:bob@10.9.9.9:5080", "a1", "b1")
    assert other.cseq.number == 3
    talk.reply("ue", 200, tag="a1", method="BYE")
    talk.reply("core", 200, method="BYE")
    assert talk.edge.calls() == []


def test_a_restarted_gateway_releases_its_calls() -> None:
    talk = confirmed()
    assert talk.gateway_up() == ["ue BYE", "core BYE"]
    assert talk.edge.gateways()[0].calls == 0


def test_a_gateway_that_was_apart_for_a_moment_keeps_its_calls() -> None:
    talk = confirmed()
    assert talk.gateway_up(kept=True) == []
    assert talk.edge.calls()[0].state == "confirmed"


def test_a_gateway_lost_while_it_reserves_ends_the_attempt() -> None:
    talk = EdgeTalk()
    talk.answers = ["hold"]
    talk.invite(OFFER)
    assert talk.tell(GatewayLost(GATEWAY, "silence")) == ["ue 503 INVITE"]
    assert talk.release_held() == []
    assert talk.edge.calls() == []


def test_a_gateway_lost_while_it_configures_ends_the_call() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answers = ["hold"]
    talk.answer(200, core_answer())
    assert talk.tell(GatewayLost(GATEWAY, "silence")) == ["ue 503 INVITE", "core ACK", "core BYE"]


def test_unknown_contexts_of_a_gateway_that_comes_back_are_subtracted() -> None:
    talk = EdgeTalk(gateway=False)
    assert talk.gateway_up(kept=True) == ["gw Subtract all"]
    assert talk.h248[-1].context == 0xFFFF_FFFF


def test_a_gateway_that_comes_back_after_its_calls_were_released_is_emptied() -> None:
    talk = confirmed()
    talk.tell(GatewayLost(GATEWAY, "silence"))
    assert not talk.real.is_empty()
    assert talk.gateway_up(kept=True) == ["gw Subtract all"]
    assert talk.real.is_empty()


def test_a_leaving_gateway_takes_no_new_calls() -> None:
    talk = confirmed()
    talk.tell(GatewayLeaving(GATEWAY, 0))
    assert not talk.edge.gateways()[0].open
    assert talk.edge.calls()[0].state == "confirmed"
    assert EdgeTalk(register=True).edge.gateways()[0].open


# --- reports ----------------------------------------------------------------------------------------


def report(name: str, context: int = 1, **parameters: str) -> ActionRequest:
    values = tuple(Parameter(key, (value,)) for key, value in parameters.items())
    observed = ObservedEvents(1, (ObservedEvent(name, 1, parameters=values),))
    return ActionRequest(context, (CommandRequest(Verb.NOTIFY, ("ip/access/1",), observed=observed),))


def test_a_failed_bearer_releases_the_call() -> None:
    talk = confirmed()
    seen = talk.notify(report("tlsbsc/BNCChange", Type="Mfail", cause='"handshake failed"'))
    assert seen == ["gw reply", "gw Release", "ue BYE", "core BYE"]
    assert "tlsbsc Mfail: handshake failed" in talk.logs


def test_a_failed_bearer_is_only_logged_where_the_operator_wants_that() -> None:
    talk = EdgeTalk(Policy(on_bearer_failure=OnBearerFailure.LOG))
    talk.invite(CORE_OFFER, party="core")
    talk.answer(200, ue_answer())
    assert talk.notify(report("tcpbcc/BNCChange", Type="Mfail")) == ["gw reply"]
    assert talk.edge.calls()[0].state == "confirmed"


def test_a_heartbeat_of_a_call_that_lives_is_acknowledged() -> None:
    talk = confirmed()
    assert talk.notify(report("hangterm/thb")) == ["gw reply"]
    assert talk.reply_to_notify() == ActionReply(1, (CommandReply(Verb.NOTIFY, ("ip/access/1",)),))


def test_a_heartbeat_of_nobodys_context_gets_411_and_is_subtracted() -> None:
    talk = EdgeTalk()
    assert talk.notify(report("hangterm/thb", context=99)) == ["gw reply", "gw Subtract all"]
    error = talk.reply_to_notify().error
    assert error is not None
    assert error.code == 411
    assert talk.h248[-1].context == 99


def test_a_connection_that_is_up_cannot_be_taken_over_by_another_branch() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answer(183, core_answer("passive"), tag="b1")
    talk.notify(report("tcpbcc/BNCChange", Type="Est"))
    other = core_answer("passive").replace("10.9.9.9", "10.9.9.8")
    assert talk.answer(200, other, tag="b2") == ["gw Release", "ue 500 INVITE", "core ACK", "core BYE"]


# --- the queue --------------------------------------------------------------------------------------


def test_messages_wait_for_the_gateway_in_order() -> None:
    talk = EdgeTalk()
    talk.invite(OFFER)
    talk.answers = ["hold"]
    assert talk.answer(183, core_answer()) == ["gw Configure core"]
    assert talk.answer(180) == []
    assert talk.answer(200, core_answer()) == []
    assert talk.release_held() == ["gw Configure access", "ue 183 INVITE", "ue 180 INVITE", "ue 200 INVITE"]


def test_the_queue_has_an_end() -> None:
    talk = confirmed()
    talk.answers = ["hold"]
    assert talk.inside("ue", "INVITE", OFFER.replace("7654", "7700")) == ["gw Configure core"]
    for _ in range(MAX_QUEUED):
        assert talk.inside("ue", "INFO") == []
    assert talk.inside("ue", "INFO") == ["ue 500 INFO"]
    assert talk.release_held()[:3] == ["gw Configure access", "core INVITE", "core INFO"]
