"""What can go wrong with a connection, as the causes that the gateway knows."""

from errno import (
    EADDRNOTAVAIL,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    ENETUNREACH,
    EPIPE,
    ETIMEDOUT,
    errorcode,
)

from imsedge.bearer.messages import FailureCause
from imsedge.core.errors import ImsedgeError

_CAUSES = {
    ECONNREFUSED: FailureCause.TCP_REFUSED,
    ETIMEDOUT: FailureCause.TCP_TIMEOUT,
    EHOSTUNREACH: FailureCause.TCP_UNREACHABLE,
    ENETUNREACH: FailureCause.TCP_UNREACHABLE,
    ECONNRESET: FailureCause.TCP_RESET,
    ECONNABORTED: FailureCause.TCP_RESET,
    EPIPE: FailureCause.TCP_RESET,
}


class BearerError(ImsedgeError):
    """A connection is lost; ``cause`` is reported, ``detail`` says more to a human."""

    def __init__(self, cause: FailureCause, detail: str = "") -> None:
        super().__init__(cause, detail)
        self.cause = cause
        self.detail = detail

    @property
    def address_in_use(self) -> bool:
        """Whether a connection between the same two addresses exists already."""
        return self.detail == errorcode[EADDRNOTAVAIL]


def as_fault(error: BearerError | OSError) -> BearerError:
    """The same, whoever noticed it."""
    return error if isinstance(error, BearerError) else fault_of(error.errno or 0, FailureCause.TCP_RESET)


def fault_of(number: int, otherwise: FailureCause) -> BearerError:
    """The fault behind an ``errno``; ``otherwise`` when it tells nothing about the network."""
    return BearerError(_CAUSES.get(number, otherwise), errorcode.get(number, str(number)))
