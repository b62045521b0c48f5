"""The encodings of H.248.1: two kinds of text (Annex B) and BER (Annex A)."""

from enum import Enum


class Encoding(Enum):
    """How a message is written; reading needs no choice between pretty and compact."""

    PRETTY = "pretty"
    COMPACT = "compact"
    BER = "ber"

    def __init__(self, word: str) -> None:
        self.is_text = word != "ber"


PRETTY, COMPACT, BER = Encoding  # for every message: the class takes long to find its members by name


def encoding_of(data: bytes) -> Encoding:
    """What ``data`` looks like: an answer goes out in the encoding of its request."""
    if data[:1] == b"\x30":
        return BER
    return COMPACT if data.lstrip()[:1] == b"!" else PRETTY
