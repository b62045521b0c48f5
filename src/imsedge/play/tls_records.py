"""Names for what crosses in TLS, read from the record headers alone (RFC 8446 clause 5.1, RFC 5246)."""

from typing import NamedTuple

_HANDSHAKE, _ALERT, _APPLICATION = 22, 21, 23
_CONTENT = {20: "ChangeCipherSpec", _ALERT: "Alert", _HANDSHAKE: "Handshake", _APPLICATION: "ApplicationData"}
_MESSAGES = {
    1: "ClientHello",
    2: "ServerHello",
    3: "HelloVerifyRequest",
    11: "Certificate",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
    20: "Finished",
}
_ALERTS = {
    0: "close_notify",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    46: "certificate_unknown",
    50: "decode_error",
    70: "protocol_version",
    80: "internal_error",
    116: "certificate_required",
}
_HEADER = 5


class Flight(NamedTuple):
    """Whole records of one direction: their names, and whether they are only application data."""

    names: tuple[str, ...]
    application_only: bool


class RecordReader:
    """Cuts one direction of a TLS connection into records and names them."""

    def __init__(self) -> None:
        self._buffer = b""
        self._encrypted = False

    def read(self, octets: bytes) -> Flight:
        """Names of the records that these octets completed."""
        self._buffer += octets
        names: list[str] = []
        application_only = True
        while len(self._buffer) >= _HEADER:
            kind, length = self._buffer[0], int.from_bytes(self._buffer[3:_HEADER], "big")
            if len(self._buffer) < _HEADER + length:
                break
            body, self._buffer = self._buffer[_HEADER : _HEADER + length], self._buffer[_HEADER + length :]
            names.append(self._name(kind, body))
            application_only &= kind == _APPLICATION
        return Flight(tuple(names), application_only)

    def _name(self, kind: int, body: bytes) -> str:
        if kind == _HANDSHAKE and body and not self._encrypted:
            return _MESSAGES.get(body[0], "Handshake")
        if kind == _ALERT and len(body) == 2:  # longer ones are encrypted
            return f"Alert {_ALERTS.get(body[1], body[1])}"
        if kind == 20:
            self._encrypted = True  # TLS 1.2: Finished and all that follows cannot be read
        return _CONTENT.get(kind, "?")


_DTLS_HEADER = 13


def dtls_names(datagram: bytes) -> tuple[str, ...]:
    """Names of the records of one datagram (RFC 6347 clause 4.1), payload left out."""
    names: list[str] = []
    while len(datagram) >= _DTLS_HEADER:
        kind, epoch = datagram[0], int.from_bytes(datagram[3:5], "big")
        length = _DTLS_HEADER + int.from_bytes(datagram[11:_DTLS_HEADER], "big")
        body, datagram = datagram[_DTLS_HEADER:length], datagram[length:]
        if kind == _HANDSHAKE and epoch == 0 and body:
            names.append(_MESSAGES.get(body[0], "Handshake"))
        elif kind != _APPLICATION:
            names.append("Finished" if kind == _HANDSHAKE else _CONTENT.get(kind, "?"))
    return tuple(dict.fromkeys(names))
