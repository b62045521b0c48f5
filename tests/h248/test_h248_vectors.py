"""The vector files: each is read without an error and survives every encoding."""

from pathlib import Path

import pytest

from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.errors import H248Error

VECTORS = {
    path.stem: path for path in sorted((Path(__file__).parent.parent / "vectors" / "h248").glob("*.txt"))
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_survives_every_encoding(name: str) -> None:
    message = decode(VECTORS[name].read_bytes())
    for encoding in (Encoding.PRETTY, Encoding.COMPACT):
        octets = encode(message, encoding)
        assert decode(octets) == message


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_has_no_errors_of_syntax(name: str) -> None:
    assert "octet " not in repr(decode(VECTORS[name].read_bytes()))


@pytest.mark.parametrize("name", VECTORS)
def test_every_beginning_of_a_vector_is_a_message_or_one_error(name: str) -> None:
    octets = VECTORS[name].read_bytes()
    for end in range(len(octets)):
        try:
            decode(octets[:end])
        except H248Error as blame:
            if blame.code not in {400, 406, 442}:
                raise
