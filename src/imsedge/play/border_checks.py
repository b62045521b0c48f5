"""What must be true of a call between two networks beside its order: neither sees where the other one is."""

from collections.abc import Iterator

from imsedge.core.trace import Kind
from imsedge.play.report import Check
from imsedge.play.scenes import Ensemble
from imsedge.play.stage import Stage
from imsedge.play.steps import ALG, AT_BORDER, CORE, UE
from imsedge.play.variants import Variant


def of_call(cast: Ensemble, stage: Stage, variant: Variant) -> Iterator[Check]:
    """The checks that every call over Ix has."""
    gateway = {UE: cast.seen_by_ue, CORE: cast.seen_by_core}
    for here, host, proxy, there in (
        (UE, cast.hosts[0], cast.ue_proxy.host, CORE),
        (CORE, cast.hosts[1], cast.core_proxy.host, UE),
    ):
        told = gateway[here]
        hosts = {host, proxy, *([told.address.host] if told is not None else [])}
        seen = b"".join(_seen(stage, there, aware=variant.aware))
        shown = sorted(name for name in hosts if name.encode() in seen)
        name = f"no address of the {AT_BORDER[here]} network is seen in the {AT_BORDER[there]} one"
        yield Check(name, bool(seen) and not shown, ", ".join(shown))
    calls = {node: _call_ids(stage, node) for node in (UE, CORE)}
    yield Check("each network has a Call-ID of its own", not calls[UE] & calls[CORE])


def _seen(stage: Stage, node: str, *, aware: bool) -> Iterator[bytes]:
    """SIP towards that network.  An application-agnostic gateway has to leave the path that MSRP carries too
    (RFC 6714)."""
    for crossing, source, destination in stage.placed():
        if crossing.kind is Kind.SIP and (source, destination) == (ALG, node):
            yield b"".join(
                line
                for line in crossing.data.splitlines(keepends=True)
                if aware or not line.startswith(b"a=path:")
            )


def _call_ids(stage: Stage, node: str) -> set[bytes]:
    sip = (crossing.data for crossing, *ends in stage.placed() if crossing.kind is Kind.SIP and node in ends)
    return {line for data in sip for line in data.splitlines() if line.startswith(b"Call-ID:")}
