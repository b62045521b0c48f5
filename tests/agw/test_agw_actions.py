"""Context attributes and their audit."""

import re

import pytest

from imsedge.agw.actions import check_properties, close_all_contexts
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    ALL_CONTEXTS,
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ContextAudit,
    ContextProperties,
    Parameter,
    TopologyDirection,
    TopologyTriple,
    TransactionRequest,
    Verb,
)
from kit.gateway_talk import GatewayTalk, written

OUTWARD = TopologyTriple("a", "b", TopologyDirection.ONEWAY_EXTERNAL)
ADD = "Add = $ { Media { Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n} } }"


def test_attributes_are_kept_and_audited() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ Priority = 7, Emergency, {ADD}, {ADD} }}")
    assert talk.ask("Context = 1 { ContextAudit { Priority, Emergency, Topology } }") == written(
        "Context = 1 { Topology { ip/core/1, ip/core/2, Bothway }, Priority = 7, Emergency }"
    )
    talk.ask("Context = 1 { Priority = 3, AuditValue = * { Audit { } } }")
    assert "Priority = 3" in talk.ask("Context = * { ContextAudit { Priority } }")


@pytest.mark.parametrize(
    ("properties", "audit", "code"),
    [
        (ContextProperties(properties=(Parameter("x/y", ("1",)),)), None, 445),
        (ContextProperties(topology=(OUTWARD,)), None, 522),
        (None, ContextAudit(properties=("x/y",)), 445),
        (None, ContextAudit(attributes=("x/y",)), 445),
        (None, ContextAudit(select_properties=(Parameter("x/y", ("1",)),)), 445),
    ],
)
def test_what_cannot_be_asked(
    properties: ContextProperties | None, audit: ContextAudit | None, code: int
) -> None:
    with pytest.raises(H248Error) as raised:
        check_properties(properties, audit)
    assert raised.value.code == code


CALLS = f"""Context = $ {{ Priority = 7, {ADD}, {ADD} }}, Context = $ {{ Emergency, {ADD} }},
    Context = $ {{ IEPSCall = ON, Priority = 7, {ADD} }}"""

SELECTIONS = {
    "Priority = 7": (1, 3),
    "EmergencyValue = Emergency": (2,),
    "EmergencyValue = EmergencyOff": (1, 3),
    "Priority = 7, IEPSCall = ON, ANDLgc": (3,),
    "Priority = 7, IEPSCall = ON": (3,),
    "Priority = 7, EmergencyValue = Emergency, ORLgc": (1, 2, 3),
    "Priority = 1": (),
}


@pytest.mark.parametrize(("selection", "expected"), SELECTIONS.items(), ids=SELECTIONS)
def test_contexts_are_selected_by_their_attributes(selection: str, expected: tuple[int, ...]) -> None:
    talk = GatewayTalk()
    assert talk.code(CALLS) == 0
    answer = talk.ask(f"Context = * {{ ContextAudit {{ {selection}, Topology }} }}", version=3)
    assert tuple(map(int, re.findall(r"Context = (\d+)", answer))) == expected
    listed = talk.ask(f"Context = * {{ ContextAudit {{ {selection} }}, AuditValue = * {{ AT {{ }} }} }}", 3)
    assert tuple(map(int, re.findall(r"Context = (\d+)", listed))) == expected


def test_a_selection_is_for_all_contexts_only() -> None:
    talk = GatewayTalk()
    talk.ask(CALLS)
    assert "Error = 473" in talk.ask("Context = 1 { ContextAudit { Priority = 7 } }", version=3)
    assert "Error = 473" in talk.ask(
        "Context = 1 { ContextAttr { ContextList = { 2 } }, Subtract = * }", version=3
    )


def test_a_list_of_contexts() -> None:
    talk = GatewayTalk()
    talk.ask(CALLS)
    answer = talk.ask(
        "Context = * { ContextAttr { ContextList = { 3, 1, 99 } }, W-Subtract = * { AT { } } }", 3
    )
    assert "Error" not in answer
    assert [view.id for view in talk.gateway.contexts()] == [2]


def test_auditing_contexts_when_there_are_none() -> None:
    talk = GatewayTalk()
    assert "Error" not in talk.ask("Context = * { ContextAudit { Priority } }")


def test_the_list_of_contexts() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD} }}, Context = $ {{ {ADD} }}")
    request = TransactionRequest(1, (ActionRequest(ALL_CONTEXTS, audit=ContextAudit(context_list=True)),))
    assert talk.answers[talk.execute(request, version=3)] == (
        ActionReply(ALL_CONTEXTS, properties=ContextProperties(context_list=(1, 2))),
    )


def test_an_error_in_one_context_is_not_merged_away() -> None:
    command = CommandRequest(Verb.SUBTRACT, ("*",), wildcard_reply=True)
    request = ActionRequest(ALL_CONTEXTS, (command,))
    good = ActionReply(1, (CommandReply(Verb.SUBTRACT, ("*",)),))
    bad = ActionReply(2, (CommandReply(Verb.SUBTRACT, ("*",), (H248Error(500, "x").descriptor(),)),))
    done = [good, bad]
    close_all_contexts(done, 0, request)
    assert done == [good, bad]
    done = [good, good]
    close_all_contexts(done, 0, request)
    assert done == [ActionReply(ALL_CONTEXTS, (CommandReply(Verb.SUBTRACT, ("*",)),))]
