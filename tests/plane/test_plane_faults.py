"""What the operating system calls an error is what the gateway calls a cause."""

import errno

import pytest

from imsedge.bearer.messages import FailureCause
from imsedge.plane.faults import fault_of

CAUSES = {
    errno.ECONNREFUSED: FailureCause.TCP_REFUSED,
    errno.ETIMEDOUT: FailureCause.TCP_TIMEOUT,
    errno.EHOSTUNREACH: FailureCause.TCP_UNREACHABLE,
    errno.ENETUNREACH: FailureCause.TCP_UNREACHABLE,
    errno.ECONNRESET: FailureCause.TCP_RESET,
    errno.EPIPE: FailureCause.TCP_RESET,
    errno.EBADF: FailureCause.LINKED_LEG,
    0: FailureCause.LINKED_LEG,
}


@pytest.mark.parametrize(("number", "cause"), CAUSES.items())
def test_causes(number: int, cause: FailureCause) -> None:
    fault = fault_of(number, FailureCause.LINKED_LEG)
    assert fault.cause is cause
    assert fault.detail == errno.errorcode.get(number, "0")
