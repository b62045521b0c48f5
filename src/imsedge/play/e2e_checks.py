"""What must be true of an e2e call beside its order: the gateway carried it, and did nothing to it."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from imsedge.core.trace import Kind
from imsedge.h248.model import CommandRequest
from imsedge.play.border_steps import CONFIGURED, JOINED, RESERVED
from imsedge.play.checks import requests_of, signals_of, told_by
from imsedge.play.floor_checks import HEARD
from imsedge.play.report import Check, Event
from imsedge.play.scenes import CORE_WORDS, UE_WORDS, Ensemble
from imsedge.play.stage import Stage
from imsedge.play.steps import AGW, CORE, UE
from imsedge.play.variants import BFCP_E2E, Variant

# Octets of a close_notify: who hangs up does not wait for that of the other one.
_GOODBYE = 64
_ORDERS, _BORDER_ORDERS = ("2", "5", "12", "18"), (RESERVED, CONFIGURED, JOINED)
_WAYS = ((UE, CORE), (CORE, UE))


def of_call(
    cast: Ensemble, stage: Stage, events: Sequence[Event], flow: str, variant: Variant
) -> Iterator[Check]:
    """All checks of one call."""
    for half, (left, arrived) in zip(("offer", "answer"), cast.passed, strict=False):
        changed = differences(left.decode(), arrived.decode(), hidden=variant.ix)
        yield Check(f"of the {half} only addresses and ports have changed", not changed, "; ".join(changed))
    yield Check("both descriptions arrived", len(cast.passed) == 2)
    yield from _orders(requests_of(stage, events), _BORDER_ORDERS if variant.ix else _ORDERS)
    for source, destination in _WAYS:
        sent = b"".join(_records(stage, source, AGW))
        heard = b"".join(_records(stage, AGW, destination))
        same = bool(heard) and sent.startswith(heard) and len(sent) - len(heard) <= _GOODBYE
        yield Check(f"what {source} sent is what {destination} got, octet by octet", same)
    if cast.handshakes is not None:
        begun = cast.handshakes()
        yield Check("the gateway has begun no handshake", begun == 0, str(begun))
    wanted = HEARD if flow == BFCP_E2E else [UE_WORDS, CORE_WORDS]
    yield Check("payload went both ways", cast.heard == wanted, ", ".join(cast.heard))
    released = any(event.summary.startswith("SUB resp") and "error" not in event.summary for event in events)
    yield Check("the context was subtracted", released)


def differences(left: str, arrived: str, *, hidden: bool = False) -> list[str]:
    """Lines of which more has changed than an address or a port.  ``hidden``: also the address in ``o=``."""
    pairs = zip_longest(left.splitlines(), arrived.splitlines(), fillvalue="(nothing)")
    return [
        f"{old} became {new}" for old, new in pairs if _kept(old, hidden=hidden) != _kept(new, hidden=hidden)
    ]


def _kept(line: str, *, hidden: bool) -> list[str]:
    """What must not change of a line: of ``c=`` all but the host, of ``m=`` all but the port."""
    words = line.split(" ")
    if hidden and line.startswith("o="):
        return words[1:5]
    if line.startswith("c="):
        return words[:2]
    return words[:1] + words[2:] if line.startswith("m=") else words


def _orders(requests: dict[str, CommandRequest], steps: tuple[str, ...]) -> Iterator[Check]:
    for step in steps:
        told = told_by(requests.get(step))
        signals = [name for name in signals_of(requests.get(step)) if name.startswith("tls")]
        ok = " TCP -" in told and "TLS" not in told and "fingerprint" not in told and not signals
        yield Check(f"step {step} says TCP and nothing of TLS", ok, " ".join(told.split()))


def _records(stage: Stage, source: str, destination: str) -> Iterator[bytes]:
    for crossing, sender, receiver in stage.placed():
        if crossing.kind is Kind.TLS and (sender, receiver) == (source, destination):
            yield crossing.data
