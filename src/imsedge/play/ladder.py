"""The ladder of a flow as text: a column a node, an arrow a message, the figure's step number on the left.

::

    step  seconds   ue                 alg                agw                core
                    │                  │                  │                  │
    1       0.012   │──── INVITE ─────▶│                  │                  │

A summary that fits stands in its arrow; a longer one stands above it, over as many lines as it needs, so that
nothing is cut off.  Kinds differ by their line and, on a terminal, by colour.
"""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from imsedge.core.trace import Kind
from imsedge.play.columns import KIND_NAMES, columns, kinds
from imsedge.play.report import Event

MARGIN = 16  # "step  seconds   "
NARROWEST_GAP = 12  # columns between two nodes, below which arrows say nothing
DEFAULT_WIDTH = 120

_LIFELINE = "│"
_LINES = {
    Kind.SIP: "─",
    Kind.H248: "╌",
    Kind.TCP: "·",
    Kind.TLS: "═",
    Kind.DTLS: "═",
    Kind.MSRP: "━",
    Kind.BFCP: "━",
    Kind.UDPTL: "━",
}
_STYLES = {
    Kind.SIP: "cyan",
    Kind.H248: "magenta",
    Kind.TCP: "bright_black",
    Kind.TLS: "green",
    Kind.DTLS: "green",
    Kind.MSRP: "yellow",
    Kind.BFCP: "yellow",
    Kind.UDPTL: "yellow",
}
# For terminals that cannot show the others.
_ASCII = str.maketrans("│─╌·═━▶◀↻", "|--.=#><@")


class Row(NamedTuple):
    """One line of the drawing; ``kind`` is what it is about, ``None`` for heads and lifelines."""

    text: str
    kind: Kind | None = None


class _Grid(NamedTuple):
    """Where the lifelines are: character positions by node."""

    places: dict[str, int]
    width: int

    def lifelines(self) -> list[str]:
        row = [" "] * self.width
        for place in self.places.values():
            row[place] = _LIFELINE
        return row


def draw_ladder(events: Sequence[Event], nodes: Sequence[str], width: int = DEFAULT_WIDTH) -> list[Row]:
    """The rows; ``width`` in characters is widened when the nodes would stand too close."""
    names = columns(events, nodes)
    grid = _place(names, width)
    rows = [Row(_head(grid)), Row(_line(grid.lifelines()))]
    for event in events:
        rows += _draw_event(grid, event)
    rows.append(Row(_line(grid.lifelines())))
    legend = "   ".join(f"{_LINES[kind] * 3} {KIND_NAMES[kind]}" for kind in kinds(events))
    return [*rows, Row(" " * MARGIN + legend)]


def write_ladder(rows: Sequence[Row], *, ascii_only: bool = False) -> str:
    """Plain text with a line end behind each row."""
    text = "".join(f"{row.text}\n" for row in rows)
    return text.translate(_ASCII) if ascii_only else text


def colour_ladder(rows: Sequence[Row]) -> Text:
    """For a rich console, which leaves colours out by itself where they cannot be shown."""
    text = Text(no_wrap=True, overflow="ignore", end="")
    for row in rows:
        text.append(f"\n{row.text}" if text else row.text, style=_STYLES[row.kind] if row.kind else "")
    return text


def _place(names: Sequence[str], width: int) -> _Grid:
    gaps = max(len(names) - 1, 1)
    tail = max(len(names[-1]), 2) if names else 2
    gap = max((width - MARGIN - tail) // gaps, NARROWEST_GAP, *(len(name) + 2 for name in names[:-1]), 1)
    places = {name: MARGIN + number * gap for number, name in enumerate(names)}
    return _Grid(places, max([width, *(place + tail for place in places.values())]))


def _head(grid: _Grid) -> str:
    row = list("step  seconds".ljust(grid.width))
    for name, place in grid.places.items():
        row[place : place + len(name)] = name
    return _line(row)


def _draw_event(grid: _Grid, event: Event) -> list[Row]:
    left, right = sorted((grid.places[event.source], grid.places[event.destination]))
    if left == right:
        return [
            Row(_line(_with_left(row, event)), event.kind)
            for row in _label_rows(grid, left, f"↻ {event.summary}")
        ]
    room = right - left - 1
    label = f" {event.summary} "
    above: list[list[str]] = []
    if len(label) > room - 4 or not event.summary:
        above = _label_rows(grid, left, event.summary) if event.summary else []
        label = ""
    arrow = grid.lifelines()
    arrow[left + 1 : right] = _arrow(event, label, room, rightwards=grid.places[event.source] == left)
    above.append(arrow)
    above[0] = _with_left(above[0], event)
    return [Row(_line(row), event.kind) for row in above]


def _arrow(event: Event, label: str, room: int, *, rightwards: bool) -> str:
    line = label.center(room - 1, _LINES[event.kind])
    return f"{line}▶" if rightwards else f"◀{line}"


def _label_rows(grid: _Grid, left: int, summary: str) -> list[list[str]]:
    """The summary from the arrow's left end on, over the lifelines; shifted left where the edge is near."""
    room = max(grid.width - left - 2, 40)
    start = min(left + 2, max(grid.width - room, MARGIN))
    rows: list[list[str]] = []
    for piece in textwrap.wrap(summary, room) or [""]:
        row = grid.lifelines()
        shown = f" {piece} " if start - 1 != left else f"{_LIFELINE}{piece} "
        shown = shown[: grid.width - start + 1]
        row[start - 1 : start - 1 + len(shown)] = shown
        rows.append(row)
    return rows


def _with_left(row: list[str], event: Event) -> list[str]:
    left = f"{event.step or '':<5}{event.time:8.3f}".ljust(MARGIN)
    return [*left[:MARGIN], *row[MARGIN:]]


def _line(row: list[str]) -> str:
    return "".join(row).rstrip()
