"""ROOT: limits, and timers that belong to the transaction layer."""

from imsedge.agw.settings import GatewaySettings
from imsedge.h248.model import (
    ActionRequest,
    CommandRequest,
    Media,
    TerminationState,
    TransactionRequest,
    Verb,
)
from imsedge.h248.packages import root
from kit.gateway_talk import ACCESS, CORE, GatewayTalk, shown, written

SET = """Context = - { Modify = ROOT { Media { TerminationState {
  root/normalMGExecutionTime = 200, ROOT/MGProvisionalResponseTimerValue = 800 } } } }"""


def test_timers_go_up_and_are_told() -> None:
    talk = GatewayTalk()
    assert talk.ask(SET) == written("Context = - { Modify = ROOT }")
    assert talk.tuned == [{root.NORMAL_MG_EXECUTION.name: 200, root.MG_PROVISIONAL.name: 800}]
    assert talk.ask("Context = - { AuditValue = ROOT { Audit { Media } } }") == written(
        """Context = - { AuditValue = ROOT { Media { TerminationState {
  root/maxNumberOfContexts = 10000, root/maxTerminationsPerContext = 8,
  root/normalMGExecutionTime = 200, root/MGProvisionalResponseTimerValue = 800,
  ipra/ar = ["access", "core"] } } } }"""
    )


def test_single_properties_are_told() -> None:
    talk = GatewayTalk(GatewaySettings(realms=(ACCESS, CORE), root_values={root.MG_PENDING_LIMIT.name: 20}))
    audit = "Audit { Media { TerminationState { root/MGOriginatedPendingLimit, root/maxNumberOfContexts } } }"
    answer = talk.ask(f"Context = - {{ AuditValue = ROOT {{ {audit} }} }}")
    assert "root/MGOriginatedPendingLimit = 20" in answer
    assert "root/maxNumberOfContexts = 10000" in answer
    missing = "Audit { Media { TerminationState { root/normalMGExecutionTime } } }"
    assert talk.code(f"Context = - {{ AuditValue = ROOT {{ {missing} }} }}") == 532


def test_all_that_was_ever_set_is_put_out() -> None:
    talk = GatewayTalk()
    talk.ask(SET)
    talk.ask(
        "Context = - { Modify = ROOT { Media { TerminationState { root/MGOriginatedPendingLimit = 3 } } } }"
    )
    assert talk.tuned[1] == {
        root.NORMAL_MG_EXECUTION.name: 200,
        root.MG_PROVISIONAL.name: 800,
        root.MG_PENDING_LIMIT.name: 3,
    }


def test_nothing_is_set_when_something_is_wrong() -> None:
    talk = GatewayTalk()
    assert talk.code(SET.replace("{ Media", "{ Events = 1 { x/y }, Media")) == 440
    assert talk.tuned == []


def test_a_property_that_comes_twice() -> None:
    """Text does not let it through; BER does."""
    talk = GatewayTalk()
    state = TerminationState(properties=(root.MG_PROVISIONAL.write(1), root.MG_PROVISIONAL.write(2)))
    command = CommandRequest(Verb.MODIFY, ("ROOT",), descriptors=(Media(state=state),))
    number = talk.execute(TransactionRequest(1, (ActionRequest(0, (command,)),)))
    assert "Error = 456" in shown(talk.answers[number])
