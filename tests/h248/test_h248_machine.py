"""What the transaction machine does about messages that it cannot read or that nobody waits for."""

import pytest

from imsedge.core.machine import NEVER, Tick
from imsedge.h248.codec import Encoding, encode, encoding_of
from imsedge.h248.model import (
    ActionReply,
    ActionRequest,
    CommandReply,
    CommandRequest,
    ErrorDescriptor,
    Message,
    SegmentAck,
    Statistic,
    Statistics,
    TransactionReply,
    TransactionRequest,
    Verb,
)
from imsedge.h248.transactions import (
    Failure,
    MessageErrorArrived,
    Noted,
    Received,
    RequestArrived,
    SendReply,
    SendRequest,
    Transmit,
)
from kit.h248 import (
    DONE,
    GATEWAY,
    B,
    arrive,
    decoded,
    request,
    transactions,
)


def test_a_transaction_that_could_not_be_read_is_answered_with_its_error_at_once() -> None:
    m = transactions()
    error = ErrorDescriptor(403, "no")
    outputs = arrive(m, TransactionRequest(5, error=error), request(6), TransactionRequest(0, error=error))
    assert decoded(outputs[0]).body == (TransactionReply(5, error),)
    assert isinstance(outputs[1], RequestArrived)
    assert decoded(outputs[2]).body == (TransactionReply(0, error),)
    assert m.remembered[0] == 1  # what has no id cannot be repeated
    assert arrive(m, TransactionRequest(5, error=error)) == [outputs[0]]


@pytest.mark.parametrize("data", [b"", b"\0", b"MEGACO/2", b"\x30\x80", b"GET / HTTP/1.1\r\n"])
def test_octets_that_are_no_message_get_a_message_that_is_an_error(data: bytes) -> None:
    outputs = transactions().handle(Received(data, B), 0.0)
    answers = [decoded(output).body for output in outputs if isinstance(output, Transmit)]
    assert len(answers) == 1
    assert isinstance(answers[0], ErrorDescriptor)
    assert isinstance(outputs[-1], Noted)


def test_an_unknown_version_is_406() -> None:
    (answer, _) = transactions().handle(Received(Message(4, GATEWAY, (request(1),)), B), 0.0)
    assert decoded(answer).body.code == 406


def test_an_error_for_a_whole_message_is_told_and_never_answered() -> None:
    error = ErrorDescriptor(400, "what")
    assert transactions().handle(Received(Message(1, GATEWAY, error), B), 0.0) == [
        MessageErrorArrived(error, B, GATEWAY)
    ]


@pytest.mark.parametrize(("count", "refused"), [(3, False), (4, True)])
def test_transactions_in_a_message_have_a_limit(count: int, refused: bool) -> None:
    outputs = arrive(transactions(max_transactions=3), *(request(n) for n in range(1, count + 1)))
    assert isinstance(outputs[0], Transmit) is refused
    if refused:
        assert decoded(outputs[0]).body.code == 413


def test_a_segment_acknowledgement_that_nobody_waits_for_is_dropped() -> None:
    assert arrive(transactions(), SegmentAck(1, 1)) == []


def test_a_spurious_tick_is_harmless() -> None:
    m = transactions()
    assert (m.handle(Tick(), 5.0), m.deadline) == ([], NEVER)


@pytest.mark.parametrize("ours", list(Encoding))
@pytest.mark.parametrize("theirs", list(Encoding))
def test_text_is_answered_in_text_and_binary_in_binary(ours: Encoding, theirs: Encoding) -> None:
    m = transactions(encoding=ours)
    m.handle(Received(encode(Message(2, GATEWAY, (request(5),)), theirs), B), 0.0)
    (reply,) = m.handle(SendReply(1, DONE), 0.0)
    assert decoded(reply).body == (TransactionReply(5, DONE),)
    expected = ours if ours.is_text == theirs.is_text else theirs
    assert encoding_of(reply.data) is expected


NONSENSE = Statistics((Statistic("nosuch/item"),))  # a package without a number


def test_a_reply_that_cannot_be_said_in_the_encoding_becomes_error_500() -> None:
    m = transactions(encoding=Encoding.BER)
    arrive(m, request(5))
    wrong = (ActionReply(1, (CommandReply(Verb.SUBTRACT, ("ip/access/1",), (NONSENSE,)),)),)
    reply, note = m.handle(SendReply(1, wrong), 0.0)
    assert decoded(reply).body[0].result.code == 500
    assert "cannot be written" in note.text
    assert m.executing == 0
    assert arrive(m, request(5)) == [reply]


def test_a_request_that_cannot_be_said_in_the_encoding_fails_at_once() -> None:
    m = transactions(encoding=Encoding.BER)
    wrong = (ActionRequest(1, (CommandRequest(Verb.ADD, ("$",), descriptors=(NONSENSE,)),)),)
    failed, note = m.handle(SendRequest(wrong, B, tag=3), 0.0)
    assert (failed.tag, failed.reason) == (3, Failure.UNWRITABLE)
    assert "cannot be written" in note.text
    assert m.outstanding == 0
