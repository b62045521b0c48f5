"""A user's DTLS over a UDP socket that can lose datagrams, and blocking like the rest of the rig."""

import socket
import time
from collections.abc import Callable

from OpenSSL import SSL

from imsedge.core.address import TransportAddress
from imsedge.security.certificates import Certificate
from imsedge.security.tls import Role, context

_HEADER = 13
PATIENCE = 10.0


class DtlsPeer:
    """``lose`` says of each datagram, ours or the peer's, whether it never arrives."""

    def __init__(
        self,
        sock: socket.socket,
        certificate: Certificate,
        role: Role,
        lose: Callable[[], bool] = lambda: False,
    ) -> None:
        self.socket = sock
        self._lose = lose
        made = context("3gpp", certificate, role, datagram=True)
        made.set_options(SSL.OP_NO_QUERY_MTU)
        self.tls = SSL.Connection(made, None)
        self.tls.set_ciphertext_mtu(1200)
        self.longest = 0
        (self.tls.set_connect_state if role is Role.CLIENT else self.tls.set_accept_state)()
        self._remote: TransportAddress | None = None

    def shake(self, remote: TransportAddress | None = None) -> None:
        """The handshake; whoever is the server waits for a client."""
        self._remote = remote
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.tls.do_handshake()
            except SSL.WantReadError:
                self.flush()
                self._hear(self.tls.DTLSv1_get_timeout())
            else:
                self.flush()
                return
        raise AssertionError("the handshake does not end")

    def send(self, payload: bytes) -> None:
        self.tls.send(payload)
        self.flush()

    def receive(self, patience: float = PATIENCE) -> bytes:
        """The payload of the next record; ``TimeoutError`` without one."""
        until = time.monotonic() + patience
        while True:
            try:
                return self.tls.recv(1 << 16)
            except SSL.WantReadError:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self._hear(left)

    def _hear(self, patience: float | None) -> None:
        self.socket.settimeout(PATIENCE if patience is None else max(patience, 0.001))
        try:
            datagram, source = self.socket.recvfrom(1 << 16)
        except TimeoutError:
            self.tls.DTLSv1_handle_timeout()
            self.flush()
            return
        self.longest = max(self.longest, len(datagram))
        if not self._lose():
            self._remote = self._remote or TransportAddress(*source[:2])
            self.tls.bio_write(datagram)

    def flush(self) -> None:
        """Send what OpenSSL has written."""
        try:
            octets = self.tls.bio_read(1 << 20)
        except SSL.WantReadError:
            return
        assert self._remote is not None
        while octets:
            length = _HEADER + int.from_bytes(octets[11:_HEADER], "big")
            if not self._lose():
                self.socket.sendto(octets[:length], self._remote)
            octets = octets[length:]
