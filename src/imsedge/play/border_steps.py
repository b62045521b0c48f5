"""The basic call over Ix (TS 29.162): the side of the caller is reserved after the answer.

Numbers are ours, as the clause draws this flow for any media; the rest is figure y.2.1 and the e2e call.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from imsedge.core.trace import Kind
from imsedge.play.bearer_steps import towards_core, towards_phone
from imsedge.play.report import Event
from imsedge.play.steps import AGW, ALG, AT_BORDER, CORE, UE, Step
from imsedge.play.variants import Variant

RESERVED, CONFIGURED, JOINED = "2", "6", "8"
"""Where the gateway is told of the side that answers, of its answer, and of the side that called."""

_SIGNALLING = (
    Step("1", Kind.SIP, UE, ALG, "INVITE"),
    Step(RESERVED, Kind.H248, ALG, AGW, r"ADD req C=\$"),
    Step("3", Kind.H248, AGW, ALG, r"ADD resp C=\d"),
    Step("4", Kind.SIP, ALG, CORE, "INVITE"),
    Step("5", Kind.SIP, CORE, ALG, r"200 .*\(INVITE\)"),
    Step(CONFIGURED, Kind.H248, ALG, AGW, r"MOD req C=\d"),
    Step("7", Kind.H248, AGW, ALG, r"MOD resp C=\d"),
    Step(JOINED, Kind.H248, ALG, AGW, r"ADD req C=\d"),
    Step("9", Kind.H248, AGW, ALG, r"ADD resp C=\d"),
    Step("10", Kind.SIP, ALG, UE, r"200 .*\(INVITE\)"),
)

# What y.2.1 calls these: its steps 9, 12, 13 and 20 have other numbers here.
_HERE = {"9": "4", "12": CONFIGURED, "13": "10", "20": "9"}


def at_border(events: Iterable[Event]) -> tuple[Event, ...]:
    """The same with the names that the nodes have there."""
    return tuple(
        replace(
            event,
            source=AT_BORDER.get(event.source, event.source),
            destination=AT_BORDER.get(event.destination, event.destination),
        )
        for event in events
    )


def border_call(answer: str, variant: Variant) -> tuple[Step, ...]:
    """The steps without payload."""
    media = (*towards_core(answer, variant), *towards_phone(answer, variant))
    return (
        *_SIGNALLING,
        *(step._replace(after=tuple(_HERE.get(n, n) for n in step.after)) for step in media),
    )
