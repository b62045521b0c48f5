"""What one SIP message may be at most; everything beyond is the peer's fault."""

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """Limits of one message.

    ``start_line``: octets; longest Request-URI that real networks use is below 1 kB.
    ``field``: octets of one header field after unfolding; a Service-Route or Path list stays below 4 kB,
    certificates in ``Identity`` below 8 kB.
    ``head``: octets of start line and header together.
    ``fields``: number of header fields.
    ``values``: entries of one comma list (Via, Route, Contact ...).
    ``body``: octets; a UDP datagram cannot carry more, SDP of a dozen media stays below 8 kB.
    """

    start_line: int = 4_096
    field: int = 16_384
    head: int = 65_536
    fields: int = 256
    values: int = 128
    body: int = 65_536


DEFAULT_LIMITS = Limits()
