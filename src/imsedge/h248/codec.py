"""One door for every encoding of H.248.1: octets to ``Message`` and back.

    message = decode(datagram)
    datagram = encode(message, Encoding.COMPACT)

Text (Annex B) starts with a letter, ``!``, a blank or a comment; binary (Annex A, BER) starts with the
SEQUENCE tag 0x30.  Nothing else has to be known to decode, but binary writes numbers where text writes names,
and peers have dialects: ``binary`` says which (``with_overrides`` of the catalogue, groups of terminations,
names of items in text).
"""

from imsedge.h248 import errors
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.messages import read_message as read_binary
from imsedge.h248.binary.messages import write_message as write_binary
from imsedge.h248.binary.terminations import TerminationNames
from imsedge.h248.encoding import BER, PRETTY
from imsedge.h248.encoding import Encoding as Encoding  # noqa: PLC0414 - for all who encode
from imsedge.h248.encoding import encoding_of as encoding_of  # noqa: PLC0414 - for all who answer
from imsedge.h248.errors import H248Error
from imsedge.h248.limits import MAX_MESSAGE
from imsedge.h248.model import Message
from imsedge.h248.packages.catalogue import CATALOGUE
from imsedge.h248.text.parser import read_message as read_text
from imsedge.h248.text.writer import write_message as write_text

DEFAULT_BINARY = Context(CATALOGUE, TerminationNames())


def decode(data: bytes, *, limit: int = MAX_MESSAGE, binary: Context = DEFAULT_BINARY) -> Message:
    """Read one message in any encoding.

    Raises ``H248Error`` when the message as a whole cannot be read (400, 406, 413).  What is wrong inside one
    transaction, action or command is put into its ``error`` field, so that the rest can be executed.
    """
    if len(data) > limit:
        raise H248Error(errors.SYNTAX_MESSAGE, f"message of {len(data)} octets, {limit} are allowed")
    return read_binary(data, binary) if data[:1] == b"\x30" else read_text(data, binary.dialect)


def encode(message: Message, encoding: Encoding, *, binary: Context = DEFAULT_BINARY) -> bytes:
    """Write one message; ``LocalError`` when the values cannot be expressed in the encoding."""
    if encoding is BER:
        return write_binary(message, binary)
    return write_text(message, binary.dialect, pretty=encoding is PRETTY)
