"""What a gateway tells unasked, when it was armed for it, and what it keeps to itself."""

import pytest

from imsedge.agw.messages import ControllerBack, ControllerLost, Heard
from imsedge.agw.settings import Limits
from imsedge.bearer.messages import (
    AnyEvent,
    Closed,
    Counters,
    Established,
    Failed,
    FailureCause,
    Released,
    TlsEstablished,
    Verified,
)
from imsedge.core.address import TransportAddress
from imsedge.security.fingerprint import fingerprint_of
from kit.gateway_talk import GatewayTalk, asked, gateway_settings, written

PEER = TransportAddress("198.51.100.7", 7654)
SOMEBODY = fingerprint_of(b"somebody")
DAY = "20260101T"

CONNECTED = Established(1, 0.0, PEER, PEER, accepted=True)
SECURED = TlsEstablished(1, 0.0, "TLSv1.3", "X", SOMEBODY, verified=True)
UNVERIFIED = TlsEstablished(1, 0.0, "TLSv1.3", "X", SOMEBODY, verified=False)


def failed(cause: FailureCause) -> Failed:
    return Failed(1, 0.0, cause)


def begin(events: str, transport: str = "TCP/TLS", talk: GatewayTalk | None = None) -> GatewayTalk:
    """One termination with these events armed under request id 7."""
    talk = talk or GatewayTalk()
    armed = f", Events = 7 {{ {events} }}" if events else ""
    local = f"v=0\nc=IN IP4 $\nm=- $ {transport} -\n"
    media = f"Media {{ Stream = 1 {{ Local {{ {local}}} }} }}"
    assert talk.code(f"Context = $ {{ Add = $ {{ {media} {armed} }} }}") == 0
    return talk


def notified(what: str, time: str = "00000000") -> list[str]:
    events = f"ObservedEvents = 7 {{ {DAY}{time}: {what} }}"
    return [asked(f"Context = 1 {{ Notify = ip/core/1 {{ {events} }} }}")]


CASES: dict[str, tuple[str, AnyEvent, str | None]] = {
    "TLS failure": (
        "tlsbsc/BNCChange",
        failed(FailureCause.TLS_HANDSHAKE),
        'tlsbsc/BNCChange { Stream = 1, Type = Mfail, cause = "handshake failed" }',
    ),
    "TLS failure, only TCP armed: TCP is lost with it": (
        "tcpbcc/BNCChange",
        failed(FailureCause.TLS_TIMEOUT),
        'tcpbcc/BNCChange { Stream = 1, Type = Mfail, cause = "handshake timed out" }',
    ),
    "TCP failure": (
        "tcpbcc/BNCChange, tlsbsc/BNCChange",
        failed(FailureCause.TCP_REFUSED),
        'tcpbcc/BNCChange { Stream = 1, Type = Mfail, cause = "connection refused" }',
    ),
    "TCP failure, only TLS armed: no TLS without TCP": (
        "tlsbsc/BNCChange",
        failed(FailureCause.TCP_TIMEOUT),
        'tlsbsc/BNCChange { Stream = 1, Type = Mfail, cause = "timed out" }',
    ),
    "the other leg": (
        "tcpbcc/BNCChange",
        failed(FailureCause.LINKED_LEG),
        'tcpbcc/BNCChange { Stream = 1, Type = Cut, cause = "the other leg was lost" }',
    ),
    "orderly end": (
        "tcpbcc/BNCChange",
        Closed(1, 0.0),
        'tcpbcc/BNCChange { Stream = 1, Type = Cut, cause = "closed" }',
    ),
    "released bearer": (
        "g/cause",
        failed(FailureCause.TCP_RESET),
        "g/cause { Stream = 1, Generalcause = FT, Failurecause = 72657365742062792070656572 }",
    ),
    "orderly end is normal release": (
        "g/cause",
        Closed(1, 0.0),
        "g/cause { Stream = 1, Generalcause = NR, Failurecause = 636c6f736564 }",
    ),
    "success is not a loss": ("tcpbcc/BNCChange", CONNECTED, None),
    "success that was asked for": (
        "tcpbcc/BNCChange { Type = [Est, Mfail] }",
        CONNECTED,
        "tcpbcc/BNCChange { Stream = 1, Type = Est }",
    ),
    "TLS up and verified": (
        "tlsbsc/BNCChange { Type = Est }",
        SECURED,
        "tlsbsc/BNCChange { Stream = 1, Type = Est }",
    ),
    "TLS up, not verified": ("tlsbsc/BNCChange { Type = Est }", UNVERIFIED, None),
    "verified later": (
        "tlsbsc/BNCChange { Type = Est }",
        Verified(1, 0.0),
        "tlsbsc/BNCChange { Stream = 1, Type = Est }",
    ),
    "only failures asked for, not ends": ("tcpbcc/BNCChange { Type = Mfail }", Closed(1, 0.0), None),
    "nothing armed": ("", failed(FailureCause.TCP_RESET), None),
    "armed for another matter": ("hangterm/thb { timerx = 0 }", failed(FailureCause.TCP_RESET), None),
    "armed for all streams by number": (
        "tcpbcc/BNCChange { Stream = 1 }",
        failed(FailureCause.TCP_RESET),
        'tcpbcc/BNCChange { Stream = 1, Type = Mfail, cause = "reset by peer" }',
    ),
}


@pytest.mark.parametrize(("armed", "event", "what"), CASES.values(), ids=CASES)
def test_bearer_events(armed: str, event: AnyEvent, what: str | None) -> None:
    talk = begin(armed)
    talk.happen(event)
    assert talk.reports == (notified(what) if what else [])


def test_two_events_armed_go_in_one_notify() -> None:
    talk = begin("tcpbcc/BNCChange, g/cause", "TCP")
    talk.happen(failed(FailureCause.TCP_TIMEOUT))
    assert talk.reports == notified(
        f'tcpbcc/BNCChange {{ Stream = 1, Type = Mfail, cause = "timed out" }}, {DAY}00000000:'
        " g/cause { Stream = 1, Generalcause = FT, Failurecause = 74696d6564206f7574 }"
    )


def test_a_new_events_descriptor_replaces_the_one_before() -> None:
    talk = begin("tcpbcc/BNCChange", "TCP")
    talk.ask("Context = 1 { Modify = ip/core/1 { Events } }")
    talk.happen(failed(FailureCause.TCP_TIMEOUT))
    assert talk.reports == []


def test_losing_the_media_plane_is_a_service_change() -> None:
    talk = begin("tcpbcc/BNCChange { Type = Est }")
    talk.happen(*talk.plane.die(0.0), Released(1, 0.0, Counters()))
    assert talk.reports == [
        asked(
            "Context = 1 { ServiceChange = ip/core/1 { Services {"
            ' Method = Forced, Reason = "904 Termination malfunctioning" } } }'
        )
    ]
    assert "OutOfService" in talk.ask("Context = 1 { AuditValue = ip/core/1 { Audit { Media } } }")
    talk.ask("Context = 1 { Subtract = * }")  # and no order goes to a plane that does not know it
    assert talk.is_empty()


def test_losing_the_media_plane_is_told_once_and_by_the_event_that_was_armed() -> None:
    talk = begin("g/cause")
    second = "Media { Stream = 2 { Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n} } }"
    assert talk.code(f"Context = 1 {{ Modify = ip/core/1 {{ {second} }} }}") == 0
    talk.happen(*talk.plane.die(0.0))
    assert len(talk.reports) == 2  # one a stream
    assert not [report for report in talk.reports if "ServiceChange" in report]


def test_heartbeat_of_a_termination_that_nobody_asks_for() -> None:
    talk = begin("hangterm/thb { timerx = 600 }")
    talk.wait(599)
    assert talk.reports == []
    talk.wait(1)
    assert talk.reports == notified("hangterm/thb", "00100000")
    talk.wait(600)
    assert len(talk.reports) == 2


def test_a_command_for_the_termination_puts_the_heartbeat_off() -> None:
    talk = begin("hangterm/thb { timerx = 600 }")
    talk.wait(400)
    talk.ask("Context = 1 { AuditValue = ip/core/1 { Audit { } } }")
    talk.wait(599)
    assert talk.reports == []
    talk.wait(1)
    assert len(talk.reports) == 1


def test_a_subtracted_termination_has_no_heartbeat() -> None:
    talk = begin("hangterm/thb { timerx = 600 }")
    talk.ask("Context = 1 { Subtract = * { Audit { } } }")
    talk.wait(1_000)
    assert talk.reports == []


def test_silence_of_the_controller() -> None:
    talk = GatewayTalk()
    arm = "Context = - { Modify = ROOT { Events = 9 { it/ito { mit = 12000 } } } }"
    assert talk.ask(arm) == written("Context = - { Modify = ROOT }")
    talk.wait(100)
    talk.feed(Heard())
    talk.wait(119)
    assert talk.reports == []
    talk.wait(1)
    notify = f"Notify = ROOT {{ ObservedEvents = 9 {{ {DAY}00034000: it/ito }} }}"
    assert talk.reports == [asked(f"Context = - {{ {notify} }}")]
    talk.ask("Context = - { Modify = ROOT { Events } }")
    talk.wait(10_000)
    assert len(talk.reports) == 1


def test_reports_wait_for_a_controller_that_is_away() -> None:
    talk = begin("tcpbcc/BNCChange", "TCP", GatewayTalk(gateway_settings(Limits(reports=1))))
    talk.feed(ControllerLost())
    talk.happen(failed(FailureCause.TCP_RESET))
    talk.happen(failed(FailureCause.TCP_TIMEOUT))
    assert talk.reports == []
    talk.feed(ControllerBack(kept=True))
    assert len(talk.reports) == 1
    assert "timed out" in talk.reports[0]  # the oldest gave way


def test_nobody_is_asked_while_there_is_no_controller() -> None:
    talk = begin(
        "hangterm/thb { timerx = 3 }", "TCP", GatewayTalk(gateway_settings(controller_loss_hold=100.0))
    )
    talk.ask("Context = - { Modify = ROOT { Events = 9 { it/ito { mit = 500 } } } }")
    talk.feed(ControllerLost())
    talk.wait(50)
    talk.feed(ControllerBack(kept=True))
    assert talk.reports == []
    talk.wait(5)
    assert len(talk.reports) == 3


def test_reports_about_dropped_contexts_are_dropped_too() -> None:
    talk = begin("tcpbcc/BNCChange", "TCP")
    talk.feed(ControllerLost())
    talk.happen(failed(FailureCause.TCP_RESET))
    talk.feed(ControllerBack(kept=False))
    assert talk.reports == []
    assert talk.is_empty()
