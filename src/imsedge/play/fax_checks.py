"""What must be true of a T.38 call beside its order."""

from collections.abc import Iterator, Sequence

from imsedge.core.trace import Kind
from imsedge.play.checks import descriptions, requests_of, signals_of, told_by
from imsedge.play.fax_scene import CED, CNG, LINES
from imsedge.play.report import Check, Event
from imsedge.play.scenes import Ensemble
from imsedge.play.stage import Stage
from imsedge.play.steps import AGW, CORE, UE

_SECURED_STEP = {"t38-e2ae-originating": "5", "t38-e2ae-terminating": "2"}


def of_call(cast: Ensemble, stage: Stage, events: Sequence[Event], flow: str) -> Iterator[Check]:
    """All checks of one call."""
    yield Check("the controller announced udptl-dtls", "udptl-dtls" in cast.announced, cast.announced)
    yield from _descriptions(cast, flow)
    requests = requests_of(stage, events)
    for step in ("2", "5"):
        told, secured = told_by(requests.get(step)), step == _SECURED_STEP[flow]
        wanted = "$ UDP/DTLS -" if secured else "$ UDP -"
        ok = wanted in told and ("fingerprint" in told) is secured
        yield Check(f"step {step} says {wanted}", ok, " ".join(told.split()))
    ordered = any("tlsbsc/EstBNC" in signals_of(request) for request in requests.values())
    clients = [e.source for e in events if e.kind is Kind.DTLS and e.summary.startswith("ClientHello")]
    yield Check("the gateway is the DTLS client when ordered", set(clients) == {AGW if ordered else UE})
    yield from _media(cast, stage, events)


def _descriptions(cast: Ensemble, flow: str) -> Iterator[Check]:
    yield from descriptions(cast, flow, "UDP/TLS/UDPTL", "udptl")
    ue, core = cast.seen_by_ue, cast.seen_by_core
    if ue is None or core is None:
        return
    named = [line for line in ue.lines if line.startswith("tls-id:")]
    kept = tuple(line for line in ue.lines if line not in named)
    yield Check("every T.38 attribute arrived as it was", kept == core.lines == LINES)
    yield Check("the gateway's association has a tls-id", len(named) == 1, ", ".join(named))


def _media(cast: Ensemble, stage: Stage, events: Sequence[Event]) -> Iterator[Check]:
    yield Check("a datagram went each way", cast.heard == ["CNG", "CED"], ", ".join(cast.heard))
    media = [
        (node, crossing.data)
        for crossing, source, destination in stage.placed()
        for node in (UE, CORE)
        if crossing.kind in {Kind.DTLS, Kind.UDPTL} and crossing.data and {source, destination} == {AGW, node}
    ]
    access = [data for node, data in media if node == UE]
    secret = bool(access) and not any(packet in data for data in access for packet in (CNG, CED))
    yield Check("only DTLS records crossed the access leg", secret)
    core = sorted(data for node, data in media if node == CORE)
    yield Check("the borders of datagrams are kept in the core", core == sorted((CNG, CED)))
    released = any(event.summary.startswith("SUB resp") and "error" not in event.summary for event in events)
    yield Check("the context was subtracted", released)
