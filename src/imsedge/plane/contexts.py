"""The TLS contexts of a worker, and how the handshake itself turns down a certificate that does not match.

When the fingerprints are known before the peer shows its certificate, a wrong one must end the handshake with
``bad_certificate`` (RFC 8122 clause 6.2).  OpenSSL picks the alert from the error that the verify callback
turned down, and for a self-signed certificate that would be ``unknown_ca``.  So verification is dated before
the validity of any certificate: "not yet valid" is then always among the errors, it is the one that we may
turn down, and its alert is ``bad_certificate``.  Dates prove nothing where the fingerprint is the authority.
"""

import hmac
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from OpenSSL import SSL, crypto

from imsedge.bearer.messages import TlsRole
from imsedge.core.errors import LocalError
from imsedge.security.certificates import Certificate
from imsedge.security.fingerprint import Fingerprint, matches_any
from imsedge.security.key_log import open_key_log
from imsedge.security.tls import Role, context, find_profile

_BEFORE_ALL = datetime(1950, 1, 1)  # noqa: DTZ001 - pyOpenSSL takes it without a zone, as UTC
_TURNED_DOWN = SSL.X509VerificationCodes.ERR_CERT_NOT_YET_VALID
_REQUIRED = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT


class Expectation:
    """Whom one connection waits for: the verify callback finds this as the connection's application data."""

    __slots__ = ("certificate", "fingerprints", "mismatch")

    def __init__(self, fingerprints: tuple[Fingerprint, ...] | None) -> None:
        self.fingerprints = fingerprints
        self.certificate = b""  # of the peer, DER, once it came
        self.mismatch = False


class Visitor(Expectation):
    """The same for DTLS; ``source``: whom a cookie is made for."""

    __slots__ = ("source",)

    def __init__(self, fingerprints: tuple[Fingerprint, ...] | None, source: bytes) -> None:
        super().__init__(fingerprints)
        self.source = source


class TlsContexts:
    """One OpenSSL context a certificate and role, made when first used."""

    def __init__(self, profile: str, certificates: Iterable[Certificate], key_log: str | None = None) -> None:
        """``SettingError`` when there is no such profile."""
        find_profile(profile)
        self._profile = profile
        self._certificates = {certificate.name: certificate for certificate in certificates}
        self._contexts: dict[tuple[str, TlsRole, bool], SSL.Context] = {}
        self._secret = os.urandom(32)  # of the cookies
        self._key_log = open_key_log(Path(key_log)) if key_log is not None else None

    def replace(self, certificates: Iterable[Certificate]) -> None:
        """Take these and no others; connections that are up keep their context."""
        self._certificates = {certificate.name: certificate for certificate in certificates}
        gone = [key for key in self._contexts if key[0] not in self._certificates]
        for key in gone:
            del self._contexts[key]

    def knows(self, certificate: str) -> bool:
        """Whether there is a certificate of that name."""
        return certificate in self._certificates

    def find(self, certificate: str, role: TlsRole, *, datagram: bool = False) -> SSL.Context:
        """The context to make connections from; ``datagram``: of DTLS."""
        found = self._contexts.get((certificate, role, datagram))
        if found is None:
            if certificate not in self._certificates:
                raise LocalError(f"the media plane has no certificate named {certificate}")
            found = self._make(self._certificates[certificate], role, datagram=datagram)
            self._contexts[certificate, role, datagram] = found
        return found

    def _make(self, certificate: Certificate, role: TlsRole, *, datagram: bool) -> SSL.Context:
        made = context(self._profile, certificate, Role(role.value), datagram=datagram, keylog=self._key_log)
        if datagram:
            made.set_options(SSL.OP_NO_QUERY_MTU)
            made.set_cookie_generate_callback(self._cookie)
            made.set_cookie_verify_callback(self._is_cookie)
        made.set_verify(_REQUIRED, _verify)
        store = made.get_cert_store()
        if store is None:
            raise LocalError("OpenSSL made a context without a certificate store")
        store.set_time(_BEFORE_ALL)
        return made

    def _cookie(self, connection: SSL.Connection) -> bytes:
        """Nothing is remembered of who has not returned it (RFC 6347 clause 4.2.1)."""
        visitor: Visitor = connection.get_app_data()
        return hmac.digest(self._secret, visitor.source, "sha256")

    def _is_cookie(self, connection: SSL.Connection, cookie: bytes) -> bool:
        return hmac.compare_digest(cookie, self._cookie(connection))


def _verify(connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, _ok: int) -> bool:
    if error != _TURNED_DOWN or depth:
        return True
    expectation: Expectation = connection.get_app_data()
    expectation.certificate = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    if expectation.fingerprints is not None:
        expectation.mismatch = not matches_any(expectation.fingerprints, expectation.certificate)
    return not expectation.mismatch
