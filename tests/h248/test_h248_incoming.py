"""Requests that we get: clause 8 and Annex D.1 from the responder, one rule a test."""

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.machine import Tick
from imsedge.h248.model import (
    ActionReply,
    CommandReply,
    Message,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    Verb,
)
from imsedge.h248.transactions import (
    Forget,
    Noted,
    Received,
    RequestAborted,
    RequestArrived,
    SendReply,
    Transmit,
    Tune,
)
from kit.h248 import (
    DONE,
    GATEWAY,
    MGC,
    B,
    arrive,
    decoded,
    message,
    request,
    transactions,
)


def test_a_request_is_handed_up_once_and_repeats_get_the_reply_again() -> None:
    m = transactions()
    (arrived,) = arrive(m, request(5))
    assert arrived == RequestArrived(1, request(5), B, 2, GATEWAY)
    (reply,) = m.handle(SendReply(1, DONE), 0.1)
    assert reply.peer == B
    assert decoded(reply) == Message(2, MGC, (TransactionReply(5, DONE),))
    assert arrive(m, request(5), now=29.0) == [reply]


def test_the_reply_goes_where_the_last_repeat_came_from() -> None:
    m = transactions()
    arrive(m, request(5))
    elsewhere = TransportAddress("192.0.2.77", 5)
    arrive(m, request(5), source=elsewhere)
    (reply,) = m.handle(SendReply(1, DONE), 0.1)
    assert reply.peer == elsewhere


def test_a_repeat_while_executing_gets_pending_and_the_reply_then_asks_for_an_acknowledgement() -> None:
    m = transactions()
    arrive(m, request(5))
    (pending,) = arrive(m, request(5), now=0.2)
    assert decoded(pending).body == (TransactionPending(5),)
    (reply,) = m.handle(SendReply(1, DONE), 0.5)
    assert decoded(reply).body == (TransactionReply(5, DONE, immediate_ack=True),)
    assert m.handle(Tick(), m.deadline) == [reply]  # again and again until it is acknowledged
    assert arrive(m, TransactionAck(((5, 5),)), now=1.0) == []
    assert m.handle(Tick(), 10.0) == []
    assert arrive(m, request(5), now=11.0) == []  # the id is still known


def test_a_reply_that_nobody_acknowledges_is_repeated_until_t_max() -> None:
    m = transactions()
    arrive(m, request(5))
    m.handle(SendReply(1, DONE, confirm=True), 0.0)
    repeats = 0
    while m.deadline < 30.0:
        now = m.deadline
        repeats += len(m.handle(Tick(), now))
    assert 8 <= repeats <= 12
    assert now <= 24.0


def test_long_execution_sends_pending_by_itself() -> None:
    m = transactions(provisional=0.5)
    arrive(m, request(5))
    assert m.deadline == 0.5
    (pending,) = m.handle(Tick(), 0.5)
    assert decoded(pending).body == (TransactionPending(5),)
    assert m.deadline == 1.0


def test_the_peer_may_tune_when_and_how_often_pending_is_sent() -> None:
    m = transactions(pending_limit=9)
    assert m.handle(Tune(provisional=0.2, own_pendings=1), 0.0) == []
    m.handle(Tune(), 0.0)
    arrive(m, request(5))
    (pending,) = m.handle(Tick(), 0.2)
    assert decoded(pending).body == (TransactionPending(5),)
    assert [type(output) for output in m.handle(Tick(), 0.4)] == [Transmit, RequestAborted]


def test_one_pending_too_many_is_answered_506_and_the_user_is_told() -> None:
    m = transactions(pending_limit=2)
    arrive(m, request(5))
    for now in (1.0, 2.0):
        m.handle(Tick(), now)
    assert arrive(m, request(5), now=2.5) == []  # a repeat does not push it over the limit
    reply, aborted = m.handle(Tick(), 3.0)
    assert decoded(reply).body[0].result.code == 506
    assert isinstance(aborted, RequestAborted)
    assert aborted.handle == 1
    (note,) = m.handle(SendReply(1, DONE), 4.0)
    assert isinstance(note, Noted)


def test_after_long_timer_the_id_may_be_used_again() -> None:
    m = transactions()
    arrive(m, request(5))
    m.handle(SendReply(1, DONE), 0.0)
    m.handle(Tick(), m.deadline)
    assert m.remembered == (0, 0)
    assert isinstance(arrive(m, request(5), now=32.0)[0], RequestArrived)
    assert m.executing == 1


def test_the_same_id_of_another_peer_is_another_transaction() -> None:
    m = transactions()
    arrive(m, request(5))
    (other,) = m.handle(Received(message(MGC, request(5)), B), 0.0)
    assert isinstance(other, RequestArrived)


def test_a_known_id_with_other_content_is_a_restarted_peer() -> None:
    m = transactions()
    arrive(m, request(5))
    m.handle(SendReply(1, DONE), 0.0)
    (anew,) = arrive(m, request(5, context=1), now=1.0)
    assert (anew.handle, anew.request) == (2, request(5, context=1))
    aborted, anew = arrive(m, request(5, context=2), now=2.0)
    assert (aborted.handle, anew.handle) == (2, 3)
    assert isinstance(m.handle(SendReply(2, DONE), 3.0)[0], Noted)
    assert isinstance(m.handle(SendReply(3, DONE), 3.0)[0], Transmit)


def test_a_peer_that_is_known_to_have_restarted_is_forgotten() -> None:
    m = transactions()
    arrive(m, request(5), request(6))
    m.handle(SendReply(1, DONE), 0.0)
    assert m.handle(Forget(GATEWAY), 0.0) == []
    outputs = arrive(m, request(5), request(6))
    assert isinstance(outputs[0], RequestArrived)  # executed again
    assert decoded(outputs[1]).body == (TransactionPending(6),)  # still executing
    m.handle(Tick(), 40.0)
    assert m.remembered == (0, 0)


def test_a_reply_to_a_request_that_never_came_is_a_mistake_of_ours() -> None:
    with pytest.raises(LocalError):
        transactions().handle(SendReply(1, DONE), 0.0)
    with pytest.raises(LocalError):
        transactions().handle("what", 0.0)


@pytest.mark.parametrize("ranges", [((5, 7),), ((1, 4_000_000_000),), ((5, 5), (6, 6), (7, 7))])
def test_acknowledged_replies_are_dropped_and_their_ids_kept(ranges: tuple[tuple[int, int], ...]) -> None:
    m = transactions()
    for number in (5, 6, 7):
        arrive(m, request(number))
        m.handle(SendReply(number - 4, DONE), 0.0)
    arrive(m, TransactionAck(ranges))
    assert m.remembered == (3, 0)
    assert arrive(m, request(6)) == []


def test_an_acknowledgement_of_what_is_executing_or_unknown_changes_nothing() -> None:
    m = transactions()
    assert arrive(m, TransactionAck(((1, 9),))) == []
    arrive(m, request(5))
    assert arrive(m, TransactionAck(((1, 9),))) == []
    assert isinstance(m.handle(SendReply(1, DONE), 0.0)[0], Transmit)


def test_requests_executing_have_a_limit_silent_on_udp() -> None:
    m = transactions(max_executing=2)
    arrive(m, request(1), request(2))
    (note,) = arrive(m, request(3))
    assert isinstance(note, Noted)
    m.handle(SendReply(1, DONE), 0.1)
    assert isinstance(arrive(m, request(3), now=0.2)[0], RequestArrived)  # its repeat finds room


def test_requests_executing_have_a_limit_answered_on_tcp() -> None:
    m = transactions(max_executing=2, reliable=True)
    arrive(m, request(1), request(2))
    reply, _ = arrive(m, request(3))
    assert decoded(reply).body[0].result.code == 511


def test_on_tcp_replies_ask_for_no_acknowledgement() -> None:
    m = transactions(reliable=True)
    arrive(m, request(5))
    m.handle(Tick(), 1.0)  # Pending
    (reply,) = m.handle(SendReply(1, DONE, confirm=True), 2.0)
    assert decoded(reply).body == (TransactionReply(5, DONE),)


@pytest.mark.parametrize("limit", [1, 10])
def test_ids_remembered_have_a_limit_the_oldest_go(limit: int) -> None:
    m = transactions(max_remembered=limit)
    for number in range(1, limit + 2):
        arrive(m, request(number))
        m.handle(SendReply(number, DONE), 0.0)
    assert m.remembered[0] == limit
    assert isinstance(arrive(m, request(2))[0], Transmit)
    assert isinstance(arrive(m, request(1))[0], RequestArrived)


def test_replies_remembered_have_a_limit_the_oldest_lose_their_octets_not_their_ids() -> None:
    m = transactions()
    arrive(m, request(1))
    (reply,) = m.handle(SendReply(1, DONE), 0.0)
    size = len(reply.data)
    m = transactions(max_remembered_octets=3 * size)
    for number in range(1, 5):
        arrive(m, request(number))
        m.handle(SendReply(number, DONE), 0.0)
    assert m.remembered == (4, 3 * size)
    assert arrive(m, request(1)) == []
    assert len(arrive(m, request(2))) == 1


def test_a_reply_that_fits_no_datagram_becomes_error_533() -> None:
    long = tuple(ActionReply(n, (CommandReply(Verb.SUBTRACT, ("*",)),)) for n in range(1, 40))
    m = transactions(max_message=500)
    arrive(m, request(5))
    (reply,) = m.handle(SendReply(1, long), 0.0)
    assert decoded(reply).body[0].result.code == 533
    assert len(reply.data) <= 500
