"""Events of the media plane and the state of a stream."""

from typing import get_args

import pytest

from imsedge.agw.bearers import apply_event, is_answer, log_text
from imsedge.agw.control import Control
from imsedge.agw.local_remote import read_local
from imsedge.agw.state import Phase, StreamState
from imsedge.agw.streams import StreamTerms, endpoint_settings
from imsedge.bearer.messages import (
    AnyEvent,
    Closed,
    Connecting,
    Counters,
    Established,
    Failed,
    FailureCause,
    Latched,
    MessageRefused,
    Opened,
    OpenFailed,
    Quiet,
    Refused,
    Released,
    Relinked,
    RelinkFailed,
    Statistics,
    TlsEstablished,
    TlsRole,
    TlsStarted,
    Verified,
    Ways,
)
from imsedge.core.address import TransportAddress
from imsedge.h248.model import StreamMode
from imsedge.security.fingerprint import fingerprint_of

HERE, PEER = TransportAddress("10.0.0.1", 1), TransportAddress("10.9.9.9", 2)
SOMEBODY = fingerprint_of(b"somebody")


def stream() -> StreamState:
    local = read_local("v=0\nc=IN IP4 $\nm=- $ TCP/TLS -\n", b"ours")
    terms = StreamTerms(Control(mode=StreamMode.SEND_RECEIVE), local)
    return StreamState(1, 1, 1, terms, endpoint_settings(terms, "default"))


PHASES: list[tuple[AnyEvent, Phase, bool, str | None]] = [
    (Opened(1, 0.0, HERE), Phase.IDLE, True, None),
    (OpenFailed(1, 0.0, exhausted=True, reason="x"), Phase.FAILED, True, None),
    (Relinked(1, 0.0, 1), Phase.OPENING, True, None),
    (RelinkFailed(1, 0.0, 1, "elsewhere"), Phase.OPENING, True, None),
    (Connecting(1, 0.0, HERE, PEER), Phase.CONNECTING, False, None),
    (Established(1, 0.0, HERE, PEER, accepted=True), Phase.CONNECTED, False, "connected with 10.9.9.9:2"),
    (Refused(1, 0.0, PEER, "not you"), Phase.OPENING, False, "refused 10.9.9.9:2: not you"),
    (TlsStarted(1, 0.0, TlsRole.CLIENT), Phase.HANDSHAKING, False, None),
    (
        TlsEstablished(1, 0.0, "TLSv1.3", "X", SOMEBODY, verified=False),
        Phase.HANDSHAKING,
        False,
        "secured with TLSv1.3 X",
    ),
    (
        TlsEstablished(1, 0.0, "TLSv1.3", "X", SOMEBODY, verified=True),
        Phase.SECURED,
        False,
        "secured with TLSv1.3 X",
    ),
    (Verified(1, 0.0), Phase.SECURED, False, None),
    (Failed(1, 0.0, FailureCause.TCP_RESET, "why"), Phase.FAILED, False, "failed: reset by peer (why)"),
    (Failed(1, 0.0, FailureCause.PLANE), Phase.FAILED, True, "failed: the media plane was lost"),
    (Closed(1, 0.0), Phase.CLOSED, False, "closed"),
    (Latched(1, 0.0, PEER), Phase.OPENING, False, "latched onto 10.9.9.9:2"),
    (Quiet(1, 0.0, Ways.BOTH), Phase.OPENING, False, "no payload for too long"),
    (MessageRefused(1, 0.0, 481), Phase.OPENING, False, "turned an MSRP message down: 481"),
    (Statistics(1, 0.0, Counters(1)), Phase.OPENING, True, None),
    (Released(1, 0.0, Counters(1)), Phase.OPENING, True, None),
]  # fmt: skip


@pytest.mark.parametrize(("event", "phase", "answers", "text"), PHASES)
def test_each_event(event: AnyEvent, phase: Phase, answers: bool, text: str | None) -> None:
    state = stream()
    state.moving, state.link = True, 1
    answers_it = is_answer(state, event)
    apply_event(state, event)
    assert (state.phase, answers_it, log_text(event)) == (phase, answers, text)


def test_no_event_is_forgotten() -> None:
    assert {type(event) for event, *_ in PHASES} == set(get_args(AnyEvent))


def test_why_an_endpoint_could_not_be_opened() -> None:
    for event, failure in (
        (OpenFailed(1, 0.0, exhausted=True, reason="x"), (510, "no free port")),
        (OpenFailed(1, 0.0, exhausted=False, reason="no such address"), (500, "no such address")),
        (Failed(1, 0.0, FailureCause.PLANE), (500, "the media plane was lost")),
    ):
        state = stream()
        apply_event(state, event)
        assert (state.failure, state.dead) == (failure, True)


def test_a_new_handshake_may_be_ordered_after_the_old_bearer_ended() -> None:
    for event in (Closed(1, 0.0), Failed(1, 0.0, FailureCause.TLS_TIMEOUT)):
        state = stream()
        state.tls_ordered = True
        apply_event(state, event)
        assert not state.tls_ordered


def test_counters_never_go_back_to_nothing() -> None:
    state = stream()
    apply_event(state, Statistics(1, 0.0, Counters(5)))
    apply_event(state, Released(1, 0.0, Counters()))
    assert state.counters == Counters(5)


def test_only_the_last_relinking_is_answered() -> None:
    state = stream()
    state.moving, state.link = True, 7
    for event in (Relinked(1, 0.0, 6), RelinkFailed(1, 0.0, 6, "late")):
        assert not is_answer(state, event)
        apply_event(state, event)
    assert (state.moving, state.failure) == (True, None)
    apply_event(state, RelinkFailed(1, 0.0, 7, "elsewhere"))
    assert (state.moving, state.failure) == (False, (510, "elsewhere"))
    assert not is_answer(None, Relinked(1, 0.0, 7))
