"""Commands of requests and replies."""

import pytest

from imsedge.h248.model import (
    AuditItem,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    Events,
    Media,
    ServiceChangeResult,
    Signals,
    Verb,
)
from kit.h248_text import read_action_reply, read_command


@pytest.mark.parametrize("verb", [Verb.ADD, Verb.MOVE, Verb.MODIFY])
def test_descriptors_keep_their_order(verb: Verb) -> None:
    command = read_command(f"{verb.value}=t{{SG,E,M{{O{{MO=SR}}}}}}")
    assert [type(item) for item in command.descriptors] == [Signals, Events, Media]
    assert command.verb is verb


def test_a_command_without_descriptors() -> None:
    assert read_command("S=t") == CommandRequest(Verb.SUBTRACT, ("t",))


def test_a_list_of_terminations() -> None:
    assert read_command("O-S=[a,ip/*,ROOT]").terminations == ("a", "ip/*", "ROOT")


def test_a_notify_can_report_an_error() -> None:
    command = read_command('N=t{OE=1{a/b},ER=518{"full"}}')
    assert command.reported == ErrorDescriptor(518, "full")
    assert command.error is None


def test_replies() -> None:
    replies = read_action_reply('A=t{M{O{MO=SR}},SG},MF=u{ER=430{"x"}},N=v,SC=ROOT{SV{V=1}},SC=w').replies
    assert replies[0].result[1] is AuditItem.SIGNALS
    assert replies[1].error == ErrorDescriptor(430, "x")
    assert replies[2:] == (
        CommandReply(Verb.NOTIFY, ("v",)),
        CommandReply(Verb.SERVICE_CHANGE, ("ROOT",), service_change=ServiceChangeResult(version=1)),
        CommandReply(Verb.SERVICE_CHANGE, ("w",)),
    )


def test_an_audit_that_matched_nothing() -> None:
    (reply,) = read_action_reply("AV=C{ER=431{}}").replies
    assert reply == CommandReply(Verb.AUDIT_VALUE, (), (ErrorDescriptor(431),), listed=True)
