"""``imsedge h248 decode | encode``: any encoding of H.248.1 to JSON and back."""

from enum import Enum
from typing import Annotated

import typer

from imsedge.cli.io import read_input, user_error, write_output
from imsedge.cli.packages import packages

Source = Annotated[str, typer.Argument(metavar="[FILE|-]", help="A file, or - for standard input.")]


class EncodingName(Enum):
    """The values of ``h248.codec.Encoding``, without importing the codec for ``--help``."""

    PRETTY = "pretty"
    COMPACT = "compact"
    BER = "ber"


h248 = typer.Typer(no_args_is_help=True, help="Read and write H.248.1 messages.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    h248.command()(packages)
    app.add_typer(h248, name="h248")


@h248.command()
def decode(
    source: Source = "-",
    indent: Annotated[int, typer.Option(help="Blanks a level; 0 is one line.", min=0, max=8)] = 2,
) -> None:
    """Print a message as JSON; errors say where.

    Example: `imsedge h248 decode capture.txt`, or `... | imsedge h248 decode -`
    """
    import msgspec

    from imsedge.core.errors import RemoteError
    from imsedge.h248.codec import decode as decode_message

    data = read_input(source)
    try:
        message = decode_message(data)
    except RemoteError as error:
        raise user_error(f"{source}{_position(data, error.offset)}: {error.code} {error.reason}") from None
    text = msgspec.json.format(msgspec.json.encode(message), indent=indent or -1)
    write_output(text + b"\n")


@h248.command()
def encode(
    source: Source = "-",
    encoding: Annotated[EncodingName, typer.Option(help="How to write it.")] = EncodingName.PRETTY,
) -> None:
    """Write the JSON that `decode` prints as an H.248 message.

    Example: `imsedge h248 decode message.txt | imsedge h248 encode --encoding compact -`
    """
    import msgspec

    from imsedge.core.errors import LocalError
    from imsedge.h248.codec import Encoding
    from imsedge.h248.codec import encode as encode_message
    from imsedge.h248.model import Message

    try:
        message = msgspec.json.decode(read_input(source), type=Message)
        data = encode_message(message, Encoding(encoding.value))
    except (msgspec.DecodeError, LocalError) as error:
        raise user_error(f"{source}: {error}") from None
    write_output(data)


def _position(data: bytes, offset: int | None) -> str:
    """``:line:column`` from 1, as editors count."""
    if offset is None:
        return ""
    before = data[:offset]
    line = before.count(b"\n") + 1
    column = offset - before.rfind(b"\n")
    return f":{line}:{column}"
