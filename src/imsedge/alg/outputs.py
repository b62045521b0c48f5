"""What the edge says to the world beside SIP and H.248, and what it shows of its calls."""

from typing import NamedTuple

from msgspec import Struct

from imsedge.alg.procedures import Procedure
from imsedge.h248.association.events import RequestTo
from imsedge.h248.transactions import SendReply
from imsedge.ng.client import Ask
from imsedge.sip.events import SendCancel, SendRequest, SendResponse


class Log(NamedTuple):
    """One line; ``call`` is the SIP Call-ID, ``context`` and ``termination`` as on the gateway."""

    text: str
    call: str = ""
    context: int | None = None
    termination: str = ""


class Tag(NamedTuple):
    """Comes back with the outcome of a ``RequestTo``: whose it was, and whether something waits for it."""

    call: int | None
    procedure: Procedure | None
    awaited: bool


Output = SendRequest | SendResponse | SendCancel | RequestTo | SendReply | Ask | Log


class StreamView(Struct, frozen=True, kw_only=True):
    """One anchored stream: addresses as ``host:port``, empty where unknown."""

    stream: int
    access: str
    access_peer: str
    core: str
    core_peer: str


class CallView(Struct, frozen=True, kw_only=True):
    """One call, for ``imsedge calls``.  ``age`` in seconds since its INVITE."""

    call_id: str
    caller: str
    callee: str
    direction: str  # originating: the UE calls; terminating: the UE is called
    state: str
    age: float
    gateway: str
    context: int | None
    access_termination: str
    core_termination: str
    streams: tuple[StreamView, ...]
