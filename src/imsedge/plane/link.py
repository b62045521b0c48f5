"""What the two ends of a stream do to each other: who calls, who is let in, what may flow.

Pure functions of two ``Leg`` values, no I/O.  TR 29.828 clause 4.4.2, TS 23.334 clause 5.16.2:

* **proxy**: a leg that is up opens the other one, as soon as the remote address is known (port 9 cannot be
  called, RFC 4145 clause 4.1) and the other one is not the passive side;
* **merge**: both peers call us; ``forward_incoming`` is off or both setups are passive, nobody dials;
* **discard**: no SYN is heard at all;
* **withheld SYN-ACK**: the other leg dials when a SYN comes, and the repeated SYN is heard when that is up;
* one connection a stream: whoever comes second is refused.

"As soon as": when the leg came up because *we* dialled, the other one follows only if its setup is ACTIVE.
With ACTPASS nothing has been agreed yet, and its peer may be on the way to us.
"""

import ipaddress
from enum import Enum, auto
from typing import NamedTuple

from imsedge.bearer.messages import Answering, EndpointSettings, Handling, Incoming, Mode, Setup, SourceFilter
from imsedge.core.address import TransportAddress
from imsedge.core.msrp_uri import MsrpPath

DISCARD_PORT = 9


class Phase(Enum):
    """How far the bearer of an endpoint has come."""

    IDLE = auto()
    CONNECTING = auto()
    CONNECTED = auto()  # TCP is up; TLS, if any, is not complete or not verified
    OPEN = auto()  # payload may pass
    CLOSED = auto()
    FAILED = auto()


_UP = frozenset({Phase.CONNECTED, Phase.OPEN})
_RECEIVING = frozenset({Mode.SEND_RECEIVE, Mode.RECEIVE_ONLY})
_SENDING = frozenset({Mode.SEND_RECEIVE, Mode.SEND_ONLY})


class Leg(NamedTuple):
    """One end of a stream; ``accepted``: its connection was opened by the peer, from ``caller``."""

    settings: EndpointSettings
    phase: Phase = Phase.IDLE
    accepted: bool = False
    caller: TransportAddress | None = None


def can_call(settings: EndpointSettings) -> bool:
    """Whether the peer has an address to call."""
    return settings.remote is not None and settings.remote.port not in (0, DISCARD_PORT)


def follows(own: Leg, other: Leg) -> bool:
    """Whether ``own`` must dial now because ``other`` is up."""
    setup = own.settings.setup
    return (
        own.phase is Phase.IDLE
        and other.phase in _UP
        and other.settings.forward_incoming
        and can_call(own.settings)
        and (setup is Setup.ACTIVE or (setup is Setup.ACTPASS and other.accepted))
        and Mode.INACTIVE not in (own.settings.mode, other.settings.mode)
    )


def admits(settings: EndpointSettings) -> bool:
    """Whether a SYN is answered at all: not by order, nor while the gate is closed, nor where we call.

    Where we call, silence lets the repeated SYN of a peer that calls too meet our own: simultaneous open.
    """
    return (
        not is_gated(settings)
        and settings.setup is not Setup.ACTIVE
        and settings.handling is Handling.STATE_AWARE
    )


def is_gated(settings: EndpointSettings) -> bool:
    """Whether the signalling has ordered that nobody is heard; not so where we merely call."""
    return settings.incoming is Incoming.DISCARD or settings.mode is Mode.INACTIVE


def is_stateless(own: EndpointSettings, other: EndpointSettings) -> bool:
    """Whether the kernel joins these two, and we are no end of any connection."""
    return own.handling is other.handling is Handling.STATELESS


def leads(own: EndpointSettings, other: EndpointSettings) -> bool:
    """Whether segments of a peer that calls ``own`` go on to the peer of ``other``."""
    return (
        own.incoming is Incoming.ACCEPT
        and own.setup is not Setup.ACTIVE
        and Mode.INACTIVE not in (own.mode, other.mode)
    )


def withholds(own: Leg, other: Leg | None) -> bool:
    """Whether a SYN for ``own`` must wait until the other leg is up."""
    return (
        own.settings.answering is Answering.LINKED_LEG
        and own.phase is Phase.IDLE
        and (other is None or other.phase not in _UP)
    )


def follows_knock(own: Leg, other: Leg) -> bool:
    """Whether ``own`` must dial because a SYN waits at ``other``, whose SYN-ACK is withheld."""
    return withholds(other, own) and follows(own, other._replace(phase=Phase.CONNECTED, accepted=True))


def objection(own: Leg, source: TransportAddress, sources: SourceFilter | None) -> str | None:
    """Why a connection from ``source``, which the kernel let in, is refused; ``None``: it is welcome.

    The filter in the kernel is for what comes after it was set; this is for what was already queued.  While
    our own SYN is not answered the peer itself may call: its connection is the one of the stream then.
    """
    if own.phase in (Phase.CLOSED, Phase.FAILED):
        return "the stream has ended"
    if own.phase is not Phase.IDLE and not _is_crossing(own, source) and not outranks(own, source):
        return "a second connection on one stream"
    if not admits(own.settings):
        return "incoming connections are discarded"
    if sources is not None and not passes(sources, source):
        return "the source may not connect"
    return None


def _is_crossing(own: Leg, source: TransportAddress) -> bool:
    remote = own.settings.remote
    return own.phase is Phase.CONNECTING and remote is not None and remote.host == source.host


def outranks(own: Leg, source: TransportAddress) -> bool:
    """Whether ``source`` takes the place of a stranger who was faster and has proved nothing yet.

    Where the signalling has named its address, nobody keeps the peer out until the handshake times out.
    """
    remote = own.settings.remote
    return (
        own.phase is Phase.CONNECTED
        and own.accepted
        and remote is not None
        and own.caller is not None
        and own.caller.host != remote.host == source.host
    )


def passes(source_filter: SourceFilter, source: TransportAddress) -> bool:
    """Whether the filter lets this source through; same meaning as ``syn_filter.program``."""
    if not source_filter.low_port <= source.port <= source_filter.high_port:
        return False
    if source_filter.network is None:
        return True
    network = ipaddress.ip_network(source_filter.network, strict=False)
    return ipaddress.ip_address(source.host) in network


def may_flow(source: Leg, sink: Leg) -> bool:
    """Whether payload may be read from ``source`` and sent to ``sink``."""
    return (
        source.phase is Phase.OPEN
        and sink.phase is Phase.OPEN
        and source.settings.mode in _RECEIVING
        and sink.settings.mode in _SENDING
        and _knows_paths(source.settings.msrp, sink.settings.msrp)
    )


def _knows_paths(source: MsrpPath | None, sink: MsrpPath | None) -> bool:
    """MSRP waits until what it must be rewritten to is known; it never passes as it is by accident."""
    if source is None or sink is None:
        return source is sink
    return bool(sink.peer)
