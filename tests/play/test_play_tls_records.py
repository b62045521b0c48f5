"""Records are named from their headers, however they are cut."""

import pytest

from imsedge.play.tls_records import Flight, RecordReader


def record(kind: int, body: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(body).to_bytes(2, "big") + body


CASES = {
    "ClientHello": (record(22, b"\x01\0\0\0"), ("ClientHello",)),
    "server's first flight": (
        record(22, b"\x02\0\0\0") + record(20, b"\x01") + record(23, b"sealed"),
        ("ServerHello", "ChangeCipherSpec", "ApplicationData"),
    ),
    "after ChangeCipherSpec a handshake record is sealed": (
        record(20, b"\x01") + record(22, b"\x01sealed"),
        ("ChangeCipherSpec", "Handshake"),
    ),
    "alert in clear": (record(21, b"\x02\x2a"), ("Alert bad_certificate",)),
    "alert nobody knows": (record(21, b"\x02\xff"), ("Alert 255",)),
    "sealed alert": (record(21, b"x" * 19), ("Alert",)),
    "unknown handshake message": (record(22, b"\x63"), ("Handshake",)),
    "unknown record": (record(99, b""), ("?",)),
}


@pytest.mark.parametrize(("octets", "names"), CASES.values(), ids=CASES)
def test_names(octets: bytes, names: tuple[str, ...]) -> None:
    assert RecordReader().read(octets) == Flight(names, application_only=False)
    reader = RecordReader()
    flights = [reader.read(octets[at : at + 1]) for at in range(len(octets))]
    assert tuple(name for flight in flights for name in flight.names) == names


def test_payload_alone_is_told_apart() -> None:
    reader = RecordReader()
    assert reader.read(record(23, b"a") + record(23, b"b")).application_only
    assert not reader.read(record(23, b"a") + record(21, b"\x01\0")).application_only
    assert reader.read(record(23, b"half")[:-1]).names == ()
