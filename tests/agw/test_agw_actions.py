"""Context attributes and their audit."""

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
    TransactionRequest,
    Verb,
)
from kit.gateway_talk import GatewayTalk, written

ADD = "Add = $ { Media { Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n} } }"


def test_attributes_are_kept_and_audited() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ Priority = 7, Emergency, {ADD}, {ADD} }}")
    assert talk.ask("Context = 1 { ContextAudit { Priority, Emergency, Topology } }") == written(
        "Context = 1 { Topology { ip/core/1, ip/core/2, Bothway }, Priority = 7, Emergency }"
    )
    talk.ask("Context = 1 { Priority = 3, AuditValue = * { Audit { } } }")
    assert "Priority = 3" in talk.ask("Context = * { ContextAudit { Priority } }")


def test_the_only_topology_is_bothway() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD}, {ADD} }}")
    assert (
        talk.code("Context = 1 { Topology { ip/core/1, ip/core/2, Bothway }, AuditValue = * { Audit { } } }")
        == 0
    )
    assert talk.code("Context = 1 { Topology { *, *, Oneway }, AuditValue = * { Audit { } } }") == 522


@pytest.mark.parametrize(
    ("properties", "audit", "code"),
    [
        (ContextProperties(properties=(Parameter("x/y", ("1",)),)), None, 445),
        (ContextProperties(context_list=(1, 2)), None, 501),
        (None, ContextAudit(select_priority=3), 501),
    ],
)
def test_what_cannot_be_asked(
    properties: ContextProperties | None, audit: ContextAudit | None, code: int
) -> None:
    with pytest.raises(H248Error) as raised:
        check_properties(properties, audit)
    assert raised.value.code == code


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
