"""Which node stands in which column, for every drawing of a flow."""

from collections.abc import Sequence

from imsedge.core.trace import Kind
from imsedge.play.report import Event

# What the legend says, in its order.
KIND_NAMES = {
    Kind.SIP: "SIP",
    Kind.H248: "H.248",
    Kind.TCP: "TCP",
    Kind.TLS: "TLS",
    Kind.DTLS: "DTLS",
    Kind.MSRP: "MSRP",
    Kind.BFCP: "BFCP",
    Kind.UDPTL: "UDPTL",
}


def columns(events: Sequence[Event], nodes: Sequence[str]) -> tuple[str, ...]:
    """``nodes`` that take part, in their order, then those that nobody named, in the order they came."""
    seen = dict.fromkeys(name for event in events for name in (event.source, event.destination))
    known = tuple(name for name in nodes if name in seen)
    return known + tuple(name for name in seen if name not in nodes)


def kinds(events: Sequence[Event]) -> tuple[Kind, ...]:
    """The kinds that occur, in the legend's order."""
    seen = {event.kind for event in events}
    return tuple(kind for kind in KIND_NAMES if kind in seen)
