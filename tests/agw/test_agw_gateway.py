"""The controller goes, comes back, never comes back; the gateway ends.  Nothing may stay behind."""

from imsedge.agw.messages import Answer, ControllerBack, ControllerLost, Execute, Log, Shutdown
from imsedge.agw.settings import Limits
from imsedge.bearer.messages import Released
from imsedge.core.machine import NEVER, Tick
from imsedge.h248.model import ErrorDescriptor, TransactionRequest
from kit.gateway_talk import GatewayTalk, gateway_settings, shown, written

ADD = """Add = $ { Media { Stream = 1 { LocalControl { Mode = SendReceive }, Local { v=0
c=IN IP4 $
m=- $ TCP -
} } } }"""
CALL = f"Context = $ {{ {ADD}, {ADD} }}"


def test_contexts_survive_a_short_absence_of_the_controller() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    talk.feed(ControllerLost())
    talk.wait(59)
    talk.feed(ControllerBack(kept=True))
    talk.wait(1_000)
    assert talk.gateway.load().contexts == 1


def test_contexts_are_dropped_when_the_controller_does_not_come_back() -> None:
    talk = GatewayTalk(gateway_settings(controller_loss_hold=30.0))
    talk.ask(CALL)
    talk.feed(ControllerLost())
    talk.wait(30)
    assert talk.is_empty()
    assert talk.gateway.deadline == NEVER


def test_contexts_are_dropped_when_the_controller_began_anew() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    talk.feed(ControllerBack(kept=False))
    assert talk.is_empty()


def test_shutdown_releases_everything_and_answers_what_is_outstanding() -> None:
    talk = GatewayTalk(slow=True)
    number = talk.begin(CALL)
    talk.plane_answers()
    talk.plane_answers()
    waiting = talk.begin("Context = 1 { Subtract = ip/core/1 }")
    queued = talk.begin("Context = 1 { Subtract = ip/core/2 }")
    talk.feed(Shutdown())
    assert "Error = 503" in shown(talk.answers[waiting])
    assert "Error = 503" in shown(talk.answers[queued])
    assert "ip/core/2" in shown(talk.answers[number])
    assert talk.is_empty()
    assert talk.gateway.deadline == NEVER
    assert "Error = 503" in talk.ask(CALL)
    talk.plane_answers()
    assert talk.is_empty()


def test_what_was_dropped_is_said_in_the_log() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    outputs = talk.gateway.handle(Shutdown(), 1.0)
    assert Log("dropped 1 contexts: shut down") in outputs


def test_an_unreadable_transaction_is_answered_with_its_error() -> None:
    talk = GatewayTalk()
    error = ErrorDescriptor(403, "Syntax error in transaction request")
    assert talk.gateway.handle(Execute(5, TransactionRequest(9, error=error)), 0.0) == [Answer(5, error)]


def test_a_spurious_tick_is_harmless() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    assert talk.gateway.handle(Tick(), 5.0) == []


def test_a_thousand_calls_leave_nothing() -> None:
    talk = GatewayTalk(gateway_settings(Limits(contexts=10)))
    for _ in range(100):
        for _ in range(10):
            assert talk.code(CALL) == 0
        assert talk.code(CALL) == 412
        assert talk.ask("Context = * { W-Subtract = * { Audit { } } }") == written(
            "Context = * { Subtract = * }"
        )
        assert talk.is_empty()
    assert talk.gateway.deadline == NEVER


def test_a_media_plane_that_was_lost_does_not_wipe_out_the_counters() -> None:
    talk = GatewayTalk()
    talk.ask(CALL)
    talk.ask("Context = 1 { AuditValue = * { Audit { Statistics } } }")
    talk.happen(*talk.plane.die(0.0))
    talk.happen(Released(1, 0.0, talk.plane.counters.__class__()))
    assert "nt/os = 5" in talk.ask("Context = 1 { Subtract = ip/core/1 }")


def test_a_context_dropped_between_two_commands_ends_the_transaction() -> None:
    talk = GatewayTalk(slow=True)
    number = talk.begin(f"Context = $ {{ O-{ADD}, {ADD} }}")
    talk.feed(ControllerBack(kept=False))
    talk.plane_answers()
    assert "Error = 411" in shown(talk.answers[number])
    assert talk.is_empty()


def test_all_who_wait_for_a_context_hear_that_it_is_gone() -> None:
    talk = GatewayTalk(slow=True)
    first, *others = (
        talk.begin(f"Context = $ {{ {ADD} }}"),
        *(talk.begin(f"Context = 1 {{ {ADD} }}") for _ in "123"),
    )
    talk.wait(5)
    assert "Error = 500" in shown(talk.answers[first])
    for number in others:
        assert "Error = 411" in shown(talk.answers[number])
