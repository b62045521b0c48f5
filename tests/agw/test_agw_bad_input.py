"""What a controller can get wrong, and the H.248.8 code it hears.  None of it may leave anything behind."""

import pytest

from imsedge.agw.settings import Limits
from imsedge.h248.model import (
    CHOOSE_CONTEXT,
    ActionRequest,
    CommandRequest,
    ErrorDescriptor,
    TransactionRequest,
    Verb,
)
from kit.gateway_talk import GatewayTalk, gateway_settings, shown

LOCAL = """v=0
c=IN IP4 $
m=- $ TCP -
a=setup:actpass
"""
TLS = """v=0
c=IN IP4 $
m=- $ TCP/TLS -
a=fingerprint:sha-256 $
"""
REMOTE = """v=0
c=IN IP4 10.9.9.9
m=- 2855 TCP -
"""


def add(
    local: str | None = LOCAL,
    remote: str | None = None,
    control: str = "Mode = SendReceive",
    more: str = "",
    stream: str = "1",
    name: str = "$",
) -> str:
    """An Add whose parts can be made wrong one by one."""
    parts = [f"LocalControl {{ {control} }}"] if control else []
    parts += [f"Local {{ {local}}}"] if local is not None else []
    parts += [f"Remote {{ {remote}}}"] if remote is not None else []
    return f"Add = {name} {{ Media {{ Stream = {stream} {{ {', '.join(parts)} }} }} {more} }}"


def with_state(state: str) -> str:
    stream = f"Stream = 1 {{ Local {{ {LOCAL}}} }}"
    return f"Add = $ {{ Media {{ TerminationState {{ {state} }}, {stream} }} }}"


def modify(what: str, name: str = "ip/core/1") -> str:
    return f"Modify = {name} {{ {what} }}"


def media(what: str) -> str:
    return f"Media {{ Stream = 1 {{ {what} }} }}"


ADDS = {
    "no Local": (add(None), 441),
    "empty Local": (add(""), 441),
    "not SDP": (add("hello\n"), 474),
    "no m= line": (add("v=0\nc=IN IP4 $\n"), 474),
    "two m= lines": (add(LOCAL + "m=- $ TCP -\n"), 474),
    "no c= line": (add("v=0\nm=- $ TCP -\n"), 449),
    "c= is a name": (add(LOCAL.replace("$\nm", "host.example\nm")), 449),
    "c= of another family": (add(LOCAL.replace("IP4 $", "IP4 2001:db8::1")), 449),
    "c= is nobody's": (add(LOCAL.replace("IP4 $", "IP4 10.0.0.2")), 449),
    "no IPv6 in that realm": (add(LOCAL.replace("IP4", "IP6")), 449),
    "port chosen by the controller": (add(LOCAL.replace("- $ TCP", "- 4000 TCP")), 449),
    "port not specified": (add(LOCAL.replace("- $ TCP", "- - TCP")), 449),
    "unknown transport": (add(LOCAL.replace("TCP -", "SCTP -")), 515),
    "RTP": (add(LOCAL.replace("TCP -", "RTP/AVP -")), 515),
    "$ for the transport": (add(LOCAL.replace("TCP -", "$ -")), 515),
    "$ for the format": (add(LOCAL.replace("TCP -", "TCP $")), 449),
    "$ for an attribute": (add(LOCAL + "a=path:$\n"), 449),
    "unknown setup": (add(LOCAL.replace("actpass", "holdconn")), 449),
    "fingerprint without TLS": (add(LOCAL + "a=fingerprint:sha-256 $\n"), 449),
    "unknown hash": (add(TLS.replace("sha-256", "md5")), 449),
    "fingerprint of somebody else": (add(TLS.replace("sha-256 $", "sha-256 " + ":".join(["AA"] * 32))), 449),
    "$ address in Remote": (add(LOCAL, REMOTE.replace("10.9.9.9", "$")), 449),
    "$ port in Remote": (add(LOCAL, REMOTE.replace("2855", "$")), 449),
    "Remote is a name": (add(LOCAL, REMOTE.replace("10.9.9.9", "peer.example")), 449),
    "Remote is a group": (add(LOCAL, REMOTE.replace("10.9.9.9", "224.0.0.1")), 449),
    "Remote of another transport": (add(LOCAL, REMOTE.replace("TCP", "TCP/TLS")), 473),
    "Remote of another family": (add(LOCAL, REMOTE.replace("IP4 10.9.9.9", "IP6 2001:db8::9")), 473),
    "Remote with a bad fingerprint": (
        add(TLS, REMOTE.replace("TCP", "TCP/TLS") + "a=fingerprint:sha-256 AA\n"),
        449,
    ),
    "unknown package": (add(control="nobody/knows = 1"), 440),
    "unknown property": (add(control="gm/nonsense = 1"), 445),
    "property that is not served": (add(control="tman/dvt = 800"), 445),
    "wrong enumeration": (add(control="tcpbcc/mode = upside"), 449),
    "wrong boolean": (add(control="gm/saf = MAYBE"), 449),
    "wrong mask": (add(control='gm/sam = "[10.0.0.0]/99"'), 449),
    "mask is a name": (add(control='gm/sam = "peer.example"'), 449),
    "wrong port": (add(control="gm/spr = 70000"), 449),
    "ports upside down": (add(control='gm/sprr = "20-10"'), 449),
    "$ for a property": (add(control="tcpbcc/mode = $"), 449),
    "choice of values": (add(control="tcpbcc/mode = { proxy, merge }"), 449),
    "relay is not there yet": (add(control="tcpbcc/mode = relay"), 501),
    "loopback": (add(control="Mode = Loopback"), 517),
    "unknown realm": (add(control='ipdc/realm = "mars"'), 449),
    "two realms": (add(control='ipdc/realm = "access"', name="ip/core/$"), 473),
    "property twice": (add(control="gm/saf = ON, gm/saf = OFF"), 456),
    "termination that is not there": (add(name="ip/core/99"), 430),
    "ROOT": (add(name="ROOT"), 430),
    "all": (add(name="*"), 430),
    "unknown event": (add(more=", Events = 1 { g/nonsense }"), 451),
    "event of an unknown package": (add(more=", Events = 1 { x/y }"), 440),
    "event that is not detected": (add(more=", Events = 1 { nt/netfail }"), 512),
    "event of ROOT": (add(more=", Events = 1 { it/ito { mit = 100 } }"), 512),
    "event without its parameter": (add(more=", Events = 1 { hangterm/thb }"), 457),
    "event with a wrong parameter": (add(more=", Events = 1 { hangterm/thb { timerx = soon } }"), 449),
    "event with an unknown parameter": (add(more=", Events = 1 { g/cause { x = 1 } }"), 446),
    "event of another stream": (add(more=", Events = 1 { g/cause { Stream = 2 } }"), 449),
    "regulated notification": (add(more=", Events = 1 { g/cause { NBRN } }"), 501),
    "digit map of an event without digits": (add(more=", Events = 1 { g/cause { DM = dial } }"), 446),
    "digit map": (add(more=", DigitMap = dial { (123) }"), 444),
    "events embedded two levels deep": (
        add(
            more=", Events = 1 { g/cause { EM { E = 2 { g/cause { EM { E = 3 { g/cause } } } } } } }",
        ),
        442,
    ),
    "embedded signal that is not given": (add(more=", Events = 1 { g/cause { EM { SG { x/y } } } }"), 440),
    "embedded in a heartbeat": (
        add(more=", Events = 1 { hangterm/thb { timerx = 5, EM { E = 2 { g/cause } } } }"),
        501,
    ),
    "signal that goes on": (add(LOCAL, REMOTE, more=", Signals { tcpbcc/EstBNC { SY = OO } }"), 449),
    "signal to the inside": (add(LOCAL, REMOTE, more=", Signals { tcpbcc/EstBNC { SPADI = IT } }"), 449),
    "completion that starts over": (
        add(LOCAL, REMOTE, more=", Events = 1 { g/sc { EM { SG { tcpbcc/EstBNC { NC = { TO } } } } } }"),
        501,
    ),
    "signal with a parameter": (add(LOCAL, REMOTE, more=", Signals { tcpbcc/EstBNC { x = 1 } }"), 446),
    "buffer of an unknown event": (add(more=", EventBuffer { g/nonsense }"), 451),
    "unknown signal": (add(more=", Signals { tcpbcc/Nonsense }"), 452),
    "signal of an unknown package": (add(more=", Signals { x/y }"), 440),
    "latching without saying how": (add(more=", Signals { ipnapt/latch }"), 457),
    "latching in a way that is none": (add(more=", Signals { ipnapt/latch { napt = MAYBE } }"), 449),
    "latching with another parameter": (add(more=", Signals { ipnapt/latch { nap = LATCH } }"), 446),
    "an address to send from that is not ours": (add(control='gm/lsa = "192.0.2.250"'), 449),
    "an address to send from that is none": (add(control='gm/lsa = "here"'), 449),
    "an address to send from of the other family": (add(control='gm/lsa = "2001:db8::1"'), 449),
    "a DiffServ octet that is two": (add(control="ds/dscp = b800"), 449),
    "silence without its length": (add(more=", Events = 1 { adid/ipstop }"), 457),
    "a SYN-ACK that cannot be held here": (add(control="tcpbcc/incoming = hold"), 501),
    "signal that is not given": (add(more=", Signals { tlsbsc/RelBNC }"), 513),
    "start TCP to nowhere": (add(more=", Signals { tcpbcc/EstBNC }"), 472),
    "start TCP to port 9": (
        add(LOCAL, REMOTE.replace("2855", "9"), more=", Signals { tcpbcc/EstBNC }"),
        472,
    ),
    "start TLS without TLS": (add(more=", Signals { tlsbsc/EstBNC }"), 513),
    "signal for another stream": (add(LOCAL, REMOTE, more=", Signals { tcpbcc/EstBNC { Stream = 7 } }"), 449),
    "test state": (with_state("ServiceStates = Test"), 449),
    "state property": (with_state("gm/saf = ON"), 445),
    "unknown statistic of a stream": (add(LOCAL + "}, Statistics { rtp/pl "), 453),
    "audit of an unknown statistic": (add(more=", Audit { Statistics { rtp/pl } }"), 532),
}  # fmt: skip


@pytest.mark.parametrize(("command", "code"), ADDS.values(), ids=ADDS)
def test_add_that_cannot_be(command: str, code: int) -> None:
    talk = GatewayTalk()
    assert talk.code(f"Context = $ {{ {command} }}") == code
    assert talk.plane.orders == []
    assert talk.is_empty()


CALL = f"Context = $ {{ {add(LOCAL, REMOTE)} }}"

COMMANDS = {
    "unknown context": ("99", modify(media("LocalControl { Mode = Inactive }")), 411),
    "unknown termination": ("1", modify("Signals", "ip/core/9"), 430),
    "termination of another context": ("2", modify("Signals"), 435),
    "termination in no context": ("-", "AuditValue = ip/core/1 { Audit { } }", 435),
    "ROOT in a context": ("1", "AuditValue = ROOT { Audit { } }", 435),
    "nothing matches": ("1", "Subtract = ip/access/*", 431),
    "nothing is in the null context": ("-", "Subtract = *", 431),
    "$ in Modify": ("1", modify("Signals", "$"), 430),
    "$ in Subtract": ("1", "Subtract = $", 430),
    "ROOT cannot be subtracted": ("-", "Subtract = ROOT", 542),
    "Add outside of contexts": ("-", add(), 421),
    "Add of what is there": ("1", add(name="ip/core/1"), 433),
    "new context without Add": ("$", "Subtract = *", 421),
    "Notify to a gateway": ("1", "Notify = ip/core/1 { ObservedEvents = 1 { g/cause } }", 443),
    "ServiceChange of a termination with a method for gateways": (
        "1",
        'ServiceChange = ip/core/1 { Services { Method = HandOff, Reason = "903 MGC" } }',
        449,
    ),
    "Move of what is here": ("1", "Move = ip/core/1", 433),
    "Move of what is nowhere": ("1", "Move = ip/core/9", 430),
    "Move of ROOT": ("1", "Move = ROOT", 430),
    "Move of $": ("1", "Move = $", 430),
    "Move to no context": ("-", "Move = ip/core/1", 421),
    "Move of nothing": ("1", "Move = ip/access/*", 431),
    "Move with a bad descriptor": ("2", "Move = ip/core/1 { Signals { x/y } }", 440),
    "another address": ("1", modify(media(f"Local {{ {LOCAL.replace('$', '10.0.0.2', 1)}}}")), 449),
    "another port": ("1", modify(media(f"Local {{ {LOCAL.replace('- $', '- 40000')}}}")), 449),
    "another transport": ("1", modify(media(f"Local {{ {TLS}}}")), 449),
    "another family": ("1", modify(media(f"Local {{ {LOCAL.replace('IP4', 'IP6')}}}")), 449),
    "Local emptied alone": ("1", modify(media("Local { }")), 449),
    "the only stream taken away": ("1", modify(media("Local { }, Remote { }")), 441),
    "another realm": ("1", modify(media('LocalControl { ipdc/realm = "access" }')), 449),
    "new stream without Local": ("1", modify("Media { Stream = 2 { LocalControl { gm/saf = ON } } }"), 441),
    "streams of ROOT": ("-", modify(media("LocalControl { Mode = Inactive }"), "ROOT"), 447),
    "event of a termination at ROOT": ("-", modify("Events = 1 { g/cause }", "ROOT"), 512),
    "inactivity without a time": ("-", modify("Events = 1 { it/ito }", "ROOT"), 457),
    "what only the gateway says": (
        "-",
        modify("Media { TerminationState { root/maxNumberOfContexts = 5 } }", "ROOT"),
        534,
    ),
    "timer of ROOT that is none": (
        "-",
        modify("Media { TerminationState { root/normalMGExecutionTime = soon } }", "ROOT"),
        449,
    ),
    "timer of ROOT twice": (
        "-",
        modify(
            "Media { TerminationState { root/normalMGExecutionTime = 1, ROOT/NormalMGExecutionTime = 2 } }",
            "ROOT",
        ),
        456,
    ),
    "timer of ROOT with a choice": (
        "-",
        modify("Media { TerminationState { root/normalMGExecutionTime = { 1, 2 } } }", "ROOT"),
        449,
    ),
    "Add of nothing": ("1", "Add = $", 441),
    "state of ROOT": ("-", modify("Media { TerminationState { ServiceStates = Test } }", "ROOT"), 501),
    "topology of nobody": ("1", "Topology { ip/core/1, ip/core/2, Isolate }, Subtract = *", 430),
    "topology with the outside": ("1", "Topology { ip/core/1, *, OWE }, Subtract = *", 522),
}  # fmt: skip


@pytest.mark.parametrize(("context", "command", "code"), COMMANDS.values(), ids=COMMANDS)
def test_command_that_cannot_be(context: str, command: str, code: int) -> None:
    talk = GatewayTalk()
    assert talk.code(f"{CALL}, {CALL}") == 0
    orders = list(talk.plane.orders)
    assert talk.code(f"Context = {context} {{ {command} }}") == code
    assert talk.plane.orders == orders
    assert talk.gateway.load() == (2, 2, 2, 0)


def test_what_was_unreadable_is_answered_with_what_the_decoder_says() -> None:
    talk = GatewayTalk()
    bad = ErrorDescriptor(442, "Syntax Error in Command")
    command = CommandRequest(Verb.ADD, ("$",), error=bad)
    good = CommandRequest(Verb.AUDIT_VALUE, ("ROOT",))
    for request in (
        TransactionRequest(1, error=bad),
        TransactionRequest(1, (ActionRequest(5, error=bad),)),
        TransactionRequest(1, (ActionRequest(CHOOSE_CONTEXT, (command,)), ActionRequest(0, (good,)))),
    ):
        answer = shown(talk.answers[talk.execute(request)])
        assert 'Error = 442{"Syntax Error in Command"}' in answer or "Error = 442" in answer
        assert "ROOT" not in answer
    assert talk.is_empty()


def test_counts_of_streams_and_events_are_limited() -> None:
    talk = GatewayTalk(gateway_settings(Limits(streams_per_termination=2, events_per_termination=1)))
    streams = ", ".join(f"Stream = {n} {{ Local {{ {LOCAL}}} }}" for n in (1, 2))
    assert talk.code(f"Context = $ {{ Add = $ {{ Media {{ {streams} }} }} }}") == 0
    third = f"Media {{ Stream = 3 {{ Local {{ {LOCAL}}} }} }}"
    assert talk.code(f"Context = 1 {{ {modify(third)} }}") == 510
    assert talk.code(f"Context = 1 {{ {modify('Events = 1 { g/cause }')} }}") == 0
    assert talk.code(f"Context = 1 {{ {modify('Events = 1 { g/cause, tcpbcc/BNCChange }')} }}") == 510
    three = f"{streams}, Stream = 3 {{ Local {{ {LOCAL}}} }}"
    assert talk.code(f"Context = $ {{ Add = $ {{ Media {{ {three} }} }} }}") == 510
    talk.ask("Context = * { Subtract = * }")
    assert talk.is_empty()


NAMED = {
    "family": (add(LOCAL.replace("IP4", "IP6")), "IP6"),
    "port": (add(LOCAL.replace("- $ TCP", "- 4000 TCP")), "4000"),
    "fingerprint": (add(LOCAL + "a=fingerprint:sha-256 $\n"), "a=fingerprint:sha-256 $"),
    "somebody else's fingerprint": (add(TLS.replace("sha-256 $", "sha-256 AA:BB")), "AA:BB"),
    "name of a host": (add(LOCAL, REMOTE.replace("10.9.9.9", "peer.example")), "peer.example"),
    "choice": (add(control="tcpbcc/mode = { proxy, merge }"), "proxy, merge"),
    "realm": (modify(media('LocalControl { ipdc/realm = "access" }')), "access"),
    "another address": (modify(media(f"Local {{ {LOCAL.replace('$', '10.0.0.2', 1)}}}")), "10.0.0.2"),
    "another port": (modify(media(f"Local {{ {LOCAL.replace('- $', '- 40000')}}}")), "40000"),
    "another transport": (modify(media(f"Local {{ {TLS}}}")), "TCP/TLS"),
    "another family": (modify(media(f"Local {{ {LOCAL.replace('IP4', 'IP6')}}}")), "IP6"),
}


@pytest.mark.parametrize(("command", "value"), NAMED.values(), ids=NAMED)
def test_449_names_the_value(command: str, value: str) -> None:
    """TS 29.334 clause 5.2."""
    talk = GatewayTalk()
    talk.ask(CALL)
    context = "$" if command.startswith("Add") else "1"
    answer = talk.ask(f"Context = {context} {{ {command} }}")
    assert "Error = 449" in answer
    assert value in answer.partition("Error = 449")[2]
