"""Realms: any number of them, asked for, listed, and gone and back (H.248.41)."""

import pytest

from imsedge.agw.messages import RealmsAbsent
from imsedge.agw.settings import GatewaySettings, Realm
from kit.gateway_talk import ACCESS, CERTIFICATE, CORE, GatewayTalk, asked, written

VISITED = Realm(name="visited", addresses=("2001:db8:99::1",), low_port=5_000, high_port=5_009)
AVAILABLE = "Context = - { AuditValue = ROOT { Audit { Media { TerminationState { ipra/ar } } } } }"
ARM = "Context = - { Modify = ROOT { Events = 7 { ipra/arc } } }"


def three_realms(default: str = "core") -> GatewayTalk:
    return GatewayTalk(
        GatewaySettings(
            realms=(ACCESS, CORE, VISITED), certificates={"default": CERTIFICATE}, default_realm=default
        )
    )


def add(family: str, *, name: str = "$", realm: str = "") -> str:
    control = f'LocalControl {{ Mode = SendReceive, ipdc/realm = "{realm}" }}, ' if realm else ""
    local = f"Local {{ v=0\nc=IN {family} $\nm=- $ TCP -\n }}"
    return f"Context = $ {{ Add = {name} {{ Media {{ Stream = 1 {{ {control}{local} }} }} }} }}"


def available(talk: GatewayTalk) -> str:
    return talk.ask(AVAILABLE).partition("ipra/ar = ")[2].partition("\n")[0]


@pytest.mark.parametrize(
    ("request_", "made", "host"),
    {
        "by property, in any case": (add("IP6", realm="Visited"), "ip/visited/1", "2001:db8:99::1"),
        "by name": (add("IP6", name="ip/visited/$"), "ip/visited/1", "2001:db8:99::1"),
        "by neither": (add("IP4"), "ip/core/1", "10.0.0.1"),
        "a realm of both families, IPv6 asked": (add("IP6", realm="access"), "ip/access/1", "2001:db8::5"),
        "a realm of both families, IPv4 asked": (add("IP4", realm="access"), "ip/access/1", "203.0.113.5"),
    }.values(),
)
def test_a_termination_is_in_the_realm_that_was_asked_for(request_: str, made: str, host: str) -> None:
    answer = three_realms().ask(request_)
    assert f"Add = {made} " in answer
    assert f" {host}\n" in answer


def test_its_default_is_a_setting() -> None:
    assert "Add = ip/access/1 " in three_realms("access").ask(add("IP4"))


@pytest.mark.parametrize(
    ("request_", "code"),
    {
        "no such realm": (add("IP4", realm="mars"), 449),
        "no such realm in a name": (add("IP4", name="ip/mars/$"), 449),
        "no address of that family": (add("IP4", realm="visited"), 449),
        "two realms": (add("IP4", name="ip/core/$", realm="visited"), 473),
    }.values(),
)
def test_what_cannot_be_is_refused_and_leaves_nothing(request_: str, code: int) -> None:
    talk = three_realms()
    assert talk.code(request_) == code
    assert talk.is_empty()


def test_a_context_spans_realms_and_families() -> None:
    talk = three_realms()
    talk.ask(add("IP6", realm="visited"))
    answer = talk.ask(add("IP4", realm="core").replace("Context = $", "Context = 1"))
    assert "Add = ip/core/1 " in answer
    assert talk.ask("Context = 1 { W-Subtract = ip/visited/* { Audit { } } }") == written(
        "Context = 1 { Subtract = ip/visited/* }"
    )


def test_root_lists_them_and_a_capability_of_a_termination_is_to_be_in_one() -> None:
    talk = three_realms()
    assert available(talk) == '["access","core","visited"]'
    talk.ask(add("IP4"))
    audit = "Audit { Media { Stream = 1 { LocalControl { ipdc/realm } } } }"
    told = audit.replace("Audit { ", "").replace(
        "realm } } } }", 'realm = {"access", "core", "visited"} } } }'
    )
    answer = talk.ask(f"Context = 1 {{ AuditCapability = ip/core/1 {{ {audit} }} }}")
    assert answer == written(f"Context = 1 {{ AuditCapability = ip/core/1 {{ {told} }} }}")


def test_a_realm_that_goes_and_comes_is_told_to_who_asked() -> None:
    talk = three_realms()
    talk.feed(RealmsAbsent(frozenset({"core"})))
    assert (available(talk), talk.reports) == ('["access","visited"]', [])  # nobody has asked
    talk.ask(ARM)
    talk.feed(RealmsAbsent(frozenset({"visited", "access"})))
    assert talk.reports == [
        asked(
            """Context = - { Notify = ROOT { ObservedEvents = 7 { 19700101T00000000:ipra/arc {
  nar = ["core"], nur = ["access", "visited"] } } } }"""
        )
    ]
    talk.feed(RealmsAbsent(frozenset({"visited", "access"})))
    assert len(talk.reports) == 1  # nothing has changed


def test_a_gateway_without_any_usable_realm_still_answers() -> None:
    talk = three_realms()
    talk.feed(RealmsAbsent(frozenset({"core", "visited", "access"})))
    assert talk.code(AVAILABLE) == 532
    assert "maxNumberOfContexts" in talk.ask("Context = - { AuditValue = ROOT { Audit { Media } } }")
