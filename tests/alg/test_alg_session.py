"""The media session alone: offers and answers in, procedures out (requests, body); and wrong use."""

import pytest

from imsedge.alg import answers, cases, lines, offers, requests  # noqa: F401 - proven here through the session
from imsedge.alg.policy import Policy
from imsedge.alg.procedures import Ack, Rejected, ReleaseTerminations, Reserve, Side, StreamAck
from imsedge.alg.session import MAX_WITHHELD, MediaSession
from imsedge.alg.verdicts import Forward, Perform, Refuse, Withhold
from imsedge.core.address import TransportAddress
from imsedge.core.errors import LocalError
from imsedge.core.ids import CountingIds
from imsedge.security.fingerprint import read_fingerprint
from kit.edge_bodies import OFFER, core_answer

BOTH = frozenset({"msrp-tls"})
PRINT = read_fingerprint("sha-256 " + ":".join(["AB"] * 32))


def ack(side: Side) -> Ack:
    address = TransportAddress("10.0.0.1" if side is Side.CORE else "203.0.113.5", 30_000)
    stream = StreamAck(stream=1, local=address, fingerprint=PRINT if side is Side.ACCESS else None)
    return Ack(context=4, termination=f"ip/{side.value}/1", streams=(stream,))


def offered() -> MediaSession:
    session = MediaSession(Policy(), CountingIds())
    (first,) = session.offer(Side.ACCESS, OFFER, BOTH)
    assert isinstance(first, Perform)
    (second,) = session.performed(ack(Side.CORE))
    assert isinstance(second, Perform)
    (forward,) = session.performed(ack(Side.ACCESS))
    assert isinstance(forward, Forward)
    return session


def answered() -> MediaSession:
    session = offered()
    session.answer(core_answer("passive"), dialog="b1")
    session.performed(Ack(context=4))
    session.performed(Ack(context=4))
    return session


def test_the_second_procedure_is_in_the_context_that_the_first_made() -> None:
    session = MediaSession(Policy(), CountingIds())
    session.offer(Side.ACCESS, OFFER, BOTH)
    (perform,) = session.performed(ack(Side.CORE))
    assert isinstance(perform, Perform)
    assert isinstance(perform.procedure, Reserve)
    assert (perform.procedure.context, perform.procedure.side) == (4, Side.ACCESS)


def test_an_answer_without_an_offer_is_refused() -> None:
    session = MediaSession(Policy(), CountingIds())
    assert session.answer(core_answer()) == [Refuse(500, "an answer without an offer")]


def test_an_offer_while_another_is_open_is_refused() -> None:
    session = offered()
    assert session.offering
    assert session.offer(Side.CORE, OFFER, BOTH) == [Refuse(491, "another offer is not answered yet")]


def test_repeats_and_their_impostors() -> None:
    session = answered()
    (first,) = session.answer(core_answer("passive"), dialog="b1")
    assert session.repeat(core_answer("passive")) == [first]
    (sent,) = session.repeat(OFFER)
    assert isinstance(sent, Forward)
    assert session.repeat("v=0\r\n") == [Withhold()]
    assert MediaSession(Policy(), CountingIds()).repeat("v=0\r\n") == [Forward("v=0\r\n")]


def test_port_9_and_the_port_of_the_connection_are_the_same_place() -> None:
    session = answered()
    session.offer(Side.CORE, core_answer("actpass", port=9), BOTH)
    (forward,) = session.answer(OFFER.replace("actpass", "passive"), dialog="b1")
    assert isinstance(forward, Forward)


def test_release_waits_for_the_procedure_that_runs() -> None:
    session = MediaSession(Policy(), CountingIds())
    session.offer(Side.ACCESS, OFFER, BOTH)
    assert session.release() == []
    assert session.performed(ack(Side.CORE)) == [Perform(ReleaseTerminations(context=4), awaited=False)]
    assert session.release() == []


def test_release_of_a_reservation_that_failed_frees_what_it_made() -> None:
    session = MediaSession(Policy(), CountingIds())
    session.offer(Side.ACCESS, OFFER, BOTH)
    session.release()
    outputs = session.performed(Rejected(code=500, reason="half", context=6))
    assert outputs == [Perform(ReleaseTerminations(context=6), awaited=False)]


def test_a_lost_gateway_needs_no_release() -> None:
    session = answered()
    session.lost()
    assert session.release() == []


def test_wrong_use_is_said() -> None:
    session = MediaSession(Policy(), CountingIds())
    with pytest.raises(LocalError):
        session.performed(Ack(context=1))
    session.offer(Side.ACCESS, OFFER, BOTH)
    assert session.busy
    with pytest.raises(LocalError):
        session.answer(core_answer())


def test_withheld_answers_have_a_limit() -> None:
    session = answered()
    for number in range(MAX_WITHHELD + 1):
        assert session.answer(core_answer(), dialog=f"x{number}", final=False) == [Withhold()]
    assert session.withheld("x0") is None
    assert session.withheld(f"x{MAX_WITHHELD}") == core_answer()


def test_a_session_level_fingerprint_counts_and_does_not_leak() -> None:
    line = next(line for line in OFFER.split("\r\n") if "fingerprint" in line)
    moved = OFFER.replace(line + "\r\n", "").replace("t=0 0\r\n", f"t=0 0\r\n{line}\r\n")
    session = MediaSession(Policy(), CountingIds())
    session.offer(Side.ACCESS, moved, BOTH)
    session.performed(ack(Side.CORE))
    (forward,) = session.performed(ack(Side.ACCESS))
    assert isinstance(forward, Forward)
    assert "fingerprint" not in forward.text
