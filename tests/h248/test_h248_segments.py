"""Replies of version 3 that fit no datagram: cut, lost, repeated, put together."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER, Tick
from imsedge.h248.codec import Encoding, encode
from imsedge.h248.model import (
    ActionReply,
    CommandReply,
    ContextProperties,
    ErrorDescriptor,
    Message,
    SegmentAck,
    TransactionReply,
    Verb,
)
from imsedge.h248.transactions import (
    Failure,
    Received,
    ReplyArrived,
    RequestArrived,
    RequestFailed,
    SendReply,
    SendRequest,
    Transactions,
)
from imsedge.h248.transactions.segments import MAX_SEGMENTS, Assembly, join, split
from kit.h248 import DONE, GATEWAY, MGC, A, B, arrive, audit, decoded, request, settings, transactions
from kit.wire import FATES, Node, Wire, losing

MOST = 470  # octets of a datagram here


def replies(count: int, context: int = 1) -> tuple[ActionReply, ...]:
    names = (f"ip/access/{number:03}" for number in range(count))
    return (ActionReply(context, tuple(CommandReply(Verb.SUBTRACT, (name,)) for name in names)),)


def size(reply: TransactionReply, encoding: Encoding = Encoding.PRETTY) -> int:
    return len(encode(Message(3, MGC, (reply,)), encoding))


def put_together(segments: Iterable[TransactionReply]) -> Any:
    assembly = Assembly()
    return [assembly.add(segment) for segment in segments][-1]


# --- cutting -----------------------------------------------------------------------------------------

COMMANDS = st.integers(1, 40_000).map(lambda n: CommandReply(Verb.SUBTRACT, (f"ip/access/{n}",)))
ACTIONS = st.lists(
    st.builds(
        ActionReply,
        st.integers(1, 3),
        st.lists(COMMANDS, max_size=6).map(tuple),
        st.sampled_from([None, ContextProperties(priority=3)]),
        st.sampled_from([None, ErrorDescriptor(500, "why")]),
    ),
    min_size=1,
    max_size=6,
).map(tuple)


@pytest.mark.parametrize("encoding", list(Encoding))
@given(ACTIONS, st.integers(250, 700))
def test_no_segment_is_too_large_and_together_they_are_the_reply(
    encoding: Encoding, actions: tuple[ActionReply, ...], most: int
) -> None:
    segments = split(7, actions, most, lambda reply: size(reply, encoding))
    assert segments is not None
    assert all(size(segment, encoding) <= most for segment in segments)
    assert [segment.segment for segment in segments] == list(range(1, len(segments) + 1))
    assert [segment.last for segment in segments] == [False] * (len(segments) - 1) + [True]
    assert put_together(segments) == join(actions)
    assert put_together(reversed(segments)) == join(actions)


def test_a_long_reply_is_measured_in_large_parts_and_fills_its_segments() -> None:
    measured: list[int] = []

    def counted(reply: TransactionReply) -> int:
        measured.append(size(reply))
        return measured[-1]

    actions = tuple(action for context in range(1, 2_001) for action in replies(2, context))
    segments = split(7, actions, 8_000, counted)
    assert segments is not None
    assert sum(measured) < 3 * size(TransactionReply(7, actions))
    assert all(size(segment) > 6_500 for segment in segments[:-1])


def test_what_cannot_be_cut_is_not_cut() -> None:
    long = (ActionReply(1, (CommandReply(Verb.SUBTRACT, ("x" * 64,)),)),)
    assert split(7, long, size(TransactionReply(7, long)) - 1, size) is None


def test_segments_have_a_limit() -> None:
    one = size(TransactionReply(7, replies(1), segment=MAX_SEGMENTS, last=True))
    assert len(split(7, replies(MAX_SEGMENTS), one, size) or ()) == MAX_SEGMENTS
    assert split(7, replies(MAX_SEGMENTS + 1), one, size) is None


@pytest.mark.parametrize("number", [0, MAX_SEGMENTS + 1])
def test_segments_out_of_range_are_passed_over(number: int) -> None:
    assert Assembly().add(TransactionReply(7, DONE, segment=number, last=True)) is None


def test_an_error_ends_the_reply_whatever_is_missing() -> None:
    error = ErrorDescriptor(500, "no")
    assert Assembly().add(TransactionReply(7, error, segment=2)) == error


# --- the machine ---------------------------------------------------------------------------------------


def v3(machine: Any, *what: Any, now: float = 0.0) -> list[Any]:
    outputs: list[Any] = machine.handle(Received(Message(3, GATEWAY, what), B), now)
    return outputs


def test_only_version_3_over_udp_cuts() -> None:
    for version, reliable in ((2, False), (3, True)):
        m = transactions(max_message=MOST, reliable=reliable)
        m.handle(Received(Message(version, GATEWAY, (request(5),)), B), 0.0)
        (reply,) = m.handle(SendReply(1, replies(20)), 0.0)
        assert decoded(reply).body[0].result.code == 533


def test_segments_are_repeated_until_each_is_acknowledged() -> None:
    m = transactions(max_message=MOST)
    v3(m, request(5))
    sent = m.handle(SendReply(1, replies(30)), 0.0)
    assert len(sent) == 3
    v3(m, SegmentAck(5, 2), SegmentAck(5, 9), SegmentAck(6, 1), SegmentAck(5, 0))
    assert m.handle(Tick(), 0.2) == [sent[0], sent[2]]
    assert v3(m, request(5), now=0.3) == [sent[0], sent[2]]
    v3(m, SegmentAck(5, 1), SegmentAck(5, 3, True))
    assert m.remembered == (1, 0)
    assert v3(m, request(5), now=0.3) == []
    assert m.handle(Tick(), 10.0) == []


def test_each_segment_is_acknowledged_also_when_it_comes_again() -> None:
    m = transactions()
    m.handle(SendRequest(audit(), B, tag=7, version=3), 0.0)
    first, last = TransactionReply(1, DONE, segment=1), TransactionReply(1, DONE, segment=2, last=True)
    (ack,) = v3(m, first)
    assert decoded(ack) == Message(3, MGC, (SegmentAck(1, 1),))
    ack, reply = v3(m, last)
    assert decoded(ack).body == (SegmentAck(1, 2, True),)
    assert (reply.tag, reply.result) == (7, (ActionReply(0, DONE[0].replies * 2),))
    assert v3(m, last) == [ack]


def test_a_segment_under_an_older_version_is_acknowledged_in_the_one_that_has_segments() -> None:
    machine = transactions()
    (sent,) = machine.handle(SendRequest(audit(), B), 0.0)
    number = decoded(sent).body[0].id
    (ack,) = machine.handle(Received(b"!/2 <gw.example.net> P=%d/1{C=-{AV=ROOT}}" % number, B), 0.1)
    assert (decoded(ack).version, decoded(ack).body) == (3, (SegmentAck(number, 1),))


def test_a_first_segment_is_a_sign_of_life() -> None:
    m = transactions()
    m.handle(SendRequest(audit(), B, tag=7, version=3), 0.0)
    v3(m, TransactionReply(1, DONE, segment=1), now=10.0)
    while m.deadline < NEVER:
        now = m.deadline
        outputs = m.handle(Tick(), now)
    assert (now, outputs) == (30.0, [RequestFailed(7, 1, Failure.TIMED_OUT, B)])


def test_every_fate_of_the_first_datagrams_of_a_segmented_reply() -> None:
    for letters in product(FATES, repeat=4):
        wire = Wire(fates=losing("." + "".join(letters)))

        def user(output: Any) -> Iterable[Any]:
            if isinstance(output, RequestArrived):
                yield SendReply(output.handle, replies(20))

        own = settings(GATEWAY, max_message=MOST)
        asker: Node = wire.attach(A, Transactions(settings(MGC), CountingIds()))
        doer: Node = wire.attach(B, Transactions(own, CountingIds()), user)
        asker.feed(SendRequest(audit(), B, tag=1, version=3))
        wire.run(80.0)
        assert [reply.result for reply in asker.outputs(ReplyArrived)] == [replies(20)]
        assert len(doer.outputs(RequestArrived)) == 1
        assert (doer.machine.remembered, doer.machine.deadline) == ((0, 0), NEVER)


def test_a_reply_whole_or_in_segments_goes_without_the_waiting_acknowledgements_if_they_do_not_fit() -> None:
    long = replies(6)
    m = transactions(three_way=True, max_message=size(TransactionReply(5, long)))
    m.handle(SendRequest(audit(), B), 0.0)
    arrive(m, TransactionReply(1, DONE))
    v3(m, request(5))
    (reply,) = m.handle(SendReply(1, long), 0.1)
    assert decoded(reply).body == (TransactionReply(5, long),)
    (ack,) = m.handle(Tick(), 0.5)
    assert decoded(ack).body[0].ranges == ((1, 1),)
