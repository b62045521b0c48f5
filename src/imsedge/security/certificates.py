"""Certificates that a gateway or a built-in UE presents: made here, or loaded from PEM.

In end-to-access-edge security a certificate is trusted because its fingerprint came over protected
signalling (RFC 8122 clause 5, RFC 4975 clause 14.4), so self-signed ones are the normal case and the names
and dates inside prove nothing.
"""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from msgspec import Struct

from imsedge.core.errors import SettingError
from imsedge.security.fingerprint import Fingerprint, fingerprint_of

# Nobody's trust rests on the dates, so the only effect of a short life would be calls that fail one night.
LIFETIME = timedelta(days=3650)
# A peer whose clock is behind ours must not see a certificate from the future.
CLOCK_SKEW = timedelta(days=1)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Certificate(Struct, frozen=True):
    """A certificate with its private key, as plain octets: it may cross a socket pair to a worker.

    ``name`` is what ``EndpointSettings.certificate`` refers to; ``der`` is what fingerprints hash;
    ``chain`` holds further certificates (DER) that a PEM file brought along.
    """

    name: str
    der: bytes
    key_pem: bytes
    chain: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Certificate({self.name!r}, {self.fingerprint()})"

    @property
    def pem(self) -> bytes:
        """The certificate and its chain, without the key."""
        found = (x509.load_der_x509_certificate(der) for der in (self.der, *self.chain))
        return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in found)

    @property
    def expires(self) -> datetime:
        """The end of its validity, UTC."""
        return x509.load_der_x509_certificate(self.der).not_valid_after_utc

    def fingerprint(self, algorithm: str = "sha-256") -> Fingerprint:
        """What goes into ``a=fingerprint``."""
        return fingerprint_of(self.der, algorithm)


def self_signed(name: str, common_name: str = "imsedge", *, now: datetime | None = None) -> Certificate:
    """A new EC P-256 key and certificate, valid from a day before ``now`` for ten years.

    P-256 because every TLS 1.2 peer has it and signing costs a tenth of RSA-2048.
    """
    start = (now or datetime.now(UTC)) - CLOCK_SKEW
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    return Certificate(name, certificate.public_bytes(serialization.Encoding.DER), _write_key(key))


def load_certificate(name: str, pem: bytes, key_pem: bytes | None = None) -> Certificate:
    """Read PEM octets: certificate (and chain), and the key from ``key_pem`` or from the same octets.

    Raises ``SettingError`` when something is missing, encrypted or does not belong together.
    """
    try:
        first, *others = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise SettingError(f"certificate {name} holds no readable PEM certificate") from error
    try:
        key = serialization.load_pem_private_key(key_pem or pem, password=None)
    except TypeError as error:
        raise SettingError(f"the key of certificate {name} is encrypted; give it in clear") from error
    except ValueError as error:
        raise SettingError(f"certificate {name} has no readable PEM private key") from error
    if not isinstance(key, PrivateKey):
        raise SettingError(f"the key of certificate {name} is neither EC, RSA nor Ed25519")
    if key.public_key() != first.public_key():
        raise SettingError(f"the key of certificate {name} belongs to another certificate")
    der = serialization.Encoding.DER
    return Certificate(
        name, first.public_bytes(der), _write_key(key), tuple(other.public_bytes(der) for other in others)
    )


def _write_key(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
