"""Stage-2 procedures as H.248 text, and what replies are read as."""

import pytest

from imsedge.alg.planner import PlannerSettings, Result, plan, read_result, subtract_all
from imsedge.alg.procedures import (
    Ack,
    Configure,
    Rejected,
    ReleaseTerminations,
    Reserve,
    Side,
    StreamAck,
    StreamMode,
    StreamRequest,
    TcpMode,
)
from imsedge.core.address import TransportAddress
from imsedge.h248.model import ActionReply, CommandReply, ErrorDescriptor, Media, Stream, Verb
from imsedge.security.fingerprint import read_fingerprint
from kit.gateway_talk import asked, shown_request

PEER = TransportAddress("10.9.9.9", 2855)
OURS = TransportAddress("10.0.0.1", 30_000)
PRINT = read_fingerprint("sha-256 " + ":".join(["AB"] * 32))


def configure(**elements: object) -> Configure:
    stream = StreamRequest(**elements)  # type: ignore[arg-type]
    return Configure(side=Side.CORE, context=3, termination="ip/core/1", streams=(stream,))


def control(text: str) -> str:
    return f"Context = 3 {{ Modify = ip/core/1 {{ Media {{ Stream = 1 {{ {text} }} }} }} }}"


REMOTE = "Remote {\nv=0\nc=IN IP4 10.9.9.9\nm=- 2855 TCP -\n}"

ELEMENTS = {
    "remote address": (configure(transport="TCP", remote=PEER), control(REMOTE)),
    "through-connection": (
        configure(through_connection=StreamMode.INACTIVE),
        control("LocalControl { Mode = Inactive }"),
    ),
    "merge": (configure(tcp_mode=TcpMode.MERGE), control("LocalControl { tcpbcc/mode = merge }")),
    "discard": (configure(discard_incoming=True), control("LocalControl { tcpbcc/incoming = discard }")),
    "accept": (configure(discard_incoming=False), control("LocalControl { tcpbcc/incoming = accept }")),
    "filter": (
        configure(transport="TCP", remote=PEER, only_from_remote=True),
        control('LocalControl { gm/saf = ON, gm/sam = "[10.9.9.9]", gm/spf = ON, gm/spr = 2855 }, ' + REMOTE),
    ),
    "filter off": (
        configure(only_from_remote=False),
        control("LocalControl { gm/saf = OFF, gm/spf = OFF }"),
    ),
    "local": (
        configure(transport="TCP", local=OURS, setup="passive"),
        control("Local {\nv=0\nc=IN IP4 10.0.0.1\nm=- 30000 TCP -\na=setup:passive\n}"),
    ),
    "IPv6": (
        configure(transport="TCP", remote=TransportAddress("2001:db8::9", 9), local_address_request=True),
        control(
            'LocalControl { ipdc/realm = "core" }, Local {\nv=0\nc=IN IP6 $\nm=- $ TCP -\n}, '
            "Remote {\nv=0\nc=IN IP6 2001:db8::9\nm=- 9 TCP -\n}"
        ),
    ),
    "start TCP": (
        configure(transport="TCP", remote=PEER, send_tcp=True),
        control(REMOTE).removesuffix("} }") + ", Signals { tcpbcc/EstBNC { Stream = 1 } } } }",
    ),
    "removal of a stream": (
        configure(release=True),
        control("LocalControl { Mode = Inactive }, Local { }, Remote { }"),
    ),
}


@pytest.mark.parametrize(("procedure", "text"), ELEMENTS.values(), ids=ELEMENTS)
def test_information_element(procedure: Configure, text: str) -> None:
    assert shown_request((plan(procedure, 5),)) == asked(text)


def test_release_is_a_subtract_of_all_without_statistics() -> None:
    text = asked("Context = 3 { Subtract = * { Audit { } } }")
    assert shown_request((plan(ReleaseTerminations(context=3), 5),)) == text
    assert shown_request((subtract_all(),)) == asked("Context = * { Subtract = * { Audit { } } }")


def test_realms_and_families_are_settings() -> None:
    settings = PlannerSettings(
        realms={Side.ACCESS: "public", Side.CORE: "ims"}, families={Side.ACCESS: "IP6", Side.CORE: "IP4"}
    )
    stream = StreamRequest(transport="TCP/TLS", local_address_request=True)
    text = shown_request((plan(Reserve(side=Side.ACCESS, context=None, streams=(stream,)), 1, settings),))
    assert 'ipdc/realm = "public"' in text
    assert "c=IN IP6 $" in text
    assert "Events" not in text


RESERVE = Reserve(
    side=Side.ACCESS,
    context=None,
    streams=(StreamRequest(transport="TCP/TLS", local_address_request=True, fingerprint_request=True),),
)
LOCAL = "v=0\r\nc=IN IP4 10.0.0.1\r\nm=- 30000 TCP/TLS -\r\n"


def added(local: str | None, *, context: int = 8, name: str = "ip/access/1") -> Result:
    reply = CommandReply(Verb.ADD, (name,), (Media((Stream(1, local=local),)),))
    return (ActionReply(context, (reply,)),)


def test_what_the_gateway_chose() -> None:
    assert read_result(RESERVE, added(f"{LOCAL}a=fingerprint:{PRINT}\r\n")) == Ack(
        context=8,
        termination="ip/access/1",
        streams=(StreamAck(stream=1, local=OURS, fingerprint=PRINT),),
    )


def error(code: int) -> ErrorDescriptor:
    return ErrorDescriptor(code, "text")


REJECTED: dict[str, tuple[Result, int, int | None]] = {
    "silence": (None, 0, None),
    "transaction": (error(403), 403, None),
    "action": ((ActionReply(8, error=error(412)),), 412, 8),
    "command": ((ActionReply(8, (CommandReply(Verb.ADD, ("$",), (error(510),)),)),), 510, 8),
    "no action": ((), 500, None),
    "no command": ((ActionReply(8),), 500, 8),
    "no Local": (added(None), 500, 8),
    "no fingerprint": (added(LOCAL), 500, 8),
    "still $": (added(LOCAL.replace("30000", "$")), 500, 8),
    "port 0": (added(LOCAL.replace("30000", "0")), 500, 8),
    "broken SDP": (added("m=?"), 500, 8),
    "two media": (added(LOCAL + "m=- 1 TCP -\r\n"), 500, 8),
    "no context": (added(LOCAL, context=0), 500, None),
}


@pytest.mark.parametrize(("result", "code", "context"), REJECTED.values(), ids=REJECTED)
def test_everything_else_is_a_rejection(result: Result, code: int, context: int | None) -> None:
    read = read_result(RESERVE, result)
    assert isinstance(read, Rejected)
    assert (read.code, read.context) == (code, context)


def test_release_needs_no_reply_of_substance() -> None:
    assert read_result(ReleaseTerminations(context=3), (ActionReply(3),)) == Ack(context=3)
