"""What crossed a socket, as data: the ladder, the capture and the JSON of ``play`` are made of it."""

from enum import Enum
from typing import NamedTuple, Protocol

from imsedge.core.address import TransportAddress


class Kind(Enum):
    """What an arrow of the ladder carries; the values are the words of ``play --json``."""

    SIP = "sip"
    H248 = "h248"
    TCP = "tcp"
    TLS = "tls"
    DTLS = "dtls"
    MSRP = "msrp"
    BFCP = "bfcp"
    UDPTL = "udptl"


class Crossing(NamedTuple):
    """One message, segment or handshake step seen on its way, in the order seen.

    ``time`` in seconds (monotonic); ``data`` the octets as they were on the wire (empty for a TCP or
    TLS step that the kernel or OpenSSL made); ``transport`` is ``"udp"`` or ``"tcp"``.
    """

    time: float
    kind: Kind
    source: TransportAddress
    destination: TransportAddress
    transport: str
    summary: str
    data: bytes = b""


class Tap(Protocol):
    """Called by a driver for each message it sends or receives; must be quick and must not raise."""

    def __call__(self, crossing: Crossing, /) -> None: ...
