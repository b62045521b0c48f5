"""Embedded descriptors, the event buffer and LockStep (H.248.1 clauses 7.1.9 and 7.1.11)."""

from imsedge.agw.settings import Limits
from imsedge.bearer.messages import Closed, Established, Failed, FailureCause, StartTcp, StartTls
from imsedge.core.address import TransportAddress
from kit.gateway_talk import GatewayTalk, asked, gateway_settings, written

PEER, HERE = TransportAddress("10.9.9.9", 2855), TransportAddress("10.0.0.1", 30_000)
MEDIA = """Media { TerminationState { Buffer = %s }, Stream = 1 { LocalControl { Mode = SendReceive },
Local { v=0
c=IN IP4 $
m=- $ TCP/TLS -
}, Remote { v=0
c=IN IP4 10.9.9.9
m=- 2855 TCP/TLS -
} } }"""
UP = Established(1, 0.0, HERE, PEER, accepted=True)
LOST = Failed(1, 0.0, FailureCause.TCP_RESET)


def add(more: str, buffer: str = "OFF", limits: Limits | None = None) -> GatewayTalk:
    talk = GatewayTalk(gateway_settings(limits))
    assert talk.code(f"Context = $ {{ Add = $ {{ {MEDIA % buffer}, {more} }} }}") == 0
    talk.now = 1.0
    return talk


def modify(talk: GatewayTalk, what: str) -> None:
    assert talk.code(f"Context = 1 {{ Modify = ip/core/1 {{ {what} }} }}") == 0


def notified(request: int, event: str, second: int = 1) -> str:
    observed = f"ObservedEvents = {request} {{ 20260101T000{second:03}00:{event} }}"
    return asked(f"Context = 1 {{ Notify = ip/core/1 {{ {observed} }} }}")


EST = "tcpbcc/BNCChange { Stream = 1, Type = Est }"
CUT = 'tlsbsc/BNCChange { Stream = 1, Type = Cut, cause = "closed" }'
RESET = 'tcpbcc/BNCChange { Stream = 1, Type = Mfail, cause = "reset by peer" }'


def test_embedded_signals_and_events_take_over() -> None:
    embedded = "Embed { Signals { tlsbsc/EstBNC }, Events = 6 { tlsbsc/BNCChange } }"
    talk = add(f"Events = 5 {{ tcpbcc/BNCChange {{ Type = Est, {embedded} }}, g/cause }}")
    talk.happen(UP)
    assert talk.plane.told(StartTls) == [StartTls(1)]
    talk.happen(Closed(1, 0.0))
    assert talk.reports == [notified(5, EST), notified(6, CUT)]


def test_embedded_events_may_embed_signals_once_more() -> None:
    inner = "Events = 6 { tlsbsc/BNCChange { Embed { Signals { tcpbcc/EstBNC } } } }"
    talk = add(f"Events = 5 {{ tcpbcc/BNCChange {{ Type = Est, Embed {{ {inner} }} }} }}")
    talk.happen(UP, Closed(1, 0.0))
    assert talk.plane.told(StartTcp) == [StartTcp(1)]


def test_an_embedded_signal_that_has_no_address_is_a_line_in_the_log() -> None:
    talk = GatewayTalk()
    local = "Media { Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n} }"
    events = "Events = 1 { tcpbcc/BNCChange { Type = Cut, Embed { Signals { tcpbcc/EstBNC } } } }"
    assert talk.code(f"Context = $ {{ Add = $ {{ {local}, {events} }} }}") == 0
    talk.happen(UP, Closed(1, 0.0))
    assert talk.plane.told(StartTcp) == []


def test_never_notify_acts_and_keeps_silent() -> None:
    talk = add("Events = 5 { tcpbcc/BNCChange { Type = Est, NBNN, Embed { Signals { tlsbsc/EstBNC } } } }")
    talk.happen(UP)
    assert talk.plane.told(StartTls) == [StartTls(1)]
    assert talk.reports == []


BUFFER = "EventBuffer { tcpbcc/BNCChange { Type = [Est, Mfail] } }"


def test_in_lock_step_each_events_descriptor_is_good_for_one_event() -> None:
    talk = add(f"Events = 5 {{ tcpbcc/BNCChange {{ Type = [Est, Mfail] }} }}, {BUFFER}", "LockStep")
    talk.happen(UP)
    talk.now = 2.0
    talk.happen(LOST)
    talk.now = 9.0
    assert talk.reports == [notified(5, EST)]
    modify(talk, "Events = 6 { tcpbcc/BNCChange }")
    assert talk.reports[1:] == [notified(6, RESET, 2)]  # told with the moment when it happened


def test_what_nobody_waits_for_leaves_the_buffer() -> None:
    talk = add(BUFFER, "LockStep")
    talk.happen(UP, LOST)
    modify(talk, "Events = 6 { tcpbcc/BNCChange { Type = Mfail } }")
    assert talk.reports == [notified(6, RESET)]
    modify(talk, "Events = 7 { tcpbcc/BNCChange { Type = Est } }")
    assert len(talk.reports) == 1


def test_what_is_not_for_the_buffer_is_told_at_once_or_never() -> None:
    talk = add(f"Events = 5 {{ tlsbsc/BNCChange }}, {BUFFER}", "LockStep")
    talk.happen(Closed(1, 0.0))
    assert talk.reports == [notified(5, CUT)]
    talk.happen(Closed(1, 0.0))
    modify(talk, "Events = 6 { tlsbsc/BNCChange }")
    assert len(talk.reports) == 1


def test_the_buffer_can_be_audited() -> None:
    talk = add(BUFFER, "LockStep")
    talk.happen(UP)
    state = "Media { TerminationState { Buffer } }"
    audit = f"Audit {{ EventBuffer, ObservedEvents, EventBuffer {{ g/cause }}, {state} }}"
    assert talk.ask(f"Context = 1 {{ AuditValue = ip/core/1 {{ {audit} }} }}") == written(
        f"""Context = 1 {{ AuditValue = ip/core/1 {{ {BUFFER}, ObservedEvents = 0 {{
        20260101T00000100:{EST} }}, EventBuffer, Media {{ TerminationState {{ Buffer = LockStep }} }} }} }}"""
    )
    modify(talk, "Media { TerminationState { Buffer = OFF } }")
    assert "ObservedEvents\n" in talk.ask("Context = 1 { AuditValue = * { Audit { ObservedEvents } } }")
    talk.happen(LOST)
    assert talk.reports == []


def test_a_full_buffer_is_told_with_518() -> None:
    talk = add(BUFFER, "LockStep", Limits(buffered_events=2))
    talk.happen(UP, UP)
    assert talk.reports == []
    talk.happen(UP)
    (report,) = talk.reports
    assert "Error = 518" in report
    modify(talk, "Events = 6 { tcpbcc/BNCChange { Type = Est } }")
    assert len(talk.reports) == 2
