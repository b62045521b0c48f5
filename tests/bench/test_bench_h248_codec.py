"""The codec benchmark: its messages are good, its numbers are numbers, and it does without the peer."""

import pytest

from imsedge.bench.h248_codec import CodecRate, are_compiled, run
from imsedge.bench.h248_messages import MESSAGES
from imsedge.h248.binary import tables
from imsedge.h248.codec import Encoding, decode, encode
from kit.peers import need_megaco


@pytest.mark.parametrize("octets", MESSAGES)
def test_messages_are_read_without_error_and_fit_every_encoding(octets: bytes) -> None:
    message = decode(octets)
    assert "ErrorDescriptor" not in repr(message)
    for encoding in Encoding:
        assert decode(encode(message, encoding)) == message


def test_without_the_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    rows = run(0.05)
    assert [row.encoding for row in rows] == ["pretty", "compact", "ber"]
    assert all(row.decode > 0 and row.encode > 0 and "no Erlang" in row.line() for row in rows)


@pytest.mark.interop
def test_beside_erlang_megaco() -> None:
    need_megaco()
    rows = run(0.05)
    assert all(row.peer_decode and row.peer_encode and "ratios" in row.line() for row in rows)


def test_it_is_said_whether_modules_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert are_compiled() is tables.COMPILED
    monkeypatch.setattr(tables, "__file__", "tables.cpython-311-x86_64-linux-gnu.so")
    assert are_compiled()


def test_a_row_for_people() -> None:
    row = CodecRate("pretty", 100, 30, 40, True, 100, 100)
    assert row.line().endswith("ratios 0.30 and 0.40")
