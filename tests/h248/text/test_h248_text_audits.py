"""Audits of whole descriptors and of single items; Packages, Mux, Modem."""

from imsedge.h248.model import (
    Audit,
    AuditItem,
    BufferedEvent,
    DigitMap,
    EventBuffer,
    Events,
    LocalControl,
    Media,
    Modem,
    Multiplex,
    Packages,
    PackageVersion,
    Parameter,
    RequestedEvent,
    Signal,
    SignalList,
    Signals,
    Statistic,
    Statistics,
    Stream,
    TerminationState,
)
from kit.h248_text import read_action_reply, read_command, read_descriptor


def audit(body: str) -> Audit | None:
    return read_command(f"AV=t{{AT{{{body}}}}}").audit


def test_whole_descriptors() -> None:
    assert audit("MX,MD,M,SG,EB,DM,SA,E,OE,PG") == Audit(tuple(AuditItem[name] for name in (
        "MUX", "MODEM", "MEDIA", "SIGNALS", "EVENT_BUFFER", "DIGIT_MAP", "STATISTICS", "EVENTS",
        "OBSERVED_EVENTS", "PACKAGES",
    )))  # fmt: skip
    assert audit("") == Audit()
    assert audit("SG{}") == audit("SG")


def test_single_items_have_no_values() -> None:
    control = LocalControl(properties=(Parameter("Mode", ()), Parameter("a/b", ()), Parameter("a/c", ("3",))))
    state = TerminationState(properties=(Parameter("Buffer", ()), Parameter("a/d", ())))
    assert audit("M{ST=1{O{MO,a/b,a/c=3},L{v=0}},TS{BF,a/d}},SG") == Audit(
        (AuditItem.SIGNALS,), (Media((Stream(1, control, "v=0"),), state),)
    )


def test_a_stream_without_number_can_be_audited_too() -> None:
    assert audit("M{O{MO}}") == Audit(
        (), (Media((Stream(None, LocalControl(properties=(Parameter("Mode", ()),))),)),)
    )


def test_single_items_of_the_other_descriptors() -> None:
    assert audit("E=5{a/e},SG{a/s},SG{SL=4},DM=plan,SA{a/x},PG{a-1},EB{a/e{par}}") == Audit(
        (),
        (
            Events(5, (RequestedEvent("a/e"),)),
            Signals((Signal("a/s"),)),
            Signals((SignalList(4, ()),)),
            DigitMap("plan"),
            Statistics((Statistic("a/x"),)),
            Packages((PackageVersion("a", 1),)),
            EventBuffer((BufferedEvent("a/e", parameters=(Parameter("par", ()),)),)),
        ),
    )


def test_packages_in_a_reply() -> None:
    (reply,) = read_action_reply("AV=ROOT{PG{g-2,x_y-10}}").replies
    assert reply.result == (Packages((PackageVersion("g", 2), PackageVersion("x_y", 10))),)


def test_mux_and_modem() -> None:
    assert read_descriptor("MX=n64{a,b}") == Multiplex("Nx64Kservice", ("a", "b"))
    assert read_descriptor("MD=v90") == Modem(("V90",))
    assert read_descriptor("MD[V18,SN]{a/b=1}") == Modem(("V18", "SynchISDN"), (Parameter("a/b", ("1",)),))
