"""H.248 words for tests."""

from typing import Any

from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.h248.codec import decode
from imsedge.h248.model import (
    ROOT,
    ActionReply,
    ActionRequest,
    Audit,
    CommandReply,
    CommandRequest,
    DomainMid,
    Message,
    Mid,
    ObservedEvent,
    ObservedEvents,
    TransactionRequest,
    Verb,
)
from imsedge.h248.transactions import Received, Transactions, TransactionSettings, Transmit

A = TransportAddress("192.0.2.1", 2944)
B = TransportAddress("192.0.2.2", 2944)
C = TransportAddress("192.0.2.3", 2944)
MGC = DomainMid("mgc.example.net")
SECOND = DomainMid("second.example.net")
GATEWAY = DomainMid("gw.example.net")


def settings(mid: Mid, **changes: Any) -> TransactionSettings:
    return TransactionSettings(mid=mid, **changes)


def audit(context: int = 0) -> tuple[ActionRequest, ...]:
    """``AuditValue = ROOT { Audit {} }``, the smallest request."""
    return (ActionRequest(context, (CommandRequest(Verb.AUDIT_VALUE, (ROOT,), audit=Audit()),)),)


def audited(context: int = 0) -> tuple[ActionReply, ...]:
    """Its reply."""
    return (ActionReply(context, (CommandReply(Verb.AUDIT_VALUE, (ROOT,)),)),)


def request(number: int, context: int = 0) -> TransactionRequest:
    return TransactionRequest(number, audit(context))


def message(mid: Mid, *transactions: Any, version: int = 2) -> Message:
    return Message(version, mid, transactions)


def decoded(transmit: Any) -> Any:
    """The message in a ``Transmit``; untyped, for tests that look into it."""
    assert isinstance(transmit, Transmit)
    return decode(transmit.data)


def notify(event: str, request_id: int) -> tuple[ActionRequest, ...]:
    """``Notify = ROOT { ObservedEvents = ... }``."""
    observed = ObservedEvents(request_id, (ObservedEvent(event),))
    return (ActionRequest(0, (CommandRequest(Verb.NOTIFY, (ROOT,), observed=observed),)),)


DONE = (ActionReply(0, (CommandReply(Verb.AUDIT_VALUE, (ROOT,)),)),)


def transactions(**changes: Any) -> Any:
    """The machine of a controller, counting from 1."""
    return Transactions(settings(MGC, **changes), CountingIds())


def arrive(machine: Any, *what: Any, now: float = 0.0, source: TransportAddress = B) -> list[Any]:
    """Transactions of a gateway arrive in one message."""
    outputs: list[Any] = machine.handle(Received(message(GATEWAY, *what), source), now)
    return outputs
