"""Messages in the words of the figures."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind
from imsedge.play.summary import summarise

A, B = TransportAddress("192.0.2.1", 5060), TransportAddress("192.0.2.2", 5060)

SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\na=setup:actpass\r\nt=0 0\r\n"
    "m=message 7654 TCP/TLS/MSRP *\r\na=fingerprint:sha-256 AA\r\na=3ge2ae:requested\r\n"
)
FIELDS = (
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n"
    "CSeq: 1 INVITE\r\n"
)
BODY = f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}"
EMPTY = "Content-Length: 0\r\n\r\n"
ACTION = "MEGACO/2 [192.0.2.1]:2944\nTransaction = 7 {{ {} }}"
REPLY = "MEGACO/2 [192.0.2.1]:2944\nReply = 7 {{ {} }}"
STREAM = "Media { Stream = 1 { Local {\nv=0\nc=IN IP4 $\nm=- $ TCP/TLS -\na=setup:actpass\n} } }"

SIP = {
    f"INVITE sip:a@b SIP/2.0\r\nMax-Forwards: 70\r\n{FIELDS}{BODY}": (
        "INVITE SDP offer (c=192.0.2.1 m=7654 TCP/TLS/MSRP a=3ge2ae:requested a=setup:actpass a=fingerprint)"
    ),
    f"SIP/2.0 180 Ringing\r\n{FIELDS}{EMPTY}": "180 Ringing (INVITE)",
    f"SIP/2.0 200 OK\r\n{FIELDS}{BODY}": (
        "200 OK (INVITE) SDP answer"
        " (c=192.0.2.1 m=7654 TCP/TLS/MSRP a=3ge2ae:requested a=setup:actpass a=fingerprint)"
    ),
    "no SIP at all": "as the driver said",
}
H248 = {
    ACTION.format("Context = $ { Add = $ { " + STREAM + " } }"): (
        "ADD req C=$ T=$ L(c=$ m=$ TCP/TLS a=setup:actpass)"
    ),
    ACTION.format("Context = 1 { Modify = ip/1 { Signals { tlsbsc/EstBNC } } }"): (
        "MOD req C=1 T=ip/1 tlsbsc/EstBNC"
    ),
    ACTION.format("Context = 1 { Subtract = * { Audit { } } }"): "SUB req C=1 T=*",
    ACTION.format("Context = - { ServiceChange = ROOT { Services { Method = Restart, Reason = 901 } } }"): (
        "SVC req C=- T=ROOT Restart 901"
    ),
    REPLY.format("Context = 1 { Modify = ip/1 }"): "MOD resp C=1 T=ip/1",
    REPLY.format('Context = 1 { Modify = ip/1 { Error = 430 { "Unknown TerminationID" } } }'): (
        "MOD resp C=1 T=ip/1 error 430 Unknown TerminationID"
    ),
    REPLY.format('Error = 403 { "Syntax error" }'): "reply error 403 Syntax error",
    "MEGACO/2 [192.0.2.1]:2944 Pending = 7 { }": "pending",
    "MEGACO/2 [192.0.2.1]:2944 TransactionResponseAck { 7 }": "ack",
    'MEGACO/2 [192.0.2.1]:2944 Error = 406 { "Version" }': "error 406 Version",
    "no H.248 at all": "as the driver said",
}
CASES = [(Kind.SIP, *row) for row in SIP.items()] + [(Kind.H248, *row) for row in H248.items()]


@pytest.mark.parametrize(("kind", "text", "words"), CASES)
def test_words(kind: Kind, text: str, words: str) -> None:
    crossing = Crossing(0.0, kind, A, B, "udp", "as the driver said", text.encode())
    assert summarise(crossing) == words


def test_what_has_no_octets_keeps_the_drivers_words() -> None:
    assert summarise(Crossing(0.0, Kind.TCP, A, B, "tcp", "SYN")) == "SYN"
    assert summarise(Crossing(0.0, Kind.SIP, A, B, "udp", "lost")) == "lost"
