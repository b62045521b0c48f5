"""A phone behind a NAT: what ipnapt/latch makes the media plane do, and adr/rsac tells the controller."""

import pytest

from imsedge.bearer.messages import EndpointSettings, Incoming, Latched, Relatch, SourceFilter
from imsedge.core.address import TransportAddress
from kit.gateway_talk import GatewayTalk, asked

REMOTE = "v=0\nc=IN IP4 10.9.9.9\nm=- 2855 TCP -\n"
LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP -\na=setup:passive\n"


def talk(control: str = "Mode = SendReceive", more: str = "") -> GatewayTalk:
    made = GatewayTalk()
    media = f"Stream = 1 {{ LocalControl {{ {control} }}, Local {{ {LOCAL}}}, Remote {{ {REMOTE}}} }}"
    assert made.code(f"Context = $ {{ Add = $ {{ Media {{ {media} }} {more} }} }}") == 0
    return made


def settings(made: GatewayTalk) -> EndpointSettings:
    return made.plane.open[1]


def signal(made: GatewayTalk, napt: str) -> int:
    return made.code(
        f"Context = 1 {{ Modify = ip/core/1 {{ Signals {{ ipnapt/latch {{ napt = {napt} }} }} }} }}"
    )


def test_latch_with_the_add() -> None:
    made = talk(more=", Signals { ipnapt/latch { napt = LATCH } }")
    assert settings(made).latching
    assert made.plane.told(Relatch) == []


@pytest.mark.parametrize(("napt", "latching", "orders"), [("OFF", False, 0), ("RELATCH", True, 1)])
def test_what_follows(napt: str, latching: bool, orders: int) -> None:
    made = talk(more=", Signals { ipnapt/latch { napt = LATCH } }")
    assert signal(made, napt) == 0
    assert settings(made).latching is latching
    assert len(made.plane.told(Relatch)) == orders


def test_each_relatch_is_an_order() -> None:
    made = talk()
    assert [signal(made, "RELATCH") for _ in range(2)] == [0, 0]
    assert made.plane.told(Relatch) == [Relatch(1), Relatch(1)]


def test_the_address_that_a_nat_hides_filters_nobody_but_a_mask_does() -> None:
    made = talk("gm/saf = ON, gm/spf = ON")
    assert settings(made).source_filter == SourceFilter("10.9.9.9", 2855, 2855)
    signal(made, "LATCH")
    assert settings(made).source_filter == SourceFilter()
    assert settings(made).incoming is Incoming.ACCEPT
    signal(made, "OFF")
    assert settings(made).source_filter == SourceFilter("10.9.9.9", 2855, 2855)
    masked = talk('gm/saf = ON, gm/sam = "[192.0.2.0]/24"')
    signal(masked, "LATCH")
    assert settings(masked).source_filter == SourceFilter("192.0.2.0/24")


def test_the_latched_address_is_told_when_that_is_armed() -> None:
    made = talk(more=", Events = 7 { adr/rsac }, Signals { ipnapt/latch { napt = LATCH } }")
    made.happen(Latched(1, 0.0, TransportAddress("198.51.100.9", 4711)))
    observed = '20260101T00000000: adr/rsac { Stream = 1, nrsa = "198.51.100.9", nrsp = 4711 }'
    events = f"ObservedEvents = 7 {{ {observed} }}"
    assert made.reports == [asked(f"Context = 1 {{ Notify = ip/core/1 {{ {events} }} }}")]


def test_nobody_asked_for_the_address() -> None:
    made = talk()
    made.happen(Latched(1, 0.0, TransportAddress("198.51.100.9", 4711)))
    assert made.reports == []
