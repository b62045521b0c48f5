"""Whatever the gateway answers and reports, Erlang's megaco understands it: in text and in BER."""

from pathlib import Path

import pytest

from imsedge.agw.settings import Limits
from imsedge.bearer.messages import Closed, Established
from imsedge.core.address import TransportAddress
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import Message, TransactionReply, TransactionRequest
from kit.gateway_talk import MID, GatewayTalk, gateway_settings
from kit.megaco import judge

pytestmark = pytest.mark.interop

HERE, PEER = TransportAddress("10.0.0.1", 30_000), TransportAddress("10.9.9.9", 2855)
LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"
CONTROL = "LocalControl { Mode = SendReceive, gm/saf = ON }"
ADD = f"Add = $ {{ Media {{ Stream = 1 {{ {CONTROL}, Local {{ {LOCAL}}} }} }} }}"
EVERYTHING = """Audit { Media, Events, Signals, EventBuffer, DigitMap, Statistics, ObservedEvents,
    Packages, Mux, Modem }"""
STATE = "Media { TerminationState { %s } }"
SERVICE = 'Services { Method = %s, Reason = "905 Termination taken out of service" }'

ATTRIBUTES = "ContextAudit { Topology, Priority, Emergency }"
BUFFER = "EventBuffer { tcpbcc/BNCChange { Type = [Est, Cut] } }"
EVENTS = """Events = 5 { tcpbcc/BNCChange { Type = Est,
    Embed { Signals { tcpbcc/EstBNC }, Events = 6 { g/cause } } } }"""
TIMER = STATE % "root/MGProvisionalResponseTimerValue = 100"
ROOT_EVENTS = "Events = 7 { ocp/mg_overload, chp/mgcon, it/ito { mit = 100 } }"

CONVERSATION = (
    f"Context = $ {{ Priority = 7, Emergency, {ADD}, {ADD}, {ADD} }}, Context = $ {{ {ADD} }}",
    f"Context = 1 {{ Topology {{ ip/core/1, ip/core/3, Oneway }}, {ATTRIBUTES} }}",
    "Context = 1 { Topology { *, ip/core/2, Bothway }, Subtract = * }",
    "Context = 2 { Move = ip/core/1, Move = ip/core/9 }",
    f"Context = 1 {{ Modify = ip/core/2 {{ {BUFFER}, {EVENTS}, {STATE % 'Buffer = LockStep'} }} }}",
    f"Context = * {{ AuditValue = * {{ {EVERYTHING} }} }}",
    f"Context = * {{ W-AuditValue = * {{ {EVERYTHING} }} }}",
    "Context = * { AuditValue = * { Audit { } } }",
    f"Context = 1 {{ AuditCapability = * {{ {EVERYTHING} }} }}",
    f"Context = - {{ AuditCapability = ROOT {{ {EVERYTHING} }}, AuditValue = ROOT {{ {EVERYTHING} }} }}",
    f"Context = - {{ Modify = ROOT {{ {TIMER}, {ROOT_EVENTS}, Audit {{ Media, Events }} }} }}",
    f"Context = 1 {{ ServiceChange = ip/core/3 {{ {SERVICE % 'Graceful'} }} }}",
    f"Context = 1 {{ ServiceChange = ip/core/3 {{ {SERVICE % 'HandOff'} }} }}",
    f"Context = $ {{ {ADD} }}, Context = $ {{ {ADD} }}",
    "Context = 1 { O-Modify = ip/core/99, Subtract = ip/core/2, Subtract = * { Audit { } } }",
    "Context = * { W-Subtract = * }",
    f"Context = - {{ ServiceChange = ROOT {{ {SERVICE % 'Restart'} }} }}",
)


def messages() -> list[Message]:
    talk = GatewayTalk(gateway_settings(Limits(contexts=5)))
    said: list[Message] = []
    for actions in CONVERSATION:
        said.append(Message(3, MID, (TransactionReply(len(said) + 1, talk.result(actions, version=3)),)))
        talk.happen(Established(2, 0.0, HERE, PEER, accepted=True), Closed(2, 0.0), Closed(2, 0.0))
    talk.wait(2)
    for report in talk.reports:
        body = decode(report.encode()).body
        assert isinstance(body, tuple)
        said += [Message(3, MID, (request,)) for request in body if isinstance(request, TransactionRequest)]
    assert len(said) > len(CONVERSATION) + 3
    return said


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [("text", Encoding.PRETTY), ("text", Encoding.COMPACT), ("ber", Encoding.BER)],
    ids=["pretty", "compact", "BER"],
)
def test_erlang_understands_every_word(kind: str, encoding: Encoding, tmp_path: Path) -> None:
    sent = messages()
    verdicts = judge(kind, [encode(message, encoding) for message in sent], tmp_path)
    for message, verdict in zip(sent, verdicts, strict=True):
        assert verdict.again, f"{verdict.reason} in {message}"


@pytest.mark.parametrize("encoding", list(Encoding))
def test_we_understand_every_word_ourselves(encoding: Encoding) -> None:
    for message in messages():
        assert decode(encode(message, encoding)) == message
