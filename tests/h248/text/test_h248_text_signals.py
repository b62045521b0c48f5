"""Signals and signal lists."""

from imsedge.h248.model import (
    NotifyCompletion,
    Parameter,
    Relation,
    Signal,
    SignalDirection,
    SignalList,
    Signals,
    SignalType,
)
from kit.h248_text import read_descriptor


def test_a_signal_with_everything() -> None:
    text = "SG{a/b{ST=1,SY=TO,DR=200,NC={TO,IBE,IBS,OR,IR},KA,SPADI=EX,SPARQ=5,SPAIS=9,x=[1,2]}}"
    assert read_descriptor(text) == Signals(
        (
            Signal(
                "a/b",
                1,
                SignalType.TIME_OUT,
                200,
                tuple(NotifyCompletion),
                keep_active=True,
                parameters=(Parameter("x", ("1", "2"), Relation.ALL_OF),),
                direction=SignalDirection.EXTERNAL,
                request_id=5,
                intersignal_delay=9,
            ),
        )
    )


def test_the_names_of_older_drafts() -> None:
    (signal,) = read_descriptor("SG{a/b{DI=B,RQ=5}}").signals
    assert (signal.direction, signal.request_id) == (SignalDirection.BOTH, 5)


def test_signal_lists_stand_among_signals() -> None:
    assert read_descriptor("SG{a/b,SL=3{c/d,c/e{SY=OO}}}") == Signals(
        (Signal("a/b"), SignalList(3, (Signal("c/d"), Signal("c/e", kind=SignalType.ON_OFF))))
    )
