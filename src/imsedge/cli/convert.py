"""``imsedge h248 decode | encode``: any encoding of H.248.1 to JSON and back."""

import sys
from enum import Enum
from typing import Annotated

import typer

from imsedge.cli.io import read_input, user_error, write_output
from imsedge.cli.packages import packages
from imsedge.cli.places import complaint_of, position
from imsedge.cli.send import send
from imsedge.cli.words import Config, context_of

Source = Annotated[str, typer.Argument(metavar="[FILE|-]", help="A file, or - for standard input.")]


class EncodingName(Enum):
    """The values of ``h248.codec.Encoding``, without importing the codec for ``--help``."""

    PRETTY = "pretty"
    COMPACT = "compact"
    BER = "ber"


class InputName(Enum):
    """The values of ``h248.sources.Input``."""

    TEXT = "text"
    BER = "ber"
    TPKT = "tpkt"
    HEX = "hex"
    PCAP = "pcap"


h248 = typer.Typer(no_args_is_help=True, help="Read and write H.248.1 messages.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    h248.command()(packages)
    h248.command()(send)
    app.add_typer(h248, name="h248")


@h248.command()
def decode(
    source: Source = "-",
    indent: Annotated[int, typer.Option(help="Blanks a level; 0 is one line.", min=0, max=8)] = 2,
    kind: Annotated[
        InputName | None, typer.Option("--input", help="What the file holds, when it does not tell.")
    ] = None,
    port: Annotated[
        list[int] | None, typer.Option(help="Port of H.248 in a capture [2944 and 2945]; may be repeated.")
    ] = None,
    config: Config = None,
) -> None:
    """Print messages as JSON, one object each; errors say where.

    Takes text, BER, TPKT streams, hex dumps and captures (pcap, pcapng), with any number of messages. Exits 1
    when a transaction, action or command within a message is wrong, which its JSON says too; 2 when a whole
    message cannot be read.

    Example: `imsedge h248 decode capture.pcapng --indent 0`, or `... | imsedge h248 decode -`
    """
    import msgspec

    from imsedge.core.errors import RemoteError
    from imsedge.h248.codec import decode as decode_message
    from imsedge.h248.mistakes import mistakes
    from imsedge.h248.sources import H248_PORTS, Input, find_messages

    binary = context_of(config)
    data = read_input(source)
    wrong: list[str] = []
    partly: list[str] = []
    try:
        messages = find_messages(data, kind and Input(kind.value), port or H248_PORTS)
    except RemoteError as error:
        raise user_error(f"{source}{position(data, error.offset)}: {error.code} {error.reason}") from None
    for found in messages:
        try:
            message = decode_message(found.data, binary=binary)
        except RemoteError as error:
            wrong.append(complaint_of(source, data, found, error))
        else:
            text = msgspec.json.format(msgspec.json.encode(message), indent=indent or -1)
            write_output(text + b"\n")
            partly += [complaint_of(source, data, found, mistake) for mistake in mistakes(message)]
    if partly:
        print("\n".join(f"imsedge: {complaint}" for complaint in partly), file=sys.stderr)
    if wrong or not messages:
        raise user_error("\n".join(wrong) or f"{source}: no H.248 in this capture; --port names other ports")
    if partly:
        raise typer.Exit(1)


@h248.command()
def encode(
    source: Source = "-",
    encoding: Annotated[EncodingName, typer.Option(help="How to write it.")] = EncodingName.PRETTY,
    config: Config = None,
) -> None:
    """Write the JSON that `decode` prints as H.248 messages; several texts stand apart by `---`.

    Example: `imsedge h248 decode message.txt | imsedge h248 encode --encoding compact -`
    """
    import msgspec

    from imsedge.core.errors import LocalError
    from imsedge.h248.codec import Encoding
    from imsedge.h248.codec import encode as encode_message
    from imsedge.h248.model import Message

    wanted, binary = Encoding(encoding.value), context_of(config)
    documents, written = split_documents(read_input(source)), list[bytes]()
    for number, document in enumerate(documents, 1):
        try:
            message = msgspec.json.decode(document, type=Message)
            written.append(encode_message(message, wanted, binary=binary))
        except (msgspec.DecodeError, LocalError) as error:
            which = f"{source}: message {number}" if len(documents) > 1 else source
            raise user_error(f"{which}: {error}") from None
    write_output((b"\n---\n" if wanted.is_text else b"").join(written))


def split_documents(data: bytes) -> list[bytes]:
    """JSON documents that stand one after the other; what is no JSON is the last."""
    import json

    text, at, found = data.decode("utf-8", "replace"), 0, list[bytes]()
    scan = json.JSONDecoder().raw_decode
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        try:
            end = scan(text, at)[1]
        except (ValueError, RecursionError):
            end = len(text)
        found.append(text[at:end].encode())
        at = end
    return found or [data]
