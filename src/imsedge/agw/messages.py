"""What goes into a gateway and what comes out of it.

::

    transaction layer --Execute-->  Gateway  --Answer-->  transaction layer
    association ControllerLost ...  Gateway  --Report-->  transaction layer (a request of ours)
    media plane ---Bearer(event)->  Gateway  --Order--->  media plane
                                    Gateway  --Directed, Tuned, Log--> the daemon
"""

from collections.abc import Mapping
from typing import NamedTuple

from imsedge.bearer.messages import AnyCommand, AnyEvent
from imsedge.core.machine import Tick
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    ErrorDescriptor,
    ServiceChange,
    TransactionRequest,
)

Handle = int
"""How the transaction layer knows its transaction again; handed back as it came."""


# --- inputs ---------------------------------------------------------------------------------------


class Execute(NamedTuple):
    """A transaction request to execute once.  ``version``: of H.248, as negotiated."""

    handle: Handle
    request: TransactionRequest
    version: int = 2


class Bearer(NamedTuple):
    """Something happened in the media plane."""

    event: AnyEvent


class Heard(NamedTuple):
    """A message came from the controller (feeds ``it/ito``); ``Execute`` implies it."""


class ControllerLost(NamedTuple):
    """The control association is gone; contexts are held for a while."""


class ControllerBack(NamedTuple):
    """There is an association again.

    ``kept``: it went on (Disconnected, Failover, HandOff), contexts live; otherwise it began anew
    (Restart) and all contexts are dropped.
    """

    kept: bool


class RealmsAbsent(NamedTuple):
    """Realms that cannot be used at the moment: all of them, by name."""

    names: frozenset[str]


class Certified(NamedTuple):
    """What endpoints present from now on.  ``current``: the name of a certificate by realm; ``known``: the
    DER octets of those and of all that terminations still have (``Gateway.presented``)."""

    current: Mapping[str, str]
    known: Mapping[str, bytes]


class Shutdown(NamedTuple):
    """Release everything and answer what is outstanding; nothing is executed afterwards."""


Input = (
    Execute | Bearer | Heard | ControllerLost | ControllerBack | RealmsAbsent | Certified | Shutdown | Tick
)


# --- outputs --------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """The transaction is executed: one for every ``Execute``."""

    handle: Handle
    result: tuple[ActionReply, ...] | ErrorDescriptor


class Order(NamedTuple):
    """For the media plane."""

    command: AnyCommand


class Report(NamedTuple):
    """Send these as a transaction request: Notify or ServiceChange."""

    actions: tuple[ActionRequest, ...]


class Directed(NamedTuple):
    """The controller orders a ServiceChange of the gateway as a whole (ROOT), such as HandOff."""

    change: ServiceChange


class Tuned(NamedTuple):
    """The controller has set properties of ROOT that are the transaction layer's: all that were ever set, by
    name (``root/MGProvisionalResponseTimerValue``), times in milliseconds."""

    values: Mapping[str, int]


class Log(NamedTuple):
    """One line for the log; ``context`` and ``termination`` as far as it is about one."""

    text: str
    context: int | None = None
    termination: str | None = None


Output = Answer | Order | Report | Directed | Tuned | Log
