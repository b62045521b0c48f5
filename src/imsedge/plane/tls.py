"""TLS with OpenSSL working directly on the socket: no copy and no system call more than a C relay makes."""

import contextlib
import socket
from collections.abc import Callable
from functools import partial

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from imsedge.bearer.messages import FailureCause, TlsRole
from imsedge.plane.buffer import BUFFER_OCTETS, RECORD, Buffer
from imsedge.plane.contexts import Expectation
from imsedge.plane.faults import BearerError, fault_of
from imsedge.plane.loop import READ, WRITE
from imsedge.plane.trust import Fingerprints, SecuredConnection, reasons_of

_SSL_READ, _SSL_WRITE = Binding.lib.SSL_read, Binding.lib.SSL_write
_POINTER = Binding.ffi.from_buffer

# What OpenSSL says, without an alert, when the first octets are no TLS record at all.  The peer is told
# nevertheless: a fatal unexpected_message (RFC 8446 clause 6.2) is something it can log.
_NO_RECORD = frozenset({"wrong version number", "http request", "https proxy request"})
_UNEXPECTED_MESSAGE = bytes((21, 3, 1, 0, 2, 2, 10))


class TlsChannel(SecuredConnection):
    """One TLS connection over ``sock``, which is connected and non-blocking."""

    full = RECORD

    def __init__(
        self,
        context: SSL.Context,
        sock: socket.socket,
        buffer: Buffer,
        role: TlsRole,
        fingerprints: Fingerprints,
    ) -> None:
        super().__init__(context, sock, role, Expectation(fingerprints))
        self._socket = sock
        self._pointer = buffer.pointer
        self._is_finished = False
        self._owed: bytes | memoryview = b""
        self.read = partial(_SSL_READ, self._ssl, buffer.pointer, BUFFER_OCTETS)
        self.write: Callable[[int], int] = partial(_SSL_WRITE, self._ssl, buffer.pointer)

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

    def take(self, octets: int) -> int:
        """As ``read``, but at most so many octets and at least one."""
        got: int = _SSL_READ(self._ssl, self._pointer, min(max(octets, 1), BUFFER_OCTETS))
        return got

    def fill(self, end: int) -> tuple[int, int]:
        """Read the records that came with the first one, as far as the buffer goes."""
        got = RECORD
        while got >= RECORD and end <= BUFFER_OCTETS - RECORD:
            got = _SSL_READ(self._ssl, self._pointer + end, BUFFER_OCTETS - end)
            if got <= 0:
                return end, self.explain(got)
            end += got
        return end, got

    def send(self, data: memoryview | bytes) -> int:
        """Send other octets; how many were taken, perhaps none: then the same ones must come first again."""
        sent = self._pay()
        if sent > 0:
            sent = _SSL_WRITE(self._ssl, _POINTER(data), len(data))
        return sent if sent > 0 else max(self.explain(sent), 0)

    def forsake(self, held: memoryview) -> None:
        """Nobody will come again with what ``send`` did not take.

        OpenSSL may have a part of its first record on the wire: the rest must follow before anything else,
        or it would take the next octets for that rest, and lose them.
        """
        if not self._owed:  # nothing later than that was tried
            self._owed = held[:RECORD]
            self.write = self._pay_and_write

    def _pay_and_write(self, octets: int) -> int:
        sent = self._pay()
        if sent > 0:
            sent = _SSL_WRITE(self._ssl, self._pointer, octets)
        return sent

    def _pay(self) -> int:
        """More than 0 when nothing is owed any more."""
        if not self._owed:
            return 1
        sent: int = _SSL_WRITE(self._ssl, _POINTER(self._owed), len(self._owed))
        if sent > 0:
            self._owed = b""
        return sent

    def finish(self) -> None:
        """close_notify, then FIN; only the first call counts."""
        if self._is_finished:
            return
        self._is_finished = True
        self._notify_close()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def _fault(self, error: SSL.Error) -> BearerError:
        if isinstance(error, SSL.SysCallError) and error.args[0] > 0:
            return fault_of(error.args[0], FailureCause.TLS_HANDSHAKE)
        if not self._expected.mismatch and reasons_of(error) in _NO_RECORD:
            with contextlib.suppress(OSError):
                self._socket.send(_UNEXPECTED_MESSAGE)
        return super()._fault(error)
