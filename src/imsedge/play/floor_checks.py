"""What must be true of a BFCP call beside its order: the sentences of TR 29.828 clause 5.2.1.3."""

from collections.abc import Iterator, Sequence

from imsedge.bfcp.parser import HEADER
from imsedge.core.trace import Kind
from imsedge.h248.model import CommandRequest
from imsedge.play.checks import descriptions, octets_of, requests_of, signals_of, told_by
from imsedge.play.floor_scene import PARTICIPANT, SERVER
from imsedge.play.floor_talk import CONFERENCE, USER
from imsedge.play.report import Check, Event
from imsedge.play.scenes import Ensemble
from imsedge.play.stage import Stage
from imsedge.play.steps import CORE, UE

HEARD = ["HelloAck", "FloorRequestStatus Granted", "FloorRequestStatus Released"]

# Step 2 reserves towards the answerer, step 5 towards the offerer.
_SECURED_STEP = {"bfcp-e2ae-originating": "5", "bfcp-e2ae-terminating": "2"}
_START = "tlsbsc/EstBNC"


def of_call(cast: Ensemble, stage: Stage, events: Sequence[Event], flow: str) -> Iterator[Check]:
    """All checks of one call."""
    yield Check("the controller announced bfcp-tls", "bfcp-tls" in cast.announced, cast.announced)
    yield from _descriptions(cast, flow)
    yield from _orders(requests_of(stage, events), flow)
    yield from _media(cast, stage, events)


def _descriptions(cast: Ensemble, flow: str) -> Iterator[Check]:
    yield from descriptions(cast, flow, "TCP/TLS/BFCP", "TCP/BFCP")
    ue, core = cast.seen_by_ue, cast.seen_by_core
    if ue is None or core is None:
        return
    kept = (ue.lines, core.lines) == (SERVER, PARTICIPANT)
    yield Check("every BFCP attribute arrived as it was", kept, ", ".join(ue.lines + core.lines))


def _orders(requests: dict[str, CommandRequest], flow: str) -> Iterator[Check]:
    secured = _SECURED_STEP[flow]
    for step in ("2", "5"):
        told = told_by(requests.get(step))
        words = ("$ TCP/TLS -", "a=fingerprint:") if step == secured else ("$ TCP -",)
        ok = all(word in told for word in words) and ("TLS" in told) is (step == secured)
        yield Check(f"step {step} says {' and '.join(words)}", ok, " ".join(told.split()))
    for step in ("2", "5", "14"):
        expected = step == "2" and flow.endswith("terminating")
        ordered = _START in signals_of(requests.get(step))
        wanted = "orders the gateway to start TLS" if expected else "does not order TLS"
        yield Check(f"step {step} {wanted}", ordered is expected)


def _media(cast: Ensemble, stage: Stage, events: Sequence[Event]) -> Iterator[Check]:
    yield Check("the floor was granted and given back", cast.heard == HEARD, ", ".join(cast.heard))
    access, core = (b"".join(octets_of(stage, node)) for node in (UE, CORE))
    # The end of a common header: conference, a transaction, user (RFC 8855 clause 5.1).
    mark = HEADER.pack(0, 0, 0, CONFERENCE, 1, USER)[4:]
    yield Check("only TLS records crossed the access leg", bool(access) and mark not in access)
    yield Check("the core leg is in clear", mark in core)
    offered = [e for e in events if e.kind is Kind.TLS and e.summary.startswith("ClientHello")]
    yield Check("there was one TLS client", len(offered) == 1, str(len(offered)))
    released = any(event.summary.startswith("SUB resp") and "error" not in event.summary for event in events)
    yield Check("the context was subtracted", released)
