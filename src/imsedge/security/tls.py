"""TLS and DTLS contexts from a table of named profiles.

Two things that the standard ``ssl`` module cannot do are why this is pyOpenSSL: a server that *requires* a
client certificate and accepts a self-signed one, and DTLS.  The verify callback lets every certificate pass;
who the peer is gets decided afterwards, by comparing the hash of its DER octets with the fingerprint that the
signalling brought, which may be later than the handshake (RFC 8122 clause 6.2).
"""

from collections.abc import Callable
from enum import Enum

from cryptography import x509
from cryptography.hazmat.bindings.openssl.binding import Binding
from cryptography.hazmat.primitives import serialization
from msgspec import Struct
from OpenSSL import SSL, crypto

from imsedge.core.errors import LocalError, SettingError
from imsedge.security.certificates import Certificate

# One line of the NSS key log format, without its line end.
KeyLog = Callable[[bytes], None]


class Role(Enum):
    """Who sends the ClientHello (same values as ``bearer.messages.TlsRole``)."""

    CLIENT = "client"
    SERVER = "server"


class TlsProfile(Struct, frozen=True):
    """What may be negotiated.

    ``ciphers``: an OpenSSL list for TLS 1.2 and below.  ``groups``: of the key exchange, best first.
    """

    oldest: int
    newest: int
    ciphers: bytes
    groups: bytes


_PFS_SUITES = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:"
    b"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"
)

# What RFC 4975 clause 14.2 makes mandatory (TLS_RSA_WITH_AES_128_CBC_SHA) and its kin with forward secrecy;
# OpenSSL wants security level 0 for TLS 1.1.
_OLD_SUITES = b":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:DHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0"

# RFC 8446 clause 9.1 and TS 33.210 clause 6.2.  Left to itself OpenSSL prefers X25519MLKEM768, which neither
# of them knows: its ClientHello needs two segments (with DTLS: fragments), a handshake a third more time.
_GROUPS = b"X25519:P-256:P-384"

# The profile named 3gpp is TS 33.210 clause 6.2 (TLS 1.2 and 1.3, perfect forward secrecy, AEAD) with the
# suites of RFC 7345 clause 4.1; the one named rel12 adds what TS 33.310 annex E of that time asked for.
PROFILES: dict[str, TlsProfile] = {
    "3gpp": TlsProfile(SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION, _PFS_SUITES, _GROUPS),
    "rel12": TlsProfile(SSL.TLS1_1_VERSION, SSL.TLS1_2_VERSION, _PFS_SUITES + _OLD_SUITES, _GROUPS),
}

# pyOpenSSL names TLS versions only; DTLS 1.1 never existed (RFC 6347) and OpenSSL has no DTLS 1.3.
_DTLS_1_0, _DTLS_1_2 = 0xFEFF, 0xFEFD
_DTLS_VERSIONS = {
    SSL.TLS1_1_VERSION: _DTLS_1_0,
    SSL.TLS1_2_VERSION: _DTLS_1_2,
    SSL.TLS1_3_VERSION: _DTLS_1_2,
}

_METHODS = {
    (Role.CLIENT, False): SSL.TLS_CLIENT_METHOD,
    (Role.SERVER, False): SSL.TLS_SERVER_METHOD,
    (Role.CLIENT, True): SSL.DTLS_CLIENT_METHOD,
    (Role.SERVER, True): SSL.DTLS_SERVER_METHOD,
}

# Compression and renegotiation are off in the 3GPP profile.  Sessions are never resumed: each connection must
# show its certificate, and a ticket would outlive the fingerprint it was checked against.  A peer that closes
# TCP without close_notify would be told decode_error; our media know by themselves what was cut off.
_OPTIONS = (
    SSL.OP_NO_COMPRESSION
    | SSL.OP_NO_RENEGOTIATION
    | SSL.OP_NO_TICKET
    | SSL.OP_CIPHER_SERVER_PREFERENCE
    | SSL.OP_IGNORE_UNEXPECTED_EOF
)


def context(
    profile: str,
    certificate: Certificate,
    role: Role,
    *,
    datagram: bool = False,
    keylog: KeyLog | None = None,
) -> SSL.Context:
    """A context that presents ``certificate`` and insists on the peer's, whatever it is.

    A peer without a certificate fails the handshake (``certificate_required``).  The caller must compare
    ``get_peer_certificate`` with the signalled fingerprint before it forwards anything.
    ``keylog`` gets each line that a packet analyser needs to decrypt: tests and ``play`` only.
    Make one context a certificate, profile and role, and keep it: it is expensive and thread-safe to share.
    """
    wanted = find_profile(profile)
    made = SSL.Context(_METHODS[role, datagram])
    made.set_min_proto_version(_version(wanted.oldest, datagram=datagram))
    made.set_max_proto_version(_version(wanted.newest, datagram=datagram))
    made.set_cipher_list(wanted.ciphers)
    _set_groups(made, wanted.groups)
    made.set_options(_OPTIONS)
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)  # an idle connection gives back its 34 kB of record buffers
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _accept_any)
    _present(made, certificate)
    if keylog is not None:
        log = keylog
        made.set_keylog_callback(lambda _connection, line: log(line))
    return made


def find_profile(name: str) -> TlsProfile:
    """The profile of that name; ``SettingError`` names those there are."""
    try:
        return PROFILES[name]
    except KeyError:
        raise SettingError(f"there is no TLS profile {name}; choose one of {', '.join(PROFILES)}") from None


def peer_certificate(connection: SSL.Connection) -> bytes | None:
    """DER octets of what the peer presented, ``None`` before it did."""
    found = connection.get_peer_certificate(as_cryptography=True)
    return found.public_bytes(serialization.Encoding.DER) if found is not None else None


def _version(version: int, *, datagram: bool) -> int:
    return _DTLS_VERSIONS[version] if datagram else version


def _set_groups(made: SSL.Context, groups: bytes) -> None:
    """pyOpenSSL can set one group only (``set_tmp_ecdh``); the function for a list is in the same library."""
    if Binding.lib.SSL_CTX_set1_curves_list(made._context, groups) != 1:  # noqa: SLF001 - as said above
        raise LocalError(f"OpenSSL does not know one of the groups {groups.decode()}")


def _present(made: SSL.Context, certificate: Certificate) -> None:
    key = serialization.load_pem_private_key(certificate.key_pem, password=None)
    try:
        made.use_certificate(x509.load_der_x509_certificate(certificate.der))
        for der in certificate.chain:
            made.add_extra_chain_cert(x509.load_der_x509_certificate(der))
        made.use_privatekey(key)  # type: ignore[arg-type]
        made.check_privatekey()
    except (SSL.Error, TypeError) as error:
        raise LocalError(f"OpenSSL does not take certificate {certificate.name}: {error}") from error


def _accept_any(
    _connection: SSL.Connection, _certificate: crypto.X509, _error: int, _depth: int, _ok: int
) -> bool:
    return True
