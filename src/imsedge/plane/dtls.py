"""DTLS without a socket: datagrams in, datagrams and payload out (RFC 6347; RFC 7345 for UDPTL).

OpenSSL works on memory here, because a socket of UDP has no connection that it could own: the same port
hears the peer, early callers and strangers.  What that costs, and how it is paid:

* **Borders.**  A memory BIO is a stream, DTLS is not.  So each datagram that came is given to OpenSSL alone
  and read out before the next; what OpenSSL wrote is cut at the record headers, and whole records are packed
  into datagrams of at most ``MTU`` octets.  One payload is one record is one datagram: the borders of UDPTL
  survive.
* **Loss.**  OpenSSL knows when a flight must be repeated, and asks for a timer: ``patience``.
* **Strangers.**  A server must not answer one small datagram with a large flight to an address that may be
  forged.  The first ClientHello gets a HelloVerifyRequest, which is smaller than itself and of which nothing
  is remembered; only who returns the cookie, and so was reached there, gets an association (RFC 6347 clause
  4.2.1).
* **Restarts.**  Another association is a matter of the signalling (RFC 7345 clause 4.3, RFC 8842 clause 4).
  So a ClientHello that comes when the handshake is over is not for OpenSSL and gets no answer at all.
* **Trust.**  As with TLS: a certificate that is known to be wrong fails the handshake; one that cannot be
  judged yet is judged when the signalling has spoken, and until then no payload passes (RFC 7345 clause 4.2).
"""

from typing import Self

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from imsedge.bearer.messages import TlsRole
from imsedge.core.address import TransportAddress
from imsedge.plane.buffer import BUFFER_OCTETS, RECORD, Buffer
from imsedge.plane.contexts import Visitor
from imsedge.plane.trust import Fingerprints, SecuredConnection

MTU = 1_200
"""Octets of a datagram of the handshake: fits through tunnels of tunnels (RFC 8261 clause 5 says as much)."""

MAX_PAYLOAD = RECORD
"""Octets of one record (RFC 6347 clause 4.1); what is longer cannot be one datagram and is dropped."""

_SSL_READ, _SSL_WRITE = Binding.lib.SSL_read, Binding.lib.SSL_write
_BIO_READ, _BIO_WRITE = Binding.lib.BIO_read, Binding.lib.BIO_write

_HEADER = 13
_HANDSHAKE, _CLIENT_HELLO, _MAJOR = b"\x16", 1, 0xFE


class DtlsAssociation(SecuredConnection):
    """One association with one ``peer``.  ``is_complete``: the handshake is over."""

    def __init__(
        self,
        context: SSL.Context,
        buffer: Buffer,
        role: TlsRole,
        peer: TransportAddress,
        fingerprints: Fingerprints,
    ) -> None:
        super().__init__(context, None, role, Visitor(fingerprints, str(peer).encode()))
        self.peer = peer
        self.role = role
        self.is_complete = False
        self._buffer = buffer
        # The memory that OpenSSL reads and writes, without the copies that the public interface makes.
        self._inward = self._connection._into_ssl  # noqa: SLF001 - see trust.py
        self._outward = self._connection._from_ssl  # noqa: SLF001 - see trust.py
        self._connection.set_ciphertext_mtu(MTU)

    @classmethod
    def greet(
        cls,
        context: SSL.Context,
        buffer: Buffer,
        hello: bytes,
        source: TransportAddress,
        fingerprints: Fingerprints,
    ) -> tuple[Self | None, list[bytes]]:
        """Answer a ClientHello: an association for who returns the cookie, and what to send."""
        fresh = cls(context, buffer, TlsRole.SERVER, source, fingerprints)
        fresh._connection.bio_write(hello)
        try:
            fresh._connection.DTLSv1_listen()
        except SSL.WantReadError:
            return None, fresh.outgoing()
        except SSL.Error:
            return None, []
        return fresh, []

    def advance(self) -> None:
        """The handshake as far as it goes; ``BearerError`` when it has failed."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error as error:
            raise self._fault(error) from error
        self.is_complete = True

    def receive(self, datagram: bytes) -> list[bytes] | None:
        """Payload of one datagram, one item a record; ``None`` when the peer has ended.

        What cannot be read is dropped without a word (RFC 6347 clause 4.1.2.7).
        """
        _BIO_WRITE(self._inward, datagram, len(datagram))
        if not self.is_complete:
            self.advance()
        found: list[bytes] = []
        while self.is_complete:
            got = _SSL_READ(self._ssl, self._buffer.pointer, MAX_PAYLOAD)
            if got <= 0:
                return found if self.explain(got) else None
            found.append(bytes(self._buffer.view[:got]))
            if _is_one_record(datagram):
                break
        return found

    def send(self, payload: bytes) -> list[bytes]:
        """One payload, one record; longer than ``MAX_PAYLOAD``, or nothing at all: dropped."""
        if not 0 < len(payload) <= MAX_PAYLOAD:
            return []
        written = _SSL_WRITE(self._ssl, payload, len(payload))
        if written <= 0:
            self.explain(written)
        return self.outgoing()

    def outgoing(self) -> list[bytes]:
        """Datagrams that OpenSSL wants to send: whole records, handshakes packed up to ``MTU``."""
        got = _BIO_READ(self._outward, self._buffer.pointer, BUFFER_OCTETS)
        if got <= 0:
            return []
        octets = bytes(self._buffer.view[:got])
        if _is_one_record(octets):
            return [octets]
        while (got := _BIO_READ(self._outward, self._buffer.pointer, BUFFER_OCTETS)) > 0:
            octets += bytes(self._buffer.view[:got])
        datagrams: list[bytes] = []
        for record in _records(octets):
            if datagrams and not self.is_complete and len(datagrams[-1]) + len(record) <= MTU:
                datagrams[-1] += record
            else:
                datagrams.append(record)
        return datagrams

    @property
    def patience(self) -> float | None:
        """Seconds until ``repeat`` must be called; ``None``: nothing is to be repeated."""
        return self._connection.DTLSv1_get_timeout()

    def repeat(self) -> None:
        """The peer did not answer in time; ``BearerError`` when it never will."""
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise self._fault(error) from error

    def finish(self) -> None:
        """close_notify."""
        self._notify_close()


def is_client_hello(datagram: bytes) -> bool:
    """Whether it may begin an association: the first record is a ClientHello of epoch 0."""
    return (
        datagram[:1] == _HANDSHAKE
        and len(datagram) > _HEADER
        and (datagram[1], datagram[3:5], datagram[_HEADER]) == (_MAJOR, b"\0\0", _CLIENT_HELLO)
    )


def _is_one_record(datagram: bytes) -> bool:
    return len(datagram) > _HEADER and len(datagram) == _HEADER + (datagram[11] << 8 | datagram[12])


def _records(octets: bytes) -> list[bytes]:
    found: list[bytes] = []
    while octets:
        length = _HEADER + int.from_bytes(octets[11:_HEADER], "big")
        found.append(octets[:length])
        octets = octets[length:]
    return found
