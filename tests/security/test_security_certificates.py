"""Certificates made and loaded."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.x509.oid import NameOID

from imsedge.core.errors import SettingError
from imsedge.security.certificates import Certificate, load_certificate, self_signed
from imsedge.security.fingerprint import fingerprint_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_self_signed_one_holds_from_yesterday_for_ten_years() -> None:
    made = self_signed("default", "agw.example", now=NOW)
    found = x509.load_der_x509_certificate(made.der)
    assert found.subject == found.issuer
    assert found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "agw.example"
    assert found.not_valid_before_utc == NOW - timedelta(days=1)
    assert found.not_valid_after_utc - found.not_valid_before_utc == timedelta(days=3650)
    found.verify_directly_issued_by(found)


def test_two_are_never_the_same() -> None:
    assert self_signed("a", now=NOW).der != self_signed("a", now=NOW).der


def test_pem_in_one_file_or_two() -> None:
    made = self_signed("default")
    assert load_certificate("default", made.pem + made.key_pem) == made
    assert load_certificate("default", made.key_pem + made.pem) == made
    assert load_certificate("default", made.pem, made.key_pem) == made


def test_further_certificates_are_the_chain() -> None:
    leaf, above = self_signed("leaf"), self_signed("above")
    loaded = load_certificate("leaf", leaf.pem + above.pem, leaf.key_pem)
    assert (loaded.der, loaded.chain) == (leaf.der, (above.der,))
    assert loaded.pem == leaf.pem + above.pem


def test_it_shows_its_fingerprint_and_hides_its_key() -> None:
    made = self_signed("default")
    assert made.fingerprint() == fingerprint_of(made.der)
    assert made.fingerprint("sha-1") == fingerprint_of(made.der, "sha-1")
    assert str(made.fingerprint()) in repr(made)
    assert "PRIVATE" not in repr(made)


def encrypted(made: Certificate) -> bytes:
    key = serialization.load_pem_private_key(made.key_pem, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


def dsa_key() -> bytes:
    return dsa.generate_private_key(2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


MADE = self_signed("default")
BAD = {
    "no certificate": (b"", MADE.key_pem, "no readable PEM certificate"),
    "damaged certificate": (MADE.pem[:100] + MADE.pem[110:], MADE.key_pem, "no readable PEM certificate"),
    "no key": (MADE.pem, None, "no readable PEM private key"),
    "another key": (MADE.pem, self_signed("other").key_pem, "belongs to another"),
    "encrypted key": (MADE.pem, encrypted(MADE), "encrypted"),
    "a key TLS cannot use": (MADE.pem, dsa_key(), "neither EC, RSA nor Ed25519"),
}


@pytest.mark.parametrize(("pem", "key", "sentence"), BAD.values(), ids=BAD)
def test_the_user_hears_what_is_wrong(pem: bytes, key: bytes | None, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        load_certificate("default", pem, key)


def test_an_rsa_certificate_is_loaded() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ue")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + timedelta(days=1))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    assert load_certificate("ue", pem, key_pem).pem == pem
