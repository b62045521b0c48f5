"""``imsedge h248 send``: speak H.248 by hand."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from imsedge.cli.io import read_input, say_at_once, user_error
from imsedge.cli.places import complaint_of
from imsedge.cli.words import Config, context_of

if TYPE_CHECKING:
    from imsedge.core.address import TransportAddress


class Role(Enum):
    """Whose part we play."""

    CONTROLLER = "controller"
    GATEWAY = "gateway"


class TransportName(Enum):
    """What carries the messages."""

    UDP = "udp"
    TCP = "tcp"
    SCTP = "sctp"


class EncodingName(Enum):
    """How they are written."""

    PRETTY = "pretty"
    COMPACT = "compact"
    BER = "ber"


def send(
    source: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Messages with requests, separated by lines of ---.")
    ],
    to: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="The peer.")] = None,
    role: Annotated[Role, typer.Option("--as", help="Whose part to play.")] = Role.CONTROLLER,
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Our address; a controller without --to waits here."),
    ] = None,
    transport: Annotated[TransportName, typer.Option(help="What carries it.")] = TransportName.UDP,
    encoding: Annotated[EncodingName, typer.Option(help="How it is written.")] = EncodingName.PRETTY,
    config: Config = None,
    patience: Annotated[float, typer.Option(help="Seconds for each reply.", min=0.1, max=600)] = 5.0,
    linger: Annotated[
        float, typer.Option(help="Seconds to go on answering afterwards.", min=0, max=86_400)
    ] = 0.0,
) -> None:
    """Send the requests of a file, one after the other, and print what crosses as H.248 text.

    A gateway registers first; a controller without --to waits for a registration, and with --to and --listen
    it reaches a gateway that has registered there already. Whatever the peer asks is answered with success.
    %CTX% is the context of the last reply, %T1%, %T2% ... what was added so far. Exits 1 when a reply has an
    error or does not come. Over TCP and SCTP it is the gateway that opens the connection: listen for it.

    Example: `imsedge h248 send add.txt --listen 192.0.2.1:2944 --transport tcp --encoding ber`
    """
    from imsedge.core.errors import RemoteError
    from imsedge.h248.codec import Encoding
    from imsedge.h248.sources import find_messages
    from imsedge.play.exchange import Exchange, faults, run

    if role is Role.GATEWAY and to is None:
        raise user_error("a gateway needs the address of its controller: --to")
    data = read_input(source)
    try:
        messages = find_messages(data)
        wrong = [complaint_of(source, data, one, fault) for one in messages for fault in faults(one.data)]
        if wrong:
            raise user_error("\n".join(wrong))
        exchange = Exchange(
            tuple(found.data for found in messages),
            _address(to),
            _address(listen),
            role is Role.GATEWAY,
            transport.value,
            Encoding(encoding.value),
            patience,
            linger=linger,
            binary=context_of(config),
        )
        good = run(exchange, say_at_once)
    except RemoteError as error:
        raise user_error(f"{source}: {error}") from None
    if not good:
        raise typer.Exit(1)


def _address(text: str | None) -> "TransportAddress | None":
    from imsedge.core.address import read_transport_address

    if text is None:
        return None
    try:
        return read_transport_address(text)
    except ValueError:
        raise user_error(f"{text} is no address:port, such as 192.0.2.1:2944") from None
