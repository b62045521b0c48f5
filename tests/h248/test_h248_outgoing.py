"""Requests that we send: clause 8 and Annex D.1 from the requester, one rule a test."""

from itertools import pairwise
from typing import Any

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER, Tick
from imsedge.h248.codec import Encoding, encode
from imsedge.h248.model import (
    Message,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
)
from imsedge.h248.transactions import (
    Abandon,
    Failure,
    PeerSuspected,
    ReplyArrived,
    RequestFailed,
    SendRequest,
    Transactions,
    Transmit,
    Tune,
)
from kit.h248 import (
    DONE,
    GATEWAY,
    MGC,
    A,
    B,
    arrive,
    audit,
    decoded,
    settings,
    transactions,
)


def test_a_request_goes_out_with_the_header_asked_for() -> None:
    (sent,) = transactions().handle(SendRequest(audit(), B, version=2), 0.0)
    assert sent.peer == B
    assert decoded(sent) == Message(2, MGC, (TransactionRequest(1, audit()),))


def test_ids_ascend_and_come_around_without_zero() -> None:
    class Last(CountingIds):
        def number(self, low: int, high: int) -> int:
            return max(low, high)

    m: Any = Transactions(settings(MGC), Last())
    ids = [decoded(m.handle(SendRequest(audit(), B), 0.0)[0]).body[0].id for _ in range(3)]
    assert ids == [0xFFFF_FFFE, 1, 2]


def test_the_reply_comes_back_with_the_tag_and_ends_it() -> None:
    m = transactions()
    m.handle(SendRequest(audit(), B, tag="mine"), 0.0)
    assert arrive(m, TransactionReply(1, DONE)) == [ReplyArrived("mine", 1, DONE, B, 2, GATEWAY)]
    assert arrive(m, TransactionReply(1, DONE)) == []
    assert (m.outstanding, m.deadline) == (0, NEVER)


def test_repeats_are_the_same_octets_at_growing_intervals_until_t_max() -> None:
    m = transactions()
    (first,) = m.handle(SendRequest(audit(), B, tag=7), 0.0)
    times, outputs = [0.0], []
    while m.deadline < NEVER:
        now = m.deadline
        outputs = m.handle(Tick(), now)
        times += [now for output in outputs if output == first]
    waits = [round(b - a, 2) for a, b in pairwise(times)]
    assert waits[:6] == [0.2, 0.3, 0.6, 1.2, 2.4, 3.0]  # AAD, then 0.75 of it doubled: the fraction is 0.5
    assert max(waits) == 3.0  # of the limit of 4 s, the same part
    assert outputs == [RequestFailed(7, 1, Failure.TIMED_OUT, B)]
    assert now == 20.0


def test_the_suspicion_is_told_once_in_an_outage_and_anew_after_a_reply() -> None:
    m = transactions()
    suspicions = 0
    for _ in range(2):
        m.handle(SendRequest(audit(), B), 0.0)
    while m.deadline < 19:
        suspicions += m.handle(Tick(), m.deadline).count(PeerSuspected(B))
    assert suspicions == 1
    arrive(m, TransactionReply(1, DONE), now=19.0)
    assert PeerSuspected(B) in m.handle(Tick(), m.deadline)


def test_a_round_trip_that_was_measured_moves_the_first_repeat() -> None:
    m = transactions()
    for number in range(1, 40):
        m.handle(SendRequest(audit(), B), 100.0)
        arrive(m, TransactionReply(number, DONE), now=101.0)  # a satellite: one second
    m.handle(SendRequest(audit(), B), 200.0)
    assert 201.0 < m.deadline < 202.0
    m.handle(SendRequest(audit(), A), 200.0)
    assert m.deadline == 200.2  # another peer, another path


def test_a_repeated_request_measures_nothing() -> None:
    m = transactions()
    m.handle(SendRequest(audit(), B), 0.0)
    m.handle(Tick(), 0.2)
    arrive(m, TransactionReply(1, DONE), now=3.0)
    m.handle(SendRequest(audit(), B), 10.0)
    assert m.deadline == 10.2


def test_pending_slows_the_repeats_and_starts_t_max_anew() -> None:
    m = transactions()
    (first,) = m.handle(SendRequest(audit(), B), 0.0)
    assert arrive(m, TransactionPending(1), now=0.1) == []
    assert m.deadline == 4.1
    assert m.handle(Tick(), 4.1) == [first]
    assert arrive(m, TransactionPending(1), now=19.0) == []
    while m.deadline < NEVER:
        now = m.deadline
        outputs = m.handle(Tick(), now)
    assert now == 39.0
    assert [type(output) for output in outputs] == [RequestFailed]


@pytest.mark.parametrize(("pendings", "failed"), [(3, False), (4, True)])
def test_more_pendings_than_the_limit_end_the_request(pendings: int, failed: bool) -> None:
    m = transactions(pending_limit=3)
    m.handle(SendRequest(audit(), B, tag=9), 0.0)
    outputs = [output for _ in range(pendings) for output in arrive(m, TransactionPending(1))]
    assert outputs == ([RequestFailed(9, 1, Failure.PENDING_LIMIT, B)] if failed else [])


def test_the_limit_of_the_peers_pendings_can_be_tuned() -> None:
    m = transactions(pending_limit=3)
    m.handle(Tune(peer_pendings=0), 0.0)
    m.handle(SendRequest(audit(), B, tag=9), 0.0)
    assert arrive(m, TransactionPending(1)) == [RequestFailed(9, 1, Failure.PENDING_LIMIT, B)]


def test_nothing_is_repeated_before_the_peer_can_have_answered() -> None:
    m = transactions()
    m.handle(Tune(peer_execution=1.5), 0.0)
    m.handle(SendRequest(audit(), B), 0.0)
    assert m.deadline == 1.5
    m.handle(Tune(peer_execution=3600.0), 0.0)
    m.handle(SendRequest(audit(), A), 0.0)
    m.handle(Tick(), 1.5)
    assert m.deadline <= 4.0  # the longest delay still holds


def test_pending_after_the_reply_means_nothing() -> None:
    m = transactions()
    m.handle(SendRequest(audit(), B), 0.0)
    arrive(m, TransactionReply(1, DONE))
    assert arrive(m, TransactionPending(1)) == []


def test_a_reply_that_asks_for_it_is_acknowledged_at_once_and_every_time() -> None:
    m = transactions()
    m.handle(SendRequest(audit(), B), 0.0)
    ack, reply = arrive(m, TransactionReply(1, DONE, immediate_ack=True))
    assert decoded(ack).body == (TransactionAck(((1, 1),)),)
    assert isinstance(reply, ReplyArrived)
    assert arrive(m, TransactionReply(1, DONE, immediate_ack=True)) == [ack]


def test_the_three_way_handshake_rides_in_the_next_message_or_goes_alone() -> None:
    m = transactions(three_way=True)
    for _ in range(3):
        m.handle(SendRequest(audit(), B), 0.0)
    arrive(m, TransactionReply(1, DONE), TransactionReply(2, DONE))
    (next_request,) = m.handle(SendRequest(audit(), B), 0.1)
    assert decoded(next_request).body == (TransactionAck(((1, 2),)), TransactionRequest(4, audit()))
    arrive(m, TransactionReply(4, DONE), now=0.15)
    (alone,) = [o for o in m.handle(Tick(), 0.65) if decoded(o).body == (TransactionAck(((4, 4),)),)]
    assert alone.peer == B


def test_acknowledgements_do_not_wait_for_ever_many() -> None:
    m = transactions(three_way=True)
    for _ in range(64):
        m.handle(SendRequest(audit(), B), 0.0)
    outputs = [output for number in range(1, 65) for output in arrive(m, TransactionReply(number, DONE))]
    (ack,) = [output for output in outputs if isinstance(output, Transmit)]
    assert decoded(ack).body == (TransactionAck(((1, 64),)),)


def test_a_reply_from_another_host_is_not_ours_from_another_port_it_is() -> None:
    m = transactions()
    m.handle(SendRequest(audit(), B), 0.0)
    assert arrive(m, TransactionReply(1, DONE), source=TransportAddress("192.0.2.99", B.port)) == []
    (reply,) = arrive(m, TransactionReply(1, DONE), source=TransportAddress(B.host, 9))
    assert isinstance(reply, ReplyArrived)


def test_a_reliable_transport_gets_the_request_once() -> None:
    m = transactions(reliable=True)
    m.handle(SendRequest(audit(), B, tag=1), 0.0)
    assert m.deadline == 20.0
    assert m.handle(Tick(), 20.0) == [RequestFailed(1, 1, Failure.TIMED_OUT, B)]


def test_own_patience_replaces_t_max() -> None:
    m = transactions(reliable=True)
    m.handle(SendRequest(audit(), B, patience=2.5), 0.0)
    assert m.deadline == 2.5


def test_abandoning_a_peer_ends_its_requests_and_no_others() -> None:
    m = transactions(three_way=True)
    m.handle(SendRequest(audit(), B, tag=1), 0.0)
    m.handle(SendRequest(audit(), A, tag=2), 0.0)
    m.handle(SendRequest(audit(), B, tag=3), 0.0)
    arrive(m, TransactionReply(3, DONE))
    assert m.handle(Abandon(B), 0.0) == [RequestFailed(1, 1, Failure.ABANDONED, B)]
    assert m.outstanding == 1
    assert len(m.handle(Tick(), 0.6)) == 1  # the repeat to A; no acknowledgement to B


@pytest.mark.parametrize(("count", "refused"), [(3, 0), (4, 1)])
def test_requests_outstanding_have_a_limit(count: int, refused: int) -> None:
    m = transactions(max_outstanding=3)
    outputs = [output for n in range(count) for output in m.handle(SendRequest(audit(), B, tag=n), 0.0)]
    failed = [output for output in outputs if isinstance(output, RequestFailed)]
    assert failed == [RequestFailed(3, 0, Failure.TOO_MANY, B)][:refused]


def test_a_request_larger_than_a_datagram_fails_at_once() -> None:
    size = len(encode(Message(1, MGC, (TransactionRequest(1, audit()),)), Encoding.PRETTY))
    assert isinstance(transactions(max_message=size).handle(SendRequest(audit(), B), 0.0)[0], Transmit)
    (failed,) = transactions(max_message=size - 1).handle(SendRequest(audit(), B), 0.0)
    assert failed.reason is Failure.TOO_LARGE


def test_round_trips_are_remembered_for_so_many_peers() -> None:
    m = transactions(max_peers=2)
    for port in range(1, 100):
        m.handle(SendRequest(audit(), TransportAddress(B.host, port)), 0.0)
    assert len(m._outgoing._trips) == 2
