"""Certificate fingerprints in SDP (RFC 8122 clause 5).

``a=fingerprint:`` hash SP UHEX *(":" UHEX).  Hash names and hexadecimal digits compare without case;
MD5 and MD2 are recognised and refused (RFC 8122 clause 5).
"""

import hashlib
import hmac
import re

from msgspec import Struct

from imsedge.core.errors import RemoteError

_DIGEST_OCTETS = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}
_FORBIDDEN = frozenset({"md5", "md2"})
_HEX_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*")

# In the order in which we prefer them when several are offered (RFC 8122 clause 5.1).
PREFERENCE = ("sha-512", "sha-384", "sha-256", "sha-224", "sha-1")


class Fingerprint(Struct, frozen=True):
    """``algorithm`` in lower case, ``digest`` the hash of the certificate's DER octets."""

    algorithm: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.algorithm} {self.digest.hex(':').upper()}"

    def matches(self, der: bytes) -> bool:
        """Whether the certificate with these DER octets is the one that was announced."""
        return hmac.compare_digest(self.digest, _hash(self.algorithm, der))


def fingerprint_of(der: bytes, algorithm: str = "sha-256") -> Fingerprint:
    """The fingerprint of a certificate given as DER octets."""
    return Fingerprint(algorithm, _hash(algorithm, der))


def read_fingerprint(text: str) -> Fingerprint:
    """The value of an ``a=fingerprint`` line; ``RemoteError`` 488 when it cannot be used."""
    name, _, digits = text.strip().partition(" ")
    algorithm, digits = name.lower(), digits.strip()
    if algorithm in _FORBIDDEN:
        raise RemoteError(488, f"fingerprint hash {algorithm} must not be used")
    if algorithm not in _DIGEST_OCTETS:
        raise RemoteError(488, "unknown fingerprint hash")
    if not _HEX_PAIRS.fullmatch(digits):
        raise RemoteError(488, "fingerprint is not pairs of hexadecimal digits")
    digest = bytes.fromhex(digits.replace(":", ""))
    if len(digest) != _DIGEST_OCTETS[algorithm]:
        raise RemoteError(488, f"fingerprint has {len(digest)} octets, not those of {algorithm}")
    return Fingerprint(algorithm, digest)


def matches_any(fingerprints: tuple[Fingerprint, ...], der: bytes) -> bool:
    """RFC 8122 clause 5.1: of the most preferred hash offered, one must match."""
    best = next((name for name in PREFERENCE if any(f.algorithm == name for f in fingerprints)), None)
    return any(f.matches(der) for f in fingerprints if f.algorithm == best)


def _hash(algorithm: str, der: bytes) -> bytes:
    return hashlib.new(algorithm.replace("-", ""), der).digest()
