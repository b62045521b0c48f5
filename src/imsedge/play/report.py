"""What a flow was, as data: the object that ``imsedge play --json`` prints, and what drawings are made of.

The keys are an interface that other tools rely on::

    {"flow": NAME, "ok": bool,
     "events": [{"t": seconds, "from": node, "to": node, "kind": word, "summary": text, "step": "10'" or
     null}], "checks": [{"name": text, "ok": bool, "detail": text}]}
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from imsedge.core.trace import Kind
from imsedge.play.steps import Arrow, Step, number, out_of_order


class Event(Struct, frozen=True, rename={"time": "t", "source": "from", "destination": "to"}):
    """One arrow.  ``time`` in seconds from the flow's start; ``step`` as the figure numbers it."""

    time: float
    source: str
    destination: str
    kind: Kind
    summary: str
    step: str | None = None


class Check(Struct, frozen=True):
    """One thing that must be true of the flow, as a sentence; ``detail`` says what was seen."""

    name: str
    ok: bool
    detail: str = ""


class Report(Struct, frozen=True):
    """``ok`` only when every check is."""

    flow: str
    ok: bool
    events: tuple[Event, ...]
    checks: tuple[Check, ...]


def make_events(arrows: Sequence[Arrow], steps: Sequence[Step] = ()) -> tuple[Event, ...]:
    """The arrows with the numbers of their steps; times to the microsecond."""
    numbers = number(arrows, steps)
    return tuple(
        Event(round(arrow.time, 6), arrow.source, arrow.destination, arrow.kind, arrow.summary, step)
        for arrow, step in zip(arrows, numbers, strict=True)
    )


def check_order(events: Sequence[Event], steps: Sequence[Step]) -> Check:
    """Whether the figure's steps were all seen, each after those that cause it.

    Not by their numbers: who starts TLS or TCP may do so before or after messages that do not depend on it.
    """
    problems = out_of_order([event.step for event in events], steps)
    return Check(
        "every step of the figure was seen, each after those that cause it", not problems, "; ".join(problems)
    )


def make_report(flow: str, events: Sequence[Event], checks: Sequence[Check]) -> Report:
    """The object of one flow."""
    return Report(flow, all(check.ok for check in checks), tuple(events), tuple(checks))


def write_report(report: Report) -> str:
    """JSON, indented, with a line end.  Octets of a peer that are not UTF-8 show as U+FFFD."""
    return msgspec.json.format(msgspec.json.encode(_printable(report)), indent=2).decode() + "\n"


def _printable(report: Report) -> Report:
    events = tuple(
        msgspec.structs.replace(event, summary=event.summary.encode("utf-8", "replace").decode())
        for event in report.events
    )
    return msgspec.structs.replace(report, events=events)
