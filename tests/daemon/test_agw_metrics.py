"""What passes through the gateway's daemon, counted."""

from datetime import UTC, datetime

from prometheus_client import generate_latest

from imsedge.bearer.messages import (
    Connecting,
    Counters,
    Established,
    Failed,
    FailureCause,
    MessageRefused,
    OpenFailed,
    Refused,
    Released,
    TlsEstablished,
    TlsRole,
    TlsStarted,
    Verified,
)
from imsedge.core.address import TransportAddress
from imsedge.daemon.agw_metrics import AgwMetrics
from imsedge.daemon.certificates import Shown
from imsedge.h248.model import ActionReply, CommandReply, ErrorDescriptor, Verb
from imsedge.security.fingerprint import fingerprint_of

HERE, THERE = TransportAddress("127.0.0.1", 20_000), TransportAddress("127.0.0.1", 40_000)


def counted(metrics: AgwMetrics) -> dict[str, float]:
    """Samples by name with labels, zeros and times of creation left out."""
    lines = [line for line in generate_latest(metrics.registry).decode().splitlines() if line[0] != "#"]
    samples = (line.rsplit(" ", 1) for line in lines)
    return {name: float(value) for name, value in samples if float(value) and "_created" not in name}


def test_certificates_that_go_are_no_longer_there() -> None:
    metrics, end = AgwMetrics(lambda: (0, 0, 0), lambda: False), datetime(2030, 1, 1, tzinfo=UTC)
    old, new = (
        Shown("access", "sha-256 AA", end, current=False),
        Shown("access", "sha-256 BB", end, current=True),
    )
    metrics.certificates([old, new])
    metrics.certificates([new])
    assert counted(metrics) == {
        'imsedge_certificate_expiry_seconds{fingerprint="sha-256 BB",realm="access"}': 1_893_456_000,
    }


def test_bearer_events() -> None:
    metrics = AgwMetrics(lambda: (0, 0, 0), lambda: False)
    der = fingerprint_of(b"certificate")
    for event in (
        Connecting(1, 0.0, HERE, THERE),
        Established(1, 0.1, HERE, THERE, accepted=False),
        Established(2, 0.1, HERE, THERE, accepted=True),
        Refused(2, 0.2, THERE, "second connection"),
        MessageRefused(2, 0.2, 481),
        TlsStarted(2, 0.2, TlsRole.SERVER),
        TlsEstablished(2, 0.3, "TLSv1.3", "TLS_AES_128_GCM_SHA256", der, verified=True),
        TlsEstablished(1, 0.3, "TLSv1.3", "TLS_AES_128_GCM_SHA256", der, verified=False),
        Verified(1, 0.4),
        Failed(1, 0.5, FailureCause.FINGERPRINT_MISMATCH),
        OpenFailed(3, 0.6, exhausted=True, reason="no port"),
        Released(2, 0.7, Counters(octets_received=300, octets_sent=200, messages=4)),
    ):
        metrics.bearer(event)
    assert counted(metrics) == {
        "imsedge_tcp_attempts_total": 1,
        'imsedge_tcp_connections_total{direction="outgoing"}': 1,
        'imsedge_tcp_connections_total{direction="incoming"}': 1,
        "imsedge_tcp_refused_total": 1,
        'imsedge_msrp_refused_total{status="481"}': 1,
        'imsedge_tls_handshakes_total{stage="started"}': 1,
        'imsedge_tls_handshakes_total{stage="established"}': 2,
        'imsedge_tls_handshakes_total{stage="verified"}': 2,
        'imsedge_bearer_failures_total{cause="fingerprint_mismatch"}': 1,
        'imsedge_open_failures_total{reason="exhausted"}': 1,
        'imsedge_payload_octets_total{direction="received"}': 300,
        'imsedge_payload_octets_total{direction="sent"}': 200,
        "imsedge_msrp_messages_total": 4,
    }


def test_answers_by_command_and_error() -> None:
    metrics = AgwMetrics(lambda: (0, 0, 0), lambda: False)
    metrics.answer((ActionReply(1, (CommandReply(Verb.ADD, ("ip/access/1",)),)),))
    refused = CommandReply(Verb.MODIFY, ("ip/access/9",), (ErrorDescriptor(430),))
    metrics.answer((ActionReply(1, (refused,)), ActionReply(7, error=ErrorDescriptor(411))))
    metrics.answer(ErrorDescriptor(400))
    assert counted(metrics) == {
        'imsedge_h248_commands_total{command="Add",error=""}': 1,
        'imsedge_h248_commands_total{command="Modify",error="430"}': 1,
        'imsedge_h248_failed_transactions_total{error="411"}': 1,
        'imsedge_h248_failed_transactions_total{error="400"}': 1,
    }


def test_gauges_ask_when_they_are_read() -> None:
    held = [1, 2, 2]
    metrics = AgwMetrics(lambda: (held[0], held[1], held[2]), lambda: True)
    assert counted(metrics) == {
        "imsedge_contexts": 1,
        "imsedge_terminations": 2,
        "imsedge_endpoints": 2,
        "imsedge_associated": 1,
    }
    held[:] = [0, 0, 0]
    assert counted(metrics) == {"imsedge_associated": 1}
