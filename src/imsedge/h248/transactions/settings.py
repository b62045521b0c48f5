"""Timers and limits of the transaction machine, each with its reason."""

from msgspec import Struct

from imsedge.h248.binary.context import Context
from imsedge.h248.codec import DEFAULT_BINARY, Encoding
from imsedge.h248.model import Mid


class TransactionSettings(Struct, frozen=True, kw_only=True):
    """Values of one side of the control associations that share a socket.  Times in seconds.

    ``encoding``: of what we send first; who speaks text is spoken to in text, who speaks binary in binary.
    ``reliable``: the transport repeats and orders by itself (TCP, SCTP): requests are sent once (clause
    D.2), replies ask for no acknowledgement.
    ``three_way``: acknowledge replies that did not ask for it, riding in the next message to that peer or
    alone after ``ack_delay``, so that the peer may drop its copies (clause D.1.2).
    """

    mid: Mid
    encoding: Encoding = Encoding.PRETTY
    binary: Context = DEFAULT_BINARY  # numbers of names, for peers that speak BER
    reliable: bool = False
    three_way: bool = False

    # repeats of requests (clause D.1.3)
    first_delay: float = 0.2  # AAD before anything was measured
    least_delay: float = 0.1  # floor of a measured AAD: execution takes longer than a local network
    longest_delay: float = 4.0
    deviations: float = 4.0  # N of "AAD + N * ADEV", as TCP has it
    t_max: float = 20.0  # give up after this
    suspect_after: int = 5  # repeats in a row

    # replies (clause D.1.2)
    long_timer: float = 30.0  # T-MAX and the longest life of a datagram
    ack_delay: float = 0.5

    # pendings (clause 8.2.3): root/MG(C)ProvisionalResponseTimerValue, root/MG(C)OriginatedPendingLimit
    provisional: float = 1.0
    pending_limit: int = 20

    # what a peer can make us keep
    max_outstanding: int = 10_000  # our requests without a reply
    max_executing: int = 10_000  # their requests without a reply
    max_remembered: int = 500_000  # ids kept for LONG-TIMER: 16 000 requests a second
    max_remembered_octets: int = 64 * 1024 * 1024  # replies kept for repeats
    max_peers: int = 10_000  # round trips measured
    max_transactions: int = 256  # in one message; more is error 413
    max_message: int = 65_507  # octets of one UDP datagram, and below those of one TPKT
