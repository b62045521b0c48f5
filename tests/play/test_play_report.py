"""The object that other tools rely on: its keys and what makes it ok."""

import json

from imsedge.core.trace import Kind
from imsedge.play.report import Check, Event, check_order, make_events, make_report, write_report
from imsedge.play.steps import AGW, ALG, CORE, UE, Arrow, Step

STEPS = (
    Step("1", Kind.SIP, UE, ALG, "INVITE"),
    Step("2", Kind.SIP, ALG, CORE, "INVITE"),
    Step("10'", Kind.TCP, CORE, AGW, "SYN", after=("2",)),
)
ARROWS = [
    Arrow(0.0, Kind.SIP, UE, ALG, "INVITE"),
    Arrow(0.0012345678, Kind.SIP, ALG, CORE, "INVITE caf\udce9"),
    Arrow(0.5, Kind.TCP, CORE, AGW, "SYN"),
]


def test_the_keys_are_those_of_the_interface() -> None:
    events = make_events(ARROWS, STEPS)
    report = make_report("msrp-e2ae-originating", events, [Check("it rang", ok=True, detail="twice")])
    text = write_report(report)
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "flow": "msrp-e2ae-originating",
        "ok": True,
        "events": [
            {"t": 0.0, "from": "ue", "to": "alg", "kind": "sip", "summary": "INVITE", "step": "1"},
            {
                "t": 0.001235,
                "from": "alg",
                "to": "core",
                "kind": "sip",
                "summary": "INVITE caf?",
                "step": "2",
            },
            {"t": 0.5, "from": "core", "to": "agw", "kind": "tcp", "summary": "SYN", "step": "10'"},
        ],
        "checks": [{"name": "it rang", "ok": True, "detail": "twice"}],
    }


def test_without_a_figure_no_arrow_has_a_number() -> None:
    assert [event.step for event in make_events(ARROWS)] == [None, None, None]


def test_one_failed_check_spoils_the_flow() -> None:
    checks = [Check("this", ok=True), Check("that", ok=False)]
    assert not make_report("x", [], checks).ok
    assert make_report("x", [], checks[:1]).ok


def test_the_order_is_a_check() -> None:
    assert check_order(make_events(ARROWS, STEPS), STEPS).ok
    missing = check_order(make_events(ARROWS[:1], STEPS), STEPS)
    assert not missing.ok
    assert "step 2 was not seen" in missing.detail


def test_an_event_knows_its_fields_by_our_names() -> None:
    event = Event(1.0, UE, ALG, Kind.SIP, "INVITE")
    assert (event.time, event.source, event.destination, event.step) == (1.0, UE, ALG, None)
