"""Commands and events as octets on a stream: how the gateway talks to a worker process.

A frame is a length (four octets, network order) and one msgpack map.  The first frame to a worker is
``WorkerSettings``, all others are commands and ``Identities``; a worker sends only events.  The end of the
stream is the order to stop.
"""

from struct import Struct as Layout
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from imsedge.bearer.messages import AnyCommand, AnyEvent
from imsedge.core.errors import RemoteError
from imsedge.security.certificates import Certificate

_LENGTH = Layout("!I")

# The largest frame is WorkerSettings with its certificates; nothing sane comes near.
MAX_FRAME_OCTETS = 1 << 20

Message = TypeVar("Message")


class PortShare(Struct, frozen=True):
    """Ports of one address that belong to one worker alone; both ends included."""

    address: str
    low: int
    high: int


class WorkerSettings(Struct, frozen=True, tag=True, kw_only=True):
    """Everything a worker is told before its first command; times in seconds.

    ``ports``: the worker's share; the shares of two workers never overlap.
    ``handshake_limit``: from the moment the handshake may begin until it is complete.
    ``verification_limit``: how long a complete handshake waits for the fingerprint from the signalling
    (RFC 8122 clause 6.2).
    ``connect_limit``: how long our SYN is repeated.
    ``linger_limit``: how long the other direction may go on after one ended, when a leg has TLS.
    ``port_rest``: how long a freed port is left alone, so that a late segment meets nobody new.
    ``keepalive``: silence after which TCP asks the peer for a sign of life (SO_KEEPALIVE); 0: never.
    ``user_timeout``: how long octets may stay without acknowledgement (RFC 5482); 0: as the kernel does.
    ``idle_limit``: a connection without payload for so long is lost; 0: never.
    ``key_log``: file for the NSS key log of every TLS session; for tests and captures only.
    """

    ports: tuple[PortShare, ...]
    certificates: tuple[Certificate, ...] = ()
    tls_profile: str = "3gpp"
    handshake_limit: float = 30.0
    verification_limit: float = 30.0
    connect_limit: float = 30.0
    linger_limit: float = 10.0
    port_rest: float = 2.0
    keepalive: float = 0.0
    user_timeout: float = 0.0
    idle_limit: float = 0.0
    key_log: str | None = None


class Identities(Struct, frozen=True, tag=True):
    """Every certificate that may be presented from now on; the settings' own are replaced.

    A name always means the same certificate: another one comes with another name.  Connections that are up
    keep what they have.
    """

    certificates: tuple[Certificate, ...]


class WireError(RemoteError):
    """The other end of the socket pair sent what is no frame; ``code`` is not used (0)."""

    def __init__(self, reason: str) -> None:
        super().__init__(0, reason)


class Reader(Generic[Message]):
    """Cuts a stream into messages of one kind."""

    def __init__(self, decoder: "msgspec.msgpack.Decoder[Message]") -> None:
        self._decoder = decoder
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that ``data`` completed, in order; ``WireError`` when it cannot be one."""
        self._buffer += data
        messages, start = [], 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            if length > MAX_FRAME_OCTETS:
                raise WireError(f"a frame of {length} octets is longer than {MAX_FRAME_OCTETS}")
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            messages.append(self._read(bytes(self._buffer[start + _LENGTH.size : end])))
            start = end
        del self._buffer[:start]
        return messages

    def _read(self, body: bytes) -> Message:
        try:
            return self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise WireError("a frame holds no known message") from error


AnyOrder = AnyCommand | WorkerSettings | Identities


def order_reader() -> Reader[AnyOrder]:
    """What a worker reads with."""
    return Reader(msgspec.msgpack.Decoder(AnyOrder))


def event_reader() -> Reader[AnyEvent]:
    """What the gateway reads with."""
    return Reader(msgspec.msgpack.Decoder(AnyEvent))


_ENCODER = msgspec.msgpack.Encoder()


def write_frame(message: AnyOrder | AnyEvent) -> bytes:
    """One message as a frame."""
    body = _ENCODER.encode(message)
    return _LENGTH.pack(len(body)) + body
