"""What goes into and comes out of the transaction machine.

The associations take and give the same values, so a driver that performs ``Transmit`` and a user that
answers ``RequestArrived`` do not care which of them they talk to.
"""

from enum import Enum

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.h248.model import ActionReply, ActionRequest, ErrorDescriptor, Message, Mid, TransactionRequest

Result = tuple[ActionReply, ...] | ErrorDescriptor
"""How a transaction ended: its action replies, or one error for all of it."""


# --- inputs ------------------------------------------------------------------------------------------


class Received(Struct, frozen=True):
    """One message came: its octets (without TPKT), or already decoded."""

    content: bytes | Message
    source: TransportAddress


class SendRequest(Struct, frozen=True):
    """Send a transaction request and see it through to a reply or a failure.

    ``tag``: comes back in ``ReplyArrived`` or ``RequestFailed``; the machine does not look at it.
    ``version``: of H.248.1, for the message header.
    ``patience``: seconds without any answer after which to give up; ``None`` = T-MAX of the settings.
    """

    actions: tuple[ActionRequest, ...]
    peer: TransportAddress
    tag: object = None
    version: int = 1
    patience: float | None = None


class SendReply(Struct, frozen=True):
    """Answer ``RequestArrived`` number ``handle``, once.

    ``confirm``: ask for an acknowledgement at once and repeat the reply until it comes (UDP only).
    """

    handle: int
    result: Result
    confirm: bool = False


class Abandon(Struct, frozen=True):
    """The peer is gone: end every request to it with ``Failure.ABANDONED``, forget its round trip."""

    peer: TransportAddress


class Forget(Struct, frozen=True):
    """The peer restarted: replies kept for it are void (clause D.1.1)."""

    mid: Mid


class Settle(Struct, frozen=True):
    """What the peer has done since shows that it has our reply to its registration number ``id``.

    So it does not repeat that any more.  What looks like a repeat is a datagram that was late, and is passed
    over in silence; or it comes from a peer that restarted, counts as it did before and goes on until it is
    answered: it is executed when it comes from another address, or when every datagram of before must be
    dead (LONG-TIMER less T-MAX from now).
    """

    mid: Mid
    id: int


class Tune(Struct, frozen=True):
    """The controller has set properties of package ``root``; ``None``: as before.

    ``provisional``: seconds of execution after which Pending is sent (normalMGExecutionTime,
    MGProvisionalResponseTimerValue); ``own_pendings``: how many of those we send, and ``peer_pendings``: how
    many we take, for one transaction (MGOriginatedPendingLimit, MGCOriginatedPendingLimit);
    ``peer_execution``: seconds that the peer may take for its reply or Pending, so that it makes no sense to
    repeat a request sooner (normalMGCExecutionTime, MGCProvisionalResponseTimerValue).
    """

    provisional: float | None = None
    own_pendings: int | None = None
    peer_pendings: int | None = None
    peer_execution: float | None = None


# --- outputs -----------------------------------------------------------------------------------------


class Transmit(Struct, frozen=True):
    """Put this message on the wire (a TCP driver adds TPKT)."""

    data: bytes
    peer: TransportAddress


class RequestArrived(Struct, frozen=True):
    """Execute this and answer with ``SendReply(handle, ...)``; it never comes twice."""

    handle: int
    request: TransactionRequest
    peer: TransportAddress
    version: int
    mid: Mid


class RequestAborted(Struct, frozen=True):
    """Request ``handle`` has been answered with an error for you; a reply to it will be ignored."""

    handle: int
    reason: str


class ReplyArrived(Struct, frozen=True):
    """The final reply to a ``SendRequest``; nothing more comes for ``tag``."""

    tag: object
    id: int
    result: Result
    peer: TransportAddress
    version: int
    mid: Mid


class Failure(Enum):
    """Why there will be no reply."""

    TIMED_OUT = "no answer until T-MAX"
    PENDING_LIMIT = "more pendings than the limit"
    ABANDONED = "the peer is gone"
    TOO_MANY = "too many requests outstanding"
    TOO_LARGE = "larger than the transport can carry"
    UNWRITABLE = "cannot be said in this encoding"
    NOT_ASSOCIATED = "no control association"


class RequestFailed(Struct, frozen=True):
    """A ``SendRequest`` ended without a reply; nothing more comes for ``tag``."""

    tag: object
    id: int
    reason: Failure
    peer: TransportAddress | None


class PeerSuspected(Struct, frozen=True):
    """Several repeats of a request in a row stayed without any answer."""

    peer: TransportAddress


class MessageErrorArrived(Struct, frozen=True):
    """The peer could not read a message of ours; which one, H.248 does not tell."""

    error: ErrorDescriptor
    peer: TransportAddress
    mid: Mid


class Noted(Struct, frozen=True):
    """A line for the log: something was dropped, and why."""

    text: str
    peer: TransportAddress | None = None


TransactionInput = Received | SendRequest | SendReply | Abandon | Forget | Settle | Tune
TransactionOutput = (
    Transmit
    | RequestArrived
    | RequestAborted
    | ReplyArrived
    | RequestFailed
    | PeerSuspected
    | MessageErrorArrived
    | Noted
)
