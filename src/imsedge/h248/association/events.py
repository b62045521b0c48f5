"""Settings, inputs and outputs of the two association machines.

Both take and give the transaction machine's ``Received``, ``SendReply``, ``Transmit``, ``RequestArrived``,
``ReplyArrived``, ``RequestFailed`` and so on; what is added here is the association itself.
"""

from collections.abc import Mapping

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.core.machine import Tick
from imsedge.h248.model import ActionRequest, Mid
from imsedge.h248.transactions import Received, SendReply, TransactionOutput, Tune

# --- settings ----------------------------------------------------------------------------------------


class GatewaySettings(Struct, frozen=True, kw_only=True):
    """How a gateway finds and keeps its controller.  Times in seconds.

    ``controllers``: transport addresses, the primary first.
    ``names``: addresses of controllers that a redirection may name by domain or device name, lower case.
    ``version``: highest of H.248.1 to offer (``ServiceChangeVersion``).
    ``header_version``: in the header of registrations, before anything is negotiated (clause 11.3).
    ``profile``: ``name/version`` to offer; ``None`` offers none.
    """

    controllers: tuple[TransportAddress, ...]
    names: Mapping[str, TransportAddress] = {}
    version: int = 2
    header_version: int = 1
    profile: str | None = None
    start_reason: str = "901 Cold Boot"
    max_waiting_delay: float = 0.1  # MWD: a restart waits a random time up to this (clause 11.5)
    patience: float = 5.0  # for the answer to one registration
    first_retry: float = 0.5  # before the list of controllers is tried again; doubles ...
    longest_retry: float = 10.0  # ... up to this
    max_redirects: int = 5  # in a row
    leave_patience: float = 1.0  # for the answer to the last ServiceChange


class ControllerSettings(Struct, frozen=True, kw_only=True):
    """Whom a controller serves and how it supervises.  Times in seconds.

    ``profiles``: names with the highest version, ``("ETSI_BGF/2",)``; empty: any, or none.
    ``gateways``: message identifiers that may register, lower case; empty: any.
    ``audit_interval``: silence after which the gateway is asked for a sign of life; ``None``: never.
    ``inactivity``: the gateway shall ask us after this much silence (``it/ito``, H.248.14), which is how it
    notices that we restarted; ``None``: do not order it.  Over TCP the connection tells.
    """

    version: int = 3
    profiles: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    audit_interval: float | None = 10.0
    inactivity: float | None = 30.0
    max_gateways: int = 1000


# --- inputs ------------------------------------------------------------------------------------------


class Start(Struct, frozen=True):
    """Gateway: register."""


class Stop(Struct, frozen=True):
    """Gateway: leave.  ``delay`` 0 is Forced; more is Graceful: existing contexts may live that long."""

    delay: int = 0


class HandOff(Struct, frozen=True):
    """Gateway: the controller ordered us to register elsewhere (ServiceChange method HandOff)."""

    mgc_id: Mid


class TransportLost(Struct, frozen=True):
    """The connection to this peer broke or could not be made (TCP, SCTP)."""

    peer: TransportAddress


class Request(Struct, frozen=True):
    """Gateway: send this to the controller.  ``tag`` comes back in the outcome."""

    actions: tuple[ActionRequest, ...]
    tag: object = None


class RequestTo(Struct, frozen=True):
    """Controller: send this to a gateway.  ``tag`` comes back in the outcome."""

    gateway: Mid
    actions: tuple[ActionRequest, ...]
    tag: object = None


class Redirect(Struct, frozen=True):
    """Controller: tell a gateway to register with ``mgc_id`` instead (method HandOff, reason 903)."""

    gateway: Mid
    mgc_id: Mid


# --- outputs -----------------------------------------------------------------------------------------


class Disconnect(Struct, frozen=True):
    """The peer does not answer: close the connection to it, if any, so that the next message opens one."""

    peer: TransportAddress


class Registered(Struct, frozen=True):
    """Gateway: there is an association.

    ``kept``: the controller was told that contexts still exist (Disconnected, Failover, HandOff);
    otherwise it was told that there are none (Restart).
    """

    controller: TransportAddress
    mid: Mid
    version: int
    profile: str | None
    kept: bool


class ControllerLost(Struct, frozen=True):
    """Gateway: the association is gone; another is being sought."""

    controller: TransportAddress
    reason: str


class Stopped(Struct, frozen=True):
    """Gateway: the controller knows, or does not answer; nothing more will happen."""


class GatewayUp(Struct, frozen=True):
    """Controller: requests may be sent.

    ``kept``: contexts of before may still exist (audit them); otherwise there are none.
    ``method``, ``reason``: as registered.
    """

    gateway: Mid
    peer: TransportAddress
    version: int
    profile: str | None
    kept: bool
    method: str
    reason: str


class GatewayLeaving(Struct, frozen=True):
    """Controller: no new contexts, please; gone in ``delay`` seconds (0: when the last context ends)."""

    gateway: Mid
    delay: int


class GatewayDown(Struct, frozen=True):
    """Controller: the gateway left on purpose; its contexts are gone."""

    gateway: Mid
    reason: str


class GatewayLost(Struct, frozen=True):
    """Controller: the gateway does not answer; its contexts may live on until it is back."""

    gateway: Mid
    reason: str


CommonInput = Received | SendReply | TransportLost | Tick
GatewayInput = CommonInput | Start | Stop | HandOff | Request | Tune
GatewayOutput = TransactionOutput | Registered | ControllerLost | Stopped
ControllerInput = CommonInput | RequestTo | Redirect
ControllerOutput = TransactionOutput | GatewayUp | GatewayLeaving | GatewayDown | GatewayLost

GatewayEffect = GatewayOutput | Disconnect
ControllerEffect = ControllerOutput | Disconnect
"""What ``handle`` returns; ``net.h248`` performs ``Transmit`` and ``Disconnect`` and hands on the rest."""
