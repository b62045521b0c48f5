"""Any input in any order: only ``LocalError`` is raised, no timer spins, what a peer can grow is bounded."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.errors import LocalError
from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER, Tick
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerSettings,
    GatewayAssociation,
    GatewaySettings,
    HandOff,
    Redirect,
    Request,
    RequestTo,
    Start,
    Stop,
    TransportLost,
)
from imsedge.h248.association.service_change import write_change, write_result
from imsedge.h248.model import (
    ErrorDescriptor,
    IpMid,
    Message,
    SegmentAck,
    ServiceChange,
    ServiceChangeMethod,
    ServiceChangeResult,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)
from imsedge.h248.transactions import Abandon, Forget, Received, SendReply, SendRequest, Transactions
from kit.h248 import GATEWAY, MGC, A, B, C, audit, audited, notify, settings

IDS = st.integers(0, 4)
MIDS = st.sampled_from([MGC, GATEWAY])
CHANGES = st.builds(
    lambda method, version, profile: write_change(
        ServiceChange(method, "901 Cold Boot", version=version, profile=profile)
    ),
    st.sampled_from([*ServiceChangeMethod, "X-own"]),
    st.sampled_from([None, 1, 2, 99]),
    st.sampled_from([None, "a/1", "b/9", "odd"]),
)
ACTIONS = st.one_of(st.just(()), st.just(audit()), st.just(notify("it/ito", 1)), CHANGES)
ERRORS = st.sampled_from([ErrorDescriptor(code) for code in (400, 403, 406, 504, 505, 506)])
RESULTS = st.one_of(
    st.just(audited()),
    ERRORS,
    ERRORS.map(write_result),
    st.builds(
        lambda version, mgc_id: write_result(ServiceChangeResult(version=version, mgc_id=mgc_id)),
        st.sampled_from([None, 1, 99]),
        st.sampled_from([None, None, MGC, IpMid(A.host, 2944)]),
    ),
)
TRANSACTIONS = st.one_of(
    st.builds(TransactionRequest, IDS, ACTIONS),
    st.builds(lambda number, error: TransactionRequest(number, error=error), IDS, ERRORS),
    st.builds(TransactionReply, IDS, RESULTS, st.booleans()),
    st.builds(TransactionPending, IDS),
    st.builds(
        lambda low, more: TransactionAck(((low, low + more),)), IDS, st.sampled_from([0, 3, 2**32 - 9])
    ),
    st.builds(SegmentAck, IDS, st.just(1)),
)
MESSAGES = st.builds(
    Message, st.integers(1, 3), MIDS, st.one_of(ERRORS, st.lists(TRANSACTIONS, max_size=3).map(tuple))
)
PEERS = st.sampled_from([A, B, C])
COMMON = st.one_of(
    st.builds(Received, MESSAGES, PEERS),
    st.builds(Received, st.binary(max_size=30), PEERS),
    st.builds(SendReply, st.integers(0, 6), RESULTS, st.booleans()),
    st.builds(TransportLost, PEERS),
    st.just(Tick()),
)
USER = {
    "transactions": st.one_of(
        st.builds(SendRequest, st.just(audit()), PEERS),
        st.builds(Abandon, PEERS),
        st.builds(Forget, MIDS),
        COMMON.filter(lambda event: not isinstance(event, TransportLost)),
    ),
    "gateway": st.one_of(
        COMMON,
        st.just(Start()),
        st.builds(Stop, st.sampled_from([0, 3])),
        st.builds(HandOff, st.sampled_from([MGC, IpMid(C.host, 2944)])),
        st.builds(Request, st.just(audit())),
    ),
    "controller": st.one_of(
        COMMON, st.builds(RequestTo, MIDS, st.just(audit())), st.builds(Redirect, MIDS, MIDS)
    ),
}
STEPS = st.sampled_from([0.0, 0.01, 0.3, 2.0, 25.0])

MAKERS: dict[str, Callable[[Any], Any]] = {
    "transactions": lambda own: Transactions(own, CountingIds()),
    "gateway": lambda own: GatewayAssociation(GatewaySettings(controllers=(A, C)), own, CountingIds()),
    "controller": lambda own: ControllerAssociation(
        ControllerSettings(profiles=("a/1",), max_gateways=1), own, CountingIds()
    ),
}


@pytest.mark.parametrize("reliable", [False, True])
@pytest.mark.parametrize("kind", MAKERS)
@given(data=st.data())
def test_every_input_in_every_order(kind: str, reliable: bool, data: st.DataObject) -> None:
    limits = {"max_outstanding": 5, "max_executing": 3, "max_remembered": 4, "max_remembered_octets": 900}
    own = settings(GATEWAY if kind == "gateway" else MGC, reliable=reliable, three_way=True, **limits)
    machine, now = MAKERS[kind](own), 0.0
    inner = machine if kind == "transactions" else machine.transactions
    for event, step in data.draw(st.lists(st.tuples(USER[kind], STEPS), max_size=25)):
        now = run_until(machine, now, now + step)
        try:
            assert isinstance(machine.handle(event, now), list)
        except LocalError:
            continue
        ids, octets = inner.remembered
        assert (ids <= 4, octets <= 900, inner.executing <= 3, inner.outstanding <= 5) == (True,) * 4


def run_until(machine: Any, now: float, end: float) -> float:
    """Ticks at every deadline; each must bring the next nearer to its end."""
    for _ in range(2_000):
        if machine.deadline > end:
            return end
        now = max(now, machine.deadline)
        machine.handle(Tick(), now)
    pytest.fail(f"the timer spins at {machine.deadline} of {NEVER}")
