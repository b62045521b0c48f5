"""Crossings become arrows between nodes, with the words of the figures."""

from imsedge.core.address import TransportAddress
from imsedge.core.trace import Crossing, Kind
from imsedge.play.stage import Cast, Stage
from imsedge.play.steps import AGW, ALG, UE, Step, number

PHONE, EDGE = TransportAddress("127.0.0.10", 5060), TransportAddress("127.0.0.20", 5060)
CONTROL = TransportAddress("127.0.0.20", 2944)
STRANGER = TransportAddress("192.0.2.9", 99)


def test_address_and_port_count_before_the_host() -> None:
    cast = Cast({"127.0.0.10": UE, "127.0.0.20": AGW}, {EDGE: ALG})
    assert [cast.node(address) for address in (PHONE, EDGE, CONTROL, STRANGER)] == [
        UE,
        ALG,
        AGW,
        str(STRANGER),
    ]


def test_what_is_for_the_capture_only_is_not_drawn() -> None:
    stage = Stage(Cast({PHONE.host: UE, EDGE.host: AGW}))
    stage(Crossing(1e9, Kind.MSRP, PHONE, EDGE, "tcp", "", b"octets"))
    stage(Crossing(1e9, Kind.MSRP, PHONE, EDGE, "tcp", "SEND"))
    assert len(stage.crossings) == 2
    (arrow,) = stage.arrows()
    assert arrow[1:] == (Kind.MSRP, UE, AGW, "SEND")
    assert arrow.time > 0
    assert [nodes[1:] for nodes in stage.placed()] == [(UE, AGW)] * 2


def test_what_is_sent_again_is_no_further_step() -> None:
    stage = Stage(Cast({PHONE.host: UE, EDGE.host: AGW}))
    for octets in (b"first", b"first", b"second"):
        stage(Crossing(1e9, Kind.H248, PHONE, EDGE, "udp", "ADD", octets))
    arrows = stage.arrows()
    assert [arrow.summary for arrow in arrows] == ["ADD", "ADD (repeated)", "ADD"]
    steps = [Step(name, Kind.H248, UE, AGW, "ADD") for name in ("2", "5")]
    assert number(arrows, steps) == ["2", None, "5"]
