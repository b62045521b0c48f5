"""The ladder of a flow as an SVG picture: readable on light and dark ground, by people and by screen readers.

One group an arrow, in the order seen, with the whole summary as its title; colours follow the reader's
``prefers-color-scheme``; kinds also differ by how their line is dashed.
"""

import textwrap
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from imsedge.core.trace import Kind
from imsedge.play.columns import KIND_NAMES, columns, kinds
from imsedge.play.report import Event

# All in user units, which are pixels at 100 %.
MARGIN, GAP, RIGHT = 110, 230, 60
TOP, LINE, PADDING = 70, 15, 12
CHARACTER = 6.7  # width of one at 11 px monospace

_COLOURS = {  # kind: (on light ground, on dark ground, dashes)
    Kind.SIP: ("#0969da", "#58a6ff", ""),
    Kind.H248: ("#8250df", "#bc8cff", "7 4"),
    Kind.TCP: ("#57606a", "#8b949e", "2 4"),
    Kind.TLS: ("#1a7f37", "#3fb950", ""),
    Kind.DTLS: ("#1a7f37", "#3fb950", "10 3"),
    Kind.MSRP: ("#9a6700", "#d29922", ""),
    Kind.BFCP: ("#9a6700", "#d29922", "10 3"),
    Kind.UDPTL: ("#9a6700", "#d29922", "4 3"),
}
_STYLE = """\
text { font: 11px ui-monospace, Menlo, Consolas, monospace; fill: #1f2328; }
.node { font-weight: bold; font-size: 13px; text-anchor: middle; }
.step { font-weight: bold; } .time { fill-opacity: 0.65; } .life { stroke: #d0d7de; }
.ground { fill: #ffffff; } .arrow { stroke-width: 1.6; fill: none; }
"""


def draw_svg(events: Sequence[Event], nodes: Sequence[str], title: str) -> str:
    """A whole SVG document."""
    names = columns(events, nodes)
    places = {name: MARGIN + number * GAP for number, name in enumerate(names)}
    width = max([*places.values(), MARGIN]) + GAP // 2 + RIGHT
    body: list[str] = []
    y = TOP
    for event in events:
        group, y = _draw_event(event, places, width, y)
        body.append(group)
    height = y + 3 * LINE
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoteattr(_clean(title))}>\n'
    )
    parts = [
        head,
        f"<title>{_text(title)}</title>\n<style>\n{_styles(events)}</style>\n",
        f'<rect class="ground" width="{width}" height="{height}"/>\n',
        f'<text x="12" y="20">{_text(title)}</text>\n',
        *(_lifeline(name, place, y) for name, place in places.items()),
        *body,
        _legend(events, y + 2 * LINE),
        "</svg>\n",
    ]
    return "".join(parts)


def _draw_event(event: Event, places: dict[str, int], width: int, y: int) -> tuple[str, int]:
    """The group of one arrow, and where the next may begin."""
    begin, end = places[event.source], places[event.destination]
    left = min(begin, end)
    room = int((width - left - 20) / CHARACTER)
    lines = textwrap.wrap(event.summary, max(room, 20)) or []
    labels = "".join(
        f'<text x="{left + 8}" y="{y + number * LINE}">{_text(line)}</text>'
        for number, line in enumerate(lines)
    )
    at = y + max(len(lines), 1) * LINE - LINE + 6
    step = f'<text class="step" x="12" y="{y}">{_text(event.step)}</text>' if event.step else ""
    title = f"<title>{_text(f'{KIND_NAMES[event.kind]}: {event.summary}')}</title>"
    time = f'<text class="time" x="44" y="{y}">{event.time:.3f}</text>'
    arrow = _arrow(begin, end, at)
    group = f'<g class="{event.kind.value}">{title}{step}{time}{labels}{arrow}</g>\n'
    return group, at + LINE + PADDING


def _arrow(begin: int, end: int, y: int) -> str:
    if begin == end:
        return f'<path class="arrow" d="M{begin} {y - 4} h14 v8 h-14"/>'
    back = 7 if end > begin else -7
    head = f"M{end - back} {y - 4} L{end} {y} L{end - back} {y + 4}"
    return f'<path class="arrow" d="M{begin} {y} H{end}"/><path class="arrow head" d="{head}"/>'


def _lifeline(name: str, x: int, bottom: int) -> str:
    return (
        f'<text class="node" x="{x}" y="{TOP - 28}">{_text(name)}</text>'
        f'<line class="life" x1="{x}" y1="{TOP - 20}" x2="{x}" y2="{bottom}"/>\n'
    )


def _legend(events: Sequence[Event], y: int) -> str:
    parts = []
    for number, kind in enumerate(kinds(events)):
        x = 12 + number * 90
        parts.append(
            f'<g class="{kind.value}"><path class="arrow" d="M{x} {y - 4} h24"/>'
            f'<text x="{x + 30}" y="{y}">{KIND_NAMES[kind]}</text></g>'
        )
    return "".join(parts) + "\n"


def _styles(events: Sequence[Event]) -> str:
    rows = [(kind.value, *_COLOURS[kind]) for kind in kinds(events)]
    light = "".join(
        f".{name} .arrow {{ stroke: {colour}; stroke-dasharray: {dashes or 'none'}; }}\n"
        for name, colour, _, dashes in rows
    )
    dark = "".join(f".{name} .arrow {{ stroke: {colour}; }} " for name, _, colour, _ in rows)
    # No CSS variables: tools that are no browsers do not know them.
    ground = ".ground { fill: #0d1117; } text { fill: #e6edf3; } .life { stroke: #30363d; }"
    solid = ".arrow.head { stroke-dasharray: none !important; }\n"
    return f"{_STYLE}{light}{solid}@media (prefers-color-scheme: dark) {{ {ground} {dark}}}\n"


def _text(value: str) -> str:
    return escape(_clean(value))


def _clean(value: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
