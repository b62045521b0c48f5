"""Move, and what Add, Move and Modify have in common."""

from imsedge.agw.messages import ControllerBack
from imsedge.agw.settings import Limits
from imsedge.bearer.messages import Configure, Failed, FailureCause, Open, Release, Relink
from kit.fake_plane import FakePlane
from kit.gateway_talk import GatewayTalk, gateway_settings, shown, written

LOCAL = "v=0\nc=IN IP4 $\nm=- $ TCP -\n"
ADD = f"Add = $ {{ Media {{ Stream = 1 {{ LocalControl {{ Mode = SendReceive }}, Local {{ {LOCAL}}} }} }} }}"
CALL = f"Context = $ {{ {ADD}, {ADD} }}"
REMOTE = "Media { Stream = 1 { Remote { v=0\nc=IN IP4 10.9.9.9\nm=- 2855 TCP -\n} } }"


def two_calls(talk: GatewayTalk | None = None) -> GatewayTalk:
    talk = talk or GatewayTalk()
    assert talk.code(f"{CALL}, {CALL}") == 0
    return talk


def pairs(talk: GatewayTalk) -> set[tuple[int, ...]]:
    return {tuple(sorted(pair)) for pair in talk.plane.partners()}


def contexts(talk: GatewayTalk) -> dict[int, list[str]]:
    return {view.id: [t.name for t in view.terminations] for view in talk.gateway.contexts()}


def test_a_moved_termination_takes_its_port_along() -> None:
    talk = two_calls()
    assert talk.ask("Context = 2 { Subtract = ip/core/3 { Audit { } }, Move = ip/core/1 }") == written(
        "Context = 2 { Subtract = ip/core/3, Move = ip/core/1 }"
    )
    assert contexts(talk) == {1: ["ip/core/2"], 2: ["ip/core/4", "ip/core/1"]}
    assert pairs(talk) == {(1, 4)}
    assert len(talk.plane.told(Open)) == 4
    (order,) = talk.plane.told(Relink)
    assert isinstance(order, Relink)
    assert (order.endpoint, order.context) == (1, 2)


def test_a_context_is_gone_with_its_last_termination() -> None:
    talk = two_calls()
    talk.ask("Context = $ { Move = [ip/core/1, ip/core/2] }", version=3)
    assert contexts(talk) == {2: ["ip/core/3", "ip/core/4"], 3: ["ip/core/1", "ip/core/2"]}
    assert pairs(talk) == {(1, 2), (3, 4)}
    assert talk.code("Context = 1 { AuditValue = * { Audit { } } }") == 411


def test_who_stays_behind_hears_nobody_and_a_third_is_alone() -> None:
    talk = two_calls()
    assert talk.code("Context = 2 { Move = ip/core/1 }") == 0
    assert pairs(talk) == {(3, 4)}
    assert talk.code("Context = 1 { Topology { ip/core/2, ip/core/1, Bothway }, Move = ip/core/1 }") == 0
    assert pairs(talk) == {(1, 2), (3, 4)}


def test_topology_decides_whom_the_newcomer_hears() -> None:
    talk = two_calls()
    topology = "Topology { ip/core/3, ip/core/1, Bothway }"
    assert talk.code(f"Context = 2 {{ {topology}, Move = ip/core/1 }}") == 0
    assert pairs(talk) == {(1, 3)}
    assert talk.code("Context = 2 { Topology { ip/core/1, ip/core/4, Bothway }, Move = ip/core/2 }") == 522
    assert contexts(talk)[1] == ["ip/core/2"]


def test_a_wildcard_moves_all_that_match_elsewhere() -> None:
    talk = two_calls()
    assert talk.ask("Context = 1 { Move = ip/* }") == written(
        "Context = 1 { Move = ip/core/3, Move = ip/core/4 }"
    )
    assert list(contexts(talk)) == [1]


def test_a_move_can_change_what_it_moves() -> None:
    talk = two_calls()
    answer = talk.ask(f"Context = 2 {{ Move = ip/core/1 {{ {REMOTE}, Audit {{ Media }} }} }}")
    assert "m=- 2855 TCP -" in answer
    assert [order.endpoint for order in talk.plane.told(Configure)] == [1]


def test_what_the_media_plane_cannot_join_stays_where_it_was() -> None:
    talk = two_calls()
    talk.plane.rigid = True
    answer = talk.ask("Context = 2 { Move = ip/core/1 }, Context = 2 { Subtract = * { Audit { } } }")
    assert "Error = 510" in answer
    assert "another worker" in answer
    assert contexts(talk) == {1: ["ip/core/2", "ip/core/1"], 2: ["ip/core/3", "ip/core/4"]}
    assert pairs(talk) == {(1, 2), (3, 4)}
    assert talk.code("Context = $ { Move = ip/core/1 }") == 510
    assert list(contexts(talk)) == [1, 2]


def test_a_media_plane_that_does_not_say_whether_it_could() -> None:
    talk = two_calls(GatewayTalk())
    talk._slow = True
    number = talk.begin("Context = 2 { Move = ip/core/1 }")
    talk.wait(6)
    assert "Error = 500" in shown(talk.answers[number])
    assert contexts(talk)[1] == ["ip/core/2", "ip/core/1"]
    talk.plane_answers()
    assert pairs(talk) == {(1, 2), (3, 4)}


def test_both_contexts_of_a_move_are_locked() -> None:
    talk = two_calls()
    talk._slow = True
    moving = talk.begin("Context = 2 { Move = ip/core/1 }")
    other_way = talk.begin("Context = 1 { Move = ip/core/3 }")
    assert moving not in talk.answers
    assert other_way not in talk.answers
    talk.plane_answers()
    assert "Error" not in shown(talk.answers[moving])
    talk.plane_answers()
    assert "Error" not in shown(talk.answers[other_way])
    third = talk.begin("Context = 1 { Subtract = ip/core/2 }")
    last = talk.begin("Context = 2 { Move = ip/core/3 }")
    assert last not in talk.answers  # it waits until context 1 is free
    talk.plane_answers()
    assert "Error" not in shown(talk.answers[third])
    talk.plane_answers()
    assert "Error" not in shown(talk.answers[last])
    assert contexts(talk) == {2: ["ip/core/4", "ip/core/1", "ip/core/3"]}


def test_of_two_moves_that_would_wait_for_each_other_one_is_told_to_come_again() -> None:
    talk = two_calls()
    talk._slow = True
    ask = "Context = {} {{ AuditValue = * {{ Audit {{ Statistics }} }}, Move = {} }}"
    one, other = talk.begin(ask.format(2, "ip/core/1")), talk.begin(ask.format(1, "ip/core/3"))
    for _ in range(4):
        talk.plane_answers()
    answers = [shown(talk.answers[number]) for number in (one, other)]
    assert ["Error = 511" in answer for answer in answers] == [False, True]
    assert contexts(talk) == {1: ["ip/core/2"], 2: ["ip/core/3", "ip/core/4", "ip/core/1"]}


def test_a_move_that_waits_for_a_context_that_goes_finds_nothing() -> None:
    talk = two_calls()
    talk._slow = True
    going = talk.begin("Context = 1 { Subtract = * }")
    moving = talk.begin("Context = 2 { Move = ip/core/1 }")
    for _ in range(4):
        talk.plane_answers()
    assert "Error" not in shown(talk.answers[going])
    assert "Error = 430" in shown(talk.answers[moving])
    assert list(contexts(talk)) == [2]


SECOND = f"Media {{ Stream = 2 {{ Local {{ {LOCAL}}} }} }}"


def test_a_move_can_bring_a_new_stream() -> None:
    talk = two_calls()
    answer = talk.ask(f"Context = 2 {{ Move = ip/core/1 {{ {SECOND} }} }}")
    assert "Stream = 2" in answer
    assert "$" not in answer
    (moved,) = (t for view in talk.gateway.contexts() for t in view.terminations if t.name == "ip/core/1")
    assert [stream.id for stream in moved.streams] == [1, 2]
    opened = talk.plane.told(Open)[-1]
    assert isinstance(opened, Open)
    assert opened.context == 2


def test_a_new_stream_that_cannot_be_opened_leaves_all_where_it_was() -> None:
    talk = two_calls(GatewayTalk(plane=FakePlane(ports=4)))
    assert talk.code(f"Context = 2 {{ Move = ip/core/1 {{ {SECOND} }} }}") == 510
    assert contexts(talk) == {1: ["ip/core/2", "ip/core/1"], 2: ["ip/core/3", "ip/core/4"]}
    assert pairs(talk) == {(1, 2), (3, 4)}


def test_a_termination_that_goes_while_it_moves() -> None:
    talk = two_calls()
    talk._slow = True
    number = talk.begin("Context = 2 { Move = ip/core/1 }")
    talk.feed(ControllerBack(kept=False))
    talk.plane_answers()
    assert "Error = 430" in shown(talk.answers[number])
    assert talk.is_empty()


def test_what_the_media_plane_lost_can_be_moved_too() -> None:
    talk = two_calls()
    talk.happen(Failed(1, 0.0, FailureCause.PLANE))
    assert talk.code("Context = 2 { Move = ip/core/1 }") == 0
    assert talk.plane.told(Relink) == []
    assert talk.plane.told(Release) == []


def test_a_full_context_takes_nobody_in() -> None:
    talk = two_calls(GatewayTalk(gateway_settings(Limits(terminations_per_context=2))))
    assert talk.code("Context = 2 { Move = ip/core/1 }") == 434
