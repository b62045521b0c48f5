"""Media and what stands in it."""

from imsedge.h248.model import (
    EventBufferControl,
    LocalControl,
    Media,
    Parameter,
    Relation,
    ServiceState,
    Statistic,
    Statistics,
    Stream,
    StreamMode,
    TerminationState,
)
from imsedge.h248.text.media import read_description
from kit.h248_text import read_descriptor


def test_one_stream_without_number() -> None:
    assert read_descriptor("M{O{MO=RC,RV=OFF,RG=ON},L{v=0\n},R{}}") == Media(
        (
            Stream(
                None,
                LocalControl(StreamMode.RECEIVE_ONLY, reserve_value=False, reserve_group=True),
                "v=0\n",
                "",
            ),
        )
    )


def test_several_streams_and_the_state_of_the_termination() -> None:
    assert read_descriptor("M{TS{BF=SP,SI=OS,a/b=1},ST=2{O{MO=LB}},ST=1{R{v=0}}}") == Media(
        (Stream(2, LocalControl(StreamMode.LOOPBACK)), Stream(1, remote="v=0")),
        TerminationState(
            ServiceState.OUT_OF_SERVICE, EventBufferControl.LOCK_STEP, (Parameter("a/b", ("1",)),)
        ),
    )


def test_properties_of_every_form() -> None:
    (stream,) = read_descriptor("M{O{a/a=x,a/b={x,y},a/c=[x,y],a/d=[1:2],a/e#x,a/f<1,a/g>1}}").streams
    assert [(p.values, p.relation) for p in stream.control.properties] == [
        (("x",), Relation.EQUAL),
        (("x", "y"), Relation.ONE_OF),
        (("x", "y"), Relation.ALL_OF),
        (("1", "2"), Relation.RANGE),
        (("x",), Relation.NOT_EQUAL),
        (("1",), Relation.SMALLER),
        (("1",), Relation.GREATER),
    ]


def test_statistics_of_a_stream_and_of_a_termination() -> None:
    expected = (Statistic("nt/os"), Statistic("nt/or", ("7",)), Statistic("a/b", ("1", "2"), is_list=True))
    assert read_descriptor("M{ST=1{SA{nt/os,nt/or=7,a/b=[1,2]}}}").streams[0].statistics == expected
    assert read_descriptor("M{ST=1{SA}}").streams[0].statistics == ()
    assert read_descriptor("SA{nt/os,nt/or=7,a/b=[1,2]}") == Statistics(expected)


def test_a_description_keeps_what_is_inside() -> None:
    assert read_description(" \r\n v=0\r\na=x \\} y\r\n  ") == "v=0\r\na=x } y\r\n"
