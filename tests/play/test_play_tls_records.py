"""Records are named from their headers, however they are cut."""

import pytest

from imsedge.play.tls_records import Flight, RecordReader, dtls_names


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


def datagram_record(kind: int, body: bytes, epoch: int = 0) -> bytes:
    return (
        bytes((kind, 0xFE, 0xFD)) + epoch.to_bytes(2, "big") + bytes(6) + len(body).to_bytes(2, "big") + body
    )


DATAGRAMS = {
    "a flight": (datagram_record(22, b"\x02") + datagram_record(22, b"\x0b"), ("ServerHello", "Certificate")),
    "a cookie": (datagram_record(22, b"\x03"), ("HelloVerifyRequest",)),
    "the sealed end": (
        datagram_record(20, b"\x01") + datagram_record(22, b"xx", 1),
        ("ChangeCipherSpec", "Finished"),
    ),
    "payload": (datagram_record(23, b"x", 1), ()),
    "cut off": (b"\x16\xfe", ()),
}


@pytest.mark.parametrize(("octets", "names"), DATAGRAMS.values(), ids=DATAGRAMS)
def test_names_in_a_datagram(octets: bytes, names: tuple[str, ...]) -> None:
    assert dtls_names(octets) == names
