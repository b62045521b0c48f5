"""Events and signals: what may be armed and given, and when."""

import re

import pytest

from imsedge.agw.desk import Desk, Timer
from imsedge.agw.detection import (
    Place,
    arm_root,
    check_events,
    find_event,
    idle_seconds,
    supported_events,
)
from imsedge.agw.state import Registry
from imsedge.bearer.messages import Closed, Connecting, Failed, FailureCause, StartTcp, StartTls
from imsedge.core.address import TransportAddress
from imsedge.core.machine import NEVER
from imsedge.h248.errors import H248Error
from imsedge.h248.model import Embedded, Events, NotifyBehaviour, Parameter, RequestedEvent
from kit.gateway_talk import GatewayTalk, gateway_settings

HERE, PEER = TransportAddress("10.0.0.1", 1), TransportAddress("10.9.9.9", 2)
IDLE = Events(1, (RequestedEvent("IT/ITO", parameters=(Parameter("MIT", ("250",)),)),))
BOTH = """Media { Local { v=0
c=IN IP4 $
m=- $ TCP/TLS -
}, Remote { v=0
c=IN IP4 10.9.9.9
m=- 2 TCP/TLS -
} }"""


def test_what_can_be_armed_where() -> None:
    assert supported_events(root=True) == ("it/ito", "ocp/mg_overload", "chp/mgcon", "ipra/arc")
    assert "hangterm/thb" in supported_events(root=False)


def test_events_are_found_in_any_case_and_by_stream() -> None:
    events = Events(1, (RequestedEvent("g/Cause", stream=2), RequestedEvent("tcpbcc/bncchange")))
    assert find_event(events, "G/CAUSE", 2) is not None
    assert find_event(events, "g/cause", 1) is None
    assert find_event(events, "g/cause") is not None
    assert find_event(events, "tcpbcc/BNCChange", 1) is not None


def test_the_inactivity_timer_counts_in_hundredths() -> None:
    assert idle_seconds(IDLE) == 2.5
    desk = Desk(gateway_settings(), Registry())
    arm_root(desk, IDLE)
    assert (Timer.INACTIVITY, 0) in desk.timers
    arm_root(desk, None)
    assert desk.timers.deadline == 2.5
    arm_root(desk, Events())
    assert desk.timers.deadline == NEVER


def test_what_is_under_way_is_not_begun_again() -> None:
    talk = GatewayTalk()
    start = "Signals { tcpbcc/EstBNC, tlsbsc/EstBNC }"
    assert talk.code(f"Context = $ {{ Add = $ {{ {BOTH}, {start} }} }}") == 0
    talk.happen(Connecting(1, 0.0, HERE, PEER))
    again = f"Context = 1 {{ Modify = ip/core/1 {{ {start} }} }}"
    talk.ask(again)
    assert (talk.plane.told(StartTcp), talk.plane.told(StartTls)) == ([StartTcp(1)], [StartTls(1)])
    talk.happen(Closed(1, 0.0))
    talk.ask(again)
    assert len(talk.plane.told(StartTcp)) == len(talk.plane.told(StartTls)) == 2


def test_no_signal_is_given_to_what_the_media_plane_lost() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ Add = $ {{ {BOTH} }} }}")
    talk.happen(*talk.plane.die(0.0))
    assert talk.code("Context = 1 { Modify = ip/core/1 { Signals { tcpbcc/EstBNC } } }") == 0
    assert talk.plane.told(StartTcp) == []


def test_signals_of_a_list_are_given_one_after_the_other() -> None:
    talk = GatewayTalk()
    start = "Signals { SignalList = 1 { tcpbcc/EstBNC, tlsbsc/EstBNC } }"
    assert talk.code(f"Context = $ {{ Add = $ {{ {BOTH}, {start} }} }}") == 0
    assert talk.plane.orders[1:] == [StartTcp(1), StartTls(1)]


COMPLETED = "Events = 5 { g/sc, tcpbcc/BNCChange { Type = Est } }"


def completions(talk: GatewayTalk) -> list[str]:
    """What stands between the braces of ``g/sc`` in each Notify, in order."""
    found = [re.findall(r"g/sc \{([^}]*)\}", report) for report in talk.reports]
    return [" ".join(text.split()) for one in found for text in one]


def test_the_completion_of_a_signal_is_told_behind_the_answer_to_who_asked() -> None:
    talk = GatewayTalk()
    asked = "Signals { tcpbcc/EstBNC { NC = { TO, IBE } }, tlsbsc/EstBNC { NC = { OR } }, tlsbsc/EstBNC }"
    talk.ask(f"Context = $ {{ Add = $ {{ {BOTH}, {COMPLETED}, {asked} }} }}")
    assert completions(talk) == ['Stream = 1, SigID = "tcpbcc/EstBNC", Meth = TO']
    assert "Notify = ip/core/1" in talk.reports[0]
    assert "ObservedEvents = 5" in talk.reports[0]


def test_nobody_hears_of_a_completion_that_was_not_armed() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ Add = $ {{ {BOTH}, Signals {{ tcpbcc/EstBNC {{ NC = {{ TO }} }} }} }} }}")
    assert not talk.reports


def test_a_completion_names_its_list_and_its_request() -> None:
    talk = GatewayTalk()
    asked = "Signals { SignalList = 7 { tlsbsc/EstBNC { NC = { TO }, SPARQ = 77 } } }"
    talk.begin(f"Context = $ {{ Add = $ {{ {BOTH}, {COMPLETED}, {asked} }} }}", version=3)
    assert completions(talk) == ['Stream = 1, SigID = "tlsbsc/EstBNC", Meth = TO, SLID = 7, RID = 77']


def test_an_embedded_signal_that_cannot_be_given_is_told_as_not_completed() -> None:
    talk = GatewayTalk()
    talk.ask(f"Context = $ {{ Add = $ {{ {BOTH} }} }}")
    nowhere = "Media { Remote { v=0\nc=IN IP4 10.9.9.9\nm=- 9 TCP/TLS -\n} }"
    embedded = "EM { SG { tcpbcc/EstBNC { NC = { TO, OR } } }, Events = 6 { g/sc } }"
    armed = f"Events = 5 {{ tcpbcc/BNCChange {{ Type = Mfail, {embedded} }} }}"
    assert talk.code(f"Context = 1 {{ Modify = ip/core/1 {{ {nowhere}, {armed} }} }}") == 0
    talk.happen(Failed(1, 0.0, FailureCause.TCP_REFUSED))
    assert completions(talk) == ['Stream = 1, SigID = "tcpbcc/EstBNC", Meth = NC']


INNERMOST = Events(3, (RequestedEvent("g/cause"),))
INNER = Events(2, (RequestedEvent("g/cause", embedded=Embedded(events=INNERMOST)),))

REFUSED = {
    "events embedded two levels deep": RequestedEvent("g/cause", embedded=Embedded(events=INNER)),
    "resetting the events": RequestedEvent("g/cause", reset_events=True),
    "regulated without embedded descriptors": RequestedEvent("g/cause", notify=NotifyBehaviour.REGULATED),
}


@pytest.mark.parametrize("event", REFUSED.values(), ids=REFUSED)
def test_what_the_text_does_not_let_through_is_refused_in_other_encodings(event: RequestedEvent) -> None:
    with pytest.raises(H248Error) as raised:
        check_events(Events(1, (event,)), Place.TERMINATION, {}, 9)
    assert raised.value.code == 501


def test_embedded_events_count() -> None:
    outer = Events(1, (RequestedEvent("g/cause", embedded=Embedded(events=INNERMOST)),))
    check_events(outer, Place.TERMINATION, {}, 2)
    with pytest.raises(H248Error) as raised:
        check_events(outer, Place.TERMINATION, {}, 1)
    assert raised.value.code == 510
