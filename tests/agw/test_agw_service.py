"""Terminations and the gateway in service and out of it."""

import pytest

from imsedge.bearer.messages import EndpointSettings, Incoming, Mode
from imsedge.core.machine import NEVER
from imsedge.h248.model import ActionRequest, CommandRequest, TransactionRequest, Verb
from kit.gateway_talk import GatewayTalk, shown, written

LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"
ADD = f"Add = $ {{ Media {{ Stream = 1 {{ LocalControl {{ Mode = SendReceive }}, Local {{ {LOCAL}}} }} }} }}"
STATE = "Audit { Media { TerminationState { ServiceStates } } }"


def call() -> GatewayTalk:
    talk = GatewayTalk()
    assert talk.code(f"Context = $ {{ {ADD}, {ADD} }}") == 0
    return talk


def change(method: str, delay: str = "", name: str = "ip/core/1", context: str = "1") -> str:
    services = f'Services {{ Method = {method}, Reason = "905 Termination taken out of service"{delay} }}'
    return f"Context = {context} {{ ServiceChange = {name} {{ {services} }} }}"


def state(talk: GatewayTalk, name: str = "ip/core/1", context: str = "1") -> str:
    answer = talk.ask(f"Context = {context} {{ AuditValue = {name} {{ {STATE} }} }}")
    return answer.partition("ServiceStates = ")[2].split()[0]


def ordered(talk: GatewayTalk, endpoint: int = 1) -> tuple[Mode, Incoming]:
    settings: EndpointSettings = talk.plane.open[endpoint]
    return settings.mode, settings.incoming


OPEN = (Mode.SEND_RECEIVE, Incoming.ACCEPT)
DRAINING = (Mode.SEND_RECEIVE, Incoming.DISCARD)
SHUT = (Mode.INACTIVE, Incoming.DISCARD)


def test_forced_shuts_at_once_and_restart_opens_again() -> None:
    talk = call()
    assert talk.ask(change("Forced")) == written("Context = 1 { ServiceChange = ip/core/1 }")
    assert (ordered(talk), ordered(talk, 2), state(talk)) == (SHUT, OPEN, "OutOfService")
    assert talk.code(change("Restart")) == 0
    assert (ordered(talk), state(talk)) == (OPEN, "InService")
    assert talk.reports == []


def test_graceful_lets_what_runs_go_on_until_the_delay_is_over() -> None:
    talk = call()
    talk.ask(change("Graceful", ", Delay = 30"))
    talk.wait(29)
    assert (ordered(talk), state(talk)) == (DRAINING, "InService")
    talk.wait(1)
    assert (ordered(talk), state(talk)) == (SHUT, "OutOfService")
    assert talk.gateway.deadline == NEVER


def test_graceful_without_a_delay_waits_for_the_end_of_the_calls() -> None:
    talk = call()
    talk.ask(change("Graceful", name="*"))
    assert (ordered(talk, 1), ordered(talk, 2), talk.gateway.deadline) == (DRAINING, DRAINING, NEVER)
    talk.ask(change("Restart", name="*"))
    assert (ordered(talk, 1), ordered(talk, 2)) == (OPEN, OPEN)


def test_a_timer_does_not_outlive_its_termination() -> None:
    talk = call()
    talk.ask(change("Graceful", ", Delay = 30"))
    talk.ask("Context = 1 { Subtract = * { Audit { } } }")
    assert talk.gateway.deadline == NEVER


def test_the_state_can_be_set_by_a_descriptor_as_well() -> None:
    talk = call()
    modify = (
        "Context = 1 {{ Modify = ip/core/1 {{ Media {{ TerminationState {{ ServiceStates = {} }} }} }} }}"
    )
    assert talk.code(modify.format("OutOfService")) == 0
    assert (ordered(talk), state(talk)) == (SHUT, "OutOfService")
    assert talk.code(modify.format("InService")) == 0
    assert (ordered(talk), state(talk)) == (OPEN, "InService")


@pytest.mark.parametrize("method", ["HandOff", "Disconnected", "Failover", "X-AA"])
def test_methods_that_are_not_for_terminations(method: str) -> None:
    talk = call()
    answer = talk.ask(change(method))
    assert "Error = 449" in answer
    assert method in answer


@pytest.mark.parametrize(
    ("method", "code"), [("HandOff", 472), ("Disconnected", 449), ("Failover", 449), ("X-AA", 449)]
)
def test_methods_that_mean_nothing_at_root(method: str, code: int) -> None:
    talk = call()
    assert talk.code(change(method, name="ROOT", context="-")) == code
    assert talk.directed == []


def test_root_graceful_takes_no_more_terminations() -> None:
    talk = call()
    talk.ask(change("Graceful", ", Delay = 30", name="ROOT", context="-"))
    assert talk.code(f"Context = $ {{ {ADD} }}") == 503
    assert talk.code("Context = 1 { AuditValue = * { Audit { } } }") == 0
    assert state(talk, "ROOT", "-") == "OutOfService"
    talk.wait(30)
    assert talk.is_empty()
    talk.ask(change("Restart", name="ROOT", context="-"))
    assert talk.code(f"Context = $ {{ {ADD} }}") == 0
    assert [told.change.method for told in talk.directed] == ["Graceful", "Restart"]


def test_root_forced_drops_everything_at_once() -> None:
    talk = call()
    assert talk.code(change("Forced", name="ROOT", context="-")) == 0
    assert talk.is_empty()
    assert talk.code(f"Context = $ {{ {ADD} }}") == 503


def test_a_change_without_method_and_reason() -> None:
    talk = call()
    command = CommandRequest(Verb.SERVICE_CHANGE, ("ip/core/1",))
    number = talk.execute(TransactionRequest(1, (ActionRequest(1, (command,)),)))
    assert "Error = 472" in shown(talk.answers[number])
