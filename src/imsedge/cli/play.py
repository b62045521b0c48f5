"""``imsedge play``: a call flow of the TR between built-in UEs, through real sockets, drawn as a ladder."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imsedge.cli.io import user_error

if TYPE_CHECKING:
    from imsedge.play.flows import Performance


class Answer(Enum):
    """Who opens TCP."""

    ACTIVE = "active"
    PASSIVE = "passive"


class Mode(Enum):
    """How the gateway handles TCP."""

    RELAY = "relay"
    PROXY = "proxy"
    MERGE = "merge"


class H248Encoding(Enum):
    """How H.248 is written."""

    TEXT = "text"
    COMPACT = "compact"
    BER = "ber"


class Transport(Enum):
    """What carries H.248."""

    UDP = "udp"
    TCP = "tcp"


_ENCODINGS = {H248Encoding.TEXT: "pretty", H248Encoding.COMPACT: "compact", H248Encoding.BER: "ber"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Call flows")(play)


def play(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The flow; see --list.")] = None,
    list_flows: Annotated[bool, typer.Option("--list", help="Name the flows there are.")] = False,
    answer: Annotated[
        Answer | None,
        typer.Option(help="a=setup of whoever answers; else what the other options need, or the figure's."),
    ] = None,
    mode: Annotated[Mode | None, typer.Option(help="How the gateway handles TCP.")] = None,
    delayed_tcp: Annotated[
        bool, typer.Option("--delayed-tcp", help="Whoever answers calls before; that SYN is dropped.")
    ] = False,
    simultaneous_open: Annotated[
        bool, typer.Option("--simultaneous-open", help="Gateway and peer call each other at once.")
    ] = False,
    nat: Annotated[bool, typer.Option("--nat", help="The phone is behind a NAT.")] = False,
    psk: Annotated[bool, typer.Option("--psk", help="End-to-end TLS with a shared key.")] = False,
    aware: Annotated[
        bool, typer.Option("--aware", help="The UEs know no CEMA: the gateway rewrites MSRP paths.")
    ] = False,
    ix: Annotated[
        bool, typer.Option("--ix", help="Between two networks (IBCF and TrGW) instead of at the edge.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what happened as JSON.")] = False,
    pcap: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a capture.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the ladder as a picture.")] = None,
    h248: Annotated[H248Encoding, typer.Option(help="Encoding of H.248.")] = H248Encoding.COMPACT,
    transport: Annotated[Transport, typer.Option(help="Transport of H.248.")] = Transport.UDP,
) -> None:
    """Play a call flow of 3GPP TR 29.828 and draw what crossed the sockets.

    Exits 0 only when everything was as the figure says.

    Example: `imsedge play msrp-e2ae-originating --answer passive --pcap call.pcap`
    """
    import asyncio

    from imsedge.play.flows import FLOWS
    from imsedge.play.flows import play as play_flow
    from imsedge.play.place import Wire
    from imsedge.play.variants import Variant

    if list_flows:
        for flow, row in FLOWS.items():
            print(f"{flow}\n    {row.title}\n    {row.figure}\n    {row.options}")
        return
    if name is None:
        raise user_error("name a flow, or say --list")
    wire = Wire(_ENCODINGS[h248], transport.value)
    variant = Variant(mode.value if mode else "", delayed_tcp, simultaneous_open, nat, psk, aware, ix)
    performance = asyncio.run(play_flow(name, answer.value if answer else "", wire=wire, variant=variant))
    if pcap is not None:
        write_pcap(performance, pcap)
    if svg is not None:
        write_picture(performance, svg)
    (show_json if as_json else show)(performance)
    if not performance.report.ok:
        raise typer.Exit(1)


def show_json(performance: "Performance") -> None:
    """For programs."""
    from imsedge.play.report import write_report

    print(write_report(performance.report), end="")


def show(performance: "Performance") -> None:
    """The ladder and what was checked."""
    from rich.console import Console

    from imsedge.play.flows import FLOWS
    from imsedge.play.ladder import colour_ladder, draw_ladder
    from imsedge.play.steps import NODES

    console = Console()
    report = performance.report
    flow = FLOWS[report.flow]
    console.print(f"{report.flow}: {flow.title} ({flow.figure})\n", style="bold", highlight=False)
    rows = draw_ladder(report.events, NODES, console.width)
    console.print(colour_ladder(rows), soft_wrap=True)
    for check in report.checks:
        mark = "[green]good[/]" if check.ok else "[red]BAD[/] "
        console.print(mark, end=" ")
        console.print(
            f"{check.name}{f': {check.detail}' if check.detail and not check.ok else ''}", markup=False
        )


def write_pcap(performance: "Performance", path: Path) -> None:
    """Everything that crossed, with the TLS secrets that an analyser needs."""
    import time

    from imsedge.play.pcapng import write_capture

    offset = time.time() - time.monotonic()
    path.write_bytes(write_capture(performance.crossings, performance.secrets, clock_offset=offset))


def write_picture(performance: "Performance", path: Path) -> None:
    """The ladder as SVG."""
    from imsedge.play.steps import NODES
    from imsedge.play.svg import draw_svg

    report = performance.report
    path.write_text(draw_svg(report.events, NODES, report.flow))
