"""Two transaction machines on a wire that loses, repeats and reorders: what clause 8 promises holds.

The promise: a request is executed at most once; when its sender gets a reply it was executed exactly
once; the sender always learns an end; and nobody remembers anything for ever.
"""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsedge.core.ids import CountingIds
from imsedge.core.machine import NEVER
from imsedge.h248.model import ErrorDescriptor
from imsedge.h248.transactions import (
    Failure,
    ReplyArrived,
    RequestArrived,
    RequestFailed,
    SendReply,
    SendRequest,
    Transactions,
)
from kit.h248 import GATEWAY, MGC, A, B, audit, audited, settings
from kit.wire import FATES, After, Fate, Node, User, Wire, losing

FOREVER = 80.0  # seconds: T-MAX with a pending in between, LONG-TIMER, and some


def executing_for(delay: float) -> User:
    """A user that answers each request after ``delay`` seconds."""

    def user(output: Any) -> Iterable[Any]:
        if isinstance(output, RequestArrived):
            reply = SendReply(output.handle, audited(output.request.actions[0].context))
            yield After(delay, reply) if delay else reply

    return user


CONTEXTS = range(1, 7)


def listing(output: Any) -> Iterable[Any]:
    """A user whose replies do not fit a datagram."""
    if isinstance(output, RequestArrived):
        yield SendReply(output.handle, tuple(action for number in CONTEXTS for action in audited(number)))


def pair(fates: Iterable[Fate], delay: float, **changes: object) -> tuple[Wire, Node, Node]:
    wire = Wire(fates=fates)
    asker = wire.attach(A, Transactions(settings(MGC, **changes), CountingIds()))
    doer = wire.attach(B, Transactions(settings(GATEWAY, **changes), CountingIds()), executing_for(delay))
    return wire, asker, doer


def check_promise(asker: Node, doer: Node, tags: list[int]) -> None:
    executed = [output.request.actions[0].context for output in doer.outputs(RequestArrived)]
    assert len(executed) == len(set(executed)), "something was executed twice"
    replied: list[Any] = [output.tag for output in asker.outputs(ReplyArrived)]
    failed: list[Any] = [output.tag for output in asker.outputs(RequestFailed)]
    assert sorted(replied + failed) == sorted(tags), "each request has one end"
    assert set(replied) <= set(executed), "a reply to what was never executed"
    for reply in asker.outputs(ReplyArrived):
        assert isinstance(reply.tag, int)
        assert reply.result == audited(reply.tag), "the reply of another request"
    for node in (asker, doer):
        machine = node.machine
        assert (machine.outstanding, machine.executing, machine.remembered) == (0, 0, (0, 0))
        assert machine.deadline == NEVER


@pytest.mark.parametrize("delay", [0.0, 0.3, 2.5])
@pytest.mark.parametrize("rest", [".", "x"])
def test_every_fate_of_the_first_datagrams(delay: float, rest: str) -> None:
    """All patterns of arriving, lost, doubled, late and doubled-late over the first four datagrams."""
    for letters in product(FATES, repeat=4):
        pattern = "".join(letters)
        wire, asker, doer = pair(losing(pattern, rest), delay)
        asker.feed(SendRequest(audit(1), B, tag=1))
        wire.run(FOREVER)
        check_promise(asker, doer, [1])
        if rest == ".":
            assert len(asker.outputs(ReplyArrived)) == 1, pattern


@pytest.mark.parametrize(
    ("letters", "first"),
    [(".x", 12), (".&", 9), ("x&", 9), (".x2", 6)],
    ids=["lost", "doubled", "late", "mixed"],
)
def test_every_subset_of_the_first_datagrams_of_two_requests(letters: str, first: int) -> None:
    """Lost, or doubled with the second copy late: requests, replies, pendings and acknowledgements."""
    for chosen in product(letters, repeat=first):
        pattern = "".join(chosen)
        wire, asker, doer = pair(losing(pattern), 0.3, three_way=True)
        asker.feed(SendRequest(audit(1), B, tag=1))
        wire.later(0.25, asker, SendRequest(audit(2), B, tag=2))
        wire.run(FOREVER)
        check_promise(asker, doer, [1, 2])
        assert len(asker.outputs(ReplyArrived)) == 2, pattern


@pytest.mark.parametrize("letters", [".x", "x&"])
def test_every_subset_of_the_datagrams_of_a_reply_in_segments(letters: str) -> None:
    """Request, segments and their acknowledgements: the whole reply comes, once, or its sender is told."""
    for chosen in product(letters, repeat=8):
        wire = Wire(fates=losing("".join(chosen)))
        asker = wire.attach(A, Transactions(settings(MGC), CountingIds()))
        doer = wire.attach(B, Transactions(settings(GATEWAY, max_message=150), CountingIds()), listing)
        asker.feed(SendRequest(audit(1), B, tag=1, version=3))
        wire.run(FOREVER)
        assert len(doer.outputs(RequestArrived)) == 1
        (reply,) = asker.outputs(ReplyArrived)
        assert not isinstance(reply.result, ErrorDescriptor)
        assert [action.context for action in reply.result] == list(CONTEXTS)
        assert (doer.machine.executing, doer.machine.remembered) == (0, (0, 0))


@pytest.mark.parametrize("three_way", [False, True])
@given(
    fates=st.lists(st.sampled_from(list(FATES.values())), max_size=80),
    delay=st.sampled_from([0.0, 0.15, 0.9, 4.5]),
    starts=st.lists(st.floats(0, 3), min_size=1, max_size=8),
)
def test_many_requests_at_once(three_way: bool, fates: list[Fate], delay: float, starts: list[float]) -> None:
    wire, asker, doer = pair(fates, delay, three_way=three_way)
    for tag, start in enumerate(starts, 1):
        wire.later(start, asker, SendRequest(audit(tag), B, tag=tag))
    wire.run(FOREVER)
    check_promise(asker, doer, list(range(1, len(starts) + 1)))


def test_a_peer_that_never_answers_ends_in_a_failure_at_t_max() -> None:
    wire, asker, doer = pair(losing("", "x"), 0.0)
    asker.feed(SendRequest(audit(1), B, tag=1))
    wire.run(FOREVER)
    assert asker.outputs(RequestFailed) == [RequestFailed(1, 1, Failure.TIMED_OUT, B)]
    assert asker.times(RequestFailed) == [20.0]
    assert not doer.outputs(RequestArrived)


def test_when_only_replies_are_lost_the_request_is_executed_once_and_fails() -> None:
    wire, asker, doer = pair((), 0.0)
    wire.silent.add(B)
    asker.feed(SendRequest(audit(1), B, tag=1))
    wire.run(FOREVER)
    assert len(doer.outputs(RequestArrived)) == 1
    assert [failed.reason for failed in asker.outputs(RequestFailed)] == [Failure.TIMED_OUT]


def test_a_long_execution_is_not_mistaken_for_silence() -> None:
    wire, asker, doer = pair((), 15.0)
    asker.feed(SendRequest(audit(1), B, tag=1))
    wire.run(FOREVER)
    assert asker.times(ReplyArrived) == [pytest.approx(15.02)]
    assert len(doer.outputs(RequestArrived)) == 1


def test_execution_beyond_the_pending_limit_ends_with_506_on_both_sides() -> None:
    wire, asker, doer = pair((), 70.0)
    asker.feed(SendRequest(audit(1), B, tag=1))
    wire.run(100.0)
    (reply,) = asker.outputs(ReplyArrived)
    assert isinstance(reply.result, ErrorDescriptor)
    assert reply.result.code == 506
    assert (asker.machine.deadline, doer.machine.executing) == (NEVER, 0)


def test_a_repeat_that_is_older_than_the_answer_to_the_next_request_is_still_a_repeat() -> None:
    wire, asker, doer = pair(losing("&"), 0.0)  # the first arrives twice, the second copy late
    asker.feed(SendRequest(audit(1), B, tag=1))
    wire.later(0.3, asker, SendRequest(audit(2), B, tag=2))
    wire.run(FOREVER)
    check_promise(asker, doer, [1, 2])


def test_without_loss_a_transaction_costs_two_datagrams() -> None:
    wire, asker, doer = pair((), 0.0)
    for tag in range(1, 101):
        wire.later(tag / 100, asker, SendRequest(audit(tag), B, tag=tag))
    wire.run(FOREVER)
    check_promise(asker, doer, list(range(1, 101)))
    assert len(wire.sent) == 200


def test_the_three_way_handshake_empties_the_reply_memory_early() -> None:
    wire, asker, doer = pair((), 0.0, three_way=True)
    for tag in range(1, 101):
        wire.later(tag / 100, asker, SendRequest(audit(tag), B, tag=tag))
    wire.run(3.0)
    assert doer.machine.remembered == (100, 0)
    assert len(wire.sent) < 210


def test_memory_stays_bounded_under_a_flood_with_nobody_answering() -> None:
    limits = {
        "max_executing": 50,
        "max_remembered": 100,
        "max_remembered_octets": 5_000,
        "max_outstanding": 50,
    }
    wire, asker, doer = pair((), 0.0, **limits)
    for tag in range(1, 1001):
        asker.feed(SendRequest(audit(tag), B, tag=tag))
        wire.run(0.001)
    assert asker.machine.outstanding <= 50
    wire.run(0.5)
    ids, octets = doer.machine.remembered
    assert ids <= 100
    assert octets <= 5_000
    wire.run(FOREVER)
    executed = [output.request.actions[0].context for output in doer.outputs(RequestArrived)]
    assert len(executed) == len(set(executed))
    assert doer.machine.remembered == (0, 0)
