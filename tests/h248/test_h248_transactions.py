"""The transaction machine, one rule of clause 8 and Annex D a test: inputs, outputs and the clock by hand."""

from itertools import pairwise

import pytest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER, Tick
from imsedge.h248.codec import Encoding, decode, encode
from imsedge.h248.model import (
    ActionReply,
    CommandReply,
    ErrorDescriptor,
    Message,
    SegmentAck,
    TransactionAck,
    TransactionPending,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from imsedge.h248.transactions import (
    Abandon,
    Failure,
    Forget,
    MessageErrorArrived,
    Noted,
    PeerSuspected,
    Received,
    ReplyArrived,
    RequestAborted,
    RequestArrived,
    RequestFailed,
    SendReply,
    SendRequest,
    Transactions,
    Transmit,
)
from kit.h248 import GATEWAY, MGC, A, B, audit, decoded, message, request, settings

DONE = (ActionReply(0, (CommandReply(Verb.AUDIT_VALUE, ("ROOT",)),)),)


def machine(**changes: object) -> Transactions:
    return Transactions(settings(MGC, **changes), CountingIds())


def arrive(
    machine: Transactions, *transactions: object, now: float = 0.0, source: TransportAddress = B
) -> list:
    return machine.handle(Received(message(GATEWAY, *transactions), source), now)


# --- requester ---------------------------------------------------------------------------------------


def test_a_request_goes_out_with_the_header_asked_for() -> None:
    (sent,) = machine().handle(SendRequest(audit(), B, version=2), 0.0)
    assert sent.peer == B
    assert decode(sent.data) == Message(2, MGC, (TransactionRequest(1, audit()),))


def test_ids_ascend_and_come_around_without_zero() -> None:
    class Last(CountingIds):
        def number(self, low: int, high: int) -> int:
            return max(low, high)

    m = Transactions(settings(MGC), Last())
    ids = [decoded(m.handle(SendRequest(audit(), B), 0.0)[0]).body[0].id for _ in range(3)]
    assert ids == [0xFFFF_FFFE, 1, 2]


def test_the_reply_comes_back_with_the_tag_and_ends_it() -> None:
    m = machine()
    m.handle(SendRequest(audit(), B, tag="mine"), 0.0)
    assert arrive(m, TransactionReply(1, DONE)) == [ReplyArrived("mine", 1, DONE, B, 2, GATEWAY)]
    assert arrive(m, TransactionReply(1, DONE)) == []
    assert (m.outstanding, m.deadline) == (0, NEVER)


def test_repeats_are_the_same_octets_at_growing_intervals_until_t_max() -> None:
    m = machine()
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
    m = machine()
    suspicions = 0
    for _ in range(2):
        m.handle(SendRequest(audit(), B), 0.0)
    while m.deadline < 19:
        suspicions += m.handle(Tick(), m.deadline).count(PeerSuspected(B))
    assert suspicions == 1
    arrive(m, TransactionReply(1, DONE), now=19.0)
    assert PeerSuspected(B) in m.handle(Tick(), m.deadline)


def test_a_round_trip_that_was_measured_moves_the_first_repeat() -> None:
    m = machine()
    for number in range(1, 40):
        m.handle(SendRequest(audit(), B), 100.0)
        arrive(m, TransactionReply(number, DONE), now=101.0)  # a satellite: one second
    m.handle(SendRequest(audit(), B), 200.0)
    assert 201.0 < m.deadline < 202.0
    m.handle(SendRequest(audit(), A), 200.0)
    assert m.deadline == 200.2  # another peer, another path


def test_a_repeated_request_measures_nothing() -> None:
    m = machine()
    m.handle(SendRequest(audit(), B), 0.0)
    m.handle(Tick(), 0.2)
    arrive(m, TransactionReply(1, DONE), now=3.0)
    m.handle(SendRequest(audit(), B), 10.0)
    assert m.deadline == 10.2


def test_pending_slows_the_repeats_and_starts_t_max_anew() -> None:
    m = machine()
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
    m = machine(pending_limit=3)
    m.handle(SendRequest(audit(), B, tag=9), 0.0)
    outputs = [output for _ in range(pendings) for output in arrive(m, TransactionPending(1))]
    assert outputs == ([RequestFailed(9, 1, Failure.PENDING_LIMIT, B)] if failed else [])


def test_pending_after_the_reply_means_nothing() -> None:
    m = machine()
    m.handle(SendRequest(audit(), B), 0.0)
    arrive(m, TransactionReply(1, DONE))
    assert arrive(m, TransactionPending(1)) == []


def test_a_reply_that_asks_for_it_is_acknowledged_at_once_and_every_time() -> None:
    m = machine()
    m.handle(SendRequest(audit(), B), 0.0)
    ack, reply = arrive(m, TransactionReply(1, DONE, immediate_ack=True))
    assert decoded(ack).body == (TransactionAck(((1, 1),)),)
    assert isinstance(reply, ReplyArrived)
    assert arrive(m, TransactionReply(1, DONE, immediate_ack=True)) == [ack]


def test_the_three_way_handshake_rides_in_the_next_message_or_goes_alone() -> None:
    m = machine(three_way=True)
    for _ in range(3):
        m.handle(SendRequest(audit(), B), 0.0)
    arrive(m, TransactionReply(1, DONE), TransactionReply(2, DONE))
    (next_request,) = m.handle(SendRequest(audit(), B), 0.1)
    assert decoded(next_request).body == (TransactionAck(((1, 2),)), TransactionRequest(4, audit()))
    arrive(m, TransactionReply(4, DONE), now=0.15)
    (alone,) = [o for o in m.handle(Tick(), 0.65) if decoded(o).body == (TransactionAck(((4, 4),)),)]
    assert alone.peer == B


def test_acknowledgements_do_not_wait_for_ever_many() -> None:
    m = machine(three_way=True)
    for _ in range(64):
        m.handle(SendRequest(audit(), B), 0.0)
    outputs = [output for number in range(1, 65) for output in arrive(m, TransactionReply(number, DONE))]
    (ack,) = [output for output in outputs if isinstance(output, Transmit)]
    assert decoded(ack).body == (TransactionAck(((1, 64),)),)


def test_a_reply_from_another_host_is_not_ours_from_another_port_it_is() -> None:
    m = machine()
    m.handle(SendRequest(audit(), B), 0.0)
    assert arrive(m, TransactionReply(1, DONE), source=TransportAddress("192.0.2.99", B.port)) == []
    (reply,) = arrive(m, TransactionReply(1, DONE), source=TransportAddress(B.host, 9))
    assert isinstance(reply, ReplyArrived)


def test_a_reliable_transport_gets_the_request_once() -> None:
    m = machine(reliable=True)
    m.handle(SendRequest(audit(), B, tag=1), 0.0)
    assert m.deadline == 20.0
    assert m.handle(Tick(), 20.0) == [RequestFailed(1, 1, Failure.TIMED_OUT, B)]


def test_own_patience_replaces_t_max() -> None:
    m = machine(reliable=True)
    m.handle(SendRequest(audit(), B, patience=2.5), 0.0)
    assert m.deadline == 2.5


def test_abandoning_a_peer_ends_its_requests_and_no_others() -> None:
    m = machine(three_way=True)
    m.handle(SendRequest(audit(), B, tag=1), 0.0)
    m.handle(SendRequest(audit(), A, tag=2), 0.0)
    m.handle(SendRequest(audit(), B, tag=3), 0.0)
    arrive(m, TransactionReply(3, DONE))
    assert m.handle(Abandon(B), 0.0) == [RequestFailed(1, 1, Failure.ABANDONED, B)]
    assert m.outstanding == 1
    assert len(m.handle(Tick(), 0.6)) == 1  # the repeat to A; no acknowledgement to B


@pytest.mark.parametrize(("count", "refused"), [(3, 0), (4, 1)])
def test_requests_outstanding_have_a_limit(count: int, refused: int) -> None:
    m = machine(max_outstanding=3)
    outputs = [output for n in range(count) for output in m.handle(SendRequest(audit(), B, tag=n), 0.0)]
    failed = [output for output in outputs if isinstance(output, RequestFailed)]
    assert failed == [RequestFailed(3, 0, Failure.TOO_MANY, B)][:refused]


def test_a_request_larger_than_a_datagram_fails_at_once() -> None:
    size = len(encode(Message(1, MGC, (TransactionRequest(1, audit()),)), Encoding.PRETTY))
    assert isinstance(machine(max_message=size).handle(SendRequest(audit(), B), 0.0)[0], Transmit)
    (failed,) = machine(max_message=size - 1).handle(SendRequest(audit(), B), 0.0)
    assert failed.reason is Failure.TOO_LARGE


def test_round_trips_are_remembered_for_so_many_peers() -> None:
    m = machine(max_peers=2)
    for port in range(1, 100):
        m.handle(SendRequest(audit(), TransportAddress(B.host, port)), 0.0)
    assert len(m._outgoing._trips) == 2


# --- responder ---------------------------------------------------------------------------------------


def test_a_request_is_handed_up_once_and_repeats_get_the_reply_again() -> None:
    m = machine()
    (arrived,) = arrive(m, request(5))
    assert arrived == RequestArrived(1, request(5), B, 2, GATEWAY)
    (reply,) = m.handle(SendReply(1, DONE), 0.1)
    assert reply.peer == B
    assert decode(reply.data) == Message(2, MGC, (TransactionReply(5, DONE),))
    assert arrive(m, request(5), now=29.0) == [reply]


def test_the_reply_goes_where_the_last_repeat_came_from() -> None:
    m = machine()
    arrive(m, request(5))
    elsewhere = TransportAddress("192.0.2.77", 5)
    arrive(m, request(5), source=elsewhere)
    (reply,) = m.handle(SendReply(1, DONE), 0.1)
    assert reply.peer == elsewhere


def test_a_repeat_while_executing_gets_pending_and_the_reply_then_asks_for_an_acknowledgement() -> None:
    m = machine()
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
    m = machine()
    arrive(m, request(5))
    m.handle(SendReply(1, DONE, confirm=True), 0.0)
    repeats = 0
    while m.deadline < 30.0:
        now = m.deadline
        repeats += len(m.handle(Tick(), now))
    assert 8 <= repeats <= 12
    assert now <= 24.0


def test_long_execution_sends_pending_by_itself() -> None:
    m = machine(provisional=0.5)
    arrive(m, request(5))
    assert m.deadline == 0.5
    (pending,) = m.handle(Tick(), 0.5)
    assert decoded(pending).body == (TransactionPending(5),)
    assert m.deadline == 1.0


def test_one_pending_too_many_is_answered_506_and_the_user_is_told() -> None:
    m = machine(pending_limit=2)
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
    m = machine()
    arrive(m, request(5))
    m.handle(SendReply(1, DONE), 0.0)
    m.handle(Tick(), m.deadline)
    assert m.remembered == (0, 0)
    assert isinstance(arrive(m, request(5), now=32.0)[0], RequestArrived)
    assert m.executing == 1


def test_the_same_id_of_another_peer_is_another_transaction() -> None:
    m = machine()
    arrive(m, request(5))
    (other,) = m.handle(Received(message(MGC, request(5)), B), 0.0)
    assert isinstance(other, RequestArrived)


def test_a_known_id_with_other_content_is_a_restarted_peer() -> None:
    m = machine()
    arrive(m, request(5))
    m.handle(SendReply(1, DONE), 0.0)
    (anew,) = arrive(m, request(5, context=1), now=1.0)
    assert (anew.handle, anew.request) == (2, request(5, context=1))
    aborted, anew = arrive(m, request(5, context=2), now=2.0)
    assert (aborted.handle, anew.handle) == (2, 3)
    assert isinstance(m.handle(SendReply(2, DONE), 3.0)[0], Noted)
    assert isinstance(m.handle(SendReply(3, DONE), 3.0)[0], Transmit)


def test_a_peer_that_is_known_to_have_restarted_is_forgotten() -> None:
    m = machine()
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
        machine().handle(SendReply(1, DONE), 0.0)
    with pytest.raises(LocalError):
        machine().handle("what", 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("ranges", [((5, 7),), ((1, 4_000_000_000),), ((5, 5), (6, 6), (7, 7))])
def test_acknowledged_replies_are_dropped_and_their_ids_kept(ranges: tuple[tuple[int, int], ...]) -> None:
    m = machine()
    for number in (5, 6, 7):
        arrive(m, request(number))
        m.handle(SendReply(number - 4, DONE), 0.0)
    arrive(m, TransactionAck(ranges))
    assert m.remembered == (3, 0)
    assert arrive(m, request(6)) == []


def test_an_acknowledgement_of_what_is_executing_or_unknown_changes_nothing() -> None:
    m = machine()
    assert arrive(m, TransactionAck(((1, 9),))) == []
    arrive(m, request(5))
    assert arrive(m, TransactionAck(((1, 9),))) == []
    assert isinstance(m.handle(SendReply(1, DONE), 0.0)[0], Transmit)


def test_requests_executing_have_a_limit_silent_on_udp() -> None:
    m = machine(max_executing=2)
    arrive(m, request(1), request(2))
    (note,) = arrive(m, request(3))
    assert isinstance(note, Noted)
    m.handle(SendReply(1, DONE), 0.1)
    assert isinstance(arrive(m, request(3), now=0.2)[0], RequestArrived)  # its repeat finds room


def test_requests_executing_have_a_limit_answered_on_tcp() -> None:
    m = machine(max_executing=2, reliable=True)
    arrive(m, request(1), request(2))
    reply, _ = arrive(m, request(3))
    assert decoded(reply).body[0].result.code == 511


def test_on_tcp_replies_ask_for_no_acknowledgement() -> None:
    m = machine(reliable=True)
    arrive(m, request(5))
    m.handle(Tick(), 1.0)  # Pending
    (reply,) = m.handle(SendReply(1, DONE, confirm=True), 2.0)
    assert decoded(reply).body == (TransactionReply(5, DONE),)


@pytest.mark.parametrize("limit", [1, 10])
def test_ids_remembered_have_a_limit_the_oldest_go(limit: int) -> None:
    m = machine(max_remembered=limit)
    for number in range(1, limit + 2):
        arrive(m, request(number))
        m.handle(SendReply(number, DONE), 0.0)
    assert m.remembered[0] == limit
    assert isinstance(arrive(m, request(2))[0], Transmit)
    assert isinstance(arrive(m, request(1))[0], RequestArrived)


def test_replies_remembered_have_a_limit_the_oldest_lose_their_octets_not_their_ids() -> None:
    m = machine()
    arrive(m, request(1))
    (reply,) = m.handle(SendReply(1, DONE), 0.0)
    size = len(reply.data)
    m = machine(max_remembered_octets=3 * size)
    for number in range(1, 5):
        arrive(m, request(number))
        m.handle(SendReply(number, DONE), 0.0)
    assert m.remembered == (4, 3 * size)
    assert arrive(m, request(1)) == []
    assert len(arrive(m, request(2))) == 1


def test_a_reply_that_fits_no_datagram_becomes_error_533() -> None:
    long = tuple(ActionReply(n, (CommandReply(Verb.SUBTRACT, ("*",)),)) for n in range(1, 40))
    m = machine(max_message=500)
    arrive(m, request(5))
    (reply,) = m.handle(SendReply(1, long), 0.0)
    assert decoded(reply).body[0].result.code == 533
    assert len(reply.data) <= 500


# --- what cannot be read -----------------------------------------------------------------------------


def test_a_transaction_that_could_not_be_read_is_answered_with_its_error_at_once() -> None:
    m = machine()
    error = ErrorDescriptor(403, "no")
    outputs = arrive(m, TransactionRequest(5, error=error), request(6), TransactionRequest(0, error=error))
    assert decoded(outputs[0]).body == (TransactionReply(5, error),)
    assert isinstance(outputs[1], RequestArrived)
    assert decoded(outputs[2]).body == (TransactionReply(0, error),)
    assert m.remembered[0] == 1  # what has no id cannot be repeated
    assert arrive(m, TransactionRequest(5, error=error)) == [outputs[0]]


@pytest.mark.parametrize("data", [b"", b"\0", b"MEGACO/2", b"\x30\x80", b"GET / HTTP/1.1\r\n"])
def test_octets_that_are_no_message_get_a_message_that_is_an_error(data: bytes) -> None:
    outputs = machine().handle(Received(data, B), 0.0)
    answers = [decoded(output).body for output in outputs if isinstance(output, Transmit)]
    assert len(answers) == 1
    assert isinstance(answers[0], ErrorDescriptor)
    assert isinstance(outputs[-1], Noted)


def test_an_unknown_version_is_406() -> None:
    (answer, _) = machine().handle(Received(Message(4, GATEWAY, (request(1),)), B), 0.0)
    assert decoded(answer).body.code == 406


def test_an_error_for_a_whole_message_is_told_and_never_answered() -> None:
    error = ErrorDescriptor(400, "what")
    assert machine().handle(Received(Message(1, GATEWAY, error), B), 0.0) == [
        MessageErrorArrived(error, B, GATEWAY)
    ]


@pytest.mark.parametrize(("count", "refused"), [(3, False), (4, True)])
def test_transactions_in_a_message_have_a_limit(count: int, refused: bool) -> None:
    outputs = arrive(machine(max_transactions=3), *(request(n) for n in range(1, count + 1)))
    assert isinstance(outputs[0], Transmit) is refused
    if refused:
        assert decoded(outputs[0]).body.code == 413


def test_a_segment_acknowledgement_that_nobody_waits_for_is_dropped() -> None:
    assert arrive(machine(), SegmentAck(1, 1)) == []


def test_a_spurious_tick_is_harmless() -> None:
    m = machine()
    assert (m.handle(Tick(), 5.0), m.deadline) == ([], NEVER)
