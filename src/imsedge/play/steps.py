"""The figures of TR 29.828 as tables: which arrow carries which step number.

The numbers are those of figures 5.2.1.2.2.1 (originating) and 5.2.1.2.3.1 (terminating).  Steps that a
node does inside itself (create a termination, edit the SDP) have no arrow and no row.  Steps of the
signalling come in the order of the table; TCP and TLS run beside it, so their rows name what they
must come ``after``.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from imsedge.core.trace import Kind

UE, ALG, AGW, CORE = "ue", "alg", "agw", "core"
AT_BORDER = {UE: "outer", ALG: "ibcf", AGW: "trgw", CORE: "inner"}
"""What the nodes are between two networks."""

NODES = tuple(name for node in (UE, ALG, AGW, CORE) for name in (node, AT_BORDER[node]))
"""From left to right; a flow has those of one place."""


REPEATED = " (repeated)"
"""At the end of the summary of what crossed before."""


class Arrow(NamedTuple):
    """One thing that crossed a socket, between nodes; ``time`` in seconds from the flow's start."""

    time: float
    kind: Kind
    source: str
    destination: str
    summary: str


class Step(NamedTuple):
    """One row: the first unclaimed arrow that fits is this step.

    ``starts``: regular expression that the arrow's summary must match from its beginning, or one of its
    transactions where H.248 sends several in a message.
    ``after``: steps that must have been seen before; empty = the signalling step above it.
    """

    number: str
    kind: Kind
    source: str
    destination: str
    starts: str
    after: tuple[str, ...] = ()

    def fits(self, arrow: Arrow) -> bool:
        """A signalling message that is sent again is no step of a figure."""
        again = arrow.kind in {Kind.SIP, Kind.H248} and arrow.summary.endswith(REPEATED)
        return (
            not again
            and (self.kind, self.source, self.destination)
            == (
                arrow.kind,
                arrow.source,
                arrow.destination,
            )
            and any(re.match(self.starts, part) for part in _parts(arrow))
        )


def _parts(arrow: Arrow) -> Sequence[str]:
    return arrow.summary.split("; ") if arrow.kind is Kind.H248 else (arrow.summary,)


_SYN = r"SYN(?! ACK)"
ANSWER = r"200 .*\(INVITE\)"
# Of a context that holds a call: the controller also talks to ROOT in the NULL context.
_ADD, _ADDED = r"ADD req C=[$\d]", r"ADD resp C=\d"
MOD, MODIFIED = r"MOD req C=\d", r"MOD resp C=\d"
_FIRST, _SECOND = r"ADD req C=\$", r"ADD req C=\d"


def configured_once(caller: str, callee: str) -> tuple[Step, ...]:
    """Steps 1 to 16 of BFCP and T.38: beside MSRP's they have one Configure, towards the answerer."""
    return (
        Step("1", Kind.SIP, caller, ALG, "INVITE"),
        Step("2", Kind.H248, ALG, AGW, _FIRST),
        Step("4", Kind.H248, AGW, ALG, _ADDED),
        Step("5", Kind.H248, ALG, AGW, _SECOND),
        Step("7", Kind.H248, AGW, ALG, _ADDED),
        Step("9", Kind.SIP, ALG, callee, "INVITE"),
        Step("13", Kind.SIP, callee, ALG, ANSWER),
        Step("14", Kind.H248, ALG, AGW, MOD),
        Step("16", Kind.H248, AGW, ALG, MODIFIED),
    )


# Figure 5.2.1.2.2.1; the peer in the core answers setup:active, so it calls and the gateway calls the UE.
_ORIGINATING_SIGNALLING = (
    Step("1", Kind.SIP, UE, ALG, "INVITE"),
    Step("2", Kind.H248, ALG, AGW, _ADD),
    Step("4", Kind.H248, AGW, ALG, _ADDED),
    Step("5", Kind.H248, ALG, AGW, _ADD),
    Step("7", Kind.H248, AGW, ALG, _ADDED),
    Step("9", Kind.SIP, ALG, CORE, "INVITE"),
    Step("12", Kind.SIP, CORE, ALG, ANSWER),
    Step("13", Kind.H248, ALG, AGW, MOD),
    Step("15", Kind.H248, AGW, ALG, MODIFIED),
    Step("16", Kind.H248, ALG, AGW, MOD),
    Step("18", Kind.H248, AGW, ALG, MODIFIED),
    Step("20", Kind.SIP, ALG, UE, ANSWER),
)
_ORIGINATING_ACTIVE = (
    Step("10", Kind.TCP, CORE, AGW, _SYN, after=("9",)),
    Step("11", Kind.TCP, AGW, UE, _SYN, after=("10",)),
    Step("21", Kind.TLS, AGW, UE, "ClientHello", after=("11", "16")),
)
# The peer answers passive: the UE calls, the gateway calls the peer and is the TLS server.
_ORIGINATING_PASSIVE = (
    Step("10", Kind.TCP, UE, AGW, _SYN, after=("20",)),
    Step("11", Kind.TCP, AGW, CORE, _SYN, after=("10",)),
    Step("21", Kind.TLS, UE, AGW, "ClientHello", after=("10",)),
)

# Figure 5.2.1.2.3.1; UE B answers setup:active.
_TERMINATING_SIGNALLING = (
    Step("1", Kind.SIP, CORE, ALG, "INVITE"),
    Step("2", Kind.H248, ALG, AGW, _ADD),
    Step("4", Kind.H248, AGW, ALG, _ADDED),
    Step("5", Kind.H248, ALG, AGW, _ADD),
    Step("7", Kind.H248, AGW, ALG, _ADDED),
    Step("9", Kind.SIP, ALG, UE, "INVITE"),
    Step("13", Kind.SIP, UE, ALG, ANSWER),
    Step("14", Kind.H248, ALG, AGW, MOD),
    Step("16", Kind.H248, AGW, ALG, MODIFIED),
    Step("18", Kind.SIP, ALG, CORE, ANSWER),
)
_TERMINATING_ACTIVE = (
    Step("10", Kind.TCP, UE, AGW, _SYN, after=("9",)),
    Step("11", Kind.TCP, AGW, CORE, _SYN, after=("10",)),
    Step("12", Kind.TLS, UE, AGW, "ClientHello", after=("10",)),
)
# UE B answers passive: the peer in the core calls, the gateway calls the UE and is the TLS client.
_TERMINATING_PASSIVE = (
    Step("10", Kind.TCP, CORE, AGW, _SYN, after=("18",)),
    Step("11", Kind.TCP, AGW, UE, _SYN, after=("10",)),
    Step("12", Kind.TLS, AGW, UE, "ClientHello", after=("11", "14")),
)

# Early calls dropped until the answer is configured: 10 meets silence, and nothing happens on the other leg.
_REPEATED = r"SYN \(repeated\)"
_ORIGINATING_DELAYED = (
    Step("10", Kind.TCP, CORE, AGW, _SYN, after=("9",)),
    Step("10'", Kind.TCP, CORE, AGW, _REPEATED, after=("10", "13")),
    Step("11'", Kind.TCP, AGW, UE, _SYN, after=("10'",)),
    Step("21", Kind.TLS, AGW, UE, "ClientHello", after=("11'", "16")),
)
_TERMINATING_DELAYED = (
    Step("10", Kind.TCP, UE, AGW, _SYN, after=("9",)),
    Step("10'", Kind.TCP, UE, AGW, _REPEATED, after=("10", "14")),
    Step("11'", Kind.TCP, AGW, CORE, _SYN, after=("10'",)),
    Step("12", Kind.TLS, UE, AGW, "ClientHello", after=("10'",)),
)

DELAYED: dict[str, tuple[Step, ...]] = {
    "msrp-e2ae-originating": _ORIGINATING_SIGNALLING + _ORIGINATING_DELAYED,
    "msrp-e2ae-terminating": _TERMINATING_SIGNALLING + _TERMINATING_DELAYED,
}

FIGURES: dict[tuple[str, str], tuple[Step, ...]] = {
    ("msrp-e2ae-originating", "active"): _ORIGINATING_SIGNALLING + _ORIGINATING_ACTIVE,
    ("msrp-e2ae-originating", "passive"): _ORIGINATING_SIGNALLING + _ORIGINATING_PASSIVE,
    ("msrp-e2ae-terminating", "active"): _TERMINATING_SIGNALLING + _TERMINATING_ACTIVE,
    ("msrp-e2ae-terminating", "passive"): _TERMINATING_SIGNALLING + _TERMINATING_PASSIVE,
}


def number(arrows: Iterable[Arrow], steps: Sequence[Step]) -> list[str | None]:
    """The step number of each arrow, in order; ``None`` for arrows that the figure does not draw."""
    open_steps = list(steps)
    numbers: list[str | None] = []
    for arrow in arrows:
        found = next((step for step in open_steps if step.fits(arrow)), None)
        if found:
            open_steps.remove(found)
        numbers.append(found.number if found else None)
    return numbers


def out_of_order(numbers: Sequence[str | None], steps: Sequence[Step]) -> list[str]:
    """What is missing or came too early, as sentences; empty when the flow is the figure's."""
    position = {name: place for place, name in enumerate(numbers) if name}
    problems = [f"step {step.number} was not seen" for step in steps if step.number not in position]
    previous: str | None = None
    for step in steps:
        before = step.after or ((previous,) if previous else ())
        problems += [
            f"step {step.number} came before step {name}"
            for name in before
            if name in position and step.number in position and position[step.number] < position[name]
        ]
        if not step.after:
            previous = step.number
    return problems
