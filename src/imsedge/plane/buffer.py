"""The one buffer of a worker: every read goes into it, every write comes out of it, within one call."""

from cryptography.hazmat.bindings.openssl.binding import Binding

# The largest TLS record (RFC 8446 clause 5.1); ``SSL_read`` returns one record at a time.
RECORD = 16_384
# What one read of TCP may bring, and the most that a direction of a stream ever holds back.
BUFFER_OCTETS = 4 * RECORD


class Buffer:
    """``view`` for Python, ``pointer`` to the same octets for OpenSSL."""

    __slots__ = ("pointer", "view")

    def __init__(self) -> None:
        # OpenSSL's side owns the octets: a pointer into a Python object that the collector clears first
        # would outlive it.
        self.pointer = Binding.ffi.new("char[]", BUFFER_OCTETS)
        self.view = memoryview(Binding.ffi.buffer(self.pointer))
