"""Items that the peer calls otherwise: its words on the wire, ours in the model."""

import pytest

from imsedge.core.errors import LocalError
from imsedge.h248.codec import DEFAULT_BINARY, Encoding, decode, encode
from imsedge.h248.dialect import PLAIN, Dialect

THEIRS = DEFAULT_BINARY.replace(
    dialect=Dialect(
        {
            "tcpbcc/EstBNC": "xtcp/start",
            "tcpbcc/mode": "xtcp/handling",
            "tcpbcc/BNCChange": "xtcp/changed",
            "nt/os": "xnt/sent",
        }
    )
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("MF=t{M{O{tcpbcc/mode=proxy}}}", "MF=t{M{O{xtcp/handling=proxy}}}"),
        ("MF=t{SG{tcpbcc/EstBNC{ST=1}}}", "MF=t{SG{xtcp/start{ST=1}}}"),
        ("MF=t{E=1{tcpbcc/BNCChange,g/cause}}", "MF=t{E=1{xtcp/changed,g/cause}}"),
        ("N=t{OE=1{tcpbcc/BNCChange{Type=Cut}}}", "N=t{OE=1{xtcp/changed{Type=Cut}}}"),
        ("AV=t{AT{M{O{tcpbcc/mode}},SA{nt/os}}}", "AV=t{AT{M{O{xtcp/handling}},SA{xnt/sent}}}"),
    ],
)
def test_names_are_translated_both_ways(ours: str, theirs: str) -> None:
    message = decode(f"!/2 gw T=1{{C=1{{{ours}}}}}".encode())
    octets = encode(message, Encoding.COMPACT, binary=THEIRS)
    assert octets.endswith(f"C=1{{{theirs}}}}}".encode())
    assert decode(octets, binary=THEIRS) == message
    assert decode(octets.replace(b"xtcp/", b"XTCP/"), binary=THEIRS) == message


def test_binary_has_numbers_and_no_dialect() -> None:
    message = decode(b"!/2 gw T=1{C=1{MF=ip/core/1{SG{tcpbcc/EstBNC}}}}")
    assert encode(message, Encoding.BER, binary=THEIRS) == encode(message, Encoding.BER)


def test_without_names_nothing_is_translated() -> None:
    assert PLAIN.read == PLAIN.written == {}


@pytest.mark.parametrize(
    "names", [{"a": "b/c"}, {"a/b": "c"}, {"a/b": "c d/e"}, {"a/b": "x/y", "a/c": "X/Y"}]
)
def test_names_that_cannot_be(names: dict[str, str]) -> None:
    with pytest.raises(LocalError):
        Dialect(names)
