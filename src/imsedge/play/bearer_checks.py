"""What must be true of figure y.2.1 beside its order: what the gateway is told, and what crosses."""

from collections.abc import Iterator, Sequence

from imsedge.core.trace import Kind
from imsedge.h248.model import CommandRequest, Media
from imsedge.play.bearer_scene import HIDDEN
from imsedge.play.border_steps import CONFIGURED, JOINED, RESERVED
from imsedge.play.checks import octets_of, paths_apart, requests_of, signals_of, told_by
from imsedge.play.report import Check, Event
from imsedge.play.scenes import CORE_WORDS, UE_WORDS, Ensemble
from imsedge.play.stage import Stage
from imsedge.play.steps import AGW, CORE, UE
from imsedge.play.variants import ACTIVE, MERGE, RELAY, Variant

# Steps that reserve, and those that say what the answer has decided.
_ORDERS, _BORDER_ORDERS = (("2", "5"), ("12", "18")), ((RESERVED,), (CONFIGURED, JOINED))
_CONNECT, _LATCH = "tcpbcc/EstBNC", "ipnapt/latch"


def of_call(
    cast: Ensemble, stage: Stage, events: Sequence[Event], answer: str, variant: Variant
) -> Iterator[Check]:
    """All checks of one call."""
    requests = requests_of(stage, events)
    yield from _orders(requests, answer, variant)
    if cast.aware:
        yield from paths_apart(cast)
    if variant.delayed:
        yield from _silence(events)
    if variant.nat:
        yield from _hiding(cast, requests)
    yield from _media(cast, stage, events)


def _orders(requests: dict[str, CommandRequest], answer: str, variant: Variant) -> Iterator[Check]:
    reserving, configuring = _BORDER_ORDERS if variant.ix else _ORDERS
    for step in reserving:
        told = told_by(requests.get(step))
        transport = "$ TCP/MSRP *" if variant.aware else "$ TCP -"
        ok = transport in told and "TLS" not in told and _CONNECT not in signals_of(requests.get(step))
        yield Check(f"step {step} reserves TCP and starts nothing", ok, " ".join(told.split()))
    for step in configuring:
        modes = _modes(requests.get(step))
        yield Check(f"step {step} sets the mode {variant.mode}", modes == [variant.mode], ", ".join(modes))
    first = configuring[0]
    started = _CONNECT in signals_of(requests.get(first))
    expected = answer != ACTIVE and variant.mode not in (RELAY, MERGE)
    wanted = "orders the gateway to connect" if expected else "orders no connection"
    yield Check(f"step {first} {wanted}", started is expected)


def _modes(command: CommandRequest | None) -> list[str]:
    media = [d for d in command.descriptors if isinstance(d, Media)] if command else []
    controls = [stream.control for one in media for stream in one.streams if stream.control]
    return [p.value for control in controls for p in control.properties if p.name == "tcpbcc/mode"]


def _silence(events: Sequence[Event]) -> Iterator[Check]:
    """Until the repeated SYN nobody answers, and nothing happens on the other leg."""
    before: list[Event] = []
    for event in events:
        if event.step == "16'":
            break
        before.append(event)
    answered = [e for e in before if e.kind is Kind.TCP and (e.source, e.destination) == (AGW, CORE)]
    yield Check("the early SYN met silence", not answered)
    beside = [e for e in before if e.kind is Kind.TCP and UE in (e.source, e.destination)]
    yield Check("nothing happened on the other leg meanwhile", not beside)


def _hiding(cast: Ensemble, requests: dict[str, CommandRequest]) -> Iterator[Check]:
    latched = _LATCH in signals_of(requests.get("2"))
    yield Check("step 2 lets the gateway learn the phone's address", latched)
    shown = cast.seen_by_core.address.host if cast.seen_by_core else HIDDEN.host
    yield Check("the core never saw the hidden address", shown != HIDDEN.host, shown)
    setup = cast.seen_by_ue.setup if cast.seen_by_ue else ""
    yield Check("the phone was made to call", setup == "passive", setup)


def _media(cast: Ensemble, stage: Stage, events: Sequence[Event]) -> Iterator[Check]:
    yield Check("a message went each way", cast.heard == [UE_WORDS, CORE_WORDS], ", ".join(cast.heard))
    access, core = (b"".join(octets_of(stage, node)) for node in (UE, CORE))
    if not cast.aware:
        yield Check("the payload is the same on both legs", bool(access) and len(access) == len(core))
    released = any(event.summary.startswith("SUB resp") and "error" not in event.summary for event in events)
    yield Check("the context was subtracted", released)
