"""What passes through the controller's daemon, counted."""

from prometheus_client import generate_latest

from imsedge.core.address import TransportAddress
from imsedge.daemon.alg_metrics import AlgMetrics, Held
from imsedge.h248.model import ActionReply, CommandReply, ErrorDescriptor, IpMid, Verb
from imsedge.h248.transactions import Failure, ReplyArrived, RequestFailed
from imsedge.sip.message import SipRequest, make_response
from imsedge.sip.parser import read_message

PEER = TransportAddress("127.0.0.1", 2946)

INVITE = (
    b"INVITE sip:bob@home.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"From: <sip:alice@home.test>;tag=1\r\nTo: <sip:bob@home.test>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n"
    b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def counted(metrics: AlgMetrics) -> dict[str, float]:
    lines = [line for line in generate_latest(metrics.registry).decode().splitlines() if line[0] != "#"]
    samples = (line.rsplit(" ", 1) for line in lines)
    return {name: float(value) for name, value in samples if float(value) and "_created" not in name}


def request(data: bytes) -> SipRequest:
    message = read_message(data)
    assert isinstance(message, SipRequest)
    return message


def reply(*replies: CommandReply) -> ReplyArrived:
    return ReplyArrived(None, 1, (ActionReply(1, replies),), PEER, 2, IpMid(*PEER))


def test_sip_by_method_and_status() -> None:
    metrics = AlgMetrics(Held)
    invite = request(INVITE)
    metrics.received(invite)
    metrics.sent(make_response(invite, 488, to_tag="2"))
    metrics.dropped()
    assert counted(metrics) == {
        'imsedge_sip_requests_total{method="INVITE"}': 1,
        'imsedge_sip_responses_total{method="INVITE",status="488"}': 1,
        "imsedge_sip_dropped_total": 1,
    }


def test_methods_that_a_peer_invents_count_together() -> None:
    metrics = AlgMetrics(Held)
    for number in range(5):
        metrics.received(request(INVITE.replace(b"INVITE", b"MADE%d" % number)))
    assert counted(metrics) == {'imsedge_sip_requests_total{method="other"}': 5}


def test_outcomes_of_transactions() -> None:
    metrics = AlgMetrics(Held)
    metrics.outcome(reply(CommandReply(Verb.ADD, ("ip/core/1",))))
    metrics.outcome(reply(CommandReply(Verb.ADD, ("$",), (ErrorDescriptor(510),))))
    metrics.outcome(ReplyArrived(None, 1, ErrorDescriptor(400), PEER, 2, IpMid(*PEER)))
    metrics.outcome(RequestFailed(None, 1, Failure.TIMED_OUT, PEER))
    assert counted(metrics) == {
        'imsedge_h248_transactions_total{outcome="ok"}': 1,
        'imsedge_h248_transactions_total{outcome="error"}': 2,
        'imsedge_h248_transactions_total{outcome="none"}': 1,
    }


def test_gauges_ask_when_they_are_read() -> None:
    held = [Held(calls=2, registrations=3, gateways=1)]
    metrics = AlgMetrics(lambda: held[0])
    assert counted(metrics) == {"imsedge_calls": 2, "imsedge_registrations": 3, "imsedge_gateways": 1}
    held[0] = Held()
    assert counted(metrics) == {}
