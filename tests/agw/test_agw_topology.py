"""Three terminations and more: who hears whom, as conversations and as a table."""

import pytest

from imsedge.agw.state import Way
from imsedge.agw.topology import Join, joins
from imsedge.bearer.messages import Mode, Open, Relink
from imsedge.h248.errors import H248Error
from kit.gateway_talk import GatewayTalk, written

ADD = """Add = $ { Media { Stream = 1 { LocalControl { Mode = SendReceive }, Local { v=0
c=IN IP4 $
m=- $ TCP -
} } } }"""
A, B, C = "ip/core/1", "ip/core/2", "ip/core/3"
AUDIT = "Context = 1 { ContextAudit { Topology } }"


def three() -> GatewayTalk:
    talk = GatewayTalk()
    assert talk.code(f"Context = $ {{ {ADD}, {ADD}, {ADD} }}") == 0
    return talk


def order(talk: GatewayTalk, triples: str, context: str = "1") -> int:
    return talk.code(f"Context = {context} {{ Topology {{ {triples} }} }}")


def told(triples: str) -> str:
    return written(f"Context = 1 {{ Topology {{ {triples} }} }}")


def pairs(talk: GatewayTalk) -> set[tuple[int, ...]]:
    return {tuple(sorted(pair)) for pair in talk.plane.partners()}


def modes(talk: GatewayTalk) -> list[Mode]:
    return [settings.mode for settings in talk.plane.open.values()]


def test_the_first_two_hear_each_other_and_a_third_is_alone() -> None:
    talk = three()
    assert pairs(talk) == {(1, 2)}
    assert talk.ask(AUDIT) == told(f"{A}, {B}, Bothway, {A}, {C}, Isolate, {B}, {C}, Isolate")


def test_topology_joins_the_third_with_one_of_the_first() -> None:
    talk = three()
    assert order(talk, f"{A}, {C}, Bothway") == 0
    assert pairs(talk) == {(1, 3)}
    assert talk.ask(AUDIT) == told(f"{A}, {B}, Isolate, {A}, {C}, Bothway, {B}, {C}, Isolate")
    assert order(talk, f"{A}, {C}, Isolate, {B}, {C}, Bothway") == 0
    assert pairs(talk) == {(2, 3)}


def test_when_one_goes_the_third_takes_its_place() -> None:
    talk = three()
    talk.ask(f"Context = 1 {{ Subtract = {A} {{ Audit {{ }} }} }}")
    assert pairs(talk) == {(2, 3)}


def test_nobody_is_joined_while_all_go() -> None:
    talk = three()
    talk.ask("Context = 1 { Subtract = * { Audit { } } }")
    assert talk.plane.told(Relink) == []
    assert talk.is_empty()


def test_one_way_closes_the_other_direction() -> None:
    talk = three()
    assert order(talk, f"{B}, {A}, Oneway") == 0
    assert modes(talk) == [Mode.SEND_ONLY, Mode.RECEIVE_ONLY, Mode.SEND_RECEIVE]
    assert talk.ask(AUDIT) == told(f"{B}, {A}, Oneway, {A}, {C}, Isolate, {B}, {C}, Isolate")
    assert order(talk, f"{A}, {B}, Bothway") == 0
    assert modes(talk) == [Mode.SEND_RECEIVE] * 3


def test_the_mode_of_the_stream_still_counts() -> None:
    talk = three()
    order(talk, f"{A}, {B}, Oneway")
    send_only = "Media { Stream = 1 { LocalControl { Mode = SendOnly } } }"
    talk.ask(f"Context = 1 {{ Modify = {A} {{ {send_only} }} }}")
    assert modes(talk)[:2] == [Mode.INACTIVE, Mode.SEND_ONLY]
    order(talk, f"{A}, {B}, Bothway")
    assert modes(talk)[:2] == [Mode.SEND_ONLY, Mode.SEND_RECEIVE]


def test_isolating_parts_two_and_keeps_their_ports() -> None:
    talk = three()
    assert order(talk, "*, *, Isolate") == 0
    assert pairs(talk) == set()
    assert len(talk.plane.open) == 3
    assert order(talk, f"*, {B}, Bothway") == 522  # one with two others
    assert pairs(talk) == set()


def test_triples_also_hold_for_what_the_same_action_adds() -> None:
    talk = GatewayTalk()
    assert talk.code(f"Context = $ {{ Topology {{ *, *, Isolate }}, {ADD}, {ADD} }}") == 0
    assert pairs(talk) == set()
    assert talk.code(f"Context = 1 {{ Topology {{ $, {B}, Bothway }}, {ADD} }}") == 0
    assert pairs(talk) == {(2, 3)}
    assert talk.code(f"Context = 1 {{ Topology {{ $, {B}, Oneway }}, {ADD} }}") == 522
    assert len(talk.plane.told(Open)) == 3
    assert talk.gateway.load().terminations == 3


def test_a_refused_topology_leaves_no_new_context() -> None:
    talk = GatewayTalk()
    assert order(talk, "a, b, OnewayBoth", "$") == 522
    assert talk.code(f"Context = $ {{ Topology {{ $, $, OWB }}, {ADD} }}") == 522
    assert talk.is_empty()


def test_what_was_ordered_is_forgotten_with_the_termination() -> None:
    talk = three()
    order(talk, f"{A}, {B}, Isolate")
    talk.ask(f"Context = 1 {{ Subtract = {B} {{ Audit {{ }} }} }}")
    assert pairs(talk) == {(1, 3)}
    assert talk.ask(AUDIT) == told(f"{A}, {C}, Bothway")


def test_version_3_speaks_of_single_streams() -> None:
    two_streams = ADD.replace("} } } }", "} }, Stream = 2 { Local { v=0\nc=IN IP4 $\nm=- $ TCP -\n} } } }")
    talk = GatewayTalk()
    assert talk.code(f"Context = $ {{ {two_streams}, {two_streams} }}") == 0
    assert pairs(talk) == {(1, 3), (2, 4)}
    answer = talk.ask(
        f"Context = 1 {{ Topology {{ {A}, {B}, Isolate, Stream = 2 }}, {AUDIT[14:-2]} }}", version=3
    )
    assert pairs(talk) == {(1, 3)}
    assert "Bothway" in answer
    assert "Isolate" in answer
    assert talk.ask(AUDIT, version=2) == told(f"{A}, {B}, Bothway")  # no streams in version 2
    order(talk, f"{A}, {B}, Bothway")
    assert pairs(talk) == {(1, 3), (2, 4)}


NAMES = ("a", "b", "c", "d")
TABLE = {
    "nothing was said": ({}, [("a", "b"), ("c", "d")]),
    "two are parted": ({("a", "b", None): Way.NONE}, [("a", "c"), ("b", "d")]),
    "what was said comes first": ({("b", "c", None): Way.BOTH}, [("b", "c"), ("a", "d")]),
    "for another stream": ({("b", "c", 2): Way.BOTH}, [("a", "b"), ("c", "d")]),
    "for this stream": ({("a", "b", None): Way.BOTH, ("a", "b", 1): Way.NONE}, [("a", "c"), ("b", "d")]),
}


@pytest.mark.parametrize(("topology", "expected"), TABLE.values(), ids=TABLE)
def test_who_is_joined(
    topology: dict[tuple[str, str, int | None], Way], expected: list[tuple[str, str]]
) -> None:
    assert joins(topology, 1, NAMES) == [Join(*pair, Way.BOTH) for pair in expected]


def test_the_order_of_coming_turns_the_way_round() -> None:
    assert joins({("a", "b", None): Way.THERE}, 1, ("b", "a")) == [Join("b", "a", Way.BACK)]


def test_one_cannot_be_joined_with_two() -> None:
    with pytest.raises(H248Error) as raised:
        joins({("a", "b", None): Way.BOTH, ("a", "c", None): Way.THERE}, 1, NAMES)
    assert raised.value.code == 522
