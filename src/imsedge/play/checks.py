"""What must be true of a played flow beside its order: the sentences of the contribution, one check each."""

from collections.abc import Iterable, Iterator, Sequence

from imsedge.core.trace import Crossing, Kind
from imsedge.h248 import codec
from imsedge.h248.model import CommandRequest, Media, Signal, Signals, TransactionRequest
from imsedge.play.report import Check, Event
from imsedge.play.scenes import CORE_WORDS, UE_WORDS, Ensemble
from imsedge.play.stage import Stage, is_drawn
from imsedge.play.steps import AGW, CORE, UE

# Which step tells the gateway what: (flow, step) -> what its Local and Remote must hold and must not.
_TOLD: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("msrp-e2ae-originating", "2"): (("$ TCP -", "c=IN IP4 $"), ("TLS", "fingerprint")),
    ("msrp-e2ae-originating", "5"): (("$ TCP/TLS -", "a=fingerprint:"), ()),
    ("msrp-e2ae-terminating", "2"): (("$ TCP/TLS -", "a=fingerprint:"), ()),
    ("msrp-e2ae-terminating", "5"): (("$ TCP -",), ("TLS", "fingerprint")),
}
# The same of a gateway that rewrites paths.
_TOLD_AWARE: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("msrp-e2ae-originating", "2"): (("$ TCP/MSRP *", "a=path:$"), ("TLS", "fingerprint", "msrps")),
    ("msrp-e2ae-originating", "5"): (("$ TCP/TLS/MSRP *", "a=path:$", "a=path:msrps:"), ()),
    ("msrp-e2ae-terminating", "2"): (("$ TCP/TLS/MSRP *", "a=path:$"), ("a=path:msrp",)),
    ("msrp-e2ae-terminating", "5"): (("$ TCP/MSRP *", "a=path:$", "a=path:msrp:"), ("TLS", "fingerprint")),
}
_MEDIA = frozenset({Kind.TLS, Kind.MSRP, Kind.BFCP})
# In which step the gateway is told to be the TLS client, when it calls the UE.
_TLS_STEP = {"msrp-e2ae-originating": "16", "msrp-e2ae-terminating": "14"}


def of_call(cast: Ensemble, stage: Stage, events: Sequence[Event], flow: str, answer: str) -> Iterator[Check]:
    """All checks of one e2ae call."""
    requests = requests_of(stage, events)
    yield from _registration(cast)
    yield from descriptions(cast, flow, "TCP/TLS/MSRP", "TCP/MSRP")
    yield from _orders(requests, flow, answer, _TOLD_AWARE if cast.aware else _TOLD)
    if cast.aware:
        yield from paths_apart(cast)
    yield from _media(cast, stage, events)


def _registration(cast: Ensemble) -> Iterator[Check]:
    yield Check("the controller announced msrp-tls", "msrp-tls" in cast.announced, cast.announced)


def descriptions(cast: Ensemble, flow: str, secure: str, clear: str) -> Iterator[Check]:
    """What each side may see, and must: transports as in SDP."""
    ue, core = cast.seen_by_ue, cast.seen_by_core
    if ue is None or core is None:
        yield Check("both sides got a description", ok=False)
        return
    secured = ue.secure and bool(ue.fingerprints)
    yield Check(f"the phone saw {secure} with the gateway's fingerprint", secured)
    bare = not core.secure and not core.fingerprints and core.e2ae is None
    yield Check(f"the core saw {clear}, no fingerprint and no 3ge2ae", bare)
    expected = "applied" if flow.endswith("terminating") else None
    yield Check("3ge2ae:applied stands in the offer to the phone only", ue.e2ae == expected, str(ue.e2ae))


def paths_apart(cast: Ensemble) -> Iterator[Check]:
    """Each UE has met its own path and its peer's as its SDP had it, and nothing of the other leg."""
    for name, own, seen in (
        ("ue", cast.ue_path, cast.seen_by_ue),
        ("core", cast.core_path, cast.seen_by_core),
    ):
        peer = " ".join(map(str, seen.path)) if seen else ""
        met = set(cast.met.get(name, ()))
        yield Check(
            f"the messages to {name} carried the paths of its own leg",
            met == {(" ".join(map(str, own)), peer)} and bool(peer),
            str(sorted(met)),
        )
    shown = [path for seen in (cast.seen_by_ue, cast.seen_by_core) if seen for path in seen.path]
    ends = {*cast.ue_path, *cast.core_path}
    yield Check("no description told a path of the other leg", bool(shown) and not ends & set(shown))
    marked = any(seen.cema for seen in (cast.seen_by_ue, cast.seen_by_core) if seen)
    yield Check("msrp-cema stands nowhere", not marked)


def _orders(
    requests: dict[str, CommandRequest],
    flow: str,
    answer: str,
    rows: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]],
) -> Iterator[Check]:
    for (name, step), (needed, forbidden) in rows.items():
        if name == flow:
            text = told_by(requests.get(step))
            ok = all(word in text for word in needed) and not any(word in text for word in forbidden)
            yield Check(f"step {step} says {' and '.join(needed)}", ok, " ".join(text.split()))
    ordered = "tlsbsc/EstBNC" in signals_of(requests.get(_TLS_STEP[flow]))
    gateway_calls = (answer == "active") is flow.endswith("originating")
    wanted = "orders the gateway to start TLS" if gateway_calls else "leaves the start of TLS to the phone"
    yield Check(f"step {_TLS_STEP[flow]} {wanted}", ordered is gateway_calls)


def _media(cast: Ensemble, stage: Stage, events: Sequence[Event]) -> Iterator[Check]:
    yield Check("a message went each way", cast.heard == [UE_WORDS, CORE_WORDS], ", ".join(cast.heard))
    access = b"".join(octets_of(stage, UE))
    core = b"".join(octets_of(stage, CORE))
    clear = UE_WORDS.encode() in access or CORE_WORDS.encode() in access
    yield Check("only TLS records crossed the access leg", bool(access) and not clear)
    yield Check("the core leg is in clear", UE_WORDS.encode() in core and CORE_WORDS.encode() in core)
    released = any(event.summary.startswith("SUB resp") and "error" not in event.summary for event in events)
    yield Check("the context was subtracted", released)


def octets_of(stage: Stage, node: str) -> Iterable[bytes]:
    """Media octets between the gateway and a UE."""
    for crossing, source, destination in stage.placed():
        if crossing.kind in _MEDIA and {source, destination} == {AGW, node}:
            yield crossing.data


def requests_of(stage: Stage, events: Sequence[Event]) -> dict[str, CommandRequest]:
    """By step: the first command of each H.248 request that the figure numbers."""
    drawn = [crossing for crossing in stage.crossings if is_drawn(crossing)]
    found = {}
    for crossing, event in zip(drawn, events, strict=True):
        command = _command(crossing)
        if event.step and command is not None:
            found[event.step] = command
    return found


def _command(crossing: Crossing) -> CommandRequest | None:
    if crossing.kind is not Kind.H248:
        return None
    body = codec.decode(crossing.data).body
    first = body[0] if isinstance(body, tuple) else None
    if not isinstance(first, TransactionRequest) or not first.actions:
        return None
    return next(iter(first.actions[0].commands), None)


def told_by(command: CommandRequest | None) -> str:
    """Local and Remote of all its streams."""
    if command is None:
        return ""
    streams = (s for d in command.descriptors if isinstance(d, Media) for s in d.streams)
    return "\n".join(text for stream in streams for text in (stream.local, stream.remote) if text)


def signals_of(command: CommandRequest | None) -> list[str]:
    """Names of the signals it orders."""
    if command is None:
        return []
    signals = (s for d in command.descriptors if isinstance(d, Signals) for s in d.signals)
    return [signal.name for signal in signals if isinstance(signal, Signal)]
