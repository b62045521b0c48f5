"""Frames between the gateway and a worker: whole, octet by octet, too long, not a message."""

import pytest

from imsedge.bearer import messages as m
from imsedge.bearer.wire import (
    MAX_FRAME_OCTETS,
    PortShare,
    WireError,
    WorkerSettings,
    event_reader,
    order_reader,
    write_frame,
)
from imsedge.core.address import TransportAddress
from imsedge.core.msrp_uri import MsrpPath
from imsedge.security.certificates import Certificate
from imsedge.security.fingerprint import Fingerprint

HERE = TransportAddress("127.0.0.1", 4000)
THERE = TransportAddress("2001:db8::1", 9)
SHA = Fingerprint("sha-256", bytes(range(32)))
SETTINGS = m.EndpointSettings(
    transport=m.Transport.TLS,
    remote=THERE,
    setup=m.Setup.PASSIVE,
    mode=m.Mode.INACTIVE,
    incoming=m.Incoming.DISCARD,
    forward_incoming=False,
    source_filter=m.SourceFilter("192.0.2.0/24", 1024, 2048),
    fingerprints=(SHA,),
    certificate="access",
    msrp=MsrpPath("msrps://203.0.113.5:4000/s;tcp", ("msrps://198.51.100.7:9/t;tcp",)),
)
ORDERS: tuple[m.AnyCommand | WorkerSettings, ...] = (
    WorkerSettings(
        ports=(PortShare("127.0.0.1", 1, 2),), certificates=(Certificate("a", b"\x30", b"key", (b"\x31",)),)
    ),
    m.Open(1, 2, 3, "127.0.0.1", SETTINGS, "C2 ip/access/1"),
    m.Configure(1, m.EndpointSettings(transport=m.Transport.TCP)),
    m.StartTcp(1),
    m.StartTls(1),
    m.Query(1),
    m.Release(1),
)
EVENTS: tuple[m.AnyEvent, ...] = (
    m.Opened(1, 0.5, HERE),
    m.OpenFailed(1, 0.5, exhausted=True, reason="no free port"),
    m.Connecting(1, 0.5, HERE, THERE),
    m.Established(1, 0.5, HERE, THERE, accepted=True),
    m.Refused(1, 0.5, THERE, "second connection"),
    m.TlsStarted(1, 0.5, m.TlsRole.CLIENT),
    m.TlsEstablished(1, 0.5, "TLSv1.3", "TLS_AES_128_GCM_SHA256", SHA, verified=False),
    m.Verified(1, 0.5),
    m.Failed(1, 0.5, m.FailureCause.FINGERPRINT_MISMATCH, "why"),
    m.MessageRefused(1, 0.5, 481),
    m.Closed(1, 0.5),
    m.Statistics(1, 0.5, m.Counters(1, 2, 3, 4)),
    m.Released(1, 0.5, m.Counters()),
)


def test_every_order_arrives_as_it_was() -> None:
    stream = b"".join(write_frame(order) for order in ORDERS)
    assert tuple(order_reader().feed(stream)) == ORDERS


def test_every_event_arrives_octet_by_octet() -> None:
    reader, found = event_reader(), []
    for octet in b"".join(write_frame(event) for event in EVENTS):
        found += reader.feed(bytes([octet]))
    assert tuple(found) == EVENTS


def test_a_tail_waits_for_the_rest() -> None:
    reader, frame = event_reader(), write_frame(EVENTS[0])
    assert reader.feed(frame + frame[:7]) == [EVENTS[0]]
    assert reader.feed(frame[7:]) == [EVENTS[0]]


BAD = {
    "one octet too long": (MAX_FRAME_OCTETS + 1).to_bytes(4, "big"),
    "no msgpack": b"\x00\x00\x00\x01\xc1",
    "another kind of message": write_frame(m.Query(1)),
    "a string that is not UTF-8": b"\x00\x00\x00\x08\x82\xa4type\xa1\xff",
    "an empty frame": b"\x00\x00\x00\x00",
}


@pytest.mark.parametrize("stream", BAD.values(), ids=BAD)
def test_what_is_no_event_is_refused(stream: bytes) -> None:
    with pytest.raises(WireError):
        event_reader().feed(stream)


def test_a_frame_at_the_limit_is_awaited() -> None:
    assert event_reader().feed(MAX_FRAME_OCTETS.to_bytes(4, "big")) == []
