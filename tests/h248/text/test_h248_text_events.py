"""Events, EventBuffer, ObservedEvents and DigitMap."""

from imsedge.h248.model import (
    ALL_REQUESTS,
    BufferedEvent,
    DigitMap,
    Embedded,
    EventBuffer,
    Events,
    NotifyBehaviour,
    ObservedEvent,
    ObservedEvents,
    Parameter,
    RequestedEvent,
    Signal,
    Signals,
    TimeStamp,
)
from imsedge.h248.text.events import MAX_EMBEDDING
from kit.h248_text import read_command, read_descriptor


def test_an_event_with_everything() -> None:
    (event,) = read_descriptor("E=7{a/b{ST=1,KA,DM=plan,NBIN,RSE,x=1}}").events
    assert event == RequestedEvent(
        "a/b",
        1,
        (Parameter("x", ("1",)),),
        keep_active=True,
        digit_map=DigitMap("plan"),
        notify=NotifyBehaviour.IMMEDIATE,
        reset_events=True,
    )


def test_embedded_signals_and_events() -> None:
    (event,) = read_descriptor("E=*{a/b{EM{SG{c/d},E=8{e/f{EM{SG}}}}}}").events
    inner = RequestedEvent("e/f", embedded=Embedded(Signals()))
    assert event.embedded == Embedded(Signals((Signal("c/d"),)), Events(8, (inner,)))
    assert MAX_EMBEDDING == 2


def test_all_requests_are_a_star() -> None:
    assert read_descriptor("E=*{a/b}") == Events(ALL_REQUESTS, (RequestedEvent("a/b"),))


def test_regulated_notification() -> None:
    bare, full = read_descriptor("E=1{a/b{NBRN},a/c{NBRN{EM{SG{c/d}}}}}").events
    assert (bare.notify, bare.regulated) == (NotifyBehaviour.REGULATED, None)
    assert full.regulated == Embedded(Signals((Signal("c/d"),)))


def test_buffered_events() -> None:
    assert read_descriptor("EB{a/b{ST=1,x=2},a/c}") == EventBuffer(
        (BufferedEvent("a/b", 1, (Parameter("x", ("2",)),)), BufferedEvent("a/c"))
    )
    assert read_descriptor("EB") == EventBuffer()


def test_observed_events() -> None:
    assert read_command("N=t{OE=3{20261121T02250099:a/b{x=2,ST=1},a/c}}").observed == ObservedEvents(
        3,
        (
            ObservedEvent("a/b", 1, TimeStamp("20261121", "02250099"), (Parameter("x", ("2",)),)),
            ObservedEvent("a/c"),
        ),
    )


def test_digit_maps() -> None:
    assert read_descriptor("DM=plan") == DigitMap("plan")
    assert read_descriptor("DM={1|2}") == DigitMap(None, "1|2")
    assert read_descriptor("DM=plan{1|2}") == DigitMap("plan", "1|2")
