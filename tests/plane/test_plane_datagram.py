"""UDP and DTLS through a media plane: borders, roles, loss, strangers, fingerprints (dtls_leg, udp)."""

import contextlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane import dtls_leg, trust, udp  # noqa: F401 - proven here through the endpoint
from imsedge.plane.dtls import MTU
from imsedge.plane.held import HELD_DATAGRAMS
from imsedge.security.fingerprint import Fingerprint
from imsedge.security.tls import Role
from kit.dtls import DtlsPeer
from kit.openssl import Openssl, OpensslCertificate, wait_for
from kit.plane_rig import HOST, STRANGER, UE, PlaneRig, nothing_arrives

pytestmark = pytest.mark.system

TRUSTED = (UE.fingerprint(),)
DATAGRAMS = [b"a", b"b" * 40, b"c" * 1_300, b"", b"d" * 200]


@pytest.fixture
def rig() -> Iterator[PlaneRig]:
    with PlaneRig() as made:
        yield made


def party(rig: PlaneRig, host: str = HOST) -> tuple[socket.socket, TransportAddress]:
    sock = rig.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind((host, 0))
    return sock, TransportAddress(*sock.getsockname()[:2])


class Line:
    """A phone with DTLS, the gateway between, and a fax machine in clear."""

    def __init__(self, rig: PlaneRig, **settings: object) -> None:
        self.rig = rig
        self.phone, self.phone_at = party(rig)
        self.core, self.core_at = party(rig)
        told = {"remote": self.phone_at, "fingerprints": TRUSTED, **settings}
        self.access = rig.open(9, m.Transport.DTLS, **told)
        self.inner = rig.open(9, m.Transport.UDP, remote=self.core_at)

    def peer(self, role: Role = Role.CLIENT, certificate: object = UE, **others: object) -> DtlsPeer:
        return DtlsPeer(self.phone, certificate, role, **others)  # type: ignore[arg-type]

    def hear_core(self) -> bytes:
        self.core.settimeout(5)
        return self.core.recv(1 << 16)


def carry_both_ways(line: Line, phone: DtlsPeer) -> None:
    for payload in DATAGRAMS:
        if payload:
            phone.send(payload)
            assert line.hear_core() == payload
            line.core.sendto(payload, line.inner.local)
            assert phone.receive() == payload


def test_in_clear_each_datagram_arrives_as_it_is(rig: PlaneRig) -> None:
    (left, left_at), (right, right_at) = party(rig), party(rig)
    one = rig.open(7, m.Transport.UDP, remote=left_at)
    other = rig.open(7, m.Transport.UDP, remote=right_at)
    right.settimeout(5)
    left.settimeout(5)
    for payload in DATAGRAMS:
        left.sendto(payload, one.local)
        assert right.recvfrom(1 << 16) == (payload, tuple(other.local))
        right.sendto(payload, other.local)
        assert left.recvfrom(1 << 16) == (payload, tuple(one.local))
    counters = rig.counters(one.endpoint)
    assert counters.octets_received == counters.octets_sent == sum(map(len, DATAGRAMS))


def test_the_phone_is_the_client(rig: PlaneRig) -> None:
    line = Line(rig)
    phone = line.peer()
    phone.shake(line.access.local)
    assert rig.expect(m.TlsStarted, 1).role is m.TlsRole.SERVER
    secured = rig.expect(m.TlsEstablished, 1)
    assert (secured.verified, secured.version) == (True, "DTLSv1.2")
    carry_both_ways(line, phone)
    assert phone.longest > MTU  # payload keeps its borders
    assert rig.counters(1).connections == 1


def test_the_gateway_is_the_client_when_ordered(rig: PlaneRig) -> None:
    line = Line(rig)
    rig.do(m.StartTls(line.access.endpoint))
    phone = line.peer(Role.SERVER)
    phone.shake()
    assert phone.longest <= MTU
    assert rig.expect(m.TlsStarted, 1).role is m.TlsRole.CLIENT
    assert rig.expect(m.TlsEstablished, 1).verified
    carry_both_ways(line, phone)


@pytest.mark.parametrize("role", Role)
def test_lost_flights_are_repeated(rig: PlaneRig, role: Role) -> None:
    line = Line(rig)
    chance = random.Random(11)  # noqa: S311 - not a secret
    if role is Role.SERVER:
        rig.do(m.StartTls(line.access.endpoint))
    phone = line.peer(role, lose=lambda: chance.random() < 0.15)
    phone.shake(line.access.local)
    for _ in range(100):  # the other side may still need our last flight
        if rig.seen(m.TlsEstablished, 1):
            break
        with contextlib.suppress(TimeoutError):
            phone.receive(0.05)
    assert rig.expect(m.TlsEstablished, 1).verified
    assert not rig.seen(m.Failed, 1)


def test_a_handshake_before_the_answer_waits_for_the_fingerprint(rig: PlaneRig) -> None:
    line = Line(rig, remote=None, fingerprints=None)
    phone = line.peer()
    phone.shake(line.access.local)
    assert not rig.expect(m.TlsEstablished, 1).verified
    phone.send(b"early")
    line.core.sendto(b"early, too", line.inner.local)
    rig.until(lambda: rig.counters(2).octets_received == 10, "the core's datagram")
    assert rig.counters(2).octets_sent == 0
    told(line, TRUSTED)
    rig.expect(m.Verified, 1)
    phone.send(b"in time")
    assert [line.hear_core(), line.hear_core()] == [b"early", b"in time"]
    assert phone.receive() == b"early, too"


def told(line: Line, fingerprints: tuple[Fingerprint, ...] | None) -> None:
    """The signalling names the phone's certificate."""
    settings = m.EndpointSettings(transport=m.Transport.DTLS, remote=line.phone_at, fingerprints=fingerprints)
    line.rig.do(m.Configure(1, settings))


def test_what_comes_before_the_handshake_is_held_but_not_without_limit(rig: PlaneRig) -> None:
    line = Line(rig)
    for number in range(HELD_DATAGRAMS + 2):
        line.core.sendto(b"%d" % number, line.inner.local)
    rig.until(lambda: rig.counters(1).dropped == 2, "the oldest to be dropped")
    phone = line.peer()
    phone.shake(line.access.local)
    assert [phone.receive() for _ in range(HELD_DATAGRAMS)] == [
        b"%d" % number for number in range(2, HELD_DATAGRAMS + 2)
    ]


def test_what_was_held_for_the_right_one_is_not_for_another(rig: PlaneRig) -> None:
    line = Line(rig, fingerprints=None)
    phone = line.peer()
    phone.shake(line.access.local)
    phone.send(b"early")
    line.core.sendto(b"secret", line.inner.local)
    rig.until(lambda: rig.counters(2).octets_received == 6, "the core's datagram")
    told(line, (STRANGER.fingerprint(),))
    assert rig.expect(m.Failed, 1).cause is m.FailureCause.FINGERPRINT_MISMATCH
    with pytest.raises(SSL.Error):  # close_notify, no payload
        phone.receive()
    assert rig.counters(1).octets_sent == rig.counters(2).octets_sent == 0


def test_an_empty_datagram_is_no_payload(rig: PlaneRig) -> None:
    line = Line(rig)
    phone = line.peer()
    phone.shake(line.access.local)
    line.core.sendto(b"", line.inner.local)
    line.phone.sendto(b"", line.access.local)
    carry_both_ways(line, phone)


def test_an_early_caller_who_was_not_meant_goes(rig: PlaneRig) -> None:
    line = Line(rig, remote=None, fingerprints=None)
    phone = line.peer()
    phone.shake(line.access.local)
    rig.expect(m.TlsEstablished, 1)
    _, elsewhere = party(rig)
    settings = m.EndpointSettings(transport=m.Transport.DTLS, remote=elsewhere, fingerprints=TRUSTED)
    rig.do(m.Configure(1, settings))
    with pytest.raises(SSL.Error):  # close_notify
        phone.receive()
    assert not rig.seen(m.Verified, 1)


@pytest.mark.parametrize("role", Role)
def test_another_certificate_than_signalled_is_refused(rig: PlaneRig, role: Role) -> None:
    line = Line(rig)
    if role is Role.SERVER:
        rig.do(m.StartTls(1))
    phone = line.peer(role, STRANGER)
    with pytest.raises(SSL.Error):  # noqa: PT012 - bad_certificate during the handshake, or after it
        phone.shake(line.access.local)
        phone.receive()
    failed = rig.expect(m.Failed, 1)
    assert failed.cause is m.FailureCause.FINGERPRINT_MISMATCH


def test_another_certificate_in_the_signalling_is_another_association(rig: PlaneRig) -> None:
    line = Line(rig)
    phone = line.peer()
    phone.shake(line.access.local)
    rig.expect(m.TlsEstablished, 1)
    told(line, (STRANGER.fingerprint(),))
    with pytest.raises(SSL.Error):  # close_notify
        phone.receive()
    line.core.sendto(b"for the next one", line.inner.local)
    successor = line.peer(certificate=STRANGER)
    successor.shake(line.access.local)
    assert rig.expect(m.TlsEstablished, 1, nth=2).verified
    assert successor.receive() == b"for the next one"
    carry_both_ways(line, successor)
    assert not rig.seen(m.Failed, 1)


def test_the_peer_cannot_begin_again_by_itself(rig: PlaneRig) -> None:
    """RFC 8842 clause 4: a new association is a matter of offer and answer."""
    line = Line(rig)
    phone = line.peer()
    phone.shake(line.access.local)
    rig.expect(m.TlsEstablished, 1)
    line.core.sendto(b"first", line.inner.local)
    assert phone.receive() == b"first"
    restarted = line.peer()
    with pytest.raises(SSL.WantReadError):
        restarted.tls.do_handshake()
    hello = restarted.tls.bio_read(1 << 16)
    elsewhere, _ = party(rig)
    for sender in (line.phone, elsewhere):
        sender.sendto(hello, line.access.local)
    rig.until(lambda: rig.counters(1).refused == 2, "the refusals")
    for sender in (line.phone, elsewhere):
        with nothing_arrives(sender):
            pass
    carry_both_ways(line, phone)
    assert len(rig.seen(m.TlsStarted, 1)) == 1


def test_strangers_are_not_heard(rig: PlaneRig) -> None:
    line = Line(rig)
    phone = line.peer()
    phone.shake(line.access.local)
    rig.expect(m.TlsEstablished, 1)
    outsider, _ = party(rig)
    outsider.sendto(b"clear text", line.access.local)
    outsider.sendto(bytes.fromhex("16feff0000000000000000000f") + b"\x01" + b"x" * 14, line.access.local)
    far, _ = party(rig, HOST[: HOST.rindex(".")] + ".2")
    far.sendto(b"from nobody", line.inner.local)
    line.phone.sendto(b"not even DTLS", line.access.local)
    phone.send(b"still here")
    assert line.hear_core() == b"still here"
    rig.until(lambda: rig.counters(1).refused == 2, "the refusals")
    assert rig.counters(2).refused == 1


def test_who_does_not_return_the_cookie_gets_less_than_it_sent(rig: PlaneRig) -> None:
    line = Line(rig)
    sent = line.peer()
    with pytest.raises(SSL.WantReadError):
        sent.tls.do_handshake()
    hello = sent.tls.bio_read(1 << 16)
    for _ in range(20):
        line.phone.sendto(hello, line.access.local)
        line.phone.settimeout(5)
        assert len(line.phone.recv(1 << 16)) < len(hello)
    assert not rig.seen(m.TlsStarted, 1)


def test_a_handshake_does_not_take_for_ever() -> None:
    with PlaneRig(handshake_limit=0.2, verification_limit=0.2) as rig:
        line = Line(rig)
        rig.do(m.StartTls(1))
        assert rig.expect(m.Failed, 1).cause is m.FailureCause.TLS_TIMEOUT
        assert rig.counters(line.access.endpoint).connections == 1


def test_a_fingerprint_that_never_comes() -> None:
    with PlaneRig(verification_limit=0.2) as rig:
        line = Line(rig, fingerprints=None)
        line.peer().shake(line.access.local)
        assert rig.expect(m.Failed, 1).cause is m.FailureCause.FINGERPRINT_TIMEOUT


def test_the_phone_says_goodbye(rig: PlaneRig) -> None:
    line = Line(rig)
    phone = line.peer()
    phone.shake(line.access.local)
    rig.expect(m.TlsEstablished, 1)
    phone.tls.shutdown()
    phone.flush()
    rig.expect(m.Closed, 1)


def test_release_says_goodbye_and_frees_the_port(rig: PlaneRig) -> None:
    line = Line(rig)
    phone = line.peer()
    phone.shake(line.access.local)
    rig.expect(m.TlsEstablished, 1)
    rig.do(m.Release(1), m.Release(2))
    rig.expect(m.Released, 1)
    with pytest.raises(SSL.ZeroReturnError):
        phone.receive()
    assert len(rig.plane) == 0


def test_a_link_carries_one_kind(rig: PlaneRig) -> None:
    rig.open(5, m.Transport.UDP)
    rig.do(m.Open(77, 5, 5, HOST, m.EndpointSettings(transport=m.Transport.TCP)))
    assert "TCP" in rig.expect(m.OpenFailed, 77).reason


def test_latching_learns_the_phone(rig: PlaneRig) -> None:
    line = Line(rig, remote=TransportAddress("192.0.2.1", 9), latching=True)
    phone = line.peer()
    phone.shake(line.access.local)
    assert rig.expect(m.Latched, 1).remote == line.phone_at
    carry_both_ways(line, phone)


def test_a_phone_behind_a_nat_that_waits_for_us_opens_the_nat_first(rig: PlaneRig) -> None:
    line = Line(rig, remote=TransportAddress("192.0.2.1", 9), latching=True)
    rig.do(m.StartTls(1))
    line.phone.sendto(b"anything", line.access.local)
    assert rig.expect(m.Latched, 1).remote == line.phone_at
    stranger, _ = party(rig)
    stranger.sendto(b"me too", line.access.local)
    rig.until(lambda: rig.counters(1).refused == 1, "the stranger")
    phone = line.peer(Role.SERVER)
    phone.shake()
    assert rig.expect(m.TlsStarted, 1).role is m.TlsRole.CLIENT
    carry_both_ways(line, phone)
    with nothing_arrives(stranger):
        pass


def test_what_comes_too_fast_is_dropped(rig: PlaneRig) -> None:
    (left, left_at), (_, right_at) = party(rig), party(rig)
    one = rig.open(7, m.Transport.UDP, remote=left_at, policing=m.Policing(sustained=1_000, burst=1_000))
    other = rig.open(7, m.Transport.UDP, remote=right_at)
    for _ in range(50):
        left.sendto(b"x" * 100, one.local)
    rig.until(lambda: rig.counters(1).dropped >= 30, "the dropped ones")
    assert 1_000 <= rig.counters(other.endpoint).octets_sent <= 2_000


def test_silence_is_reported(rig: PlaneRig) -> None:
    line = Line(rig, quiet_limit=0.1)
    assert rig.expect(m.Quiet, line.access.endpoint).ways is m.Ways.BOTH


@pytest.mark.interop
@pytest.mark.parametrize("role", Role)
def test_openssl_is_the_phone(rig: PlaneRig, role: Role, tmp_path: Path) -> None:
    who = OpensslCertificate(tmp_path, "phone")
    core, core_at = party(rig)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((HOST, 0))
        phone_at = TransportAddress(*free.getsockname()[:2])
    rig.open(9, m.Transport.UDP, remote=core_at)
    told = {"fingerprints": (who.fingerprint,), "remote": phone_at if role is Role.SERVER else None}
    access = rig.open(9, m.Transport.DTLS, **told)
    core.settimeout(10)
    phone = (
        Openssl.client(tmp_path, access.local, who, "-dtls1_2")
        if role is Role.CLIENT
        else Openssl.server(tmp_path, phone_at, who, "-dtls1_2")
    )
    with phone:
        if role is Role.SERVER:
            wait_for(lambda: "ACCEPT" in phone.output, "openssl")
            rig.do(m.StartTls(access.endpoint))
        assert rig.expect(m.TlsEstablished, access.endpoint).verified
        phone.send(b"one datagram\n")
        datagram, inner = core.recvfrom(1 << 16)
        assert datagram == b"one datagram\n"
        core.sendto(b"and one back\n", inner)
        wait_for(lambda: "and one back" in phone.output, "the datagram")
