"""TLS on real sockets: both roles, early and late fingerprints, and everything a peer can do wrong."""

import time

import pytest
from OpenSSL import SSL

from imsedge.bearer import messages as m
from imsedge.security.tls import Role, peer_certificate
from kit.plane_rig import (
    GATEWAY,
    STRANGER,
    UE,
    PlaneRig,
    nothing_arrives,
    receive_all,
    receive_exactly,
    tls,
)

pytestmark = pytest.mark.system
KNOWN = (UE.fingerprint(),)
TLS = m.Transport.TLS


def alert(connection: SSL.Connection) -> str:
    """What the peer is told when it goes on: in TLS 1.3 a client learns after its own last message."""
    try:
        connection.do_handshake()
        connection.recv(1)
    except SSL.Error as error:
        return str(error)
    pytest.fail("there was no alert")


@pytest.mark.parametrize("profile", ["3gpp", "rel12"])
def test_we_are_the_server_unless_ordered(profile: str) -> None:
    with PlaneRig(tls_profile=profile) as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, fingerprints=KNOWN)
        ue = tls(rig.call(access), profile=profile)
        ue.do_handshake()
        assert peer_certificate(ue) == GATEWAY.der
        ue.send(b"up")
        server = rig.accept(listener)
        assert receive_exactly(server, 2) == b"up"
        server.send(b"down")
        assert receive_exactly(ue, 4) == b"down"
        assert rig.expect(m.TlsStarted, access.endpoint).role is m.TlsRole.SERVER
        done = rig.expect(m.TlsEstablished, access.endpoint)
        assert (done.verified, done.fingerprint) == (True, UE.fingerprint())
        assert done.version == {"3gpp": "TLSv1.3", "rel12": "TLSv1.2"}[profile]
        assert rig.expect(m.Established, access.endpoint).accepted
        assert not rig.expect(m.Established, core.endpoint).accepted
        assert rig.counters(access.endpoint).octets_received == 2
        assert rig.counters(core.endpoint).octets_received == 4


def test_we_are_the_client_when_ordered_on_a_connection_of_our_own() -> None:
    with PlaneRig() as rig:
        phone, phone_address = rig.listen()
        listener, backend = rig.listen()
        access, _core = rig.pair(backend, fingerprints=KNOWN, remote=phone_address, setup=m.Setup.ACTIVE)
        rig.do(m.StartTls(access.endpoint), m.StartTcp(access.endpoint))
        sock = rig.accept(phone)
        assert sock.getpeername() == access.local
        ue = tls(sock, Role.SERVER)
        ue.do_handshake()
        assert peer_certificate(ue) == GATEWAY.der
        server = rig.accept(listener)
        server.send(b"hello")
        assert receive_exactly(ue, 5) == b"hello"
        assert rig.expect(m.TlsStarted, access.endpoint).role is m.TlsRole.CLIENT


def test_we_become_the_client_on_a_connection_that_the_peer_opened() -> None:
    """BFCP: the offerer is the TLS client, whoever opened TCP (RFC 8856)."""
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        sock = rig.call(access)
        rig.expect(m.Established, access.endpoint)
        with nothing_arrives(sock):
            time.sleep(0.05)
        rig.do(m.StartTls(access.endpoint))
        ue = tls(sock, Role.SERVER)
        ue.do_handshake()
        assert rig.expect(m.TlsEstablished, access.endpoint).verified


def test_an_order_that_comes_after_the_peers_hello_changes_nothing() -> None:
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        ue = tls(rig.call(access))
        ue.do_handshake()
        rig.expect(m.TlsEstablished, access.endpoint)
        rig.do(m.StartTls(access.endpoint))
        assert len(rig.seen(m.TlsStarted, access.endpoint)) == 1
        assert not rig.seen(m.Failed, access.endpoint)


def test_nothing_is_forwarded_before_the_fingerprint_is_known() -> None:
    """RFC 8122 clause 6.2: the connection may outrun the answer."""
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend)
        ue = tls(rig.call(access))
        ue.do_handshake()
        ue.send(b"early")
        assert not rig.expect(m.TlsEstablished, access.endpoint).verified
        rig.expect(m.Established, core.endpoint)
        server = rig.accept(listener)
        server.send(b"early too")
        with nothing_arrives(server), nothing_arrives(ue):
            time.sleep(0.1)
        assert rig.counters(access.endpoint).octets_received == 0
        assert rig.counters(core.endpoint).octets_received == 0
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TLS, fingerprints=KNOWN)))
        assert receive_exactly(server, 5) == b"early"
        assert receive_exactly(ue, 9) == b"early too"
        rig.expect(m.Verified, access.endpoint)


def test_a_wrong_certificate_gets_bad_certificate_and_ends_both_legs() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, fingerprints=KNOWN)
        ue = tls(rig.call(access), certificate=STRANGER)
        server = rig.accept(listener)
        assert "alert bad certificate" in alert(ue)
        failed = rig.expect(m.Failed, access.endpoint)
        assert failed.cause is m.FailureCause.FINGERPRINT_MISMATCH
        assert rig.expect(m.Failed, core.endpoint).cause is m.FailureCause.LINKED_LEG
        with pytest.raises(ConnectionResetError):
            receive_all(server)


def test_a_wrong_certificate_in_tls_1_2_never_completes() -> None:
    with PlaneRig(tls_profile="rel12") as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        assert "alert bad certificate" in alert(tls(rig.call(access), certificate=STRANGER, profile="rel12"))
        rig.expect(m.Failed, access.endpoint)
        assert not rig.seen(m.TlsEstablished, access.endpoint)


def test_a_wrong_certificate_of_a_server_gets_bad_certificate() -> None:
    with PlaneRig() as rig:
        phone, phone_address = rig.listen()
        access, _core = rig.pair(None, fingerprints=KNOWN, remote=phone_address)
        rig.do(m.StartTls(access.endpoint), m.StartTcp(access.endpoint))
        assert "alert bad certificate" in alert(tls(rig.accept(phone), Role.SERVER, STRANGER))
        failed = rig.expect(m.Failed, access.endpoint)
        assert failed.cause is m.FailureCause.FINGERPRINT_MISMATCH


def test_a_fingerprint_that_comes_late_and_is_another_ends_both_legs() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend)
        ue = tls(rig.call(access), certificate=STRANGER)
        ue.do_handshake()
        ue.send(b"never")
        server = rig.accept(listener)
        rig.expect(m.TlsEstablished, access.endpoint)
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TLS, fingerprints=KNOWN)))
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.FINGERPRINT_MISMATCH
        rig.expect(m.Failed, core.endpoint)
        with pytest.raises(ConnectionResetError):
            receive_all(server)
        assert rig.counters(core.endpoint).octets_sent == 0


def test_trust_ends_when_the_signalling_names_another_certificate() -> None:
    """RFC 8842 clause 4: another fingerprint means another connection, which may come now."""
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        tls(rig.call(access)).do_handshake()
        rig.expect(m.TlsEstablished, access.endpoint)
        both = (STRANGER.fingerprint(), *KNOWN)
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TLS, fingerprints=both)))
        rig.counters(access.endpoint)
        assert not rig.seen(m.Failed, access.endpoint)
        other = m.EndpointSettings(transport=TLS, fingerprints=(STRANGER.fingerprint(),))
        rig.do(m.Configure(access.endpoint, other))
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.FINGERPRINT_MISMATCH
        rig.do(m.Configure(access.endpoint, other))
        tls(rig.call(access), certificate=STRANGER).do_handshake()
        rig.expect(m.TlsEstablished, access.endpoint, 2)


def test_no_fingerprint_matches_an_empty_set() -> None:
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=())
        assert "alert bad certificate" in alert(tls(rig.call(access)))
        rig.expect(m.Failed, access.endpoint)


@pytest.mark.parametrize(
    ("profile", "expected"), [("3gpp", "certificate required"), ("rel12", "handshake failure")]
)
def test_no_certificate(profile: str, expected: str) -> None:
    with PlaneRig(tls_profile=profile) as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        assert expected in alert(tls(rig.call(access), certificate=None))
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.NO_CERTIFICATE


GARBAGE = {
    "text": b"MSRP a786hjs2 SEND\r\nTo-Path: msrp://\r\n\r\n",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "zeroes": bytes(100),
    "a record with nonsense": b"\x16\x03\x01\x00\x05\x63nons",
    "a record too long": b"\x16\x03\x01\xff\xff" + bytes(70_000),
}


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
def test_garbage_instead_of_tls(octets: bytes) -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, core = rig.pair(backend, fingerprints=KNOWN)
        sock = rig.call(access)
        sock.sendall(octets)
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.TLS_HANDSHAKE
        rig.expect(m.Failed, core.endpoint)
        with pytest.raises(ConnectionResetError):
            receive_all(rig.accept(listener))


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_answered_with_a_fatal_alert(octets: bytes) -> None:
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        sock = rig.call(access)
        sock.sendall(octets)
        answer = receive_all(sock)
        assert (len(answer), answer[:2], answer[5]) == (7, b"\x15\x03", 2)


def test_a_peer_that_hangs_up_in_the_handshake() -> None:
    with PlaneRig() as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        rig.call(access).close()
        failed = rig.expect(m.Failed, access.endpoint)
        assert (failed.cause, failed.detail) == (m.FailureCause.TLS_HANDSHAKE, "the peer hung up")


@pytest.mark.parametrize("octets", [b"", b"\x16", b"\x16\x03\x01\x02\x00"], ids=["nothing", "one", "five"])
def test_a_handshake_that_never_ends(octets: bytes) -> None:
    with PlaneRig(handshake_limit=0.1) as rig:
        _listener, backend = rig.listen()
        access, core = rig.pair(backend, fingerprints=KNOWN)
        sock = rig.call(access)
        sock.sendall(octets)
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.TLS_TIMEOUT
        rig.expect(m.Failed, core.endpoint)
        receive_all(sock)


def test_before_the_answer_is_known_a_silent_peer_may_wait() -> None:
    """The call may ring for minutes; the clock starts with the fingerprint."""
    with PlaneRig(handshake_limit=0.05) as rig:
        access, _core = rig.pair(None)
        rig.call(access)
        rig.expect(m.Established, access.endpoint)
        time.sleep(0.15)
        assert not rig.seen(m.Failed, access.endpoint)
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TLS, fingerprints=KNOWN)))
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.TLS_TIMEOUT


def test_a_fingerprint_that_never_comes() -> None:
    with PlaneRig(verification_limit=0.1) as rig:
        access, _core = rig.pair(None)
        ue = tls(rig.call(access))
        ue.do_handshake()
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.FINGERPRINT_TIMEOUT


def test_whoever_is_not_trusted_after_the_handshake_gets_close_notify() -> None:
    """No truncation (RFC 8446 clause 6.1): OpenSSL offers no other alert once a handshake is complete."""
    with PlaneRig(verification_limit=0.1) as rig:
        access, _core = rig.pair(None)
        ue = tls(rig.call(access))
        ue.do_handshake()
        ue.send(b"never")
        rig.expect(m.Failed, access.endpoint)
        with pytest.raises(SSL.ZeroReturnError):
            ue.recv(1)


def test_a_reset_while_the_fingerprint_is_awaited() -> None:
    with PlaneRig() as rig:
        access, _core = rig.pair(None)
        sock = rig.call(access)
        tls(sock).do_handshake()
        rig.expect(m.TlsEstablished, access.endpoint)
        sock.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER 0: close with RST
        sock.close()
        assert rig.expect(m.Failed, access.endpoint).cause is m.FailureCause.TCP_RESET


def test_a_fin_while_the_fingerprint_is_awaited_loses_nothing() -> None:
    with PlaneRig() as rig:
        listener, backend = rig.listen()
        access, _core = rig.pair(backend)
        ue = tls(rig.call(access))
        ue.do_handshake()
        ue.send(b"said before the end")
        ue.shutdown()
        ue.sock_shutdown(1)
        server = rig.accept(listener)
        rig.expect(m.TlsEstablished, access.endpoint)
        time.sleep(0.05)
        rig.do(m.Configure(access.endpoint, m.EndpointSettings(transport=TLS, fingerprints=KNOWN)))
        assert receive_all(server) == b"said before the end"


def test_the_key_log_lets_an_analyser_decrypt(tmp_path: object) -> None:
    path = f"{tmp_path}/keys.log"
    with PlaneRig(key_log=path) as rig:
        access, _core = rig.pair(None, fingerprints=KNOWN)
        tls(rig.call(access)).do_handshake()
        rig.expect(m.TlsEstablished, access.endpoint)
        with open(path) as lines:  # noqa: PTH123 - one line
            assert any(line.startswith("CLIENT_TRAFFIC_SECRET_0 ") for line in lines)
