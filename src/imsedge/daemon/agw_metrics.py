"""What the gateway counts for Prometheus; each metric says what it means."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from imsedge.bearer.messages import (
    AnyEvent,
    Connecting,
    Established,
    Failed,
    MessageRefused,
    OpenFailed,
    Refused,
    Released,
    TlsEstablished,
    TlsStarted,
    Verified,
)
from imsedge.daemon.certificates import Shown
from imsedge.h248.model import ActionReply, ErrorDescriptor


class AgwMetrics:
    """Counters are fed with what passes through the daemon; gauges ask when they are read."""

    def __init__(self, counts: Callable[[], tuple[int, int, int]], associated: Callable[[], bool]) -> None:
        self.registry = CollectorRegistry()
        self._gauge("imsedge_contexts", "H.248 contexts that exist.", lambda: counts()[0])
        self._gauge("imsedge_terminations", "Terminations that exist, without ROOT.", lambda: counts()[1])
        self._gauge("imsedge_endpoints", "Media endpoints, each with a port.", lambda: counts()[2])
        self._gauge("imsedge_associated", "1 while a controller has the gateway registered.", associated)
        self._commands = self._counter(
            "imsedge_h248_commands",
            "Commands executed, by command and H.248.8 error code.",
            "command",
            "error",
        )
        self._transactions = self._counter(
            "imsedge_h248_failed_transactions", "Transactions or actions refused as a whole.", "error"
        )
        self._connections = self._counter(
            "imsedge_tcp_connections", "TCP connections that came up, by who called.", "direction"
        )
        self._attempts = self._counter("imsedge_tcp_attempts", "TCP connections that we tried to open.")
        self._refused = self._counter(
            "imsedge_tcp_refused", "Connections closed at once: wrong source, or a second one."
        )
        self._handshakes = self._counter(
            "imsedge_tls_handshakes", "TLS handshakes, by stage: started, established, verified.", "stage"
        )
        self._failures = self._counter(
            "imsedge_bearer_failures", "Bearers lost or never up, by cause.", "cause"
        )
        self._no_port = self._counter(
            "imsedge_open_failures", "Endpoints that got no port, by reason.", "reason"
        )
        self._expiry = Gauge(
            "imsedge_certificate_expiry_seconds",
            "When a certificate expires, in seconds since 1970, by realm and fingerprint.",
            ("realm", "fingerprint"),
            registry=self.registry,
        )
        self._octets = self._counter(
            "imsedge_payload_octets", "Payload octets of released endpoints, by direction.", "direction"
        )
        self._unpassed = self._counter(
            "imsedge_msrp_refused", "MSRP messages that did not go on, the first few of a stream.", "status"
        )
        self._messages = self._counter(
            "imsedge_msrp_messages", "MSRP messages that went on with other paths, of released endpoints."
        )

    @property
    def handshakes(self) -> int:
        """Begun so far."""
        return int(self.registry.get_sample_value("imsedge_tls_handshakes_total", {"stage": "started"}) or 0)

    def certificates(self, shown: Iterable[Shown]) -> None:
        """All that are alive."""
        self._expiry.clear()
        for row in shown:
            self._expiry.labels(row.realm, row.fingerprint).set(row.expires.timestamp())

    def bearer(self, event: AnyEvent) -> None:
        """Something happened in the media plane."""
        match event:
            case Connecting():
                self._attempts.inc()
            case Established(accepted=accepted):
                self._connections.labels("incoming" if accepted else "outgoing").inc()
            case Refused():
                self._refused.inc()
            case MessageRefused(status=status):
                self._unpassed.labels(str(status)).inc()
            case TlsStarted():
                self._handshakes.labels("started").inc()
            case TlsEstablished(verified=verified):
                self._handshakes.labels("established").inc()
                self._handshakes.labels("verified").inc(verified)
            case Verified():
                self._handshakes.labels("verified").inc()
            case Failed(cause=cause):
                self._failures.labels(cause.name.lower()).inc()
            case OpenFailed(exhausted=exhausted):
                self._no_port.labels("exhausted" if exhausted else "address").inc()
            case Released(counters=counters):
                self._octets.labels("received").inc(counters.octets_received)
                self._octets.labels("sent").inc(counters.octets_sent)
                self._messages.inc(counters.messages)

    def answer(self, result: tuple[ActionReply, ...] | ErrorDescriptor) -> None:
        """A transaction was executed."""
        if isinstance(result, ErrorDescriptor):
            self._transactions.labels(str(result.code)).inc()
            return
        for action in result:
            if action.error is not None:
                self._transactions.labels(str(action.error.code)).inc()
            for reply in action.replies:
                error = str(reply.error.code) if reply.error else ""
                self._commands.labels(reply.verb.value, error).inc()

    def _gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        Gauge(name, meaning, registry=self.registry).set_function(value)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)
