"""TLS for SIP, by the standard library: a certificate for phones, the usual checks of the core.

Versions and suites are those of the 3GPP profile (TS 33.210 clause 6.2).  The contexts are made by hand, not
by ``ssl.create_default_context``: that one would write the secrets of all sessions to wherever the
environment variable SSLKEYLOGFILE says.
"""

import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

from imsedge.core.errors import SettingError
from imsedge.security.tls import PROFILES


class SipTlsContexts:
    """``server`` for connections that are accepted, ``client`` for those to the core.

    ``SettingError`` says what cannot be read.
    """

    def __init__(self, certificate: Path, key: Path | None = None, authorities: Path | None = None) -> None:
        self._certificate, self._key = certificate, key
        self.server = _restricted(ssl.PROTOCOL_TLS_SERVER)
        self.client = _restricted(ssl.PROTOCOL_TLS_CLIENT)
        self.reload()
        if authorities is None:
            self.client.load_default_certs()
        else:
            _read("sip.tls.authorities", authorities, lambda: self.client.load_verify_locations(authorities))

    def reload(self) -> None:
        """Take files that have changed; connections that are up keep what they have.

        A certificate and key that do not belong together leave the old ones in force.
        """
        for context in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self.server, self.client):
            _read("sip.tls.certificate", self._certificate, partial(self._load, context))

    def _load(self, context: ssl.SSLContext) -> None:
        # An encrypted key would make OpenSSL ask at the terminal; this asks nobody and fails.
        context.load_cert_chain(self._certificate, self._key, password=lambda: "")


def _restricted(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(PROFILES["3gpp"].ciphers.decode())
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def _read(name: str, path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        reason = (error.reason or "no PEM").replace("_", " ").lower()
        raise SettingError(f"{name}: {path} cannot be used: {reason}") from None
    except OSError as error:
        raise SettingError(f"{name}: {path} or its key cannot be read: {error.strerror}") from None
