"""AuditCapability, whole and in parts, with wildcards and at ROOT."""

import pytest
from msgspec import structs

from imsedge.agw.settings import Abilities, Realm
from kit.gateway_talk import GatewayTalk, gateway_settings, written

ADD = "Add = $ { Media { Stream = 1 { Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n} } } }"

PARTS = {
    "Audit { }": "",
    "Audit { Packages { nt-1 } }": "Packages { nt-1 }",
    "Audit { Packages { rtp-1 } }": "Packages",
    "Audit { Signals { tlsbsc/EstBNC } }": "Signals { tlsbsc/EstBNC }",
    "Audit { Events = 0 { g/cause } }": "Events = 0 { g/cause }",
    "Audit { Events = 0 { nt/netfail } }": "Events",
    "Audit { EventBuffer { g/cause } }": "EventBuffer { g/cause }",
    "Audit { Statistics { nt/os } }": "Statistics { nt/os }",
    "Audit { DigitMap = dial }": "DigitMap",
    "Audit { DigitMap, Modem, Mux }": "DigitMap, Modem, Mux",
    "Audit { Media { Stream = 1 { LocalControl { tcpbcc/incoming } } } }": (
        "Media { Stream = 1 { LocalControl { tcpbcc/incoming = { accept, discard } } } }"
    ),
}


@pytest.mark.parametrize(("audit", "expected"), PARTS.items(), ids=PARTS)
def test_parts(audit: str, expected: str) -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD} }}")
    returned = f"AuditCapability = ip/core/1 {{ {expected} }}" if expected else "AuditCapability = ip/core/1"
    assert talk.ask(f"Context = 1 {{ AuditCapability = ip/core/1 {{ {audit} }} }}") == written(
        f"Context = 1 {{ {returned} }}"
    )


def test_the_union_over_all_is_what_each_can() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD}, {ADD} }}, Context = $ {{ {ADD} }}")
    assert talk.ask("Context = * { W-AuditCapability = * { Audit { Statistics } } }") == written(
        "Context = * { AuditCapability = * { Statistics { nt/os, nt/or, nt/dur,"
        " gm/dp, tcprm/rs, tcprm/rtt, tcptv/con, tcptv/ref } } }"
    )
    each = talk.ask("Context = * { AuditCapability = * { Audit { Packages { g-2 } } } }")
    assert each.count("g-2") == 3


@pytest.mark.parametrize(
    ("abilities", "modes", "incoming"),
    [
        (Abilities(), "proxy, merge", "accept, discard"),
        (Abilities(relay=True, hold=True), "relay, proxy, merge", "accept, discard, hold"),
        (Abilities(relay_ipv6=True), "relay, proxy, merge", "accept, discard"),
        (Abilities(screen=False), "proxy, merge", "accept"),
    ],
)
def test_what_the_machine_allows_is_said(abilities: Abilities, modes: str, incoming: str) -> None:
    talk = GatewayTalk(gateway_settings(abilities=abilities))  # type: ignore[arg-type]
    talk.ask(f"Context = $ {{ {ADD} }}")
    asked = "LocalControl { tcpbcc/mode, tcpbcc/incoming }"
    told = f"LocalControl {{ tcpbcc/mode = {{ {modes} }}, tcpbcc/incoming = {{ {incoming} }} }}"
    audit = f"Audit {{ Media {{ Stream = 1 {{ {asked} }} }} }}"
    answer = talk.ask(f"Context = 1 {{ AuditCapability = ip/core/1 {{ {audit} }} }}")
    assert answer == written(
        f"Context = 1 {{ AuditCapability = ip/core/1 {{ Media {{ Stream = 1 {{ {told} }} }} }} }}"
    )


def test_both_families_are_said_where_a_realm_has_both() -> None:
    both = Realm(name="core", addresses=("192.0.2.1", "2001:db8::1"))
    talk = GatewayTalk(structs.replace(gateway_settings(), realms=(both,)))
    talk.ask(f"Context = $ {{ {ADD} }}")
    answer = talk.ask("Context = 1 { AuditCapability = * { Audit { Media } } }")
    for transport in ("TCP", "UDP/DTLS"):
        for family in ("IP4", "IP6"):
            assert answer.count(f"c=IN {family} $\nm=- $ {transport} -\n") == 1


def test_root_has_other_capabilities() -> None:
    talk = GatewayTalk()
    answer = talk.ask("Context = - { AuditCapability = ROOT { Audit { Events, EventBuffer, Signals } } }")
    assert answer == written(
        """Context = - { AuditCapability = ROOT {
  Events = 0 { it/ito, ocp/mg_overload, chp/mgcon, ipra/arc }, EventBuffer, Signals } }"""
    )


def test_what_has_no_capability() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ {ADD} }}")
    audit = "Audit { Media { Stream = 1 { LocalControl { gm/sam } } } }"
    assert talk.code(f"Context = 1 {{ AuditCapability = * {{ {audit} }} }}") == 532
