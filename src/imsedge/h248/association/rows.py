"""What a controller keeps of each gateway that has registered, and how it marks requests to it."""

from enum import Enum

from msgspec import Struct

from imsedge.core.address import TransportAddress
from imsedge.h248.model import Mid, ServiceChange, ServiceChangeMethod, fold


class State(Enum):
    """What we know of a gateway; one that is unknown has no row."""

    CONFIRMING = "registered; not certain that it knows"
    UP = "associated"
    LEAVING = "associated; no new contexts"


class Gateway:
    """One row.  ``change`` is the ServiceChange that made it what it is."""

    __slots__ = (
        "announced",
        "change",
        "heard",
        "kept",
        "mid",
        "peer",
        "profile",
        "registration",
        "serial",
        "state",
        "version",
    )

    def __init__(self, mid: Mid, serial: int) -> None:
        self.mid = mid
        self.serial = serial  # of this registration
        self.registration = 0  # its transaction, until it is certain that the gateway knows our answer
        self.state = State.CONFIRMING
        self.announced = False  # GatewayUp has been said, and nothing since
        self.kept = False  # contexts of before may still exist
        self.peer = TransportAddress("", 0)
        self.version = 1
        self.profile: str | None = None
        self.change: ServiceChange
        self.heard = 0.0


class Purpose(Enum):
    """What a request to a gateway is for."""

    USER = "request"
    CONFIRM = "order to watch for silence"
    AUDIT = "audit"
    REDIRECT = "hand-off"


class Tag(Struct, frozen=True):
    """Wraps the user's tag while a request is on its way."""

    purpose: Purpose
    gateway: str
    serial: int
    inner: object = None


def key_of(mid: Mid) -> str:
    """Message identifiers compare case-insensitively."""
    return fold(str(mid))


METHODS: dict[str, bool] = {
    fold(ServiceChangeMethod.RESTART): False,
    fold(ServiceChangeMethod.DISCONNECTED): True,
    fold(ServiceChangeMethod.FAILOVER): True,
    fold(ServiceChangeMethod.HANDOFF): True,
    fold(ServiceChangeMethod.GRACEFUL): True,
}
"""ServiceChange methods after which there is a row, and whether contexts of before may still exist."""
