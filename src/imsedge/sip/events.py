"""What goes into the transaction layer and what comes out of it."""

from typing import NamedTuple

from imsedge.sip.errors import SipError
from imsedge.sip.flow import Flow
from imsedge.sip.message import SipRequest, SipResponse


class ServerKey(NamedTuple):
    """A server transaction (RFC 3261 clause 17.2.3); ``branch`` and ``sent_by`` in lower case."""

    branch: str
    sent_by: str
    method: str


class ClientKey(NamedTuple):
    """A client transaction (RFC 3261 clause 17.1.3): ``client_key(request)`` gives it beforehand."""

    branch: str
    method: str


# Inputs


class Received(NamedTuple):
    """One datagram, or one message cut out of a stream."""

    data: bytes
    flow: Flow


class Malformed(NamedTuple):
    """A stream that cannot be cut any further (``framing.Broken``)."""

    error: SipError
    flow: Flow


class SendRequest(NamedTuple):
    """``request`` carries our Via with a fresh branch on top.  An ACK (for a 2xx) makes no transaction."""

    request: SipRequest
    flow: Flow


class SendCancel(NamedTuple):
    """Cancel a pending INVITE: at once after a provisional response, else when one comes (clause 9.1)."""

    key: ClientKey


class SendResponse(NamedTuple):
    """``response`` has the Via fields of the request; where it goes is known from the transaction."""

    key: ServerKey
    response: SipResponse


class TransportFailed(NamedTuple):
    """Nothing can be sent there: no connection, or ICMP said so."""

    flow: Flow


# Outputs


class Transmit(NamedTuple):
    """``data`` is one whole message."""

    data: bytes
    flow: Flow


class RequestArrived(NamedTuple):
    """A new request, never ACK or CANCEL; its top Via has ``received`` and ``rport`` filled in.

    Answer it with ``SendResponse``; an INVITE that waits longer than 200 ms gets 100 by itself.
    """

    key: ServerKey
    request: SipRequest
    flow: Flow


class ResponseArrived(NamedTuple):
    """Our Via is still on top.  A 2xx to INVITE comes once for each retransmission and each fork."""

    key: ClientKey
    response: SipResponse
    flow: Flow


class AckArrived(NamedTuple):
    """An ACK for a 2xx: to be routed like a request without an answer."""

    request: SipRequest
    flow: Flow


class CancelArrived(NamedTuple):
    """``key`` is that of the INVITE, which still waits for its final response; the CANCEL is answered."""

    key: ServerKey
    request: SipRequest
    flow: Flow


class TransactionFailed(NamedTuple):
    """No final response will come: ``status`` 408 (timers B, F) or 503 (transport, too many)."""

    key: ClientKey
    status: int


class StrayResponse(NamedTuple):
    """A response that belongs to nothing we know; must not be forwarded (RFC 6026 clause 7.3)."""

    response: SipResponse
    flow: Flow


class Note(NamedTuple):
    """Something was dropped or refused: for the log."""

    text: str
    flow: Flow


Input = Received | Malformed | SendRequest | SendCancel | SendResponse | TransportFailed
Output = (
    Transmit
    | RequestArrived
    | ResponseArrived
    | AckArrived
    | CancelArrived
    | TransactionFailed
    | StrayResponse
    | Note
)
