"""TLS with a pre-shared key (RFC 4279) for the built-in UEs: what a KMS gives two parties (TS 33.328).

pyOpenSSL cannot do it, the library underneath can.  The gateway never does it: TLS with such keys is end to
end.
"""

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from imsedge.core.errors import LocalError
from imsedge.security.fingerprint import Fingerprint
from imsedge.security.tls import Role

_FFI, _LIB = Binding.ffi, Binding.lib

# RFC 4279 and RFC 5487, forward secrecy first.
_SUITES = b"DHE-PSK-AES128-GCM-SHA256:PSK-AES128-GCM-SHA256:DHE-PSK-AES128-CBC-SHA:PSK-AES128-CBC-SHA"
_NAME = b"ims"


class SharedKey:
    """Credentials of both parties: who knows ``key`` is trusted, and nobody else can finish the handshake."""

    def __init__(self, key: bytes, keylog: Callable[[bytes], None] | None = None) -> None:
        if not Binding.lib.Cryptography_HAS_PSK:
            raise LocalError("this OpenSSL has no pre-shared keys")
        self._key = key
        self._keylog = keylog
        # OpenSSL keeps the addresses of these, not the objects.
        self._calls = {
            Role.CLIENT: _FFI.callback(
                "unsigned int(SSL *, const char *, char *, unsigned int, unsigned char *, unsigned int)",
                self._as_client,
            ),
            Role.SERVER: _FFI.callback(
                "unsigned int(SSL *, const char *, unsigned char *, unsigned int)", self._as_server
            ),
        }

    def context(self, role: Role, *, datagram: bool) -> SSL.Context:
        """TLS 1.2 only: there the key is all that counts."""
        del datagram
        client = role is Role.CLIENT
        made = SSL.Context(SSL.TLS_CLIENT_METHOD if client else SSL.TLS_SERVER_METHOD)
        made.set_min_proto_version(SSL.TLS1_2_VERSION)
        made.set_max_proto_version(SSL.TLS1_2_VERSION)
        made.set_cipher_list(_SUITES)
        register = _LIB.SSL_CTX_set_psk_client_callback if client else _LIB.SSL_CTX_set_psk_server_callback
        register(made._context, self._calls[role])  # noqa: SLF001 - as said above
        if self._keylog is not None:
            log = self._keylog
            made.set_keylog_callback(lambda _connection, line: log(line))
        return made

    def trusts(self, tls: SSL.Connection, fingerprints: tuple[Fingerprint, ...]) -> bool:
        """The handshake has proved it."""
        del tls, fingerprints
        return True

    def _as_client(self, _ssl: Any, _hint: Any, name: Any, size: int, key: Any, room: int) -> int:
        if len(_NAME) >= size:
            return 0
        _FFI.memmove(name, _NAME + b"\0", len(_NAME) + 1)
        return self._give(key, room)

    def _as_server(self, _ssl: Any, name: Any, key: Any, room: int) -> int:
        return self._give(key, room) if _FFI.string(name) == _NAME else 0

    def _give(self, key: Any, room: int) -> int:
        if len(self._key) > room:
            return 0
        _FFI.memmove(key, self._key, len(self._key))
        return len(self._key)
