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
* **Trust.**  As with TLS: a certificate that is known to be wrong fails the handshake; one that cannot be
  judged yet is judged when the signalling has spoken, and until then no payload passes (RFC 7345 clause 4.2).
"""

import contextlib
from typing import Self

from OpenSSL import SSL

from imsedge.bearer.messages import FailureCause, TlsRole
from imsedge.core.address import TransportAddress
from imsedge.plane.contexts import Visitor
from imsedge.plane.faults import BearerError
from imsedge.security.fingerprint import Fingerprint, fingerprint_of, matches_any

MTU = 1_200
"""Octets of a datagram of the handshake: fits through tunnels of tunnels (RFC 8261 clause 5 says as much)."""

MAX_PAYLOAD = 1 << 14
"""Octets of one record (RFC 6347 clause 4.1); what is longer cannot be one datagram and is dropped."""

_HEADER = 13
_HANDSHAKE, _CLIENT_HELLO, _MAJOR = 22, 1, 0xFE
_NO_CERTIFICATE = "peer did not return a certificate"

Fingerprints = tuple[Fingerprint, ...] | None


class DtlsAssociation:
    """One association with one ``peer``.  ``is_complete``: the handshake is over."""

    def __init__(
        self, context: SSL.Context, role: TlsRole, peer: TransportAddress, fingerprints: Fingerprints
    ) -> None:
        self.peer = peer
        self.role = role
        self.is_complete = False
        self._visitor = Visitor(fingerprints, str(peer).encode())
        self._connection = SSL.Connection(context, None)
        self._connection.set_app_data(self._visitor)
        self._connection.set_ciphertext_mtu(MTU)
        if role is TlsRole.CLIENT:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    @classmethod
    def greet(
        cls, context: SSL.Context, hello: bytes, source: TransportAddress, fingerprints: Fingerprints
    ) -> tuple[Self | None, list[bytes]]:
        """Answer a ClientHello: an association for who returns the cookie, and what to send."""
        fresh = cls(context, TlsRole.SERVER, source, fingerprints)
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
        if self.is_complete:
            return
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
        self._connection.bio_write(datagram)
        self.advance()
        found: list[bytes] = []
        while self.is_complete:
            try:
                found.append(self._connection.recv(MAX_PAYLOAD))
            except SSL.WantReadError:
                break
            except SSL.ZeroReturnError:
                return None
            except SSL.Error as error:
                raise self._fault(error) from error
        return found

    def send(self, payload: bytes) -> None:
        """One payload, one record; longer than ``MAX_PAYLOAD``: dropped."""
        if len(payload) <= MAX_PAYLOAD:
            self._connection.send(payload)

    def outgoing(self) -> list[bytes]:
        """Datagrams that OpenSSL wants to send: whole records, handshakes packed up to ``MTU``."""
        try:
            octets = self._connection.bio_read(1 << 20)
        except SSL.WantReadError:
            return []
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

    def expect(self, fingerprints: Fingerprints) -> None:
        """What the signalling said in the meantime about the peer's certificate."""
        self._visitor.fingerprints = fingerprints

    def verified(self) -> bool:
        """After the handshake: whether the certificate may be trusted; false while nothing is known.

        ``BearerError`` when it is somebody else's.
        """
        if self._visitor.fingerprints is None:
            return False
        if not matches_any(self._visitor.fingerprints, self._visitor.certificate):
            raise BearerError(FailureCause.FINGERPRINT_MISMATCH, f"peer has {self.fingerprint}")
        return True

    def finish(self) -> None:
        """close_notify."""
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the certificate that the peer presented."""
        return fingerprint_of(self._visitor.certificate)

    @property
    def version(self) -> str:
        return self._connection.get_protocol_version_name()

    @property
    def cipher(self) -> str:
        return self._connection.get_cipher_name() or ""

    def _fault(self, error: SSL.Error) -> BearerError:
        queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
        reasons = "; ".join(entry[2] for entry in queue) or "the peer hung up"
        if self._visitor.mismatch:
            return BearerError(FailureCause.FINGERPRINT_MISMATCH, reasons)
        if _NO_CERTIFICATE in reasons:
            return BearerError(FailureCause.NO_CERTIFICATE, reasons)
        return BearerError(FailureCause.TLS_HANDSHAKE, reasons)


def is_client_hello(datagram: bytes) -> bool:
    """Whether it may begin an association: the first record is a ClientHello of epoch 0."""
    return (
        len(datagram) > _HEADER
        and (datagram[0], datagram[1], datagram[3:5]) == (_HANDSHAKE, _MAJOR, b"\0\0")
        and datagram[_HEADER] == _CLIENT_HELLO
    )


def _records(octets: bytes) -> list[bytes]:
    found: list[bytes] = []
    while octets:
        length = _HEADER + int.from_bytes(octets[11:_HEADER], "big")
        found.append(octets[:length])
        octets = octets[length:]
    return found
