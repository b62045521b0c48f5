"""Two contexts shake hands in memory; the peers that must not get in do not."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from imsedge.core.errors import LocalError, SettingError
from imsedge.security.certificates import Certificate, self_signed
from imsedge.security.tls import PROFILES, Role, context, find_profile, peer_certificate

AGW, UE = self_signed("agw"), self_signed("ue")


def carry(source: SSL.Connection, destination: SSL.Connection) -> None:
    while True:
        try:
            destination.bio_write(source.bio_read(65_536))
        except SSL.WantReadError:
            return


def shake_hands(client: SSL.Context, server: SSL.Context) -> tuple[SSL.Connection, SSL.Connection]:
    ends = SSL.Connection(client, None), SSL.Connection(server, None)
    drive(*ends)
    return ends


def drive(client: SSL.Connection, server: SSL.Connection) -> None:
    ends = client, server
    client.set_connect_state()
    server.set_accept_state()
    waiting = set(ends)
    for _ in range(10):
        for end, other in (ends, ends[::-1]):
            try:
                end.do_handshake()
                waiting.discard(end)
            except SSL.WantReadError:
                pass
            finally:
                carry(end, other)
        if not waiting:
            return
    raise AssertionError("no end to the handshake")


EXPECTED = {
    ("3gpp", False): "TLSv1.3",
    ("3gpp", True): "DTLSv1.2",
    ("rel12", False): "TLSv1.2",
    ("rel12", True): "DTLSv1.2",
}


@pytest.mark.parametrize(("profile", "datagram"), EXPECTED)
def test_both_sides_show_self_signed_certificates(profile: str, datagram: bool) -> None:
    client, server = shake_hands(
        context(profile, UE, Role.CLIENT, datagram=datagram),
        context(profile, AGW, Role.SERVER, datagram=datagram),
    )
    assert peer_certificate(client) == AGW.der
    assert peer_certificate(server) == UE.der
    assert client.get_protocol_version_name() == EXPECTED[profile, datagram]
    client.send(b"hello")
    carry(client, server)
    assert server.recv(100) == b"hello"


def test_a_client_without_a_certificate_is_turned_away() -> None:
    bare = SSL.Context(SSL.TLS_CLIENT_METHOD)
    bare.set_verify(SSL.VERIFY_NONE, lambda *_: True)
    with pytest.raises(SSL.Error, match="peer did not return a certificate"):
        shake_hands(bare, context("3gpp", AGW, Role.SERVER))


@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_3gpp_refuses_old_versions(version: int) -> None:
    old = context("rel12", UE, Role.CLIENT)
    old.set_min_proto_version(version)
    old.set_max_proto_version(version)
    with pytest.raises(SSL.Error, match=r"unsupported|version|no protocols"):
        shake_hands(old, context("3gpp", AGW, Role.SERVER))


def test_3gpp_refuses_suites_without_forward_secrecy_and_rel12_has_one() -> None:
    weak = context("rel12", UE, Role.CLIENT)
    weak.set_cipher_list(b"AES128-SHA")
    with pytest.raises(SSL.Error):
        shake_hands(weak, context("3gpp", AGW, Role.SERVER))
    names = SSL.Connection(context("rel12", AGW, Role.SERVER), None).get_cipher_list()
    assert "AES128-SHA" in names


@pytest.mark.parametrize("profile", PROFILES)
def test_a_session_is_not_resumed_so_each_connection_shows_its_own_certificate(profile: str) -> None:
    served, calling = context(profile, AGW, Role.SERVER), context(profile, UE, Role.CLIENT)
    first, _ = shake_hands(calling, served)
    other = self_signed("other")
    client, server = SSL.Connection(calling, None), SSL.Connection(served, None)
    client.use_certificate(x509.load_der_x509_certificate(other.der))
    client.use_privatekey(serialization.load_pem_private_key(other.key_pem, None))  # type: ignore[arg-type]
    session = first.get_session()
    assert session is not None
    client.set_session(session)
    drive(client, server)
    assert peer_certificate(server) == other.der


def test_the_key_exchange_is_one_that_3gpp_names_and_fits_one_segment() -> None:
    calling = SSL.Connection(context("3gpp", UE, Role.CLIENT), None)
    calling.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        calling.do_handshake()
    assert len(calling.bio_read(65_536)) < 600
    client, _ = shake_hands(context("3gpp", UE, Role.CLIENT), context("3gpp", AGW, Role.SERVER))
    assert client.get_group_name() == "x25519"


def test_a_peer_with_another_group_is_met() -> None:
    only_p384 = context("3gpp", UE, Role.CLIENT)
    only_p384.set_tmp_ecdh(ec.SECP384R1())
    client, _ = shake_hands(only_p384, context("3gpp", AGW, Role.SERVER))
    assert client.get_group_name() == "secp384r1"


def test_the_key_log_gets_what_an_analyser_needs() -> None:
    lines: list[bytes] = []
    shake_hands(context("3gpp", UE, Role.CLIENT), context("3gpp", AGW, Role.SERVER, keylog=lines.append))
    assert {line.split()[0] for line in lines} >= {b"CLIENT_TRAFFIC_SECRET_0", b"SERVER_TRAFFIC_SECRET_0"}


def test_before_the_handshake_there_is_no_peer() -> None:
    assert peer_certificate(SSL.Connection(context("3gpp", AGW, Role.SERVER), None)) is None


def test_a_chain_is_presented() -> None:
    above = self_signed("above")
    chained = Certificate(AGW.name, AGW.der, AGW.key_pem, (above.der,))
    client, _ = shake_hands(context("3gpp", UE, Role.CLIENT), context("3gpp", chained, Role.SERVER))
    assert len(client.get_peer_cert_chain() or []) == 2


def test_the_user_hears_which_profiles_there_are() -> None:
    with pytest.raises(SettingError, match="3gpp, rel12"):
        find_profile("ssl3")
    assert find_profile("3gpp") is PROFILES["3gpp"]


def test_a_key_of_another_certificate_is_our_bug() -> None:
    with pytest.raises(LocalError, match="mixed"):
        context("3gpp", Certificate("mixed", AGW.der, UE.key_pem), Role.SERVER)
