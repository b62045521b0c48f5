"""One door for every encoding of H.248.1: octets to ``Message`` and back.

    message = decode(datagram)
    datagram = encode(message, Encoding.COMPACT)

Text (Annex B) starts with a letter, ``!``, a blank or a comment; binary (Annex A, BER) starts with the
SEQUENCE tag 0x30.  Nothing else has to be known to decode, but binary writes numbers where text writes names,
and peers have dialects: ``binary`` says which (``with_overrides`` of the catalogue, groups of terminations,
names of items in text).
"""

from enum import Enum

from imsedge.h248 import errors
from imsedge.h248.binary.context import Context
from imsedge.h248.binary.messages import read_message as read_binary
from imsedge.h248.binary.messages import write_message as write_binary
from imsedge.h248.binary.terminations import TerminationNames
from imsedge.h248.errors import H248Error
from imsedge.h248.limits import MAX_MESSAGE
from imsedge.h248.model import Message
from imsedge.h248.packages.catalogue import CATALOGUE
from imsedge.h248.text.parser import read_message as read_text
from imsedge.h248.text.writer import write_message as write_text

DEFAULT_BINARY = Context(CATALOGUE, TerminationNames())


class Encoding(Enum):
    """How a message is written; reading needs no choice between pretty and compact."""

    PRETTY = "pretty"
    COMPACT = "compact"
    BER = "ber"

    @property
    def is_text(self) -> bool:
        return self is not Encoding.BER


def encoding_of(data: bytes) -> Encoding:
    """What ``data`` looks like: an answer goes out in the encoding of its request."""
    if data[:1] == b"\x30":
        return Encoding.BER
    return Encoding.COMPACT if data.lstrip()[:1] == b"!" else Encoding.PRETTY


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
    if encoding is Encoding.BER:
        return write_binary(message, binary)
    return write_text(message, binary.dialect, pretty=encoding is Encoding.PRETTY)
