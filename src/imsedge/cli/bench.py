"""``imsedge bench``: measurements, each printed as what it is."""

from typing import Annotated

import typer

Seconds = Annotated[float, typer.Option(help="How long to measure.", min=0.5, max=600)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

bench = typer.Typer(no_args_is_help=True, help="Measure what this machine does.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(bench, name="bench", rich_help_panel="Measure")


@bench.command()
def calls(
    seconds: Seconds = 5.0,
    concurrent: Annotated[int, typer.Option(help="Calls at any moment.", min=1, max=10_000)] = 16,
    as_json: Json = False,
) -> None:
    """Complete e2ae call set-ups and releases per second, through SIP and H.248.

    Example: `imsedge bench calls --seconds 10`
    """
    from imsedge.bench.calls import Load, run

    result = run(Load(seconds, concurrent))
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        print("\n".join(result.lines()))


@bench.command()
def relay(
    seconds: Annotated[float, typer.Option(help="How long to measure each relay.", min=0.5, max=600)] = 3.0,
    as_json: Json = False,
) -> None:
    """Our media plane beside nginx stream, HAProxy and stunnel on the same work, one core each.

    Relays that are not installed are left out by name.  Needs gcc for the load generator.

    Example: `imsedge bench relay --seconds 5`
    """
    from imsedge.bench.relay import run

    run(seconds=seconds, json=as_json)


@bench.command()
def idle(
    streams: Annotated[int, typer.Option(help="How many, as far as this machine allows.", min=1)] = 10_000,
    as_json: Json = False,
) -> None:
    """Memory of a secured stream on which nothing passes, in our media worker and in nginx stream.

    Needs gcc for the load generator.

    Example: `imsedge bench idle --streams 2000`
    """
    from imsedge.bench.idle import run

    run(streams=streams, json=as_json)


@bench.command()
def dtls(
    seconds: Annotated[float, typer.Option(help="How long to measure each number.", min=0.1, max=600)] = 3.0,
    streams: Annotated[int, typer.Option(help="Associations.", min=1, max=1_000)] = 16,
    as_json: Json = False,
) -> None:
    """Datagrams a second through DTLS to UDP, and the delay at half load, beside openssl s_server.

    Needs gcc for the load generator.

    Example: `imsedge bench dtls --seconds 5`
    """
    from imsedge.bench.dtls import run

    run(seconds=seconds, streams=streams, json=as_json)


@bench.command()
def msrp(
    seconds: Annotated[float, typer.Option(help="How long to measure each number.", min=0.3, max=600)] = 3.0,
    as_json: Json = False,
) -> None:
    """MSRP whose paths are rewritten, beside Kamailio's msrp module where it is there; one core each.

    Every SEND is answered. Many under way shows what a busy stream costs, one at a time what a chat costs.

    Example: `imsedge bench msrp --seconds 5`
    """
    from imsedge.bench.msrp import run

    run(seconds=seconds, json=as_json)


@bench.command()
def h248(
    seconds: Annotated[float, typer.Option(help="How long to measure each number.", min=0.05, max=60)] = 2.0,
    as_json: Json = False,
) -> None:
    """The H.248 codec and whole transactions, beside Erlang megaco on the same messages where it is there.

    Codec: every encoding, Erlang with its fastest scanner. Transactions: a request on a socket, executed, the
    reply on the socket, over UDP and TCP.

    Example: `imsedge bench h248 --seconds 5`
    """
    from imsedge.bench import h248_codec, h248_transactions

    rows: tuple[h248_codec.CodecRate | h248_transactions.TransactionRate, ...]
    rows = (*h248_codec.run(seconds), *h248_transactions.run(seconds))
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        modules = "compiled modules" if h248_codec.are_compiled() else "modules as they are, in Python"
        print("\n".join([f"{modules}:", *(row.line() for row in rows)]))
