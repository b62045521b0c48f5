"""What the controller counts for Prometheus; each metric says what it means."""

from collections.abc import Callable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge

from imsedge.h248.model import ErrorDescriptor
from imsedge.h248.transactions import ReplyArrived, RequestFailed
from imsedge.sip.message import SipRequest, SipResponse


class Held(NamedTuple):
    """How many of each the controller holds."""

    calls: int = 0
    registrations: int = 0
    gateways: int = 0


class AlgMetrics:
    """Counters are fed with what passes through the daemon; gauges ask when they are read."""

    def __init__(self, held: Callable[[], Held]) -> None:
        self.registry = CollectorRegistry()
        self._gauge("imsedge_calls", "Calls that exist.", lambda: held().calls)
        self._gauge(
            "imsedge_registrations", "Registered contacts of user equipment.", lambda: held().registrations
        )
        self._gauge("imsedge_gateways", "Gateways that are registered with us.", lambda: held().gateways)
        self._requests = self._counter("imsedge_sip_requests", "SIP requests received, by method.", "method")
        self._responses = self._counter(
            "imsedge_sip_responses", "SIP responses sent, by method and status.", "method", "status"
        )
        self._dropped = self._counter("imsedge_sip_dropped", "SIP messages that could not be used.")
        self._transactions = self._counter(
            "imsedge_h248_transactions",
            "Transactions that we asked for, by outcome: ok, error, none.",
            "outcome",
        )

    def received(self, request: SipRequest) -> None:
        """A request arrived.  Unknown methods count together: a peer must not make the table grow."""
        self._requests.labels(_bounded(request.method)).inc()

    def sent(self, response: SipResponse) -> None:
        """A response leaves."""
        self._responses.labels(_bounded(response.cseq.method), str(response.status)).inc()

    def dropped(self) -> None:
        """A message was malformed or belonged to nothing."""
        self._dropped.inc()

    def outcome(self, result: ReplyArrived | RequestFailed) -> None:
        """A gateway answered, or did not."""
        self._transactions.labels(_outcome(result)).inc()

    def _gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        Gauge(name, meaning, registry=self.registry).set_function(value)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)


_METHODS = frozenset(
    {
        "ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "PUBLISH", "REFER",
        "REGISTER", "SUBSCRIBE", "UPDATE",
    }
)  # fmt: skip


def _bounded(method: str) -> str:
    return method if method in _METHODS else "other"


def _outcome(result: ReplyArrived | RequestFailed) -> str:
    if isinstance(result, RequestFailed):
        return "none"
    if isinstance(result.result, ErrorDescriptor):
        return "error"
    failed = any(action.error or any(reply.error for reply in action.replies) for action in result.result)
    return "error" if failed else "ok"
