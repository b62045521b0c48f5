"""Drawings of the same few arrows, as text, in colour and as a picture."""

import io
from textwrap import dedent
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from imsedge.core.trace import Kind
from imsedge.play.columns import KIND_NAMES, columns, kinds
from imsedge.play.ladder import colour_ladder, draw_ladder, write_ladder
from imsedge.play.report import Event
from imsedge.play.steps import AGW, ALG, CORE, NODES, UE
from imsedge.play.svg import draw_svg

LONG = "INVITE SDP offer (c=198.51.100.7 m=7654 TCP/TLS/MSRP a=3ge2ae:requested)"


def read_xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own output


EVENTS = [
    Event(0.0, UE, ALG, Kind.SIP, "REGISTER"),
    Event(0.0121, UE, ALG, Kind.SIP, LONG, "1"),
    Event(0.02, ALG, AGW, Kind.H248, "ADD req C=$", "2"),
    Event(0.03, CORE, AGW, Kind.TCP, "SYN", "10'"),
    Event(0.04, AGW, UE, Kind.TLS, "ClientHello <&>", "21"),
    Event(0.05, UE, AGW, Kind.MSRP, ""),
    Event(1.5, CORE, CORE, Kind.MSRP, "rings"),
]


def test_a_ladder() -> None:
    assert write_ladder(draw_ladder(EVENTS, NODES, 90)) == dedent("""\
        step  seconds   ue                     alg                    agw                    core
                        │                      │                      │                      │
                0.000   │────── REGISTER ─────▶│                      │                      │
        1       0.012   │ INVITE SDP offer (c=198.51.100.7 m=7654 TCP/TLS/MSRP a=3ge2ae:requested)
                        │─────────────────────▶│                      │                      │
        2       0.020   │                      │╌╌╌╌ ADD req C=$ ╌╌╌╌▶│                      │
        10'     0.030   │                      │                      │◀········ SYN ········│
        21      0.040   │◀═════════════ ClientHello <&> ══════════════│                      │
                0.050   │━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━▶│                      │
                1.500   │                      │          ↻ rings     │                      │
                        │                      │                      │                      │
                        ─── SIP   ╌╌╌ H.248   ··· TCP   ═══ TLS   ━━━ MSRP
        """)


def test_a_narrow_ladder_wraps_and_loses_nothing() -> None:
    text = write_ladder(draw_ladder(EVENTS[1:2], NODES, 60), ascii_only=True)
    assert text == dedent("""\
        step  seconds   ue                                       alg
                        |                                        |
        1       0.012   | INVITE SDP offer (c=198.51.100.7 m=7654
                        | TCP/TLS/MSRP a=3ge2ae:requested)       |
                        |--------------------------------------->|
                        |                                        |
                        --- SIP
        """)


@pytest.mark.parametrize("width", [1, 40, 80, 300])
def test_every_width_has_every_word(width: int) -> None:
    text = write_ladder(draw_ladder(EVENTS, NODES, width), ascii_only=True)
    assert text.isascii()
    for event in EVENTS:
        assert all(word in text for word in event.summary.split())


def test_a_node_that_nobody_named_gets_the_last_column() -> None:
    events = [Event(0.0, "192.0.2.9:99", ALG, Kind.SIP, "OPTIONS")]
    assert columns(events, NODES) == (ALG, "192.0.2.9:99")
    assert write_ladder(draw_ladder(events, NODES)).splitlines()[0].endswith("192.0.2.9:99")


def test_nothing_happened() -> None:
    assert write_ladder(draw_ladder([], NODES)).startswith("step  seconds\n")


@pytest.mark.parametrize("terminal", [True, False])
def test_colour_is_for_terminals(terminal: bool) -> None:
    shown = io.StringIO()
    console = Console(
        file=shown, force_terminal=terminal, color_system="standard" if terminal else None, width=90
    )
    rows = draw_ladder(EVENTS, NODES, 90)
    console.print(colour_ladder(rows), soft_wrap=True)
    assert ("\x1b[" in shown.getvalue()) is terminal
    if not terminal:
        assert shown.getvalue() == write_ladder(rows)


def test_every_kind_has_a_name_and_the_legend_shows_those_that_occur() -> None:
    assert set(KIND_NAMES) == set(Kind)
    assert kinds(EVENTS) == (Kind.SIP, Kind.H248, Kind.TCP, Kind.TLS, Kind.MSRP)
    every = [Event(0.0, UE, AGW, kind, kind.value) for kind in Kind]
    assert all(name in write_ladder(draw_ladder(every, NODES)) for name in KIND_NAMES.values())
    read_xml(draw_svg(every, NODES, "every kind"))


def test_the_picture_is_well_formed_and_says_everything() -> None:
    picture = draw_svg(EVENTS, NODES, "A & B <flow>")
    root = read_xml(picture)
    words = "".join(root.itertext())
    for event in EVENTS:
        assert event.summary in words
        assert event.step is None or event.step in words
    assert "A & B <flow>" in words
    assert "prefers-color-scheme: dark" in picture
    arrows = root.findall(".//{http://www.w3.org/2000/svg}path[@class='arrow']")
    assert len(arrows) == len(EVENTS) + len(kinds(EVENTS))


def test_the_picture_holds_no_character_that_xml_cannot() -> None:
    read_xml(draw_svg([Event(0.0, UE, ALG, Kind.SIP, "a\0b\x1b[0m\udce9\uffff")], NODES, "\b"))
