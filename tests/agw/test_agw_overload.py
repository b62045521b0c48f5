"""Near the limit: what the controller hears."""

import pytest

from imsedge.agw.desk import Desk
from imsedge.agw.overload import load, notice_level, reduction
from imsedge.agw.settings import Limits
from imsedge.agw.state import Registry
from kit.gateway_talk import GatewayTalk, asked, gateway_settings

ADD = "Add = $ { Media { Stream = 1 { Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n} } } }"
CALL = f"Context = $ {{ {ADD} }}"
STAMP = "20260101T00000000"


def armed(events: str, limits: Limits | None = None) -> GatewayTalk:
    talk = GatewayTalk(gateway_settings(limits or Limits(contexts=10)))
    assert talk.code(f"Context = - {{ Modify = ROOT {{ Events = 77 {{ {events} }} }} }}") == 0
    return talk


def notified(event: str) -> str:
    observed = f"ObservedEvents = 77 {{ {STAMP}:{event} }}"
    return asked(f"Context = - {{ Notify = ROOT {{ {observed} }} }}")


def test_each_add_near_the_limit_is_told() -> None:
    talk = armed("ocp/mg_overload")
    for _ in range(7):
        talk.ask(CALL)
    assert talk.reports == []
    talk.ask(CALL)  # the context of the Add counts already
    talk.ask(CALL)
    assert talk.reports == [notified("ocp/mg_overload")] * 2


def test_the_level_of_congestion_is_told_when_it_changes() -> None:
    talk = armed("chp/mgcon")
    for _ in range(10):
        talk.ask(CALL)
    assert talk.code(CALL) == 412
    talk.ask("Context = * { W-Subtract = * { Audit { } } }")
    assert talk.reports == [notified(f"chp/mgcon {{ reduction = {n} }}") for n in (25, 50, 100, 50, 25, 0)]


def test_nothing_is_told_unasked() -> None:
    talk = GatewayTalk(gateway_settings(Limits(contexts=1)))
    talk.ask(CALL)
    assert talk.reports == []


@pytest.mark.parametrize(
    ("loaded", "percent"), [(0.0, 0), (0.79, 0), (0.8, 25), (0.9, 50), (0.95, 75), (0.98, 100), (1.0, 100)]
)
def test_levels(loaded: float, percent: int) -> None:
    assert reduction(loaded) == percent


def test_transactions_under_way_count_as_well() -> None:
    desk = Desk(gateway_settings(Limits(executions=4)), Registry())
    desk.executing = 3
    assert load(desk) == 0.75
    notice_level(desk)
    assert desk.outputs == []
