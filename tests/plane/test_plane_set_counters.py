"""Counters of single elements, from the kernel's own octets."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.plane.set_counters import Count, SetCounters, _read, address_key, mark_key

# Of a kernel's answer: table "t", set "held", one element with 7 packets of 420 octets.
ANSWER = bytes.fromhex(
    "94000000 0c0a0000 00000000 01000000 02000000"
    "06000100 74000000 09000200 68656c64 00000000"
    "6c000380 68000180 10000180 0c000100 0a000001 4e200000"
    "34000780 0c000100 636f756e 74657200 24000280"
    "0c000100 00000000 000001a4 0c000200 00000000 00000007 0c000300 00000000 00000000"
    "0c000980 08000100 00000000 00000000 00000000 00000000 00000000"
)


def test_an_answer_is_read() -> None:
    assert _read(ANSWER) == Count(packets=7, octets=420)


@pytest.mark.parametrize("cut", range(0, len(ANSWER), 3))
def test_an_answer_that_ends_early_is_no_crash(cut: int) -> None:
    assert _read(ANSWER[:cut]).packets in (0, 7)


def test_an_error_is_nothing_counted() -> None:
    assert _read(bytes.fromhex("24000000 02000000 00000000 01000000 feffffff") + bytes(16)) == Count()
    counters = SetCounters()
    assert counters.read("ip", "imsedge_not_there", "held", mark_key(1)) == Count()
    counters.close()
    counters.close()


def test_keys_fill_words() -> None:
    assert mark_key(0x4900_0005) in (b"\x05\0\0\x49", b"\x49\0\0\x05")
    assert address_key(TransportAddress("10.0.0.1", 20_000)).hex() == "0a0000014e200000"
    assert len(address_key(TransportAddress("2001:db8::1", 1))) == 20
