"""What a message is told by."""

import pytest

from imsedge.h248.encoding import Encoding, encoding_of


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\x30\x03", Encoding.BER),
        (b"!/1 gw ER=400{}", Encoding.COMPACT),
        (b" \r\n!/1", Encoding.COMPACT),
        (b"MEGACO/1", Encoding.PRETTY),
        (b"; a comment", Encoding.PRETTY),
        (b"", Encoding.PRETTY),
    ],
)
def test_encodings_are_told_by_the_first_octet(data: bytes, encoding: Encoding) -> None:
    assert encoding_of(data) is encoding


def test_two_of_them_are_text() -> None:
    assert [encoding for encoding in Encoding if encoding.is_text] == [Encoding.PRETTY, Encoding.COMPACT]
