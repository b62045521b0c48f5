"""What TLS and DTLS share: OpenSSL's object, whom it waits for, and what its errors mean.

Two private names of pyOpenSSL are used here and by both users, ``Connection._ssl`` and ``_raise_ssl_error``:
its ``recv`` allocates the whole buffer, copies out of it and asks ``SSL_get_error`` each time.  Calling
``SSL_read`` and ``SSL_write`` of the same library on our own buffer doubles the messages a second.
Handshake, certificates and errors stay with the public interface.
"""

import contextlib
import socket

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from imsedge.bearer.messages import FailureCause, TlsRole
from imsedge.plane.contexts import Expectation
from imsedge.plane.faults import BearerError
from imsedge.plane.tcp import AGAIN
from imsedge.security.fingerprint import Fingerprint, fingerprint_of, matches_any

_SSL_GET_ERROR = Binding.lib.SSL_get_error
_WANTS = frozenset({Binding.lib.SSL_ERROR_WANT_READ, Binding.lib.SSL_ERROR_WANT_WRITE})

_NO_CERTIFICATE = "peer did not return a certificate"

Fingerprints = tuple[Fingerprint, ...] | None
"""``None``: the signalling has not told yet."""


class SecuredConnection:
    """An OpenSSL connection in ``role``, over ``sock`` or over memory."""

    def __init__(
        self, context: SSL.Context, sock: socket.socket | None, role: TlsRole, expected: Expectation
    ) -> None:
        self._expected = expected
        self._connection = SSL.Connection(context, sock)
        self._connection.set_app_data(expected)
        self._ssl = self._connection._ssl  # noqa: SLF001 - see the top of this file
        if role is TlsRole.CLIENT:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    def expect(self, fingerprints: Fingerprints) -> None:
        """What the signalling said in the meantime about the peer's certificate."""
        self._expected.fingerprints = fingerprints

    def verified(self) -> bool:
        """After the handshake: whether the certificate may be trusted; false while nothing is known.

        ``BearerError`` when it is somebody else's.
        """
        if self._expected.fingerprints is None:
            return False
        if not self.matches(self._expected.fingerprints):
            raise BearerError(FailureCause.FINGERPRINT_MISMATCH, f"peer has {self.fingerprint}")
        return True

    def matches(self, fingerprints: tuple[Fingerprint, ...]) -> bool:
        """Whether the certificate that the peer presented is one of those."""
        return matches_any(fingerprints, self._expected.certificate)

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the certificate that the peer presented."""
        return fingerprint_of(self._expected.certificate)

    @property
    def version(self) -> str:
        return self._connection.get_protocol_version_name()

    @property
    def cipher(self) -> str:
        return self._connection.get_cipher_name() or ""

    def explain(self, result: int) -> int:
        """What ``SSL_read`` or ``SSL_write`` meant by it.

        0 after close_notify or FIN, ``AGAIN`` when OpenSSL has to wait; ``BearerError`` otherwise.
        """
        if _SSL_GET_ERROR(self._ssl, result) in _WANTS:
            return AGAIN
        try:
            self._connection._raise_ssl_error(self._ssl, result)  # noqa: SLF001 - see the top of this file
        except SSL.ZeroReturnError:
            return 0
        except SSL.SysCallError as error:
            if error.args[0] <= 0:
                return 0  # FIN without close_notify: MSRP and BFCP know by themselves what was cut off
            raise self._fault(error) from error
        except SSL.Error as error:
            raise self._fault(error) from error
        return 0

    def _notify_close(self) -> None:
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()

    def _fault(self, error: SSL.Error) -> BearerError:
        """What OpenSSL's error means for the call."""
        reasons = reasons_of(error)
        if self._expected.mismatch:
            return BearerError(FailureCause.FINGERPRINT_MISMATCH, reasons)
        if _NO_CERTIFICATE in reasons:
            return BearerError(FailureCause.NO_CERTIFICATE, reasons)
        return BearerError(FailureCause.TLS_HANDSHAKE, reasons)


def reasons_of(error: SSL.Error) -> str:
    """OpenSSL's error queue is a list of (library, function, reason)."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(entry[2] for entry in queue) or "the peer hung up"
