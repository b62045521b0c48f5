"""adid/ipstop: what the media plane looks for, and what is told."""

import pytest

from imsedge.bearer.messages import Quiet, Ways
from kit.gateway_talk import GatewayTalk, asked

LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"


def talk(events: str) -> GatewayTalk:
    made = GatewayTalk()
    media = f"Media {{ Stream = 1 {{ Local {{ {LOCAL}}} }} }}"
    assert made.code(f"Context = $ {{ Add = $ {{ {media}, Events = 7 {{ {events} }} }} }}") == 0
    return made


WAYS = {
    "adid/ipstop { dt = 20 }": (20.0, Ways.BOTH),
    "adid/ipstop { dt = 20, dir = IN }": (20.0, Ways.IN),
    "adid/ipstop { Stream = 1, dt = 20, dir = OUT }": (20.0, Ways.OUT),
    "g/cause": (0.0, Ways.BOTH),
}


@pytest.mark.parametrize(("events", "expected"), WAYS.items(), ids=WAYS)
def test_what_the_media_plane_looks_for(events: str, expected: tuple[float, Ways]) -> None:
    settings = talk(events).plane.open[1]
    assert (settings.quiet_limit, settings.quiet_ways) == expected


def test_another_events_descriptor_ends_it() -> None:
    made = talk("adid/ipstop { dt = 20 }")
    assert made.code("Context = 1 { Modify = ip/core/1 { Events = 8 { g/cause } } }") == 0
    assert made.plane.open[1].quiet_limit == 0


def test_silence_is_told() -> None:
    made = talk("adid/ipstop { dt = 20, dir = IN }")
    made.happen(Quiet(1, 0.0, Ways.IN))
    events = "ObservedEvents = 7 { 20260101T00000000: adid/ipstop { Stream = 1, dir = IN } }"
    assert made.reports == [asked(f"Context = 1 {{ Notify = ip/core/1 {{ {events} }} }}")]
