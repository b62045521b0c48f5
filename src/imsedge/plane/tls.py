"""TLS with OpenSSL working directly on the socket: no copy and no system call more than a C relay makes.

Two private names of pyOpenSSL are used here, ``Connection._ssl`` and ``_raise_ssl_error``: its ``recv``
allocates the whole buffer, copies out of it and asks ``SSL_get_error`` each time.  Calling ``SSL_read`` and
``SSL_write`` of the same library on our own buffer doubles the messages a second.  Handshake, certificates
and errors stay with the public interface.
"""

import contextlib
import socket
from functools import partial

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from imsedge.bearer.messages import FailureCause, TlsRole
from imsedge.plane.buffer import BUFFER_OCTETS, RECORD, Buffer
from imsedge.plane.contexts import Expectation
from imsedge.plane.faults import BearerError, fault_of
from imsedge.plane.loop import READ, WRITE
from imsedge.plane.tcp import AGAIN
from imsedge.security.fingerprint import Fingerprint, fingerprint_of, matches_any

_OPENSSL = Binding.lib
_SSL_READ, _SSL_WRITE, _SSL_GET_ERROR = _OPENSSL.SSL_read, _OPENSSL.SSL_write, _OPENSSL.SSL_get_error
_WANT_READ, _WANT_WRITE = _OPENSSL.SSL_ERROR_WANT_READ, _OPENSSL.SSL_ERROR_WANT_WRITE
_POINTER = Binding.ffi.from_buffer

_NO_CERTIFICATE = "peer did not return a certificate"
# What OpenSSL says, without an alert, when the first octets are no TLS record at all.  The peer is told
# nevertheless: a fatal unexpected_message (RFC 8446 clause 6.2) is something it can log.
_NO_RECORD = frozenset({"wrong version number", "http request", "https proxy request"})
_UNEXPECTED_MESSAGE = bytes((21, 3, 1, 0, 2, 2, 10))


class TlsChannel:
    """One TLS connection over ``sock``, which is connected and non-blocking."""

    full = RECORD

    def __init__(
        self,
        context: SSL.Context,
        sock: socket.socket,
        buffer: Buffer,
        role: TlsRole,
        fingerprints: tuple[Fingerprint, ...] | None,
    ) -> None:
        self._socket = sock
        self._pointer = buffer.pointer
        self._expected = Expectation(fingerprints)
        self._connection = SSL.Connection(context, sock)
        self._connection.set_app_data(self._expected)
        self._ssl = self._connection._ssl  # noqa: SLF001 - see the top of this file
        self._is_finished = False
        self.read = partial(_SSL_READ, self._ssl, buffer.pointer, BUFFER_OCTETS)
        self.write = partial(_SSL_WRITE, self._ssl, buffer.pointer)
        if role is TlsRole.CLIENT:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    def handshake(self) -> int:
        """Go as far as possible; the loop events to wait for, 0 when complete.

        Raises ``BearerError``; OpenSSL has then written the alert.
        """
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return READ
        except SSL.WantWriteError:
            return WRITE
        except SSL.Error as error:
            raise self._fault(error) from error
        return 0

    def expect(self, fingerprints: tuple[Fingerprint, ...] | None) -> None:
        """What the signalling said in the meantime about the peer's certificate."""
        self._expected.fingerprints = fingerprints

    def verified(self) -> bool:
        """After the handshake: whether the certificate may be trusted; false while nothing is known.

        ``BearerError`` when it is somebody else's.
        """
        if self._expected.fingerprints is None:
            return False
        if not matches_any(self._expected.fingerprints, self._expected.certificate):
            raise BearerError(FailureCause.FINGERPRINT_MISMATCH, f"peer has {self.fingerprint}")
        return True

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

    def fill(self, end: int) -> tuple[int, int]:
        """Read the records that came with the first one, as far as the buffer goes."""
        got = RECORD
        while got >= RECORD and end <= BUFFER_OCTETS - RECORD:
            got = _SSL_READ(self._ssl, self._pointer + end, BUFFER_OCTETS - end)
            if got <= 0:
                return end, self.explain(got)
            end += got
        return end, got

    def send(self, data: memoryview) -> int:
        """Send other octets; how many were taken, perhaps none: then the same ones must come first again."""
        sent: int = _SSL_WRITE(self._ssl, _POINTER(data), len(data))
        return sent if sent > 0 else max(self.explain(sent), 0)

    def explain(self, result: int) -> int:
        """0 after close_notify or FIN, ``AGAIN`` when OpenSSL has to wait; ``BearerError`` otherwise."""
        code = _SSL_GET_ERROR(self._ssl, result)
        if code in (_WANT_READ, _WANT_WRITE):
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

    def finish(self) -> None:
        """close_notify, then FIN; only the first call counts."""
        if self._is_finished:
            return
        self._is_finished = True
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def _fault(self, error: SSL.Error) -> BearerError:
        if isinstance(error, SSL.SysCallError) and error.args[0] > 0:
            return fault_of(error.args[0], FailureCause.TLS_HANDSHAKE)
        reasons = "; ".join(entry[2] for entry in error.args[0]) if _has_queue(error) else "the peer hung up"
        if self._expected.mismatch:
            return BearerError(FailureCause.FINGERPRINT_MISMATCH, reasons)
        if reasons in _NO_RECORD:
            with contextlib.suppress(OSError):
                self._socket.send(_UNEXPECTED_MESSAGE)
        if _NO_CERTIFICATE in reasons:
            return BearerError(FailureCause.NO_CERTIFICATE, reasons)
        return BearerError(FailureCause.TLS_HANDSHAKE, reasons)


def _has_queue(error: SSL.Error) -> bool:
    """OpenSSL's error queue is a list of (library, function, reason)."""
    return bool(error.args) and isinstance(error.args[0], list)
